"""Baselines that every result stands beside: linear regression to motion, and the mean pose."""

from __future__ import annotations

import numpy as np

from ..models.denoiser import LATENT_FPS
from ..motion.features import from_bones
from ..types import Motion
from .session import Session


def ridge_motion(session: Session, subject: str, story: str, rois=("all",)) -> Motion:
    """FIR ridge from fMRI to T2G's mean gesture: one motion, no samples, no diffusion.

    It correlates well because it hedges; its distribution is far from real motion.
    """
    recording = session.recording(subject, story)
    parts = []
    for _, f2t, decoder, prediction, _ in session.read(recording, subject, session.columns(rois, subject)):
        b = f2t.blocks.gesture
        parts.append(f2t.readout.mean[b] + decoder.gains[b] * prediction[:, b])
    n_codes = session.t2g.codec.n_codes
    bins = np.concatenate(parts).reshape(-1, n_codes)  # several equal bins per volume
    seconds = len(recording.bold) * recording.tr
    centres = (np.arange(len(bins)) + 0.5) * seconds / len(bins)
    t = np.arange(int(seconds * LATENT_FPS)) / LATENT_FPS
    codes = np.stack([np.interp(t, centres, c) for c in bins.T], 1)
    bones = session.t2g.codec.decode(codes, n_frames=int(round(seconds * 15)))
    return Motion(from_bones(bones), start=float(recording.volume_times[0] - recording.tr / 2))


def mean_pose(session: Session, motion: Motion) -> Motion:
    """T2G's mean training pose, held for as long as `motion` lasts."""
    codec = session.t2g.codec
    bones = codec.decode(np.zeros((2, codec.n_codes)), n_frames=1)
    positions = np.repeat(from_bones(bones), motion.n_frames, axis=0)
    return Motion(positions, fps=motion.fps, start=motion.start)
