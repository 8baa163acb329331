"""Charts of the screen as plain Plotly figures; the app gives them its theme."""

from __future__ import annotations

import math

import numpy as np

from ..brain.roi import Course
from .plots import as_text, graph_objects

BAND = "rgba(0, 136, 106, 0.22)"
LINE = "#16997a"  # 3.5:1 on white, 5:1 on the dark theme


def _times(times: np.ndarray) -> dict[str, float]:
    """Evenly spaced times as plotly's start and step, which is much less to send than the times."""
    return {"x0": float(times[0]), "dx": float(times[1] - times[0]) if len(times) > 1 else 1.0}


def _coarse(values: np.ndarray, most: float) -> list[float]:
    """Values in steps of 1, 2 or 5 times a power of ten, of at most `most`: short texts, which every click sends."""
    digits = math.floor(math.log10(most))
    step = max(k for k in (1, 2, 5) if k * 10.0**digits <= most * (1 + 1e-9)) * 10.0**digits
    return np.round(np.round(values / step) * step, max(0, -digits)).tolist()


def bold_chart(course: Course, rois: str, window: tuple[float, float] | None = None, simulated: bool = False):
    """Mean BOLD of an ROI with its band.

    Parameters
    ----------
    course : from `fmri2ges.brain.roi.mean_course`
    rois : what the ROI is called
    window : (start, stop) in seconds to mark, or None
    simulated : put "simulated" into the title

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    mark = " (simulated)" if simulated else ""
    figure = go.Figure(
        layout={
            # An empty template: the default one is 7 kB that would travel with every click.
            "template": go.layout.Template(),
            "title": {
                "text": f"Mean BOLD of {as_text(rois)}{mark}",
                "font": {"size": 14},
                "x": 0,
                "y": 0.98,
                "yanchor": "top",
            },
            "height": 230,
            "margin": {"l": 44, "r": 8, "t": 34, "b": 40},
            "showlegend": True,
            "legend": {
                "orientation": "h",
                "x": 1,
                "xanchor": "right",
                "y": 1.02,
                "yanchor": "bottom",
                "font": {"size": 11},
            },
            "hovermode": "x",
            "xaxis": {"title": {"text": "Time in the story (s)", "standoff": 6}},
            "yaxis": {"title": {"text": "BOLD (z)", "standoff": 4}, "zeroline": True},
        }
    )
    t = _times(course.times)
    span = float(np.ptp(np.concatenate([course.low, course.high, course.mean]))) or 1.0
    low, high, mean = (_coarse(v, span / 100) for v in (course.low, course.high, course.mean))  # under two pixels
    if (course.high > course.low).any():
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": "band"}
        figure.add_scatter(y=high, **t, **edge, showlegend=False)
        figure.add_scatter(y=low, **t, **edge, fill="tonexty", fillcolor=BAND, name=course.band)
    figure.add_scatter(
        y=mean, **t, mode="lines", line={"color": LINE, "width": 1.6}, name="mean", hovertemplate="%{y:.2f}"
    )
    if window is not None:
        figure.add_vrect(
            *window,
            fillcolor="rgba(128,128,128,0.16)",
            line_width=0,
            layer="below",
            annotation={"text": "time window", "font": {"size": 11}},
            annotation_position="top left",
        )
    return figure
