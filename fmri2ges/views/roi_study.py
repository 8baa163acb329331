"""An ROI study on screen: a map of the cortex, sorted bars, a table."""

from __future__ import annotations

from html import escape
from typing import Any

from ..brain.space import has_cortex
from ..evaluation.report import format_number, format_p
from ..evaluation.roi_group import group_rows
from ..evaluation.roi_rows import Effect, ForwardStep, RoiRow, RoiStudy, null_mark
from .area_map import AreaMap, AreaValue, area_map
from .plots import graph_objects, named_lines
from .scores import NULL_BAND, layout
from .tracks import COLOURS

ALPHA = 0.05
SIZE_BAND = "rgba(230, 159, 0, 0.30)"
CHANCE = "#9aa19e"  # dots of regions that are not above chance
MOST_BARS = 60


def measures(study: RoiStudy) -> dict[str, str]:
    """Id and label of every metric of a study, in the order of its table."""
    return {row.metric.id: row.metric.label for row in study.rows}


def branches(study: RoiStudy, metric: str) -> list[str]:
    """Branches that have a metric."""
    return list(dict.fromkeys(row.branch for row in study.rows if row.metric.id == metric))


def _span(row: RoiRow | ForwardStep) -> str:
    ci = row.interval
    return f"{format_number(ci.low)} to {format_number(ci.high)}" if ci else "-"


def is_found(row: RoiRow) -> bool:
    """Whether the corrected p of a row is below .05."""
    return row.p_corrected is not None and row.p_corrected < ALPHA


def cortex_map(study: RoiStudy, rows: list[RoiRow], threshold: float = 0.0) -> AreaMap | None:
    """The rows of one effect on the areas of the atlas; None where the study has no cortex.

    Where regions overlap, an area has the value of the region that carries most. Below `threshold` is no colour.
    """
    if not has_cortex(study.space) or not rows:
        return None
    members = {region.name: region.rois for region in study.regions}
    values: dict[str, AreaValue] = {}
    for row in sorted(rows, key=lambda r: r.value):
        p = "" if row.p_corrected is None else f", p {row.p_corrected:.3f}"
        text = f"{row.region}: {row.value:.3f}{p}"
        values |= {area: AreaValue(row.value, is_found(row), text) for area in members[row.region]}
    first = rows[0]
    title = f"{first.subject}: {first.metric.label}, {first.branch} branch, {first.effect.label}, {first.mode.value}"
    if first.p_corrected is not None:
        title += f", p after {study.correction.label}"  # once here, not in each of the lines that a click sends
    return area_map(title, values, null_mark(rows), first.effect == Effect.LESION, threshold)


def bar_chart(study: RoiStudy, rows: list[RoiRow], simulated: bool):
    """Regions sorted by value: dot with interval, grey band of its shift null, orange band of random regions.

    Each dot's customdata begins with the name of its region.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    rows = sorted(rows, key=lambda r: -r.value)[:MOST_BARS]
    first = rows[0]
    figure = go.Figure(layout=layout(f"{first.metric.label}: {first.effect.label}", simulated, 118 + 19 * len(rows)))
    names = [row.region for row in rows]
    bands: tuple[tuple[str, str, float, list], ...] = (
        ("random regions of its size, 5 to 95 %", SIZE_BAND, 0.86, [row.size_null for row in rows]),
        ("shift null, 5 to 95 %", NULL_BAND, 0.5, [row.null for row in rows]),
    )
    for name, colour, width, nulls in bands:
        shown = [(region, null) for region, null in zip(names, nulls, strict=True) if null is not None]
        if shown:
            figure.add_bar(
                y=[region for region, _ in shown],
                base=[null.q05 for _, null in shown],
                x=[null.q95 - null.q05 for _, null in shown],
                orientation="h",
                width=width,
                marker={"color": colour, "line": {"width": 0}},
                name=name,
                hoverinfo="skip",
            )
    for colour in dict.fromkeys(map(_colour, rows)):
        _add_dots(figure, study, [row for row in rows if _colour(row) == colour], colour)
    figure.update_layout(
        xaxis={"title": {"text": f"{first.metric.label}, {first.effect.label}", "standoff": 6}, "zeroline": True},
        yaxis=named_lines(names),
        barmode="overlay",
    )
    return figure


def _colour(row: RoiRow) -> str:
    """The colour of a row's dot: that of its branch where it is above chance."""
    return str(COLOURS[row.branch]) if is_found(row) else CHANCE


