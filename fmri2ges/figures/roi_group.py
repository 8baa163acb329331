"""Several subjects of an ROI study one by one: how many agree on each region, and every subject's value."""

from __future__ import annotations

from ..brain.space import has_cortex
from ..errors import UserError, check_option
from ..evaluation.metrics import METRICS, RANKS, Metric
from ..evaluation.roi_group import LEAST, GroupRow, group_rows
from ..evaluation.roi_rows import Effect, RoiStudy
from ..motion.amount import T2GOrigin
from ..results import BRANCHES
from .roi_bars import LETTERS, LONGEST, MOST, NAME, ROW, fitting
from .roi_map import ALONE_MAP, BAR, Colours, Regions, paint_regions
from .roi_view import RoiView, is_found
from .style import COLOURS, GREY, INK, NAMES, Page, Paper, mark_of, text_width

COUNT = 13.0  # mm beside the dots, for how many agree


def draw_roi_group(study: RoiStudy, paper: Paper, view: RoiView) -> Page:
    """For each branch the cortex with the number of subjects that agree, and a dot for each subject and region.

    Parameters
    ----------
    study : of several subjects
    paper : what is drawn on
    view : metric and branch; all subjects are shown
    """
    name = check_option("metric", view.metric or study.main_metric.id, [m.id for m in study.metrics])
    metric = METRICS[name]
    found = {branch: group_rows(study, branch, name, Effect.ALONE) for branch in BRANCHES}
    found = {branch: rows for branch, rows in found.items() if rows and view.branch in ("", branch)}
    if not found:
        raise UserError(
            "roi-group: needs a study of two subjects or more whose regions are the same; draw roi-bars instead"
        )
    width, cortex, n = paper.width, has_cortex(study.space), len(study.subjects)
    shown = {branch: sorted(rows, key=_order)[:MOST] for branch, rows in found.items()}
    brain = (width - 8 - BAR) * 0.165 + 9 if cortex else 0.0
    panel = brain + 17 + ROW * max(map(len, shown.values()))
    origin = T2GOrigin.of(study.manifest)
    page = Page(
        paper,
        18 + panel * len(found),
        f"{n} subjects one by one: {metric.label}",
        "; ".join(filter(None, (_about(study, found), metric.caution))),
        mark_of(study.simulated, origin),
        origin.caption,
    )
    top = 17.0
    for branch, rows in shown.items():
        page.text(
            4, top, f"{NAMES[branch]}: {Effect.ALONE.label}", fontweight="bold", fontsize=7, color=COLOURS[branch]
        )
        if cortex:
            agree = {row.region: float(row.agree) for row in found[branch]}
            how = Colours(f"subjects that agree (of {n})", (0.0, float(n)), ALONE_MAP)
            paint_regions(page, top + 2, Regions(study.regions, agree, set()), how)
        _dots(page, rows, branch, top + 2 + brain, metric)
        top += panel
    return page


def _order(row: GroupRow) -> tuple[int, float]:
    return -row.agree, -sum(one.value for one in row.rows)


def _about(study: RoiStudy, found: dict[str, list[GroupRow]]) -> str:
    n, regions = len(study.subjects), max(map(len, found.values()))
    test = (
        f"no test of a group below {LEAST} subjects"
        if n < LEAST
        else "diamond: mean over subjects with its 95 % t interval, filled: corrected p < .05"
    )
    return (
        f"each dot a subject, filled: {study.correction.label} p < .05 over {regions} regions in this subject; "
        f"at the right, how many of {n} agree; exploratory; {test}"
    )


def _dots(page: Page, rows: list[GroupRow], branch: str, top: float, metric: Metric) -> None:
    names = [fitting(row.region, LONGEST * page.width) for row in rows]
    left = 5.5 + max(NAME, *(text_width(name, LETTERS) for name in names))
    axes = page.axes(left, top, page.width - left - COUNT, ROW * len(rows))
    axes.use_sticky_edges = False
    for k, (row, name) in enumerate(zip(rows, names, strict=True)):
        for one in row.rows:
            face = COLOURS[branch] if is_found(one) else "white"
            axes.plot(
                one.value, k, "o", color=COLOURS[branch], markerfacecolor=face, markersize=2.8, markeredgewidth=0.7
            )
        if row.mean is not None and row.interval is not None:
            sure = row.p_corrected is not None and row.p_corrected < 0.05
            axes.plot([row.interval.low, row.interval.high], [k, k], color=INK, linewidth=1.1)
            axes.plot(row.mean, k, "D", color=INK, markerfacecolor=INK if sure else "white", markersize=3.4)
        if k:
            axes.axhline(k - 0.5, color="#efefef", linewidth=0.4, zorder=0)
        middle = top + ROW * (k + 0.5)
        page.text(left - 1.5, middle, name, ha="right", va="center", fontsize=LETTERS)
        said = f"{row.agree} of {len(row.rows)}"
        page.text(page.width - COUNT + 2, middle, said, va="center", fontsize=LETTERS, color=GREY)
    axes.axvline(0.5 if metric in RANKS else 0.0, color=GREY, linewidth=0.5, zorder=0)
    axes.set(ylim=(len(rows) - 0.5, -0.5), yticks=[])
    axes.set_xlabel(f"{metric.label}, region alone", fontsize=6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=5.5, pad=1)
