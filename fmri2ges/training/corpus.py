"""What training sees: arrays on a clock, no files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Words


@dataclass(frozen=True)
class BrainStory:
    """One subject hearing one story.

    Parameters
    ----------
    features : array (n_volumes, n_features), parcel features z-scored within the story
    volume_times : array (n_volumes,), seconds, centres of the volumes on the words' clock
    """

    subject: str
    story: str
    features: np.ndarray
    volume_times: np.ndarray
    tr: float
    words: Words

    @property
    def start(self) -> float:
        return float(self.volume_times[0] - self.tr / 2)

    @property
    def seconds(self) -> float:
        return float(len(self.volume_times) * self.tr)


@dataclass(frozen=True)
class GestureStory:
    """One speaker's clip: bone directions at 15 fps and the words spoken."""

    clip: str
    speaker: int
    bones: np.ndarray  # (n_frames, 27)
    start: float  # seconds on the words' clock
    words: Words
