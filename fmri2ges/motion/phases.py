"""Strokes and holds of a gesture, told from the speed of the wrists alone.

The thresholds are distances that a hand covers: they are the same for every study and chosen on none. Speed cannot tell
a stroke from a fast preparation or retraction, nor a hold from rest; a rater who sees the form of the gesture can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Motion

STROKE_SPEED = 0.3  # m/s and faster
STROKE_SECONDS = 0.2  # and longer: the hand covers 6 cm or more
HOLD_SPEED = 0.1  # m/s; slower
HOLD_SECONDS = 0.4  # and longer: neither hand covers more than 4 cm in that time
SMOOTH_SECONDS = 0.2  # the speed is the mean over so long, so that noise of single frames is none
WRISTS = ("left_wrist", "right_wrist")

RULE = (
    f"Stroke (thick): the faster wrist moves at {STROKE_SPEED:g} m/s or more, relative to the neck, for "
    f"{STROKE_SECONDS:g} s or longer. Hold (thin): both wrists are slower than {HOLD_SPEED:g} m/s for "
    f"{HOLD_SECONDS:g} s or longer. Speed is the mean over {SMOOTH_SECONDS:g} s. It cannot tell a stroke from a fast "
    "preparation or retraction, nor a hold from rest."
)


@dataclass(frozen=True)
class Phases:
    """Stretches of a motion.

    Parameters
    ----------
    strokes, holds : arrays (n, 2), seconds on the story's clock, first and last moment of each
    """

    strokes: np.ndarray
    holds: np.ndarray


def gesture_phases(motion: Motion) -> Phases:
    """Strokes and holds of a motion, as `RULE` says; none where the skeleton has no wrist.

    Parameters
    ----------
    motion : metres
    """
    speed = faster_wrist(motion)
    return Phases(
        _stretches(speed >= STROKE_SPEED, motion, STROKE_SECONDS), _stretches(speed < HOLD_SPEED, motion, HOLD_SECONDS)
    )


def faster_wrist(motion: Motion) -> np.ndarray:
    """Speed of the wrist that is faster, relative to the neck, array (n_frames,), m/s; NaN where there is no wrist."""
    names = motion.skeleton.joints
    wrists = [names.index(name) for name in WRISTS if name in names]
    if not wrists or motion.n_frames < 2:
        return np.full(motion.n_frames, np.nan)
    at = motion.positions[:, wrists].astype(float)
    if "neck" in names:
        at = at - motion.positions[:, [names.index("neck")]]
    speed = np.linalg.norm(np.gradient(at, 1 / motion.fps, axis=0), axis=-1)  # (n_frames, n_wrists)
    width = 2 * (round(SMOOTH_SECONDS * motion.fps) // 2) + 1  # frames, odd: the mean is not moved in time
    return moving_mean(speed.T, width).max(0)


def moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over `width` frames (odd) around each one, at the edges over those that there are; array (..., n_frames)."""
    n, half = values.shape[-1], width // 2
    total = np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(-1)], axis=-1)
    low, high = np.maximum(np.arange(n) - half, 0), np.minimum(np.arange(n) + half + 1, n)
    return (total[..., high] - total[..., low]) / (high - low)


def _stretches(there: np.ndarray, motion: Motion, least: float) -> np.ndarray:
    """Runs of frames that last at least so many seconds, array (n, 2), seconds; a frame lasts until the next."""
    edges = np.flatnonzero(np.diff(np.r_[False, there, False].astype(int)))
    runs = edges.reshape(-1, 2) / motion.fps  # (n, begin and end)
    return motion.start + runs[runs[:, 1] - runs[:, 0] >= least - 1e-9]
