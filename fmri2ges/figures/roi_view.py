"""Which part of an ROI study a figure shows, and the words under its title."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UserError, check_option
from ..evaluation import metrics
from ..evaluation.roi_rows import Effect, Mode, RoiRow, RoiStudy

ALPHA = 0.05


@dataclass(frozen=True)
class RoiView:
    """What to show of an ROI study.

    Parameters
    ----------
    subject : a listener; empty = the first
    metric : id of a metric; empty = r of the expected gesture, against T2G of the heard words where none was recorded
    branch : 'text', 'direct', or empty for both
    """

    subject: str = ""
    metric: str = ""
    branch: str = ""


@dataclass(frozen=True)
class Shown:
    """The rows of a view.

    Parameters
    ----------
    subject : the listener
    metric : the metric
    branches : those that have the metric
    rows : branch -> effect -> the rows, in the order of the regions
    about : subject, n, mode and correction in a few sentences
    """

    subject: str
    metric: metrics.Metric
    branches: tuple[str, ...]
    rows: dict[str, dict[Effect, list[RoiRow]]]
    about: str


def shown(study: RoiStudy, view: RoiView) -> Shown:
    """The rows that a view means.

    Raises
    ------
    UserError
        For a subject, branch or metric that the study does not have.
    """
    if not study.rows:
        raise UserError("ROI study: has no row; nothing to draw")
    subject = check_option("subject", view.subject or study.subjects[0], study.subjects)
    metric = check_option("metric", view.metric or study.main_metric.id, [m.id for m in study.metrics])
    branches = study.branches_of(subject, metric)
    if view.branch:
        branches = (study.check_branch(subject, view.branch, metric),)
    rows = {b: {effect: study.select(subject, b, metric, effect) for effect in Effect} for b in branches}
    return Shown(subject, metrics.METRICS[metric], branches, rows, _about(study, subject, rows))


def _about(study: RoiStudy, subject: str, rows: dict[str, dict[Effect, list[RoiRow]]]) -> str:
    first = next(iter(rows.values()))[Effect.ALONE]
    stories = first[0].stories
    n = f"mean of {stories} stories" if stories > 1 else f"one story ({study.stories[0]})"
    words = {
        Mode.EXPLORATORY: "exploratory (regions chosen when decoding)",
        Mode.CONFIRMATORY: "confirmatory (readout fitted for each region)",
    }
    modes = {branch: words[effects[Effect.ALONE][0].mode] for branch, effects in rows.items()}
    several = len(set(modes.values())) > 1
    mode = "; ".join(f"{b} branch {m}" for b, m in modes.items()) if several else next(iter(modes.values()))
    mode = "; ".join(filter(None, (mode, first[0].metric.caution)))
    return f"subject {subject}, {n}; {mode}; p by circular shifts, {study.correction.label} over {len(first)} regions"


def is_found(row: RoiRow) -> bool:
    """Whether the corrected p of a row is below .05."""
    return row.p_corrected is not None and row.p_corrected < ALPHA
