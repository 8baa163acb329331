"""What training sees: arrays on a clock, no files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Words


@dataclass(frozen=True)
class GestureStory:
    """One speaker's clip: bone directions at 15 fps and the words spoken."""

    clip: str
    speaker: int
    bones: np.ndarray  # (n_frames, 27)
    start: float  # seconds on the words' clock
    words: Words
