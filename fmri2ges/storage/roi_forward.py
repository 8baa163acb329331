"""The greedy choice of regions as a table and as JSON values."""

from __future__ import annotations

from typing import Any

from ..evaluation.metrics import METRICS
from ..evaluation.roi_rows import ForwardStep, Mode, RoiStudy
from ..results import BRANCHES
from .numbers import finite, interval_from_dict, interval_to_dict, rounded, table

FORWARD = "forward.tsv"
COLUMNS = (
    *("subject", "branch", "metric", "mode", "step", "region", "score_choosing", "score_held_out", "ci_low", "ci_high"),
    *("score_all_regions", "share_held_out", "paths_that_agree", "paths"),
)


def forward_text(study: RoiStudy) -> str:
    """The table as tab-separated text, six digits a number."""
    return table(COLUMNS, map(_values, study.forward))


def _values(s: ForwardStep) -> list[Any]:
    ci = s.interval
    return [
        *(s.subject, s.branch, s.metric.id, Mode.EXPLORATORY.value, s.step, s.region, s.chosen, s.held_out),
        *((ci.low, ci.high) if ci else (None, None)),
        *(s.whole, s.share, s.agree, s.paths),
    ]


def step_to_dict(step: ForwardStep) -> dict[str, Any]:
    """A step as JSON values."""
    return {
        "subject": step.subject,
        "branch": step.branch,
        "metric": step.metric.id,
        "step": step.step,
        "region": step.region,
        "chosen": rounded(step.chosen),
        "held_out": rounded(step.held_out),
        "ci": interval_to_dict(step.interval),
        "whole": rounded(step.whole),
        "agree": step.agree,
        "paths": step.paths,
    }


def step_from_dict(line: dict[str, Any]) -> ForwardStep:
    """The step that `step_to_dict` described; KeyError, TypeError or ValueError where it is damaged."""
    step = ForwardStep(
        subject=str(line["subject"]),
        branch=str(line["branch"]),
        metric=METRICS[line["metric"]],
        step=int(line["step"]),
        region=str(line["region"]),
        chosen=finite(line["chosen"]),
        held_out=finite(line["held_out"]),
        interval=interval_from_dict(line["ci"]),
        whole=finite(line["whole"]),
        agree=int(line["agree"]),
        paths=int(line["paths"]),
    )
    if step.branch not in BRANCHES or step.whole <= 0 or not 0 <= step.agree <= step.paths or step.step < 1:
        raise ValueError("a step of the forward choice is not possible")
    return step
