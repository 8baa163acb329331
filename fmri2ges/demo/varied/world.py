"""One world of the varied family: its laws, and every story, brain and gesture that follows from its number."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from ...errors import UserError
from ...types import Motion
from . import brain, gestures, stories
from .laws import PLACES, Laws, draw_laws

SHORTEST = 0.5  # minutes of a story
MOST = 99  # listeners
TR_RANGE = 0.5, 3.0  # seconds
RUN_OUT = 8.0  # seconds that the scan goes on after the story


@dataclass(frozen=True)
class Sizes:
    """How much of a world is written, and how finely in time.

    Parameters
    ----------
    stories : training stories of {fMRI, text}, and as many clips of {text, gesture}; a quarter as many more are test
        stories and a sixth validation stories, at least one of each
    minutes : length of a story
    subjects : number of listeners
    tr : repetition time, seconds, in place of the one that the world draws; all other laws stay
    """

    stories: int = 18
    minutes: float = 5.0
    subjects: int = 1
    tr: float | None = None

    def __post_init__(self):
        if not 1 <= self.stories <= MOST:
            raise UserError(f"stories: allowed are 1 to {MOST}; got {self.stories}")
        if not 1 <= self.subjects <= MOST:
            raise UserError(f"subjects: allowed are 1 to {MOST}; got {self.subjects}")
        if not (np.isfinite(self.minutes) and SHORTEST <= self.minutes <= 60):
            raise UserError(f"minutes: allowed are {SHORTEST:g} to 60; got {self.minutes:g}")

        if self.tr is not None and not TR_RANGE[0] <= self.tr <= TR_RANGE[1]:
            raise UserError(f"tr: allowed are {TR_RANGE[0]:g} to {TR_RANGE[1]:g} s; got {self.tr:g}")

    @property
    def seconds(self) -> float:
        """Length of a story, seconds."""
        return 60.0 * self.minutes

    @property
    def train(self) -> tuple[str, ...]:
        """Names of the training stories."""
        return _numbered("heard", self.stories)

    @property
    def validation(self) -> tuple[str, ...]:
        """Names of the validation stories."""
        return _numbered("tuning", max(1, self.stories // 6))

    @property
    def test(self) -> tuple[str, ...]:
        """Names of the test stories."""
        return _numbered("new", max(1, self.stories // 4))

    @property
    def clips(self) -> tuple[str, ...]:
        """Names of the clips of {text, gesture}."""
        return _numbered("talk", self.stories)

    @property
    def names_of_subjects(self) -> tuple[str, ...]:
        """Names of the listeners."""
        return _numbered("listener", self.subjects)


def _numbered(name: str, n: int) -> tuple[str, ...]:
    return tuple(f"{name}-{k + 1:02d}" for k in range(n))


@dataclass(frozen=True)
class VariedWorld:
    """What is true in one study of the varied family.

    Parameters
    ----------
    number : fixes everything; worlds 0, 1, 2, 3 ... have in turn a table of areas, a surface, voxels
    null : nothing is planted in any brain
    sizes : how much is written
    """

    number: int = 0
    null: bool = False
    sizes: Sizes = Sizes()

    def __post_init__(self):
        if self.number < 0:
            raise UserError(f"world: must be 0 or more; got {self.number}")

    def rng(self, *names: str) -> np.random.Generator:
        """Generator of one thing of this world, such as the noise of one story."""
        return np.random.default_rng([self.number, zlib.crc32(b"varied"), *(zlib.crc32(n.encode()) for n in names)])

    @cached_property
    def laws(self) -> Laws:
        """The laws that were drawn for this world."""
        drawn = draw_laws(self.rng("laws"), PLACES[self.number % len(PLACES)])
        tr = self.sizes.tr
        return drawn if tr is None else replace(drawn, brain=replace(drawn.brain, tr=tr))

    @cached_property
    def language(self) -> stories.Language:
        """Vocabulary and grammar."""
        return stories.draw_language(self.laws.text, self.rng("language"))

    @cached_property
    def habits(self) -> gestures.Habits:
        """What words, topics and speakers mean for the arms."""
        return gestures.draw_habits(self.laws.gesture, self.language, self.rng("habits"))

    @cached_property
    def meaning(self) -> brain.Meaning:
        """What words and topics mean for the brains."""
        return brain.draw_meaning(self.laws.brain, self.language, self.habits, self.rng("meaning"))

    @property
    def n_volumes(self) -> int:
        """Volumes of a scan."""
        return int(np.ceil((self.laws.brain.lead + self.sizes.seconds + RUN_OUT) / self.laws.brain.tr))

    @property
    def first_volume_at(self) -> float:
        """Centre of the first volume on the words' clock, seconds."""
        return self.laws.brain.tr / 2 - self.laws.brain.lead

    def script(self, name: str) -> stories.Script:
        """The text of a story or clip."""
        return _script(self, name)

    def listener(self, subject: str) -> brain.Brain:
        """The brain of a subject."""
        return _listener(self, subject)

    def bold(self, subject: str, story: str) -> np.ndarray:
        """BOLD of a subject hearing a story, array (n_volumes, n_columns), float32."""
        x = brain.features(self.laws.brain, self.meaning, self.script(story), self.sizes.seconds)
        return self.listener(subject).bold(x, self.n_volumes, self.rng("noise", subject, story), self.null)

    def performance(self, name: str, speaker: int = 0, rendition: int = 0) -> gestures.Performance:
        """A performance of the text of a story or clip by a speaker."""
        rng = self.rng("performance", name, str(speaker), str(rendition))
        return gestures.perform(self.laws.gesture, self.habits, self.script(name), speaker, rng, self.sizes.seconds)

    def truth(self, story: str, rendition: int = 0) -> Motion:
        """A gesture that the first speaker makes with the text of a story: for evaluation only."""
        return self.performance(story, 0, rendition).motion

    def speaker(self, clip: str) -> int:
        """Number of the speaker of a clip."""
        return self.sizes.clips.index(clip) % self.laws.gesture.speakers


@lru_cache(maxsize=128)
def _script(world: VariedWorld, name: str) -> stories.Script:
    return stories.write_story(world.language, world.rng("story", name), world.sizes.seconds)


@lru_cache(maxsize=4)
def _listener(world: VariedWorld, subject: str) -> brain.Brain:
    laws = world.laws.brain
    body = brain.draw_body(laws, world.rng("body"), world.rng("body", subject))
    long = stories.write_story(world.language, world.rng("reference"), brain.REFERENCE)
    x = brain.features(laws, world.meaning, long, brain.REFERENCE)
    return brain.Brain(laws, body, x.shape[1], world.rng("brain", subject)).at_strength(x)
