"""What training sees: arrays on a clock, no files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Recording, Words


@dataclass(frozen=True)
class GestureStory:
    """One speaker's clip: bone directions at 15 fps and the words spoken."""

    clip: str
    speaker: int
    bones: np.ndarray  # (n_frames, 27)
    start: float  # seconds on the words' clock
    words: Words


@dataclass(frozen=True)
class Telling:
    """A story, or a part of one, as a listener heard it.

    Listeners with equal ones heard the same words in the same volumes; a story of one name that begins at another
    moment of the scan, or lasts longer, is another telling.

    Parameters
    ----------
    story : name of the story
    start : beginning of the first volume on the words' clock, ms
    tr : repetition time, ms
    n_volumes : number of volumes
    words : the words heard
    onsets : their onsets, ms
    """

    story: str
    start: int
    tr: int
    n_volumes: int
    words: tuple[str, ...]
    onsets: tuple[int, ...]

    @classmethod
    def of(cls, heard: Recording) -> Telling:
        """What a listener heard in a recording; times count to the millisecond."""
        start, tr = round(1000 * heard.start), round(1000 * heard.tr)
        onsets = np.round(1000 * heard.words.start).astype(int).tolist()
        return cls(heard.story, start, tr, len(heard.bold), heard.words.text, tuple(onsets))
