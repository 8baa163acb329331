"""The regions of an ROI study sorted by what they carry, with intervals, null and size-matched band."""

from __future__ import annotations

import textwrap

from ..evaluation.roi_rows import Effect, RoiRow, RoiStudy
from ..motion.amount import T2GOrigin
from .roi_view import RoiView, is_found, shown
from .style import COLOURS, GREY, INK, NAMES, PALE, Page, Paper, mark_of, text_width

ROW = 3.9  # mm
NAME, LETTERS = 17.0, 6.0  # mm, the least for the names of regions; their size in points
LONGEST = 0.3  # share of the page that names may take; longer ones end with an ellipsis
MOST = 40  # regions that one page shows
SIZE = "#E69F00"


def draw_roi_bars(study: RoiStudy, paper: Paper, view: RoiView) -> Page:
    """For each branch the regions sorted by their score alone; beside it, in the same order, what is lost without them.

    Parameters
    ----------
    study : the study
    paper : what is drawn on
    view : subject, metric and branch
    """
    width = paper.width
    part = shown(study, view)
    order = {b: sorted(effects[Effect.ALONE], key=lambda r: -r.value)[:MOST] for b, effects in part.rows.items()}
    n = max(map(len, order.values()))
    panel = ROW * n + (15 if width >= 110 else 21)  # a narrow page breaks the names of the axes
    dropped = len(part.rows[part.branches[0]][Effect.ALONE]) - n
    about = part.about + (f"; the first {n} of {n + dropped} regions" if dropped else "")
    title = f"What regions carry: {part.metric.label}"
    origin = T2GOrigin.of(study.manifest)
    page = Page(paper, 27 + panel * len(part.branches), title, about, mark_of(study.simulated, origin), origin.caption)
    _legend(page, any(row.size_null for rows in order.values() for row in rows))
    names = {r.region: fitting(r.region, LONGEST * width) for rows in order.values() for r in rows}
    left, gap = 5.5 + max(NAME, *(text_width(name, LETTERS) for name in names.values())), 6.0
    half = (width - 4 - left - gap) / 2
    top = 25.0
    for branch in part.branches:
        lesions = {row.region: row for row in part.rows[branch][Effect.LESION]}
        page.text(4, top, NAMES[branch], color=COLOURS[branch], fontweight="bold")
        alone = order[branch]
        whole = part.rows[branch][Effect.WHOLE][0].value
        unit = part.metric.unit.value or "no unit"
        name = part.metric.label
        _panel(page, list(alone), branch, left, top + 2, half, n, f"{name} alone ({unit}); all together {whole:.2f}")
        beside = [lesions.get(row.region) for row in alone]
        _panel(page, beside, branch, left + half + gap, top + 2, half, n, f"{name} lost without the region ({unit})")
        for k, row in enumerate(alone):
            page.text(
                left - 1.5, top + 2 + ROW * (k + 0.5), names[row.region], ha="right", va="center", fontsize=LETTERS
            )
        top += panel
    return page


def fitting(name: str, width: float) -> str:
    """A name, or as much of it as fits into so many mm."""
    if text_width(name, LETTERS) <= width:
        return name
    n = next(n for n in range(len(name), 0, -1) if n == 1 or text_width(name[:n] + "\u2026", LETTERS) <= width)
    return name[:n] + "\u2026"


def _legend(page: Page, sized: bool) -> None:
    marks = [
        ("\u25cf", INK, "mean over stories, line: 95 % CI", 45),
        ("\u25cb", INK, "corrected p \u2265 .05", 26),
        ("\u25ac", PALE, "null, 5 to 95 %", 24),
    ]
    if sized:
        marks.append(("\u25ac", SIZE, "random regions of the same size, 5 to 95 %", 52))
    x, y = 4.0, 18.0 if sum(step for *_, step in marks) > page.width - 8 else 19.5
    for swatch, colour, name, step in marks:
        if x + step > page.width:
            x, y = 4.0, y + 3.2
        page.text(x, y, swatch, color=colour, fontsize=7, va="center")
        page.text(x + 3.2, y, name, color=GREY, va="center", fontsize=6)
        x += step


def _panel(
    page: Page, rows: list[RoiRow | None], branch: str, left: float, top: float, width: float, n: int, label: str
) -> None:
    axes = page.axes(left, top, width, ROW * n)
    axes.use_sticky_edges = False  # bars at the edge keep a margin too
    for k, row in enumerate(rows):
        if row is None:
            continue
        if row.null is not None:
            axes.barh(k, row.null.q95 - row.null.q05, left=row.null.q05, height=0.8, color=PALE, zorder=1)
        if (size := row.size_null) is not None:
            axes.barh(k, size.q95 - size.q05, left=size.q05, height=0.3, color=SIZE, alpha=0.55, linewidth=0, zorder=2)
        if row.interval is not None:
            axes.plot([row.interval.low, row.interval.high], [k, k], color=COLOURS[branch], linewidth=1.1, zorder=3)
        face = COLOURS[branch] if is_found(row) else "white"
        axes.plot(
            row.value,
            k,
            "o",
            color=COLOURS[branch],
            markerfacecolor=face,
            markersize=3.2,
            markeredgewidth=0.8,
            zorder=4,
        )
        if k:
            axes.axhline(k - 0.5, color="#efefef", linewidth=0.4, zorder=0)
    axes.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    axes.set(ylim=(n - 0.5, -0.5), yticks=[])
    axes.set_xlabel(textwrap.fill(label, max(12, int(width / 1.05))), fontsize=6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=5.5, pad=1)
    axes.margins(x=0.04)
    axes.locator_params(axis="x", nbins=min(6, max(2, int(width / 9))))
