"""Figures for papers, and films; one file for each kind. Sizes are in mm, and text stays text in SVG and PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, check_option, check_positive
from ..evaluation.roi_rows import RoiStudy
from ..results import Decoded

if TYPE_CHECKING:
    from ..brain.own_map import OwnMap
    from ..decoding.stories import DecodedStory
    from ..evaluation.report import Report
    from ..evaluation.roi_difference import RoiDifference
    from .roi_view import RoiView
    from .style import Page, Paper

KINDS = ("cortex", "strip", "compare")
ROI_KINDS = ("roi-map", "roi-bars", "roi-group")
OWN_MAP = "own-map"
RENDERED = (
    "cortex",
    "strip",
    "roi-map",
    "roi-group",
    OWN_MAP,
)  # can be rendered; the others have neither bodies nor a cortex
WIDTHS = (50, 500)  # mm
MAX_DPI = 2400
SUFFIXES = (".svg", ".pdf", ".png")


def make_figure(
    decoded: Decoded | DecodedStory | RoiStudy,
    kind: str,
    out,
    width_mm: float = 180,
    dpi: int = 300,
    start: float | None = None,
    stop: float | None = None,
    rendered: bool = False,
) -> Path:
    """Draw one figure of a decoded result or of an ROI study.

    Parameters
    ----------
    decoded : the result; words and reference come from its study, which is opened where it is still there. Or what
        `roi_study` and `load_roi_study` return
    kind : of a result 'cortex' (the ROIs decoded from), 'strip' (skeletons over time) or 'compare' (wrist speed and
        height of the branches over time); of an ROI study 'roi-map', 'roi-bars' or 'roi-group', see `make_roi_figure`
    out : file to write; its ending chooses SVG, PDF or PNG
    width_mm : width of the page area, mm
    dpi : dots per inch of PNG, and of the picture of the mesh inside SVG and PDF
    start, stop : seconds on the story's clock, for strip and compare; None takes the first 8 and 30 s
    rendered : bodies and cortex are rendered by pyvista, with smooth surfaces and light, instead of painted; the bytes
        of the pictures then depend on the graphics driver

    Returns
    -------
    out : Path

    Raises
    ------
    CannotRender
        With `rendered`, where pyvista or OpenGL is missing.
    """
    if isinstance(decoded, RoiStudy):
        return make_roi_figure(decoded, kind, out, None, width_mm, dpi, rendered)
    check_option("kind", kind, KINDS)
    check_rendered(rendered, kind)
    from ..decoding.stories import story_of

    story = story_of(decoded) if isinstance(decoded, Decoded) else decoded
    if kind == "cortex":
        from .cortex import draw_rois

        return _save(out, width_mm, dpi, lambda paper: draw_rois(story, paper), rendered)
    from .motion import draw_compare, draw_strip

    draw = draw_strip if kind == "strip" else draw_compare
    return _save(out, width_mm, dpi, lambda paper: draw(story, paper, start, stop), rendered)


def make_metrics_figure(report: Report, out, width_mm: float = 180, dpi: int = 300) -> Path:
    """Draw the scores of a report with their intervals and nulls.

    Parameters
    ----------
    report : what `evaluate` or `storage.report.read_report` returned
    out, width_mm, dpi : as in `make_figure`
    """
    from .metrics import draw_metrics

    return _save(out, width_mm, dpi, lambda paper: draw_metrics(report, paper))


def make_roi_figure(
    study: RoiStudy,
    kind: str,
    out,
    view: RoiView | None = None,
    width_mm: float = 180,
    dpi: int = 300,
    rendered: bool = False,
) -> Path:
    """Draw a figure of an ROI study.

    Parameters
    ----------
    study : what `roi_study` or `load_roi_study` returned
    kind : 'roi-map' (the cortex coloured by what each region carries), 'roi-bars' (regions sorted, with intervals) or
        'roi-group' (several subjects one by one)
    out, width_mm, dpi, rendered : as in `make_figure`
    view : subject, metric and branch; None takes the first subject, r and both branches
    """
    from .roi_view import RoiView

    draw = roi_drawing(kind)
    check_rendered(rendered, kind)
    return _save(out, width_mm, dpi, lambda paper: draw(study, paper, view or RoiView()), rendered)


def roi_drawing(kind: str) -> Callable[[RoiStudy, Paper, RoiView], Page]:
    """The function that draws a kind of figure of an ROI study."""
    check_option("kind", kind, ROI_KINDS)
    from .roi_bars import draw_roi_bars
    from .roi_group import draw_roi_group
    from .roi_map import draw_roi_map

    return {"roi-map": draw_roi_map, "roi-bars": draw_roi_bars, "roi-group": draw_roi_group}[kind]


def make_own_map_figure(own: OwnMap, out, width_mm: float = 180, dpi: int = 300, rendered: bool = False) -> Path:
    """Draw a map of the user's own on the cortex, with its name and range.

    Parameters
    ----------
    own : the map, such as one of `fmri2ges.data.rois.own_maps.read_own_maps`
    out, width_mm, dpi, rendered : as in `make_figure`
    """
    from .own_map import draw_own_map

    return _save(out, width_mm, dpi, lambda paper: draw_own_map(own, paper), rendered)


def make_difference_figure(found: RoiDifference, out, width_mm: float = 180, dpi: int = 300) -> Path:
    """Draw what `roi_difference` returned: the cortex on colours around 0, and the regions sorted with intervals.

    Parameters
    ----------
    found : the difference
    out, width_mm, dpi : as in `make_figure`
    """
    from .roi_difference import draw_roi_difference

    return _save(out, width_mm, dpi, lambda paper: draw_roi_difference(found, paper))


def _save(out, width_mm: float, dpi: int, draw: Callable[[Paper], Page], rendered: bool = False) -> Path:
    out = checked_output(out, width_mm, dpi)
    from .style import Paper, print_style, save

    with print_style():
        return save(draw(Paper(float(width_mm), rendered=rendered, dpi=int(dpi))).own, out, dpi)


def check_rendered(rendered: bool, kind: str) -> None:
    """Refuse to render a figure that is of curves alone."""
    if rendered and kind not in RENDERED:
        raise UserError(
            f"rendered: {kind} shows neither bodies nor a cortex; kinds that can be rendered: {', '.join(RENDERED)}"
        )


def checked_output(out, width_mm: float, dpi: float) -> Path:
    """The file to write, of an ending, a width and a resolution that a figure can have."""
    out = Path(out)
    check_option("out: ending", out.suffix.lower(), SUFFIXES)
    check_positive("width_mm", width_mm, "mm")
    check_positive("dpi", dpi)
    if not WIDTHS[0] <= width_mm <= WIDTHS[1]:
        raise UserError(f"width_mm: must be between {WIDTHS[0]} and {WIDTHS[1]}; got {width_mm:g}")
    if dpi > MAX_DPI:
        raise UserError(f"dpi: must be at most {MAX_DPI}; got {dpi:g}")
    return out
