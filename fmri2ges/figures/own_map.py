"""A map of the user's own on the cortex, for papers."""

from __future__ import annotations

from ..brain.own_map import OwnMap
from .roi_map import ALONE_MAP, BAR, LESION_MAP, Colours, paint_areas
from .style import Page, Paper


def draw_own_map(own: OwnMap, paper: Paper) -> Page:
    """Both hemispheres with the value of every area, and a colour bar, around 0 where there are values on both sides.

    Parameters
    ----------
    own : the map
    paper : what is drawn on
    """
    low, high = own.limits
    both = low < 0 < high
    limits = (-max(-low, high), max(-low, high)) if both else (low, high)
    row = (paper.width - 8 - BAR) * 0.165 + 9
    about = (
        f"{len(own.values)} of 360 areas of HCP-MMP1.0, {low:.4g} to {high:.4g}; grey: no value; a map of the user's "
        "own, whose null is not known"
    )
    page = Page(paper, 20 + row, own.name, about)
    paint_areas(page, 19.0, own.array, Colours("value", limits, LESION_MAP if both else ALONE_MAP))
    return page
