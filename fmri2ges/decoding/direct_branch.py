"""The direct branch: gestures from BOLD, without words in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..motion.features import from_bones
from ..types import Motion
from ..work import Work

if TYPE_CHECKING:
    from .session import Session

FADE = 1.0  # seconds over which two folds of one story are blended


def direct_motion(
    session: Session, parts, start: float, stop: float, samples: int, speaker: int, seed: int, progress, should_stop
) -> Motion:
    from ..models.conditions import volume_track

    bones = total = None
    n = int(round((stop - start) * 15))
    for fold, f2t, decoder, prediction, times in parts:
        half = (times[1] - times[0]) / 2
        lo, hi = max(start, times[0] - half - FADE / 2), min(stop, times[-1] + half + FADE / 2)
        if len(parts) == 1:
            lo, hi = start, stop
        if hi - lo < 0.2:
            continue
        track = volume_track(f2t.tokens(decoder, prediction), times)
        made = session.f2g(fold).sample_bones(
            [track] * samples,
            lo,
            hi - lo,
            speaker,
            torch_generator(seed, 3 + fold),
            work=Work(progress, should_stop),
        )
        first = int(round((lo - start) * 15))
        made = made[:, : n - first]
        weight = _fade(made.shape[1], lo > start + 1e-6, hi < stop - 1e-6)
        if bones is None:
            bones, total = np.zeros((samples, n, made.shape[2])), np.full(n, 1e-9)
        bones[:, first : first + made.shape[1]] += weight[:, None] * made
        total[first : first + made.shape[1]] += weight
    return motion_of(bones / total[:, None], start)


def torch_generator(seed: int, stream: int):
    import torch

    return torch.Generator().manual_seed(int(np.random.default_rng([seed, stream]).integers(2**62)))


def motion_of(bones: np.ndarray, start: float) -> Motion:
    samples = from_bones(bones)
    return Motion(samples[0], fps=15.0, start=start, samples=samples)


def _fade(n: int, at_start: bool, at_end: bool) -> np.ndarray:
    weight = np.ones(n)
    ramp = np.linspace(0.02, 1.0, min(n, int(FADE * 15)))
    if at_start:
        weight[: len(ramp)] *= ramp
    if at_end:
        weight[n - len(ramp) :] *= ramp[::-1]
    return weight
