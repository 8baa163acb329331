"""What all figures share: colours, fonts, sizes in mm, the 'simulated' mark, writing the file."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.atomic import replacing
from ..motion.amount import T2GOrigin

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure, SubFigure

MM = 1 / 25.4  # inches
INK, GREY, PALE = "#222222", "#6b6b6b", "#d9d9d9"
# Colours of Okabe and Ito, which colour-blind people can tell apart. A branch has its colour and its name everywhere.
COLOURS = {"reference": INK, "text": "#0072B2", "direct": "#D55E00"}
OTHER_COLOURS = {"text": "#009E73", "direct": "#CC79A7"}  # of a second result beside the first
NAMES = {"reference": "reference", "text": "text branch", "direct": "direct branch"}
ROI_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#F0E442", "#0072B2", "#D55E00")


@contextmanager
def print_style() -> Iterator[None]:
    """Context in which text stays text, in 7 points, and the same figure is written as the same bytes."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context(STYLE):
        # A letter that the font lacks is a box in PDF and PNG, and still text in SVG; docs/figures.md says so.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        yield


STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "fmri2ges",
    "font.size": 7,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "lines.solid_capstyle": "round",
}


def rgb_of(colour: str) -> tuple[int, ...]:
    """Red, green and blue, 0 to 255, of a colour such as #0072B2."""
    from PIL import ImageColor

    return ImageColor.getrgb(colour)


def roi_text(names) -> str:
    """A selection of ROIs in a few words."""
    if tuple(names) == ("all",):
        return "all ROIs"
    return ", ".join(names) if len(names) <= 6 else f"{len(names)} ROIs"


def text_width(words: str, points: float) -> float:
    """Width of a line of text of this size, mm; mathematical signs such as `$` are taken as they are."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    return TextToPath().get_text_width_height_descent(words, FontProperties(size=points), ismath=False)[0] * 25.4 / 72


def mark_of(simulated: bool, t2g: T2GOrigin) -> str:
    """What a figure or film bears in its corner: made-up brains, or gestures learnt from made-up ones."""
    return "SIMULATED" if simulated else "SIMULATED T2G" if t2g.borrowed else ""


@dataclass(frozen=True)
class Paper:
    """What a figure is drawn on: a page of its own, or its place in a composed figure.

    Parameters
    ----------
    width : mm
    panel : the part of a larger figure that is drawn into, of this width; None makes a page
    letter : of the panel, such as a; empty for none
    rendered : bodies and cortex are pictures rendered by pyvista, not painted ones
    dpi : of the rendered pictures
    """

    width: float
    panel: SubFigure | None = None
    letter: str = ""
    rendered: bool = False
    dpi: int = 300


class Page:
    """A figure whose parts are placed in mm from the top left corner.

    Parameters
    ----------
    paper : what is drawn on
    height : mm
    title, subtitle : what the figure shows; subject, story, n
    mark : what stands in the corner, such as SIMULATED; empty leaves it out
    about : a last sentence of the subtitle, such as whose gestures T2G learnt from
    """

    def __init__(self, paper: Paper, height: float, title: str, subtitle: str, mark: str = "", about: str = ""):
        from matplotlib.figure import Figure

        self.paper, width = paper, paper.width
        lines = textwrap.wrap("; ".join(filter(None, (subtitle, about))), int((width - 8) / 1.25))
        head = textwrap.wrap(title, int((width - (28 if mark else 6)) / 1.9))
        # A long title or subtitle pushes everything below it down.
        below = 8.7 + 3.8 * (len(head) - 1)
        self.shift = 3.0 * (len(lines) - 1) + below - 8.7
        self.width, self.height = width, height + self.shift
        self.legend = "; ".join(filter(None, (title, subtitle, about)))
        self.figure = paper.panel or Figure(figsize=(width * MM, self.height * MM), facecolor="white")
        plain: dict[str, Any] = {"va": "top", "parse_math": False}  # names of stories and regions may hold a $
        if paper.letter:
            self.figure.text(0.8 / width, 1 - 4 / self.height, paper.letter, fontsize=9, fontweight="bold", va="top")
        self.figure.text(4 / width, 1 - 4 / self.height, "\n".join(head), fontsize=9, fontweight="bold", **plain)
        self.figure.text(
            4 / width, 1 - below / self.height, "\n".join(lines), fontsize=6.5, color=GREY, linespacing=1.25, **plain
        )
        if mark:
            self.figure.text(
                1 - 4 / width,
                1 - 4.2 / self.height,
                mark,
                fontsize=6.5,
                fontweight="bold",
                color="#8a4b00",
                ha="right",
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "#fff3e0", "edgecolor": "#E69F00", "linewidth": 0.7},
                va="top",
            )

    @property
    def own(self) -> Figure:
        """The figure of a page that is no panel."""
        from matplotlib.figure import Figure

        assert isinstance(self.figure, Figure), "a panel is written with the figure that it belongs to"
        return self.figure

    def text(self, x: float, y: float, words: str, **style):
        """Write text at x, y mm from the top left; under a long subtitle everything lies lower by `shift`."""
        return self.figure.text(x / self.width, 1 - (y + self.shift) / self.height, words, parse_math=False, **style)

    def picture(self, axes, picture: np.ndarray, box: tuple[float, float, float, float]) -> None:
        """Show a rendered picture (height, width, 4) in axes; `box` is left, right, bottom, top in their units."""
        axes.imshow(picture, extent=box, interpolation="antialiased", zorder=3)

    def pixels(self, width: float, height: float) -> tuple[int, int]:
        """Size in pixels of a rendered picture that takes width x height mm."""
        return max(1, round(width * MM * self.paper.dpi)), max(1, round(height * MM * self.paper.dpi))

    def axes(self, left: float, top: float, width: float, height: float, **options):
        """Axes with their top left corner at left, top; all in mm."""
        top += self.shift
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box, **options)


def save(figure: Figure, out: Path, dpi: int) -> Path:
    """Write the figure atomically, in the format of the file's ending, without a time stamp."""
    suffix = out.suffix.lower()
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}[suffix]
    with replacing(out) as temp:
        figure.savefig(temp, dpi=dpi, format=suffix[1:], metadata=metadata)
    return out
