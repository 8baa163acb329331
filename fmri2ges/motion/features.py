"""Bone directions of the TED-10 skeleton: what the models learn and the metrics compare.

A frame is nine unit vectors (27 numbers), from parent to child in the order of the joints. Body size plays no role in
them, and bone lengths cannot change.
"""

from __future__ import annotations

import numpy as np

from ..types import Motion, Skeleton

N_FEATURES = 27

# Adult proportions in metres, in the order of Skeleton().bones: spine-neck, neck-nose, nose-head,
# neck-left shoulder, left upper arm, left forearm, then the right side.
BONE_LENGTHS = np.array([0.50, 0.17, 0.13, 0.19, 0.28, 0.26, 0.19, 0.28, 0.26])
_BONES = np.array(Skeleton().bones)

# The low-pass filter that is applied before motion is taken to a lower frame rate.
CUTOFF = 0.8  # share of the new Nyquist frequency
ORDER = 6  # order of the Butterworth filter, which is applied forwards and backwards
SAME_RATE = 1.01  # a header that says 15.0002 means 15: no low-pass below this ratio of rates


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
    norm = np.sqrt(np.einsum("...c,...c->...", vectors, vectors))[..., None]  # a third of the time of linalg.norm
    return (vectors / np.maximum(norm, 1e-8)).reshape(bones.shape).astype(np.float32)


def bones_to_joints() -> np.ndarray:
    """Which bones lead from the spine to each joint, array (9, 10) of 0 and 1."""
    paths = np.zeros((len(_BONES), len(_BONES) + 1))
    for k, (parent, child) in enumerate(_BONES):
        paths[:, child] = paths[:, parent]
        paths[k, child] = 1
    return paths


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
    """The motion at another frame rate; it starts at the same moment.

    A higher rate is interpolated linearly. For a lower rate, movements that are too fast for it are filtered out
    first, without delay (`_low_pass`); otherwise they would come back as slow movements that nobody made.

    Movements up to half of the new Nyquist frequency, and constant bone lengths, stay as they are; the length of a
    bone that varies is low-passed too. `samples` are left out.

    Parameters
    ----------
    motion : at any frame rate
    fps : frames per second wanted, above 0
    """
    if abs(motion.fps - fps) < 1e-9:
        return motion
    n = max(1, int(np.floor((motion.n_frames - 1) / motion.fps * fps + 1e-6)) + 1)
    t = np.arange(n) / fps * motion.fps
    if motion.fps > fps * SAME_RATE:
        positions = _low_pass(motion, fps, t)
    else:
        low = np.minimum(t.astype(int), motion.n_frames - 1)
        high = np.minimum(low + 1, motion.n_frames - 1)
        w = (t - low)[:, None, None]
        positions = (1 - w) * motion.positions[low] + w * motion.positions[high]
    return Motion(positions.astype(np.float32), fps=fps, start=motion.start, skeleton=motion.skeleton)


def _low_pass(motion: Motion, fps: float, t: np.ndarray) -> np.ndarray:
    """Low-passed positions at the frames `t` of the old rate, which may be fractions; (len(t), n_joints, 3), float64.

    A Butterworth filter forwards and backwards: no delay, gain .5 at its cutoff, above .99 up to half of
    the new Nyquist frequency and below .07 from that frequency on. Filtering shortens a bone that turns,
    as a chord is shorter than its arc, so each bone is brought back to its own length.
    """
    from scipy.interpolate import make_interp_spline
    from scipy.signal import butter, sosfiltfilt

    cutoff = CUTOFF * fps / motion.fps  # share of the old Nyquist frequency
    sos = butter(ORDER, cutoff, output="sos")
    n = motion.n_frames
    # Five periods of the cutoff, however short the clip is; the padding of scipy needs a longer one.
    pad = int(np.ceil(10 / cutoff))

    def at(values: np.ndarray) -> np.ndarray:
        ends = [(pad, pad)] + [(0, 0)] * (values.ndim - 1)
        longer = np.pad(values, ends, mode="reflect", reflect_type="odd")
        smooth = sosfiltfilt(sos, longer, axis=0, padlen=0)[pad : pad + n]
        return make_interp_spline(np.arange(n), smooth, k=min(3, n - 1))(np.minimum(t, n - 1))

    places = motion.positions.astype(np.float64)
    smooth = at(places)
    out = smooth.copy()
    for parent, child in motion.skeleton.bones:
        length = at(np.linalg.norm(places[:, child] - places[:, parent], axis=-1))
        bone = smooth[:, child] - smooth[:, parent]
        norm = np.linalg.norm(bone, axis=-1)
        # A bone that is filtered away (it turned too fast to have a direction) has no length to bring back.
        scale = np.where(norm > 1e-3 * length, length / np.maximum(norm, 1e-12), 1.0)
        out[:, child] = out[:, parent] + scale[:, None] * bone
    return out
