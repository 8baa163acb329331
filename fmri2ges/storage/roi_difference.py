"""Tables of what several rows of ROI studies say together: differences of two sides, and subjects one by one."""

from __future__ import annotations

from ..evaluation.roi_difference import RoiDifference
from ..evaluation.roi_group import GroupRow, group_rows
from ..evaluation.roi_rows import Effect, RoiStudy
from ..results import BRANCHES
from .numbers import cell

KIND = "roi-difference"
TABLE, GROUP = "difference.tsv", "group.tsv"
COLUMNS = (
    *("region", "first", "second", "metric", "effect", "mode", "value_first", "value_second", "difference"),
    *("ci_low", "ci_high", "p", "p_corrected", "correction", "paired"),
)


def difference_text(found: RoiDifference) -> str:
    """A line for each region, six digits a number."""
    lines = ["\t".join(COLUMNS)]
    for row in found.rows:
        ci = row.interval
        values = (
            *(row.region, found.first.name, found.second.name, found.metric.id, found.effect.value, found.mode.value),
            *(row.first, row.second, row.value, *((ci.low, ci.high) if ci else (None, None))),
            *(row.p, row.p_corrected, found.correction.value, "yes" if found.paired else "no"),
        )
        lines.append("\t".join(map(cell, values)))
    return "\n".join(lines) + "\n"


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
    lines = ["\t".join([*columns, *study.subjects])]
    for (branch, metric, effect), rows in groups_of(study).items():
        for row in rows:
            ci = row.interval
            values = (
                *(branch, metric, effect.value, row.region, len(row.rows), row.agree, row.above, row.mean),
                *((ci.low, ci.high) if ci else (None, None)),
                *(row.p, row.p_corrected, *(one.value for one in row.rows)),
            )
            lines.append("\t".join(map(cell, values)))
    return "\n".join(lines) + "\n"
