"""Statistics of choices of ROIs: means over stories, paired differences, intervals, nulls.

The units are stories where there are five or more, else blocks of 40 to 60 s of all stories; a difference between two
choices is taken block by block, before anything is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .intervals import MIN_UNITS, Interval, bootstrap, bootstrap_mean
from .metrics import Metric
from .nulls import combine_stories, p_value
from .roi_rows import SizeNull
from .rows import Null, NullKind, against_null

N_SHIFTS = 10_000  # draws of the shift null; Holm over 16 regions needs p down to .003


@dataclass(frozen=True)
class Scored:
    """A score of one choice on all stories.

    Parameters
    ----------
    blocks : for each story the contributions of its blocks, arrays (n_blocks,)
    shifted : for each story the scores at circular shifts, arrays (n_shifts,), empty where no null was wanted
    """

    blocks: tuple[np.ndarray, ...]
    shifted: tuple[np.ndarray, ...]

    @property
    def value(self) -> float:
        """Mean over stories; each story counts once."""
        return float(np.mean([b.mean() for b in self.blocks]))

    def __sub__(self, other: Scored) -> Scored:
        """The paired difference, block by block and shift by shift."""
        return Scored(
            tuple(a - b for a, b in zip(self.blocks, other.blocks, strict=True)),
            tuple(a - b for a, b in zip(self.shifted, other.shifted, strict=True)),
        )


def units_of(scored: Scored) -> tuple[tuple[float, ...], ...]:
    """For each story what intervals resample: its value where there are five stories or more, else its blocks."""
    several = len(scored.blocks) >= MIN_UNITS
    return tuple((float(b.mean()),) if several else tuple(map(float, b)) for b in scored.blocks)


def interval_of(scored: Scored, rng: np.random.Generator) -> Interval | None:
    """95 % interval of the mean over stories; None below 5 stories and below 5 blocks."""
    if len(scored.blocks) >= MIN_UNITS:
        return bootstrap_mean(np.array([b.mean() for b in scored.blocks]), rng)
    values = np.concatenate(scored.blocks)
    weight = np.concatenate([np.full(len(b), 1 / len(b)) for b in scored.blocks])  # each story counts once
    name = "blocks of 40-60 s"
    return bootstrap(lambda w: w @ (weight * values) / (w @ weight), len(values), rng, name=name)


def shift_null(scored: Scored, metric: Metric, seed: int) -> Null | None:
    """The score against circular shifts, each story on its own; None where a story is too short to be shifted.

    Parameters
    ----------
    scored : the score
    metric : what it measures
    seed : the same seed draws the same shifts for every choice
    """
    if not all(len(curve) for curve in scored.shifted):
        return None
    scores = combine_stories(list(scored.shifted), np.random.default_rng([seed, 11]), N_SHIFTS)
    null = against_null(metric, scored.value, NullKind.SHIFT, scores, scored.shifted)
    # A choice that decodes nothing at all does not move, and scores the same wherever it is shifted to.
    return replace(null, p=1.0) if np.ptp(scores) < 1e-12 and abs(scored.value - null.mean) < 1e-12 else null


def size_null(value: float, metric: Metric, others: np.ndarray) -> SizeNull | None:
    """A value against those of random regions of the same size, array (n,); None without any."""
    if not len(others):
        return None
    low, high = np.quantile(others, [0.05, 0.95])
    p = p_value(value, others, metric.better)
    return SizeNull(len(others), float(others.mean()), float(low), float(high), float(p))
