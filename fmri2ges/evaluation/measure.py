"""A score of one story with what its null and its interval are made from.

Each metric makes a `Measure` for each story; `row` makes a row of the report from one, and `pool` makes the row of
their mean from those of several stories.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .intervals import MIN_UNITS, bootstrap, bootstrap_mean, share_interval
from .metrics import Metric
from .nulls import N_NULL, combine_stories
from .rows import ALL_STORIES, Null, NullKind, Row, against_null

NO_INTERVAL = f"an interval needs {MIN_UNITS} stories or {MIN_UNITS} blocks of 40-60 s"


@dataclass(frozen=True)
class Measure:
    """A metric of one branch on one story.

    Parameters
    ----------
    metric : what is measured
    branch : 'text' or 'direct'
    value : the score, in the metric's unit
    shifted : array (n_shifts,) or None
        The score at every permitted shift of the prediction.
    statistic : callable or None
        For the interval: takes how often each block was drawn, array (n_draws, blocks), and returns the score of each
        draw, array (n_draws,).
    hits : array (n_trials,) or None
        Of a share: 0 or 1 for each trial, in order of time; the interval is made of them instead of the statistic.
    blocks : number of blocks of the story
    n : how much data, in the metric's `n_unit`
    floor, ceiling : scores of something known to be bad or good, or None
    note : what a reader must know
    """

    metric: Metric
    branch: str
    value: float
    shifted: np.ndarray | None = None
    statistic: Callable[[np.ndarray], np.ndarray] | None = None
    hits: np.ndarray | None = None
    blocks: int = 1
    n: int = 0
    floor: float | None = None
    ceiling: float | None = None
    note: str = ""


def mean_statistic(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Statistic of the mean of block values, array (blocks,)."""
    values = np.asarray(values, float)
    return lambda w: w @ values / w.sum(1)


def difference(first: Measure, second: Measure) -> Measure:
    """The paired difference of two measures of one metric on the same stretch: `first` minus `second`.

    Both are resampled by the same blocks and shifted alike, so that what they share cancels.

    Raises
    ------
    ValueError
        For measures of different stretches or metrics.
    """
    if (first.metric, first.blocks, first.n) != (second.metric, second.blocks, second.n):
        raise ValueError("a paired difference needs one metric and one stretch")
    one, two = first.statistic, second.statistic
    shifted = None
    if first.shifted is not None and second.shifted is not None:
        shifted = first.shifted - second.shifted
    return Measure(
        first.metric,
        f"{first.branch} - {second.branch}",
        first.value - second.value,
        shifted=shifted,
        statistic=None if one is None or two is None else lambda w: one(w) - two(w),
        blocks=first.blocks,
        n=first.n,
        floor=0.0,
        note="paired over blocks",
    )


def row(measure: Measure, rng: np.random.Generator, story: str) -> Row:
    """The row of the report for one story."""
    interval = None
    repeats = measure.statistic is not None or measure.hits is not None
    if measure.hits is not None:
        interval = share_interval(measure.hits, measure.blocks)
    elif measure.statistic is not None:
        interval = bootstrap(measure.statistic, measure.blocks, rng, name="blocks of 40-60 s")
    null = None
    if measure.shifted is not None and len(measure.shifted):
        null = _shift_null(measure.metric, measure.value, [measure.shifted], rng, N_NULL)
    return Row(
        measure.metric,
        measure.branch,
        story,
        float(measure.value),
        int(measure.n),
        measure.metric.n_unit,
        interval=interval,
        interval_missing=NO_INTERVAL if repeats and interval is None else "",
        null=null,
        floor=measure.floor,
        ceiling=measure.ceiling,
        note=measure.note,
    )


def pool(measures: list[Measure], rng: np.random.Generator, n_null: int = N_NULL) -> Row:
    """The row of the report for the mean over stories; each story counts once.

    Every story is shifted on its own under the null; the interval is over stories.
    """
    first = measures[0]
    values = np.array([m.value for m in measures])
    value, null = float(values.mean()), None
    shifted = [m.shifted for m in measures if m.shifted is not None and len(m.shifted)]
    if len(shifted) == len(measures):
        null = _shift_null(first.metric, value, shifted, rng, n_null)
    interval = bootstrap_mean(values, rng)
    return Row(
        first.metric,
        first.branch,
        ALL_STORIES,
        value,
        len(values),
        "stories",
        stories=len(values),
        interval=interval,
        interval_missing="" if interval else NO_INTERVAL,
        null=null,
        floor=_mean([m.floor for m in measures]),
        ceiling=_mean([m.ceiling for m in measures]),
        note=first.note,
    )


def _shift_null(metric: Metric, value: float, curves: list[np.ndarray], rng: np.random.Generator, n: int) -> Null:
    """A score against those of shifted predictions, whose curves (n_shifts,) are given story by story."""
    scores = combine_stories(curves, rng, n)
    return against_null(metric, value, NullKind.SHIFT, scores, curves)


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
