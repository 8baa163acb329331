"""From the results of tasks to the rows of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..evaluation.metrics import METRICS, Metric
from ..evaluation.nulls import benjamini_hochberg, holm
from ..evaluation.region_effects import Scored, interval_of, shift_null, size_null, units_of
from ..evaluation.roi_rows import Correction, Effect, Mode, RoiRow
from ..results import BRANCHES
from .roi_plan import Plan
from .roi_task import RoiTask


@dataclass(frozen=True)
class Facts:
    """What the rows of a subject need beside the scores.

    Parameters
    ----------
    ceilings : id of a metric -> mean score of a second performance of the same texts
    correction : of p over regions
    refit : whether the readout was fitted anew for each region
    seed : of shifts and bootstrap
    """

    ceilings: Mapping[str, float]
    correction: Correction
    refit: bool
    seed: int


def rows_of(plan: Plan, results: Mapping[RoiTask, dict[str, Any]], facts: Facts) -> list[RoiRow]:
    """The rows of one subject: for each branch and metric the whole, then every region alone, then every lesion."""
    whole = results[plan.whole]
    rows: list[RoiRow] = []
    for branch in BRANCHES:
        for metric in shared_metrics(whole, branch):
            rows += _Table(plan, results, facts, branch, metric).rows()
    return rows


def mode_of(branch: str, refit: bool) -> Mode:
    """A refit makes the text branch confirmatory: T2G sees no fMRI. F2G does, and is not fitted anew."""
    return Mode.CONFIRMATORY if refit and branch == "text" else Mode.EXPLORATORY


def shared_metrics(result: dict[str, Any], branch: str) -> list[Metric]:
    """The metrics that every story of a result has."""
    per_story = [[s["metric"] for s in scores if s["branch"] == branch] for scores in result.values()]
    return [METRICS[name] for name in per_story[0] if all(name in names for names in per_story)]


def scores_of(result: dict[str, Any], branch: str, metric: Metric) -> list[dict[str, Any]]:
    """The score of each story in the result of a task."""
    return [next(s for s in scores if (s["branch"], s["metric"]) == (branch, metric.id)) for scores in result.values()]


def blocks_of(scores: list[dict[str, Any]]) -> tuple[np.ndarray, ...]:
    """The contributions of the blocks of each story, arrays (n_blocks,)."""
    return tuple(np.array(score["blocks"], float) for score in scores)


@dataclass(frozen=True)
class _Table:
    """The rows of one branch and metric."""

    plan: Plan
    results: Mapping[RoiTask, dict[str, Any]]
    facts: Facts
    branch: str
    metric: Metric

    def rows(self) -> list[RoiRow]:
        whole = self._scored(self.plan.whole)
        value = self._value(self.plan.whole)
        found = [self._scoring(self.plan.whole, self._row(Effect.WHOLE, "all", whole, value, None))]
        alone = [
            self._scoring(
                task, self._row(Effect.ALONE, region.name, self._scored(task), self._value(task), self._random(tasks))
            )
            for region, task, tasks in zip(self.plan.regions, self.plan.alone, self.plan.random_alone, strict=True)
        ]
        lesion = [
            self._row(
                Effect.LESION, region.name, whole - self._scored(task), self._value(task), value - self._random(tasks)
            )
            for region, task, tasks in zip(self.plan.regions, self.plan.lesion, self.plan.random_lesion, strict=True)
            if task is not None
        ]
        return [*found, *self._corrected(alone), *self._corrected(lesion)]

    def _row(self, effect: Effect, region: str, scored: Scored, score: float, others: np.ndarray | None) -> RoiRow:
        facts = self.facts
        return RoiRow(
            self.plan.subject,
            self.branch,
            self.metric,
            effect,
            region,
            mode_of(self.branch, facts.refit),
            scored.value,
            score,
            len(scored.blocks),
            interval=interval_of(scored, np.random.default_rng([facts.seed, 12])),
            null=shift_null(scored, self.metric, facts.seed),
            size_null=None if others is None else size_null(scored.value, self.metric, others),
            ceiling=facts.ceilings.get(self.metric.id),
            units=units_of(scored),
        )

    def _scoring(self, task: RoiTask, row: RoiRow) -> RoiRow:
        """A row of a score, not of a difference, with the noise ceiling of what it was decoded from."""
        found = [s.get("ceiling") for s in scores_of(self.results[task], self.branch, self.metric)]
        known = [one for one in found if one is not None]
        return replace(row, noise_ceiling=float(np.mean(known))) if len(known) == len(found) else row

    def _corrected(self, rows: list[RoiRow]) -> list[RoiRow]:
        """The rows with p corrected over them; one without a p counts as 1, so that nothing gains by it."""
        known = [None if row.null is None else row.null.p for row in rows]
        p = np.array([1.0 if one is None else one for one in known])
        adjusted = holm(p) if self.facts.correction == Correction.HOLM else benjamini_hochberg(p)
        return [
            row if one is None else replace(row, p_corrected=float(q))
            for row, one, q in zip(rows, known, adjusted, strict=True)
        ]

    def _scored(self, task: RoiTask) -> Scored:
        scores = scores_of(self.results[task], self.branch, self.metric)
        return Scored(blocks_of(scores), tuple(np.array(s["shifted"], float) for s in scores))

    def _value(self, task: RoiTask) -> float:
        return float(np.mean([s["value"] for s in scores_of(self.results[task], self.branch, self.metric)]))

    def _random(self, tasks: tuple[RoiTask, ...]) -> np.ndarray:
        return np.array([self._value(task) for task in tasks])
