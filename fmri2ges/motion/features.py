"""Bone directions of the TED-10 skeleton: what the models learn and the metrics compare.

Nine unit vectors (27 numbers a frame), parent to child in the order of the joints, so body size
drops out and bone lengths stay constant by construction.
"""

from __future__ import annotations

import numpy as np

from ..types import Motion, Skeleton

N_FEATURES = 27

# Adult proportions in metres, in the order of Skeleton().bones: spine-neck, neck-nose, nose-head,
# neck-left shoulder, left upper arm, left forearm, then the right side.
BONE_LENGTHS = np.array([0.50, 0.17, 0.13, 0.19, 0.28, 0.26, 0.19, 0.28, 0.26])
_BONES = np.array(Skeleton().bones)


def to_bones(positions: np.ndarray) -> np.ndarray:
    """Unit bone vectors of joint positions.

    Parameters
    ----------
    positions : array (..., 10, 3), any unit of length

    Returns
    -------
    bones : array (..., 27), float32
    """
    vectors = positions[..., _BONES[:, 1], :] - positions[..., _BONES[:, 0], :]
    return normalise(vectors.reshape(*positions.shape[:-2], N_FEATURES))


def normalise(bones: np.ndarray) -> np.ndarray:
    """Rescale each of the nine vectors in `bones` (..., 27) to unit length."""
    vectors = bones.reshape(*bones.shape[:-1], 9, 3)
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norm, 1e-8)).reshape(bones.shape).astype(np.float32)


def from_bones(bones: np.ndarray, lengths: np.ndarray = BONE_LENGTHS) -> np.ndarray:
    """Joint positions with the spine at the origin.

    Parameters
    ----------
    bones : array (..., 27); vectors are brought to unit length first
    lengths : array (9,), metres

    Returns
    -------
    positions : array (..., 10, 3), float32, metres
    """
    vectors = normalise(np.asarray(bones)).reshape(*bones.shape[:-1], 9, 3) * lengths[:, None]
    positions = np.zeros((*bones.shape[:-1], 10, 3))
    for k, (parent, child) in enumerate(_BONES):
        positions[..., child, :] = positions[..., parent, :] + vectors[..., k, :]
    return positions.astype(np.float32)


def resample(motion: Motion, fps: float) -> Motion:
    """The motion at another frame rate, by linear interpolation of positions; start is kept."""
    if abs(motion.fps - fps) < 1e-9:
        return motion
    n = max(1, int(np.floor((motion.n_frames - 1) / motion.fps * fps + 1e-6)) + 1)
    t = np.arange(n) / fps * motion.fps
    low = np.minimum(t.astype(int), motion.n_frames - 1)
    high = np.minimum(low + 1, motion.n_frames - 1)
    w = (t - low)[:, None, None]
    positions = (1 - w) * motion.positions[low] + w * motion.positions[high]
    return Motion(positions.astype(np.float32), fps=fps, start=motion.start, skeleton=motion.skeleton)
