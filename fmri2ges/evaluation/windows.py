"""Windows of motion, of which the encoder behind FGD makes features."""

from __future__ import annotations

import numpy as np

WINDOW = 34  # frames at 15 fps


def cut_windows(bones: np.ndarray) -> np.ndarray:
    """Non-overlapping windows of bone vectors (n_frames, 27) at 15 fps, array (n, 34, 27)."""
    n = len(bones) // WINDOW
    return np.asarray(bones[: n * WINDOW], np.float32).reshape(n, WINDOW, -1)
