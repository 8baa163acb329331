"""A difference between two branches, subjects or ROI studies on screen: a map around 0, sorted bars, a table."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

from ..brain.space import has_cortex
from ..evaluation.report import format_number, format_p
from ..evaluation.roi_difference import DifferenceRow, RoiDifference
from ..evaluation.roi_rows import RoiStudy
from ..results import BRANCHES
from .area_map import AreaMap, AreaValue, area_map
from .plots import graph_objects, named_lines
from .roi_study import ALPHA, CHANCE, MOST_BARS
from .scores import layout

FOUND = "#009E73"  # dots of regions that differ; neither branch has this colour
UNKNOWN = 10**9  # a p of Student's t has no smallest value


def subjects_of(first: RoiStudy, second: RoiStudy) -> list[str]:
    """Subjects of the first study that the second one has too."""
    return [name for name in first.subjects if name in second.subjects]


def metrics_of_both(study: RoiStudy) -> dict[str, str]:
    """Id and label of the metrics that some subject has in both branches."""
    return {
        metric.id: metric.label
        for metric in study.metrics
        if any(len(study.branches_of(subject, metric.id)) == len(BRANCHES) for subject in study.subjects)
    }


def is_found(row: DifferenceRow) -> bool:
    """Whether the corrected p of a row is below .05."""
    return row.p_corrected is not None and row.p_corrected < ALPHA


def difference_map(found: RoiDifference) -> AreaMap | None:
    """First minus second on the areas of the atlas, on colours around 0; None where there is no cortex.

    Where regions overlap, an area has the value of the region that differs most.
    """
    if not has_cortex(found.space):
        return None
    members = {region.name: region.rois for region in found.regions}
    values: dict[str, AreaValue] = {}
    for row in sorted(found.rows, key=lambda r: abs(r.value)):
        p = "" if row.p_corrected is None else f", p {format_p(row.p_corrected, UNKNOWN)}"
        text = f"{row.region}: {_signed(row.value)}{p}"
        values |= {area: AreaValue(row.value, is_found(row), text) for area in members[row.region]}
    title = f"{found.metric.label}, {found.effect.label}: {found.title}, p after {found.correction.label}"
    return replace(area_map(title, values, None, difference=True), about="pale: no difference is shown")


def difference_chart(found: RoiDifference):
    """Regions sorted by first minus second: a bar from 0 with its interval, in colour where corrected p < .05.

    Each bar's customdata begins with the name of its region. Of very many regions the largest are shown.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    largest = sorted(found.rows, key=lambda r: -abs(r.value))[:MOST_BARS]
    rows = sorted(largest, key=lambda r: -r.value)
    figure = go.Figure(layout=layout(found.title, found.simulated, 118 + 19 * len(rows)))
    for colour, name in ((FOUND, f"{found.correction.label} p < .05"), (CHANCE, "not different")):
        some = [row for row in rows if is_found(row) == (colour == FOUND)]
        if some:
            figure.add_bar(
                y=[row.region for row in some],
                x=[row.value for row in some],
                orientation="h",
                width=0.62,
                marker={"color": colour, "opacity": 0.5, "line": {"width": 0}},
                name=name,
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "thickness": 1.5,
                    "color": colour,  # seen on the bar, and on a dark page
                    "array": [row.interval.high - row.value if row.interval else 0.0 for row in some],
                    "arrayminus": [row.value - row.interval.low if row.interval else 0.0 for row in some],
                },
                customdata=[[row.region, reading(found, row)] for row in some],
                hovertemplate="%{customdata[1]}<extra></extra>",
            )
    figure.update_layout(
        xaxis={
            "title": {"text": f"Difference of {found.metric.label}, {found.effect.label}", "standoff": 6},
            "zeroline": True,
        },
        yaxis=named_lines([row.region for row in rows]),
        barmode="overlay",
    )
    return figure


def _signed(value: float) -> str:
    return f"{value + 0.0:+.3f}"


def facts(found: RoiDifference, row: DifferenceRow) -> list[str]:
    """A row in a few phrases."""
    lines = [f"{row.region}: {_signed(row.value)} ({row.first:.3f} and {row.second:.3f})"]
    if row.interval:
        lines.append(f"95 % interval {_signed(row.interval.low)} to {_signed(row.interval.high)}")
    if row.p_corrected is not None:
        lines.append(f"{found.correction.label} p {format_p(row.p_corrected, UNKNOWN)}")
    return lines


def reading(found: RoiDifference, row: DifferenceRow) -> str:
    """A row in words, for the tooltip; names of regions can be the user's."""
    return "<br>".join(map(escape, facts(found, row)))


def difference_table(found: RoiDifference) -> list[dict[str, Any]]:
    """The rows as text cells, the largest difference first."""
    return [
        {
            "Region": row.region,
            "Difference": _signed(row.value),
            "95 % CI": f"{_signed(row.interval.low)} to {_signed(row.interval.high)}" if row.interval else "-",
            "First": format_number(row.first),
            "Second": format_number(row.second),
            "p": "-" if row.p is None else format_p(row.p, UNKNOWN),
            f"p, {found.correction.label}": "-" if row.p_corrected is None else format_p(row.p_corrected, UNKNOWN),
            "Mode": found.mode.value,
        }
        for row in sorted(found.rows, key=lambda r: -abs(r.value))
    ]


def difference_sentence(found: RoiDifference) -> str:
    """What was compared, and how many regions differ."""
    sure = sum(map(is_found, found.rows))
    return f"{found.title}: {sure} of {len(found.rows)} regions differ. {found.about[:1].upper()}{found.about[1:]}."
