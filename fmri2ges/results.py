"""What decoding returns: the value that the app, the command line, the figures and the scores share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UserError, check_seconds
from .types import Motion, Words

if TYPE_CHECKING:
    from .request import DecodeRequest

BRANCHES = ("text", "direct")  # in the order in which they are always shown


@dataclass(frozen=True)
class Decoded:
    """Gestures and words decoded from one stretch of BOLD.

    Parameters
    ----------
    request : DecodeRequest
        What was asked for, with subject, story, start and stop filled in.
    text, direct : Motion or None
        Text branch and direct branch; `samples` holds all samples, array (n_samples, n_frames, n_joints, 3), metres.
    texts : tuple of Words
        The decoded texts of the text branch, most probable first; the first is shown.
    rate : array (n_volumes, 2) or None
        Time (s) and decoded words per volume of the whole recording, before words are placed.
    manifest : dict
        Provenance; ``manifest["simulated"]`` says whether the recording is simulated.
    """

    request: DecodeRequest
    text: Motion | None = None
    direct: Motion | None = None
    texts: tuple[Words, ...] = ()
    rate: np.ndarray | None = None
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> Words | None:
        """The decoded text that is shown; None without a text branch."""
        return self.texts[0] if self.texts else None

    @property
    def motions(self) -> dict[str, Motion]:
        """The decoded motion of each branch that there is, in the order of `BRANCHES`."""
        found = {branch: getattr(self, branch) for branch in BRANCHES}
        return {branch: motion for branch, motion in found.items() if motion is not None}

    @property
    def rois(self) -> tuple[str, ...]:
        """The ROIs as they were asked for."""
        return self.request.rois

    @property
    def start(self) -> float:
        """First second on the story's clock."""
        motions = list(self.motions.values())
        return self.request.start if self.request.start is not None else motions[0].start

    @property
    def stop(self) -> float:
        """Last second on the story's clock."""
        motions = list(self.motions.values())
        return self.request.stop if self.request.stop is not None else motions[0].start + motions[0].duration

    @property
    def simulated(self) -> bool:
        """Whether the brain data are simulated."""
        return bool(self.manifest.get("simulated"))

    @property
    def is_draft(self) -> bool:
        """Whether it holds only the first of the samples that were asked for."""
        return "draft" in self.manifest

    def window(self, start: float | None = None, stop: float | None = None) -> Decoded:
        """The part between two moments, seconds on the story's clock; None is the first or the last moment.

        What lies before or after the decoded stretch is no part of it: the window ends where the stretch ends.

        Raises
        ------
        UserError
            For a moment that is no finite number, and when no frame lies between them.
        """
        start, stop = check_seconds("start", start), check_seconds("stop", stop)
        if start is None and stop is None:
            return self
        low, high = self.start if start is None else start, self.stop if stop is None else stop
        if not low < high:
            raise UserError(f"start, stop: stop must be later than start; got {low:g} and {high:g} s")
        if high <= self.start or low >= self.stop:
            raise UserError(
                f"start, stop: {low:g} to {high:g} s is no part of what was decoded, {self.start:g} to {self.stop:g} s"
            )
        low, high = max(low, self.start), min(high, self.stop)
        return replace(
            self,
            request=replace(self.request, start=low, stop=high),
            text=self.text and self.text.slice(low, high),
            direct=self.direct and self.direct.slice(low, high),
            texts=tuple(words.slice(low, high) for words in self.texts),
        )

    def sample(self, k: int) -> Decoded:
        """The same result with another of its samples in front: in `positions` of each motion and as the first text.

        `k` counts from 0 and begins again after the last sample.
        """
        if k == 0:
            return self

        def moved(motion: Motion | None) -> Motion | None:
            if motion is None or motion.samples is None:
                return motion
            samples = np.roll(motion.samples, -k, axis=0)
            return replace(motion, positions=samples[0], samples=samples)

        first = k % max(1, len(self.texts))
        texts = self.texts[first:] + self.texts[:first]
        return replace(self, texts=texts, text=moved(self.text), direct=moved(self.direct))

    def save(self, folder: str | Path) -> Path:
        """Write the result as a folder that appears whole or not at all, and return its path.

        Raises
        ------
        UserError
            When the folder holds something already, and for a draft.
        """
        if self.is_draft:
            raise UserError("decode: a draft holds one of the samples only; decode the request to save it")
        return _storage().save_decoded(self, folder)

    @classmethod
    def load(cls, folder: str | Path) -> Decoded:
        """Read what `save` or the command `decode` wrote.

        Raises
        ------
        UserError
            When the folder is no decoded result, or a file of it is damaged.
        """
        return _storage().load_decoded(folder)


def _storage() -> ModuleType:
    """The writer and reader of decoded results, which stand above this file: found by name when they are called."""
    return import_module(f"{__package__}.storage.decoded")
