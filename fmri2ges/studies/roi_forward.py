"""The fewest regions that reach 95 % of what all of them score: a greedy choice, exploratory in every respect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..decoding.run import Run
from ..errors import UserError
from ..evaluation.forward import Choice, forward_paths, parts_of
from ..evaluation.metrics import Metric
from ..evaluation.region_effects import Scored, interval_of
from ..evaluation.roi_rows import MAIN, ForwardStep
from .roi_plan import Plan
from .roi_rows import blocks_of, scores_of, shared_metrics
from .roi_task import RoiTask

Compute = Callable[[Sequence[RoiTask]], Mapping[RoiTask, dict[str, Any]]]


def check_forward(run: Run) -> None:
    """Refuse a run whose held-out stretches were training data of each other's models.

    There a score of one stretch is no test of a choice made on another. Take a readout that was fitted on stretch B and
    is scored on A: to first order its score is y_A' X_A X_B' y_B, and so is that of one fitted on A and scored on B. A
    region that is chosen by its noise on A has the same noise on B.
    """
    if run.study.split.within_story_folds:
        raise UserError(
            "--forward: the models of each stretch of a story were trained on its other stretches in this run, so no "
            "stretch can test a choice of regions made on the others; leave --forward out, or train with whole stories "
            "held out"
        )


@dataclass(frozen=True)
class _Search:
    """The greedy choice of one subject and branch."""

    plan: Plan
    branch: str
    metric: Metric
    compute: Compute

    def steps(self, whole: dict[str, Any], seed: int) -> list[ForwardStep]:
        """The path that all stories choose, each step with its score where it was not chosen."""
        everything = self._blocks(whole)
        alone = len(everything) == 1
        units = _units(everything)
        parts = parts_of(len(units), alone)
        if not parts:
            return []
        known: dict[Choice, tuple[np.ndarray, ...]] = {}

        def scores(choices: Sequence[Choice]) -> dict[Choice, np.ndarray]:
            results = self.compute([self._task(choice) for choice in choices])
            known.update({choice: self._blocks(results[self._task(choice)]) for choice in choices})
            return {choice: _units(known[choice]) for choice in choices}

        names = [region.name for region in self.plan.regions]
        choosing = [np.ones(len(units), bool), *(part.choose for part in parts)]
        path, *others = forward_paths(names, units, choosing, scores)
        found = []
        for k, region in enumerate(path, start=1):
            sets = [frozenset(other[:k]) for other in others]
            blocks = [_units(known[choice]) if alone else known[choice] for choice in sets]
            held = _held_out([(part.held_out, b) for part, b in zip(parts, blocks, strict=True)], alone)
            scored = Scored(held, ())
            found.append(
                ForwardStep(
                    self.plan.subject,
                    self.branch,
                    self.metric,
                    k,
                    region,
                    chosen=float(_units(known[frozenset(path[:k])]).mean()),
                    held_out=scored.value,
                    interval=interval_of(scored, np.random.default_rng([seed, 13])),
                    whole=float(units.mean()),
                    agree=sum(region in one for one in sets),
                    paths=len(sets),
                )
            )
        return found

    def _blocks(self, result: dict[str, Any]) -> tuple[np.ndarray, ...]:
        return blocks_of(scores_of(result, self.branch, self.metric))

    def _task(self, choice: Choice) -> RoiTask:
        """The task of a set of regions; that of a single one is there already."""
        members = [k for k, region in enumerate(self.plan.regions) if region.name in choice]
        if len(members) == 1:
            return self.plan.alone[members[0]]
        rois = dict.fromkeys(roi for k in members for roi in self.plan.regions[k].rois)
        return replace(self.plan.whole, rois=tuple(rois), branches=(self.branch,), null=False)


def _units(blocks: tuple[np.ndarray, ...]) -> np.ndarray:
    """Scores of the stories, or of the blocks of a single one, array (n_units,)."""
    return np.array([b.mean() for b in blocks]) if len(blocks) > 1 else blocks[0]


def _held_out(parts, alone: bool) -> tuple[np.ndarray, ...]:
    """For each story the blocks as the path that it did not choose scores them, arrays (n_blocks,)."""
    if alone:
        return (np.concatenate([blocks[held] for held, blocks in parts]),)
    return tuple(blocks[k] for held, blocks in parts for k in np.flatnonzero(held))


def forward_steps(plan: Plan, whole: dict[str, Any], seed: int, compute: Compute) -> list[ForwardStep]:
    """The greedy choice of a subject in every branch, by r of the gesture.

    Parameters
    ----------
    plan : the plan of the subject
    whole : result of its task of all regions
    seed : of the bootstrap
    compute : the results of tasks

    Returns
    -------
    steps : empty for a branch in which all regions together score nothing, or whose stories are too short
    """
    found: list[ForwardStep] = []
    for branch in plan.whole.branches:
        there = shared_metrics(whole, branch)
        metric = next((metric for metric in MAIN if metric in there), None)
        if metric is not None:
            found += _Search(plan, branch, metric, compute).steps(whole, seed)
    return found