def _add_dots(figure, study: RoiStudy, rows: list[RoiRow], colour: str) -> None:
    """Dots of one colour; their intervals have it, too, so that they are seen on a dark page."""
    figure.add_scatter(
        x=[row.value for row in rows],
        y=[row.region for row in rows],
        mode="markers",
        showlegend=False,
        marker={"color": colour, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "thickness": 1.3,
            "array": [row.interval.high - row.value if row.interval else 0.0 for row in rows],
            "arrayminus": [row.value - row.interval.low if row.interval else 0.0 for row in rows],
        },
        customdata=[[row.region, reading(study, row)] for row in rows],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def reading(study: RoiStudy, row: RoiRow) -> str:
    """A row in words, for the tooltip; names of regions can be the user's."""
    return "<br>".join(map(escape, facts(study, row)))


def facts(study: RoiStudy, row: RoiRow) -> list[str]:
    """A row in a few phrases."""
    lines = [f"{row.region}: {row.value:.3f} ({row.mode.value})"]
    if row.interval:
        lines.append(f"95 % interval {row.interval.low:.3f} to {row.interval.high:.3f}")
    if row.p_corrected is not None:
        lines.append(f"{study.correction.label} p {row.p_corrected:.3f}")
    if row.size_null:
        lines.append(f"random regions of its size: mean {row.size_null.mean:.3f}, p {row.size_null.p:.3f}")
    return lines


def roi_table(study: RoiStudy, rows: list[RoiRow]) -> list[dict[str, Any]]:
    """The rows as text cells, the largest first."""
    sizes = {region.name: len(region.rois) for region in study.regions}
    noise = any(row.noise_ceiling is not None for row in rows)
    return [
        {
            "Region": row.region,
            "ROIs": sizes.get(row.region, 0),
            "Value": format_number(row.value),
            "95 % CI": _span(row),
            "Null 95 %": format_number(row.null.q95) if row.null else "-",
            "p": format_p(row.null.p, row.null.n) if row.null else "-",
            f"p, {study.correction.label}": "-" if row.p_corrected is None else f"{row.p_corrected:.3f}",
            "Random regions": f"{row.size_null.mean:.3f} (p {row.size_null.p:.3f})" if row.size_null else "-",
            "Of ceiling": "-" if row.share is None else f"{round(100 * row.share)} %",
            **({"Of noise ceiling": _noise_share(row)} if noise else {}),
            "Mode": row.mode.value,
        }
        for row in sorted(rows, key=lambda r: -r.value)
    ]


def _noise_share(row: RoiRow) -> str:
    if row.noise_ceiling is None or row.noise_share is None:
        return "-"
    return f"{round(100 * row.noise_share)} % of {row.noise_ceiling:.2f}"


def has_group(study: RoiStudy) -> bool:
    """Whether several subjects can be shown one by one: their regions are the same."""
    return bool(group_rows(study, study.rows[0].branch, study.rows[0].metric.id, Effect.ALONE))


def forward_sentence(steps: list[ForwardStep]) -> str:
    """What a greedy choice found, in a sentence that says both scores."""
    last = steps[-1]
    several = "regions" if len(steps) > 1 else "region"
    return (
        f"Exploratory, {last.branch} branch, {last.metric.label}: {len(steps)} {several} chosen one by one score "
        f"{last.chosen:.3f} where they were chosen and {last.held_out:.3f} ({_span(last)}) where they were not, "
        f"{round(100 * last.share)} % of all regions together ({last.whole:.3f})."
    )


def forward_table(steps: list[ForwardStep]) -> list[dict[str, Any]]:
    """The steps of a greedy choice as text cells."""
    return [
        {
            "Step": step.step,
            "Region added": step.region,
            "Where chosen": format_number(step.chosen),
            "Where not chosen": format_number(step.held_out),
            "95 % CI": _span(step),
            "Of all regions": f"{round(100 * step.share)} %",
            "Paths that agree": f"{step.agree} of {step.paths}",
        }
        for step in steps
    ]
