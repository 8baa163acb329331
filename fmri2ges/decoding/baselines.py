"""Baselines for every result: linear regression from fMRI to motion, and the mean pose."""

from __future__ import annotations

import numpy as np

from ..models.denoiser import LATENT_FPS
from ..motion.features import from_bones
from ..types import Motion
from .motions import FPS
from .run import Run


def ridge_motion(run: Run, subject: str, story: str, rois=("all",)) -> Motion:
    """FIR ridge from fMRI to the mean gesture of T2G: one motion, without samples and without diffusion.

    It correlates well, because it stays near the mean where it is not sure; it hardly moves, unlike real motion.

    Parameters
    ----------
    run : whose readout predicts the gesture
    subject, story : whose recording of what
    rois : names of the ROIs

    Returns
    -------
    Motion of the whole recording
    """
    recording = run.recording(subject, story)
    parts = []
    for reading in run.read(recording, run.columns(rois, subject)):
        b = reading.f2t.blocks.gesture
        parts.append(reading.f2t.readout.mean[b] + reading.decoder.gains[b] * reading.prediction[:, b])
    n_codes = run.t2g.codec.n_codes
    bins = np.concatenate(parts).reshape(-1, n_codes)  # several equal bins per volume
    seconds = len(recording.bold) * recording.tr
    centres = (np.arange(len(bins)) + 0.5) * seconds / len(bins)
    t = np.arange(int(seconds * LATENT_FPS)) / LATENT_FPS
    codes = np.stack([np.interp(t, centres, c) for c in bins.T], 1)
    bones = run.t2g.codec.decode(codes, n_frames=int(round(seconds * FPS)))
    return Motion(from_bones(bones), start=float(recording.volume_times[0] - recording.tr / 2))


def mean_pose(run: Run, motion: Motion) -> Motion:
    """T2G's mean training pose, held for as long as `motion` lasts."""
    codec = run.t2g.codec
    bones = codec.decode(np.zeros((2, codec.n_codes)), n_frames=1)
    positions = np.repeat(from_bones(bones), motion.n_frames, axis=0)
    return Motion(positions, fps=motion.fps, start=motion.start)
