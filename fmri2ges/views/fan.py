"""All samples of each track, thin enough to be sent: their arms, and the band of their wrist speed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..motion.phases import WRISTS, moving_mean
from ..types import Motion
from .player import quantise
from .tracks import Track

MOST_DRAWN = 8  # samples whose arms are drawn; more cannot be told apart
EVERY = 2  # frames; between them the player draws a smooth path
ARMS = ("left_elbow", "left_wrist", "right_elbow", "right_wrist")
BAND = (0.1, 0.9)  # share of the samples below the lower and the upper edge
SMOOTH = 5  # frames, as the curve of the sample that is shown


def fan_data(motions: dict[Track, Motion]) -> dict[str, dict[str, Any]]:
    """What the player draws behind each track of which there are several samples.

    Parameters
    ----------
    motions : the tracks on screen; of those with one sample, or without arms, there is no fan

    Returns
    -------
    dict
        Name of a track -> ``n`` samples, of which ``drawn`` are in ``positions`` (drawn, frames, 4 joints ``ARMS``, 3),
        int16 millimetres, at ``fps`` from ``start``; the edges ``low`` and ``high`` of the band of wrist speed at every
        frame of the track, int16 mm/s.
    """
    return {track.name: found for track, motion in motions.items() if (found := _fan(motion)) is not None}


def _fan(motion: Motion) -> dict[str, Any] | None:
    names = motion.skeleton.joints
    if motion.samples is None or len(motion.samples) < 2 or not set(ARMS) <= set(names):
        return None
    n = len(motion.samples)
    chosen = np.unique(np.linspace(0, n - 1, min(n, MOST_DRAWN)).round().astype(int))
    arms = motion.samples[chosen][:, ::EVERY, [names.index(name) for name in ARMS]]
    low, high = np.quantile(sample_speeds(motion), BAND, axis=0)
    return {
        "n": n,
        "drawn": len(chosen),
        "frames": arms.shape[1],
        "fps": motion.fps / EVERY,
        "start": round(float(motion.start), 4),
        "joints": list(ARMS),
        "positions": quantise(arms),
        "low": quantise(low),
        "high": quantise(high),
    }


def sample_speeds(motion: Motion) -> np.ndarray:
    """Mean speed of both wrists in every sample, the mean over five frames, array (n_samples, n_frames), m/s."""
    wrists = [motion.skeleton.joints.index(name) for name in WRISTS]
    at = np.asarray(motion.samples)[:, :, wrists].astype(float)  # (n_samples, n_frames, 2, 3)
    if at.shape[1] < 2:
        return np.zeros(at.shape[:2])
    speed = np.linalg.norm(np.gradient(at, 1 / motion.fps, axis=1), axis=-1).mean(-1)
    return moving_mean(speed, SMOOTH)
