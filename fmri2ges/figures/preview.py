"""A picture of a composed figure for the screen, put together from pictures of its panels, which the caller keeps.

`composed.draw_composed` draws every panel twice, because it writes one file of all. Here a panel is drawn once, by
itself, and only where it has changed: its letter and its place are not part of its picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from string import ascii_lowercase
from typing import Any

from .composed import ComposedFigure, Panel, Sources, naming, same_drawing

MM_PER_INCH, POINTS_PER_INCH = 25.4, 72
LETTER_AT, LETTER_SIZE = (0.8, 4.0), 9.0  # mm from the top left, points; as `style.Page` writes it


@dataclass(frozen=True)
class PanelPicture:
    """A panel drawn by itself, without its letter.

    Parameters
    ----------
    png : bytes of a PNG file
    legend : what it shows
    """

    png: bytes
    legend: str


def draw_panel(panel: Panel, width_mm: float, dpi: int, sources: Sources) -> PanelPicture:
    """Draw one panel.

    Parameters
    ----------
    panel : what is shown
    width_mm : of its place
    dpi : dots per inch
    sources : where it gets what it shows

    Raises
    ------
    UserError
        When it cannot be drawn, or what it shows has changed since it was added.
    """
    from .style import Paper, print_style

    drawing = same_drawing(panel, sources)
    out = BytesIO()
    with print_style():
        page = drawing.draw(Paper(width_mm))
        page.own.savefig(out, dpi=dpi, format="png")
    return PanelPicture(out.getvalue(), page.legend)


def preview(figure: ComposedFigure, dpi: int, draw: Callable[[Panel, float], PanelPicture]) -> PanelPicture:
    """The whole page as a picture, with the legend of all panels.

    Parameters
    ----------
    figure : the figure
    dpi : of the pictures of the panels
    draw : the picture of a panel of so many mm; see `draw_panel`

    Raises
    ------
    UserError
        When a panel cannot be drawn; the message names it.
    """
    from PIL import Image

    scale = dpi / MM_PER_INCH  # pixels per mm
    letters = iter(ascii_lowercase)
    legends, placed, top = [], [], 0
    for row in figure.rows:
        width = figure.width_mm / len(row)
        tall = 0
        for column, panel in enumerate(row):
            letter = next(letters)
            with naming(letter):
                drawn = draw(panel, width)
            picture = Image.open(BytesIO(drawn.png)).convert("RGB")
            if figure.letters:
                _write(picture, letter, scale)
            placed.append((picture, (round(column * width * scale), top)))
            legends.append(f"{letter}: {drawn.legend}")
            tall = max(tall, picture.height)
        top += tall
    page = Image.new("RGB", (round(figure.width_mm * scale), top), "white")
    for picture, at in placed:
        page.paste(picture, at)
    out = BytesIO()
    page.save(out, "PNG")
    return PanelPicture(out.getvalue(), "\n".join(legends))


def _write(picture: Any, letter: str, scale: float) -> None:
    from PIL import ImageDraw

    from .gif import font

    face = font(round(LETTER_SIZE / POINTS_PER_INCH * MM_PER_INCH * scale), bold=True)
    x, y = (mm * scale for mm in LETTER_AT)
    ImageDraw.Draw(picture).text((x, y), letter, "black", face, anchor="lt")
