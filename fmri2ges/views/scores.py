"""Scores as charts and tables: every value with its interval, its null, p, floor, ceiling and amount of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..evaluation.report import Report, format_number, format_p
from ..evaluation.rows import Row, Setting
from ..evaluation.text_rows import TextTable, TextTimeline
from .plots import as_text, graph_objects, named_lines
from .tracks import COLOURS

NULL_BAND = "rgba(128, 128, 128, 0.35)"
CEILING = "#8a8f8d"


@dataclass(frozen=True)
class Dot:
    """A score in a chart, and what it belongs to.

    Parameters
    ----------
    name : of the branch (and ROI selection)
    colour : of its dot
    row : the score
    """

    name: str
    colour: str
    row: Row


def score_chart(dots: list[Dot], title: str, axis: str, simulated: bool = False, line: int = 32):
    """A line for each score: a dot with its interval over the band of its null; diamond: ceiling, stroke: floor.

    Parameters
    ----------
    dots : scores that may share one axis
    title : what the chart shows
    axis : what the axis measures
    simulated : put "simulated" into the title
    line : pixels from one score to the next

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    figure = go.Figure(layout=layout(title, simulated, 110 + line * max(4, len(dots))))
    names = [f"{d.name}: {d.row.label}" for d in dots]
    nulls = [(name, d.row.null) for name, d in zip(names, dots, strict=True) if d.row.null]
    if nulls:
        figure.add_bar(
            y=[n for n, _ in nulls],
            base=[v.q05 for _, v in nulls],
            x=[v.q95 - v.q05 for _, v in nulls],
            orientation="h",
            width=0.62,
            marker={"color": NULL_BAND, "line": {"width": 0}},
            name="shift null, 5 to 95 %",
            hoverinfo="skip",
        )
    ceilings = [(n, d.row.ceiling) for n, d in zip(names, dots, strict=True) if d.row.ceiling is not None]
    if ceilings:
        figure.add_scatter(
            x=[v for _, v in ceilings],
            y=[n for n, _ in ceilings],
            mode="markers",
            name="ceiling",
            marker={"symbol": "diamond-open", "size": 9, "color": CEILING},
            hovertemplate="ceiling %{x:.3f}<extra></extra>",
        )
    floors = [(n, d.row.floor) for n, d in zip(names, dots, strict=True) if d.row.floor is not None]
    if floors:
        figure.add_scatter(
            x=[v for _, v in floors],
            y=[n for n, _ in floors],
            mode="markers",
            name="floor",
            marker={"symbol": "line-ns-open", "size": 9, "color": CEILING, "line": {"width": 1.5}},
            hovertemplate="floor %{x:.3f}<extra></extra>",
        )
    for who in dict.fromkeys((d.name, d.colour) for d in dots):
        _add_dots(figure, [(n, d) for n, d in zip(names, dots, strict=True) if (d.name, d.colour) == who])
    figure.update_layout(
        xaxis={"title": {"text": axis, "standoff": 6}, "zeroline": True},
        yaxis=named_lines(names),
        barmode="overlay",
    )
    return figure


def _add_dots(figure, mine: list[tuple[str, Dot]]) -> None:
    """The dots of one branch, each with its interval where it has one."""
    rows = [d.row for _, d in mine]
    up = [r.interval.high - r.value if r.interval else 0.0 for r in rows]
    down = [r.value - r.interval.low if r.interval else 0.0 for r in rows]
    bars = {"type": "data", "symmetric": False, "thickness": 1.5, "array": up, "arrayminus": down}
    figure.add_scatter(
        x=[r.value for r in rows],
        y=[n for n, _ in mine],
        mode="markers",
        showlegend=False,
        name=mine[0][1].name,
        marker={"color": mine[0][1].colour, "size": 10},
        error_x=bars if any(r.interval for r in rows) else None,
        customdata=[reading(d) for _, d in mine],
        hovertemplate="%{customdata}<extra></extra>",
    )


def reading(dot: Dot) -> str:
    """A score in words, for the tooltip."""
    r, chance = dot.row, "no null: window too short"
    if r.null:
        null = r.null
        chance = f"null 5 to 95 %: {null.q05:.2f} to {null.q95:.2f}, p {format_p(null.p, null.n)}"
    return f"{as_text(f'{dot.name}, {r.label}')}: {r.value:.3f}<br>{chance}<br>n = {r.n} {r.n_unit}"


