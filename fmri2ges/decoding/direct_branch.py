"""The direct branch: gestures from BOLD, without words in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..models.conditions import volume_track
from ..request import DecodeRequest
from ..types import Motion
from ..work import QUIET, Work
from .motions import DIRECT_STREAM, FPS, motion_of, noise_of
from .readings import Reading

if TYPE_CHECKING:
    from .run import Run

FADE = 1.0  # seconds over which two folds of one story are blended
SHORTEST = 0.2  # seconds; a fold that covers less of the stretch is left out


def direct_gestures(
    run: Run, readings: list[Reading], request: DecodeRequest, n: int | None = None, work: Work = QUIET
) -> Motion:
    """Gestures of the direct branch; where folds of one story meet, one fades into the other.

    Parameters
    ----------
    run : whose F2G is used
    readings : what `Run.read` returned for the chosen ROIs
    request : a complete one; its stretch, samples, speaker and seed are used
    n : how many of its samples are made, the first ones; None = all
    work : progress and cancel
    """

    def sampled(reading: Reading, low: float, seconds: float) -> np.ndarray:
        return run.f2g(reading.fold).sample_bones(
            [volume_track(reading.tokens, reading.times, reading.f2t.readout.step)] * (n or request.samples),
            low,
            seconds,
            request.speaker,
            noise_of(request, DIRECT_STREAM, reading.fold),
            work=work,
        )

    return motion_of(joined_folds(readings, *request.span, sampled), request.span[0])


def joined_folds(
    readings: list[Reading], start: float, stop: float, gesture: Callable[[Reading, float, float], np.ndarray]
) -> np.ndarray:
    """Bones (n_samples, n_frames, 27) of a stretch, to which each fold gives its part.

    Parameters
    ----------
    readings : one of each fold
    start, stop : seconds on the story's clock
    gesture : makes the bones (n_samples, n_frames, 27) of a reading from a second on, for so many seconds
    """
    n = int(round((stop - start) * FPS))
    bones, total = None, np.full(n, 1e-9)
    for reading in readings:
        times = reading.times
        half = (times[1] - times[0]) / 2
        low, high = max(start, times[0] - half - FADE / 2), min(stop, times[-1] + half + FADE / 2)
        if len(readings) == 1:
            low, high = start, stop
        if high - low < SHORTEST:
            continue
        first = int(round((low - start) * FPS))
        made = gesture(reading, low, high - low)[:, : n - first]
        weight = _fade(made.shape[1], low > start + 1e-6, high < stop - 1e-6)
        if bones is None:
            bones = np.zeros((len(made), n, made.shape[2]))
        bones[:, first : first + made.shape[1]] += weight[:, None] * made
        total[first : first + made.shape[1]] += weight
    assert bones is not None, "a fold reaches into the stretch"
    return bones / total[:, None]


def _fade(n: int, at_start: bool, at_end: bool) -> np.ndarray:
    """Weight of each of n frames, array (n,): 1, with ramps where another fold takes over."""
    weight = np.ones(n)
    ramp = np.linspace(0.02, 1.0, min(n, int(FADE * FPS)))
    if at_start:
        weight[: len(ramp)] *= ramp
    if at_end:
        weight[n - len(ramp) :] *= ramp[::-1]
    return weight
