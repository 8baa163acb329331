"""The scores of a report as a figure, each with its interval, its null, its floor and its ceiling."""

from __future__ import annotations

import textwrap

import numpy as np

from ..errors import UserError
from ..evaluation.metrics import Metric, Unit
from ..evaluation.report import Report, format_number, format_p
from ..evaluation.rows import Row
from ..motion.amount import T2GOrigin
from .style import COLOURS, GREY, INK, NAMES, PALE, Page, Paper, mark_of, roi_text

ROW = 7.0  # mm
NAME = 36.0  # mm


def draw_metrics(report: Report, paper: Paper) -> Page:
    """Every metric of a report: a dot is the score, a line its 95 % interval, a grey band 5 to 95 % of its null.

    Scores without a unit (r, shares, cosines) share one axis; the others have an axis each.

    Parameters
    ----------
    report : what `evaluate` returned
    paper : what is drawn on
    """
    width = paper.width
    rows, title = _one_setting(report.rows)
    shared = [m for m in _metrics(rows) if _on_shared_axis(rows, m)]
    own = [m for m in _metrics(rows) if m not in shared]
    beside = width >= 140  # a narrow page has the second column below the first
    left = 0.55 * (width - 14) if beside else width - 8
    right = width - 14 - left if beside else width - 8
    own_row = max(11.0, ROW * len(shared) / max(1, len(own))) if beside else 11.0
    first, second = ROW * len(shared), own_row * len(own)
    height = max(first + 10, second) if beside else first + 14 + second
    t2g = T2GOrigin.of(report.manifest)
    page = Page(paper, 28 + height, "Scores with null and interval", title, mark_of(report.simulated, t2g), t2g.caption)
    _legend(page, rows)
    if shared:
        _forest(page, rows, shared, 4, 25, left)
    for k, metric in enumerate(own):
        x, y = (10 + left, 25.0) if beside else (4.0, 25 + first + 14)
        _own_axis(page, rows, metric, x, y + own_row * k, right, own_row)
    return page


def _one_setting(rows: tuple[Row, ...]) -> tuple[list[Row], str]:
    """The rows of one subject and ROI selection: over all stories where they exist."""
    if not rows:
        raise UserError("the report holds no score; nothing to draw")
    first = next((r for r in rows if r.stories > 1), rows[0])
    chosen = [r for r in rows if (r.setting, r.story, r.stories) == (first.setting, first.story, first.stories)]
    n = f"mean of {first.stories} stories" if first.stories > 1 else f"story {first.story}"
    about = f"subject {first.setting.subject}, {n}, decoded from {roi_text(first.setting.rois)}"
    return chosen, f"{about}; null: circular shifts of at least 20 s"


def _metrics(rows: list[Row]) -> list[Metric]:
    return list(dict.fromkeys(r.metric for r in rows))


def _on_shared_axis(rows: list[Row], metric: Metric) -> bool:
    return metric.unit.dimensionless and all(r.null for r in rows if r.metric == metric)


def _legend(page: Page, rows: list[Row]) -> None:
    """Two lines: the branches, then what the marks mean."""
    for k, branch in enumerate(dict.fromkeys(r.branch for r in rows)):
        page.text(4 + 26 * k, 15.5, "\u25cf", color=COLOURS[branch], fontsize=8, va="center")
        page.text(7 + 26 * k, 15.5, NAMES[branch], color=COLOURS[branch], fontweight="bold", va="center")
    x = 4.0
    for swatch, colour, name, step in (
        ("\u25ac", PALE, "null, 5 to 95 %", 25),
        ("\u2502", GREY, "floor", 12),
        ("\u25c7", INK, "ceiling or real motion", 0),
    ):
        page.text(x, 20, swatch, color=colour, fontsize=9, va="center")
        page.text(x + 3.6, 20, name, color=GREY, va="center", fontsize=6.5)
        x += step


def _marks(axes, row: Row, y: float) -> None:
    """Draw one branch of one metric; y counts in rows from the top."""
    colour, null, ci = COLOURS[row.branch], row.null, row.interval
    if null:
        axes.barh(y, null.q95 - null.q05, left=null.q05, height=0.34, color=PALE, zorder=1)
    if row.floor is not None:
        axes.plot([row.floor] * 2, [y - 0.19, y + 0.19], color=GREY, linewidth=0.8, zorder=2)
    if row.ceiling is not None:
        style = {"markersize": 3, "markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 0.6}
        axes.plot(row.ceiling, y, "D", zorder=3, **style)
    if ci:
        axes.plot([ci.low, ci.high], [y, y], color=colour, linewidth=1.3, zorder=4)
    axes.plot(row.value, y, "o", color=colour, markersize=4, markeredgewidth=0, zorder=5)


def _heights(rows: list[Row]) -> list[float]:
    """Where the branches of one metric stand within its row, from top to bottom."""
    return [0.0] if len(rows) == 1 else np.linspace(-0.22, 0.22, len(rows)).tolist()


def _forest(page: Page, rows: list[Row], metrics: list[Metric], left: float, top: float, width: float) -> None:
    axes = page.axes(left + NAME, top, width - NAME - 12, ROW * len(metrics))
    for k, metric in enumerate(metrics):
        chosen = [r for r in rows if r.metric == metric]
        for row, dy in zip(chosen, _heights(chosen), strict=True):
            _marks(axes, row, k + dy)
            assert row.null is not None, "scores of a shared axis have a null"
            text = "too short for p"
            if row.null.p is not None:
                told = format_p(row.null.p, row.null.n)
                text = f"p {told}" if told.startswith("\u2264") else f"p = {told}"
            y = top + ROW * (k + 0.5 + dy)
            page.text(left + width - 11, y, text, va="center", color=COLOURS[row.branch], fontsize=5.6)
        page.text(
            left + NAME - 2,
            top + ROW * (k + 0.5),
            _broken(metric.label, NAME - 4),
            ha="right",
            va="center",
            fontsize=6.5,
        )
        if k:
            axes.axhline(k - 0.5, color="#efefef", linewidth=0.5, zorder=0)
    axes.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    axes.set(ylim=(len(metrics) - 0.5, -0.5), yticks=[], xlabel="score (no unit)")
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.04)


def _broken(name: str, width: float) -> str:
    """A name of a metric, broken into lines that fit into `width` mm."""
    return textwrap.fill(name, int(width / 1.25))


def _own_axis(
    page: Page, rows: list[Row], metric: Metric, left: float, top: float, width: float, height: float
) -> None:
    chosen = [r for r in rows if r.metric == metric]
    name = metric.label if metric.unit in (Unit.NONE, Unit.SHARE) else f"{metric.label} ({metric.unit})"
    axes = page.axes(left + 27, top + 0.5, width - 27 - 11, height - 4.5)
    for row, dy in zip(chosen, _heights(chosen), strict=True):
        _marks(axes, row, 2 * dy)
        y = top + 0.5 + (height - 4.5) * (0.5 + dy * 2 / 1.6)
        page.text(left + width - 10, y, format_number(row.value), va="center", color=COLOURS[row.branch], fontsize=6)
    page.text(left + 25, top + 0.5 + (height - 4.5) / 2, _broken(name, 25), ha="right", va="center", fontsize=6.5)
    axes.set(ylim=(0.8, -0.8), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=5.5, pad=1)
    axes.margins(x=0.1)
    axes.locator_params(axis="x", nbins=4)