def score_cells(row: Row) -> dict[str, str]:
    """A score as text cells ("-" where there is none)."""
    ci, null = row.interval, row.null
    return {
        "Metric": row.label + (f" ({row.metric.unit})" if row.metric.unit else ""),
        "Value": format_number(row.value),
        "p": format_p(null.p, null.n) if null else "-",
        "95 % CI": f"{format_number(ci.low)} to {format_number(ci.high)}" if ci else "-",
        "Null, 5 to 95 %": f"{format_number(null.q05)} to {format_number(null.q95)}" if null else "-",
        "n": f"{row.n} {row.n_unit}",
    }


def report_table(rows: list[Row]) -> list[dict[str, str]]:
    """Rows of a report as text cells, with floor and ceiling."""
    return [
        {"Branch": r.branch, **score_cells(r), "Floor": format_number(r.floor), "Ceiling": format_number(r.ceiling)}
        for r in rows
    ]


def settings(report: Report) -> list[Setting]:
    """Subjects and ROI selections of a report, in the order of its rows."""
    return list(dict.fromkeys(r.setting for r in report.rows))


def stories(report: Report, setting: Setting) -> list[str]:
    """What there are rows of in one setting: the mean over stories first, then each story."""
    rows = [r for r in report.rows if r.setting == setting]
    return list(dict.fromkeys(r.story for r in sorted(rows, key=lambda r: r.stories < 2)))


def rows_of(report: Report, setting: Setting, story: str) -> list[Row]:
    """The rows of one setting and story (or mean)."""
    return [r for r in report.rows if (r.setting, r.story) == (setting, story)]


def report_dots(rows: list[Row]) -> list[Dot]:
    """The scores that may share an axis: without a unit, and with a null; those of one metric stand together."""
    shared = [r for r in rows if r.metric.unit.dimensionless and r.null]
    order = list(dict.fromkeys(r.metric for r in shared))
    return [Dot(r.branch, str(COLOURS[r.branch]), r) for r in sorted(shared, key=lambda r: order.index(r.metric))]


def text_cells(table: TextTable) -> list[dict[str, str]]:
    """The text table: for every score and text its value, and each null with its p."""
    return [
        {"Score": row.metric.label, "Text": row.text.label, "Value": format_number(row.value)}
        | {
            f"{kind.label}: mean (p)": f"{format_number(null.mean)} ({format_p(null.p, null.n)})"
            for kind, null in row.nulls.items()
        }
        for row in table.rows
    ]


def timeline_chart(line: TextTimeline, simulated: bool = False):
    """A text score window by window; filled dots pass q < .05 against its null.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    figure = go.Figure(layout=layout(f"{line.metric.label} along the story, 20 s windows", simulated, 240))
    middle = [(a + b) / 2 for a, b in line.windows]
    figure.add_scatter(
        x=middle, y=line.value, mode="lines", name="value", line={"color": COLOURS["text"], "width": 1.4}
    )
    passed = [(x, y) for x, y, q in zip(middle, line.value, line.q, strict=True) if q is not None and q < 0.05]
    figure.add_scatter(
        x=[x for x, _ in passed],
        y=[y for _, y in passed],
        mode="markers",
        name=f"above the {line.null.label} null, q < .05",
        marker={"color": COLOURS["text"], "size": 6},
    )
    figure.update_layout(
        xaxis={"title": {"text": "Time in the story (s)", "standoff": 6}},
        yaxis={"title": {"text": as_text(line.metric.label)}},
    )
    return figure


def layout(title: str, simulated: bool, height: int) -> dict[str, Any]:
    """What the charts of the screens share."""
    go = graph_objects()

    return {
        "template": go.layout.Template(),  # an empty one; the default would send 7 kB of JSON with each chart
        "title": {
            "text": as_text(title) + (" (simulated)" if simulated else ""),
            "font": {"size": 14},
            "x": 0,
            "y": 1 - 6 / height,
            "yanchor": "top",
        },
        "height": height,
        "margin": {"l": 56, "r": 8, "t": 58, "b": 40},
        "legend": {  # below the title, whatever the height
            "orientation": "h",
            "x": 0,
            "yref": "container",
            "y": 1 - 30 / height,
            "yanchor": "top",
            "font": {"size": 11},
        },
    }
