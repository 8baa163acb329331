"""A difference between two branches, subjects or studies: a map around 0, and regions sorted with intervals."""

from __future__ import annotations

from ..brain.space import has_cortex
from ..evaluation.roi_difference import DifferenceRow, RoiDifference
from ..motion.amount import T2GOrigin
from .roi_bars import LETTERS, LONGEST, MOST, NAME, ROW, fitting
from .roi_map import BAR, LESION_MAP, Colours, Regions, paint_regions
from .style import GREY, INK, Page, Paper, mark_of, text_width

ALPHA = 0.05


def draw_roi_difference(found: RoiDifference, paper: Paper) -> Page:
    """The cortex with first minus second on colours that are symmetric around 0, and the regions sorted by it.

    Parameters
    ----------
    found : the difference
    paper : what is drawn on
    """
    width, cortex = paper.width, has_cortex(found.space)
    rows = sorted(found.rows, key=lambda row: -row.value)
    largest = sorted(rows, key=lambda row: -abs(row.value))[:MOST]
    shown = [row for row in rows if row in largest]
    brain = (width - 8 - BAR) * 0.165 + 9 if cortex else 0.0
    origin = T2GOrigin.of(found.first.study.manifest)
    about = f"{found.about}; filled and outlined: corrected p < .05" + ("; grey: not studied" if cortex else "")
    if len(shown) < len(rows):
        about += f"; the {len(shown)} largest of {len(rows)} regions"
    page = Page(
        paper,
        brain + 28 + ROW * len(shown),
        f"{found.metric.label}: {found.title}",
        about,
        mark_of(found.simulated, origin),
        origin.caption,
    )
    top = 17.0
    label = f"difference of {found.metric.label} ({found.metric.unit.value or 'no unit'})"
    if cortex:
        most = max(abs(row.value) for row in rows)
        values = {row.region: row.value for row in rows}
        outlined = {row.region for row in rows if _is_found(row)}
        paint_regions(page, top, Regions(found.regions, values, outlined), Colours(label, (-most, most), LESION_MAP))
        top += brain
    names = [fitting(row.region, LONGEST * width) for row in shown]
    left = 5.5 + max(NAME, *(text_width(name, LETTERS) for name in names))
    axes = page.axes(left, top, width - 6 - left, ROW * len(shown))
    axes.use_sticky_edges = False
    for k, (row, name) in enumerate(zip(shown, names, strict=True)):
        if row.interval is not None:
            axes.plot([row.interval.low, row.interval.high], [k, k], color=INK, linewidth=1.1, zorder=3)
        face = INK if _is_found(row) else "white"
        axes.plot(row.value, k, "o", color=INK, markerfacecolor=face, markersize=3.2, markeredgewidth=0.8, zorder=4)
        page.text(left - 1.5, top + ROW * (k + 0.5), name, ha="right", va="center", fontsize=LETTERS)
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.set(ylim=(len(shown) - 0.5, -0.5), yticks=[])
    axes.set_xlabel(f"{label}; lines: 95 % CI", fontsize=6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=5.5, pad=1)
    return page


def _is_found(row: DifferenceRow) -> bool:
    return row.p_corrected is not None and row.p_corrected < ALPHA
