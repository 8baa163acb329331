"""What decoding returns: the value that the app, the command line and the figures share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .types import Motion, Words


@dataclass(frozen=True)
class Decoded:
    """Gestures and words decoded from one stretch of BOLD.

    Parameters
    ----------
    text, direct : Motion or None
        Text branch and direct branch; `samples` holds all samples.
    texts : tuple of Words
        The K decoded texts of the text branch, most probable first; the first is shown.
    rate : array (n_volumes, 2) or None
        Time (s) and decoded words per volume of the whole recording, before words are placed.
    rois : tuple of str
        The selection as given.
    start, stop : seconds on the story's clock
    manifest : dict
        Provenance; ``manifest["simulated"]`` says whether the recording is simulated.
    """

    text: Motion | None
    direct: Motion | None
    texts: tuple[Words, ...]
    rois: tuple[str, ...]
    start: float
    stop: float
    manifest: dict[str, Any] = field(default_factory=dict)
    rate: np.ndarray | None = None

    @property
    def words(self) -> Words | None:
        return self.texts[0] if self.texts else None
