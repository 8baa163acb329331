"""A simulated world: every story, brain and gesture follows from one seed, one at a time.

Nothing depends on the order in which things are asked for, so the app can make a single story in a
second and `simulate` the whole study; both get the same bytes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..errors import UserError, check_option
from ..types import Motion
from .bold import TR, Cortex, planted_map
from .gestures import make_speakers, perform
from .stories import Script, write_story

SECONDS = 300.0
N_VOLUMES = int(SECONDS / TR)
TRAIN = tuple(f"train-{k:02d}" for k in range(1, 25))
VALIDATION = tuple(f"validation-{k}" for k in range(1, 5))
TEST = tuple(f"test-{k}" for k in range(1, 7))
CLIPS = tuple(f"clip-{k:02d}" for k in range(1, 25))
FIRST_VOLUME_AT = TR / 2  # a volume is timed by its centre


@dataclass(frozen=True)
class World:
    """What is true in a simulated study.

    Parameters
    ----------
    seed : fixes everything
    subjects : number of listeners, at least 1
    null : plant no signal at all
    planted : short keys of the ROI groups that carry signal; None = the default map
    semantics_only : no motor imagery anywhere
    signal : strength of the planted signal relative to the default
    """

    seed: int = 0
    subjects: int = 1
    null: bool = False
    planted: tuple[str, ...] | None = None
    semantics_only: bool = False
    signal: float = 1.0

    def __post_init__(self):
        if not 1 <= self.subjects <= 99:
            raise UserError(f"subjects: allowed are 1 to 99; got {self.subjects}")
        if self.seed < 0:
            raise UserError(f"seed: must be 0 or more; got {self.seed}")
        if self.planted is not None:
            from ..brain.atlas import GROUP_KEYS

            for key in self.planted:
                check_option("planted", key, GROUP_KEYS)

    def rng(self, *names: str) -> np.random.Generator:
        """Generator of one thing of this world, such as the noise of one story."""
        return np.random.default_rng([self.seed, *(zlib.crc32(n.encode()) for n in names)])

    @property
    def subject_names(self) -> tuple[str, ...]:
        """Names of the subjects: sub-01, sub-02 and so on."""
        return tuple(f"sub-{k + 1:02d}" for k in range(self.subjects))

    @property
    def table(self) -> dict[str, dict[str, float]]:
        """Planted strength of each feature in each ROI group."""
        return planted_map(self.planted, self.semantics_only, self.null)

    def script(self, name: str) -> Script:
        """The text of a story or clip."""
        return _script(self.seed, name)

    def bold(self, subject: str, story: str) -> np.ndarray:
        """BOLD of a subject hearing a story, array (150, 20484), float16."""
        return _cortex(self, subject).bold_of(self.script(story), N_VOLUMES, self.rng("bold", subject, story))

    def truth(self, story: str, rendition: int = 0) -> Motion:
        """A gesture that the first speaker makes with a held-out text: for evaluation only."""
        rng = self.rng("truth", story, str(rendition))
        return perform(self.script(story), make_speakers()[0], rng, SECONDS)

    def clip(self, clip: str) -> tuple[Script, Motion, str]:
        """Text, motion and speaker of a clip of the {text, gesture} set."""
        speakers = make_speakers()
        speaker = speakers[CLIPS.index(clip) % len(speakers)]
        script = self.script(clip)
        return script, perform(script, speaker, self.rng("clip", clip), SECONDS), speaker.name


@lru_cache(maxsize=128)
def _script(seed: int, name: str) -> Script:
    return write_story(np.random.default_rng([seed, zlib.crc32(b"story"), zlib.crc32(name.encode())]), SECONDS)


@lru_cache(maxsize=4)
def _cortex(world: World, subject: str) -> Cortex:
    return Cortex(world.rng("cortex", subject), world.table, world.signal)
