"""Tables of what several rows of ROI studies say together: differences of two sides, and subjects one by one."""

from __future__ import annotations

from ..evaluation.intervals import Interval
from ..evaluation.roi_difference import RoiDifference
from ..evaluation.roi_group import GroupRow, group_rows
from ..evaluation.roi_rows import Effect, RoiStudy
from ..results import BRANCHES
from .numbers import table

KIND = "roi-difference"
TABLE, GROUP = "difference.tsv", "group.tsv"
COLUMNS = (
    *("region", "first", "second", "metric", "effect", "mode", "value_first", "value_second", "difference"),
    *("ci_low", "ci_high", "p", "p_corrected", "correction", "paired"),
)


def difference_text(found: RoiDifference) -> str:
    """A line for each region, six digits a number."""
    sides = (found.first.name, found.second.name, found.metric.id, found.effect.value, found.mode.value)
    paired = "yes" if found.paired else "no"
    return table(
        COLUMNS,
        (
            [
                *(row.region, *sides, row.first, row.second, row.value, *_ends(row.interval)),
                *(row.p, row.p_corrected, found.correction.value, paired),
            ]
            for row in found.rows
        ),
    )


def _ends(ci: Interval | None) -> tuple[float | None, float | None]:
    return (ci.low, ci.high) if ci else (None, None)


def groups_of(study: RoiStudy) -> dict[tuple[str, str, Effect], list[GroupRow]]:
    """The regions in all subjects for each branch, metric (its id) and effect; empty for a single subject."""
    found = {
        (branch, metric.id, effect): group_rows(study, branch, metric.id, effect)
        for metric in study.metrics
        for branch in BRANCHES
        for effect in (Effect.ALONE, Effect.LESION)
    }
    return {key: rows for key, rows in found.items() if rows}


def group_text(study: RoiStudy) -> str:
    """A line for each region: how many subjects agree, every subject's value, and from ten subjects on their mean."""
    columns = (
        *("branch", "metric", "effect", "region", "subjects", "agree", "above_null_mean", "mean", "ci_low", "ci_high"),
        *("p", "p_corrected"),
    )
    return table(
        [*columns, *study.subjects],
        (
            [
                *(branch, metric, effect.value, row.region, len(row.rows), row.agree, row.above, row.mean),
                *(*_ends(row.interval), row.p, row.p_corrected, *(one.value for one in row.rows)),
            ]
            for (branch, metric, effect), rows in groups_of(study).items()
            for row in rows
        ),
    )
