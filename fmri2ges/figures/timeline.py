"""A text score window by window along a story, and where it stands out from its null."""

from __future__ import annotations

import math

from ..evaluation.text_rows import TextTable, TextTimeline
from .style import COLOURS, GREY, Page, Paper

ALPHA = 0.05


def draw_timeline(table: TextTable, line: TextTimeline, paper: Paper, mark: str = "") -> Page:
    """The score of every window; filled dots are above the null at q < .05.

    Parameters
    ----------
    table : the text table of the story
    line : its timeline
    paper : what is drawn on
    mark : such as SIMULATED, or nothing
    """
    found = sum(q is not None and q < ALPHA for q in line.q)
    about = (
        f"subject {table.subject}, story {table.story}; dots: {found} of {len(line.windows)} overlapping windows above "
        f"the null ({line.null.label}) at q < .05, Benjamini-Hochberg; whole stretch p {line.story_p:.3f}"
    )
    page = Page(paper, 52, f"{line.metric.label} along the story, windows of 20 s", about, mark)
    axes = page.axes(14, 14, paper.width - 20, 28)
    middle = [(start + stop) / 2 for start, stop in line.windows]
    values = [math.nan if value is None else value for value in line.value]
    axes.plot(middle, values, color=COLOURS["text"], linewidth=0.9)
    passed = [(x, y) for x, y, q in zip(middle, values, line.q, strict=True) if q is not None and q < ALPHA]
    axes.plot([x for x, _ in passed], [y for _, y in passed], "o", color=COLOURS["text"], markersize=2.4)
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    axes.set_xlabel("Time in the story (s)")
    axes.set_ylabel(line.metric.label)
    axes.margins(x=0.01)
    return page
