"""What both branches share when they draw gestures."""

from __future__ import annotations

import numpy as np
import torch

from ..models.schedule import FirstOf
from ..motion.features import from_bones
from ..request import DecodeRequest
from ..types import Motion

FPS = 15.0  # frames per second of every decoded motion
# Streams of random numbers, so that agreement between two motions is never one of shared noise.
TEXT_STREAM, DIRECT_STREAM, HEARD_STREAM = 2, 3, 4


def torch_generator(seed: int, stream: int, fold: int = 0) -> torch.Generator:
    """A random generator of torch; every branch and fold draws from a stream of its own."""
    source = [seed, stream, fold] if fold else [seed, stream]
    return torch.Generator().manual_seed(int(np.random.default_rng(source).integers(2**62)))


def noise_of(request: DecodeRequest, stream: int, fold: int = 0) -> FirstOf:
    """The noise of the samples of a request; its first samples have the same noise without the others."""
    return FirstOf(torch_generator(request.seed, stream, fold), request.samples)


def motion_of(bones: np.ndarray, start: float) -> Motion:
    """Unit bone directions (n_samples, n_frames, 27) as a motion whose first sample is shown."""
    samples = from_bones(bones)
    return Motion(samples[0], fps=FPS, start=start, samples=samples)
