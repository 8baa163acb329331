"""Maps of an ROI study on the cortex: what each region carries alone, and what is lost without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..brain.atlas import load_atlas
from ..brain.space import has_cortex
from ..data.maps import on_vertices
from ..errors import UserError
from ..evaluation.metrics import RANKS
from ..evaluation.roi_rows import NULL_MARK, Effect, Region, RoiRow, RoiStudy, null_mark
from ..motion.amount import T2GOrigin
from .cortex import draw_cortex, map_colours
from .roi_view import RoiView, Shown, is_found, shown
from .style import GREY, INK, NAMES, Page, Paper, mark_of

BAR = 22.0  # mm beside each row, for its colour bar
# Not cividis as elsewhere: its middle is the grey of the bare cortex.
ALONE_MAP, LESION_MAP = "viridis", "RdBu_r"


def draw_roi_map(study: RoiStudy, paper: Paper, view: RoiView) -> Page:
    """For each branch a row of cortices with every region alone, and one with what is lost without it.

    Parameters
    ----------
    study : the study
    paper : what is drawn on
    view : subject, metric and branch
    """
    if not has_cortex(study.space):
        raise UserError(
            "roi-map: the regions of this study have no place on the cortex of fsaverage5; draw roi-bars instead"
        )
    width = paper.width
    part = shown(study, view)
    row = (width - 8 - BAR) * 0.165 + 12
    about = f"{part.about}; outlined: corrected p < .05; mark on each colour bar: {NULL_MARK}; grey: not studied"
    title = f"Which regions carry the gesture: {part.metric.label}"
    origin = T2GOrigin.of(study.manifest)
    page = Page(
        paper, 20 + 2 * row * len(part.branches), title, about, mark_of(study.simulated, origin), origin.caption
    )
    top = 17.0
    for branch in part.branches:
        for effect in (Effect.ALONE, Effect.LESION):
            page.text(4, top, f"{NAMES[branch]}: {effect.label}", fontweight="bold", fontsize=7)
            _row(page, study, part, part.rows[branch][effect], top + 2)
            top += row
    return page


def _row(page: Page, study: RoiStudy, part: Shown, rows: list[RoiRow], top: float) -> None:
    if not rows:
        page.text(4, top + 6, "no row: the regions are everything that was recorded", color=GREY, fontsize=6.5)
        return
    values = {row.region: row.value for row in rows}
    lesion = rows[0].effect == Effect.LESION
    most = max(map(abs, values.values()))
    chance = part.metric in RANKS and not lesion
    limits = (-most, most) if lesion else (0.5, max(most, 0.51)) if chance else (0.0, most)
    unit = part.metric.unit.value or "no unit"
    paint_regions(
        page,
        top,
        Regions(study.regions, values, {row.region for row in rows if is_found(row)}),
        Colours(f"{part.metric.label} ({unit})", limits, LESION_MAP if lesion else ALONE_MAP, null_mark(rows)),
    )


@dataclass(frozen=True)
class Regions:
    """What is painted: a value of each region, and which regions are outlined."""

    regions: tuple[Region, ...]
    values: dict[str, float]
    outlined: set[str]


@dataclass(frozen=True)
class Colours:
    """How values are painted.

    Parameters
    ----------
    label : of the colour bar, with its unit
    limits : values at both ends
    cmap : name of a colour map
    null : where the mark stands, see `evaluation.roi_rows.null_mark`, or None
    """

    label: str
    limits: tuple[float, float]
    cmap: str
    null: float | None = None


def paint_regions(page: Page, top: float, what: Regions, how: Colours) -> None:
    """Both hemispheres in a row with the values of regions, and a colour bar beside them; `top` in mm."""
    areas = load_atlas().areas
    index = {area: k for k, area in enumerate(areas)}
    values, found = np.full(len(areas), np.nan), np.zeros(len(areas))
    for k, region in enumerate(what.regions, start=1):
        if region.name in what.values:
            members = [index[roi] for roi in region.rois]
            values[members] = what.values[region.name]
            if region.name in what.outlined:
                found[members] = k
    paint_areas(page, top, values, how, found)


def paint_areas(page: Page, top: float, values: np.ndarray, how: Colours, outlined: np.ndarray | None = None) -> None:
    """Both hemispheres in a row with the values of areas, and a colour bar beside them.

    Parameters
    ----------
    top : mm
    values : array (360,), in atlas order; NaN shows the bare cortex
    outlined : array (360,), or None; a line is drawn where the number changes
    """
    limits = how.limits if how.limits[1] > how.limits[0] else (how.limits[0], how.limits[0] + 1e-9)
    lines = None if outlined is None else np.nan_to_num(on_vertices(outlined)).astype(int)
    colours = map_colours(on_vertices(values).astype(float), limits, how.cmap)
    height = draw_cortex(page, 4, top, page.width - 8 - BAR, colours, lines)
    page.text(page.width - 4, top - 2, how.label, ha="right", fontsize=5.5)
    _bar(page, page.width - BAR + 8, top + 1.5, height - 7, replace(how, limits=limits))


def _bar(page: Page, left: float, top: float, height: float, how: Colours) -> None:
    """Colour bar with its unit, and the mark of the null."""
    limits = how.limits
    axes = page.axes(left, top, 2.6, height)
    axes.imshow(
        np.linspace(0, 1, 256)[:, None], aspect="auto", origin="lower", cmap=how.cmap, extent=(0, 1, *limits), zorder=0
    )
    axes.set(xticks=[], ylim=limits)
    axes.yaxis.tick_right()
    axes.tick_params(labelsize=5.5, pad=1)
    if height < 12:  # no room for more than both ends
        axes.set_yticks([limits[0], limits[1]])
        axes.yaxis.set_major_formatter("{x:.2g}")
    else:
        axes.locator_params(axis="y", nbins=4)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    if (edge := how.null) is None:
        return
    if not limits[0] <= edge <= limits[1]:  # nothing on this map reaches it
        page.text(left + 1.3, top + height + 3.5, f"null 95 %: {edge:.2g}", ha="center", fontsize=5.5)
        return
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.7, "mutation_scale": 5}
    axes.annotate("", xy=(-0.05, edge), xytext=(-1.2, edge), arrowprops=arrow, annotation_clip=False)
    axes.axhline(edge, color=INK, linewidth=0.9)
