"""One score with everything that must travel with it: null, interval, n, floor, ceiling.

Each metric makes a `Measure` per story; `row` turns one into a line of the report, and `pool`
turns the measures of several stories into the line of their mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .intervals import MIN_UNITS, Interval, bootstrap, bootstrap_mean
from .nulls import N_NULL, combine_stories, p_value


@dataclass(frozen=True)
class Measure:
    """A metric of one branch on one story.

    Parameters
    ----------
    metric, branch, unit : names, as printed
    value : the score
    better : 'higher', 'lower' or 'near' (near the value of real motion)
    shifted : array (n_shifts,) or None
        The score at every permitted shift of the prediction.
    statistic : callable or None
        Weights of the blocks, array (n_draws, blocks) -> scores (n_draws,), for the interval.
    blocks : number of blocks of the story
    n, n_unit : how much data, for example 4500 frames
    floor, ceiling : scores of something known to be bad or good, or None
    note : what a reader must know
    """

    metric: str
    branch: str
    value: float
    unit: str = ""
    better: str = "higher"
    shifted: np.ndarray | None = None
    statistic: Callable[[np.ndarray], np.ndarray] | None = None
    blocks: int = 1
    n: int = 0
    n_unit: str = ""
    floor: float | None = None
    ceiling: float | None = None
    note: str = ""


def mean_statistic(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Statistic of the mean of block values, array (blocks,)."""
    values = np.asarray(values, float)
    return lambda w: w @ values / w.sum(1)


def row(measure: Measure, rng: np.random.Generator, story: str) -> dict[str, Any]:
    """A line of the report for one story."""
    interval = None
    if measure.statistic is not None:
        interval = bootstrap(measure.statistic, measure.blocks, rng, name="blocks of 40-60 s")
    null = None
    if measure.shifted is not None and len(measure.shifted):
        null = combine_stories([measure.shifted], rng)
    return _line(measure, story, measure.value, interval, null, measure.n, measure.n_unit)


def pool(measures: list[Measure], rng: np.random.Generator, n_null: int = N_NULL) -> dict[str, Any]:
    """A line of the report for the mean over stories; each story counts once.

    Every story is shifted on its own under the null; the interval is over stories.
    """
    first = measures[0]
    values = np.array([m.value for m in measures])
    null = None
    if all(m.shifted is not None and len(m.shifted) for m in measures):
        null = combine_stories([m.shifted for m in measures], rng, n_null)
    merged = replace(
        first,
        floor=_mean([m.floor for m in measures]),
        ceiling=_mean([m.ceiling for m in measures]),
    )
    interval = bootstrap_mean(values, rng)
    return _line(merged, "all stories", float(values.mean()), interval, null, len(values), "stories")


def _mean(values: list[float | None]) -> float | None:
    return None if any(v is None for v in values) else float(np.mean(values))


def _line(
    measure: Measure,
    story: str,
    value: float,
    interval: Interval | None,
    null: np.ndarray | None,
    n: int,
    n_unit: str,
) -> dict[str, Any]:
    line: dict[str, Any] = {
        "story": story,
        "branch": measure.branch,
        "metric": measure.metric,
        "value": float(value),
        "unit": measure.unit,
        "better": measure.better,
        "n": int(n),
        "n_unit": n_unit,
        "ci": None,
        "null": None,
        "floor": measure.floor,
        "ceiling": measure.ceiling,
        "note": measure.note,
    }
    if interval is not None:
        line["ci"] = {"low": interval.low, "high": interval.high, "level": 0.95, "method": interval.method}
    elif n_unit == "stories" or measure.statistic is not None:
        line["ci_missing"] = f"an interval needs {MIN_UNITS} stories or {MIN_UNITS} blocks of 40-60 s"
    if null is not None:
        line["null"] = {
            "kind": "circular shift of at least 20 s, each story on its own",
            "n": len(null),
            "mean": float(null.mean()),
            "q05": float(np.quantile(null, 0.05)),
            "q95": float(np.quantile(null, 0.95)),
            "p": p_value(value, null, measure.better),
        }
    return line
