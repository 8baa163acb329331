"""Static figures for papers, and films: one file a kind. Sizes in mm, text stays text in SVG and PDF."""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError, check_option, check_positive

KINDS = ("cortex", "strip", "compare", "metrics")
SUFFIXES = (".svg", ".pdf", ".png")


def make_figure(
    path,
    kind: str,
    out,
    width_mm: float = 180,
    dpi: int = 300,
    start: float | None = None,
    stop: float | None = None,
) -> Path:
    """Draw one figure of a decode folder (or, for metrics, of any folder with a report.json).

    Parameters
    ----------
    path : the folder
    kind : 'cortex' (the ROIs decoded from), 'strip' (skeletons over time), 'compare' (wrist speed
        and height of the branches over time) or 'metrics' (scores with interval and null)
    out : file to write; its ending chooses SVG, PDF or PNG
    width_mm : width of the page area, mm
    dpi : of PNG and of the rasterized mesh inside SVG and PDF
    start, stop : seconds on the story's clock for strip and compare; None takes the first 8 or 30 s

    Returns
    -------
    out : Path
    """
    check_option("kind", kind, KINDS)
    out = Path(out)
    check_option("out: ending", out.suffix.lower(), SUFFIXES)
    check_positive("width_mm", width_mm, "mm")
    check_positive("dpi", dpi)
    if kind == "metrics":
        from .metrics import draw_metrics as draw

        options = {}
    elif kind == "cortex":
        from .cortex import draw_rois as draw

        options = {}
    else:
        from .motion import draw_compare, draw_strip

        draw = draw_strip if kind == "strip" else draw_compare
        options = {"start": start, "stop": stop}
    if not 50 <= width_mm <= 500:
        raise UserError(f"width_mm: must be between 50 and 500; got {width_mm:g}")
    from .style import paper, save

    with paper():
        figure = draw(Path(path), float(width_mm), **options)
        return save(figure, out, dpi)
