"""Figures inside a page: SVG with real text, in the colours of the page, light, dark and on paper."""

from __future__ import annotations

import base64
import io
import re

from ..figures.style import COLOURS, GREY, INK, PALE, Page, print_style
from .html import Html

DPI = 200  # of the pictures of the mesh
QUALITY = 88  # of these pictures as WebP
RULE = "#efefef"  # of the thin lines between rows
# Colour of a figure -> the variable of the page that takes its place.
THEMED = {
    "#ffffff": "--page",
    INK: "--ink",
    GREY: "--grey",
    PALE: "--band",
    RULE: "--rule",
    COLOURS["text"].lower(): "--text",
    COLOURS["direct"].lower(): "--direct",
}
FONT = "'DejaVu Sans'"
FONTS = f"{FONT}, Verdana, sans-serif"  # Verdana has the same widths


def inline(page: Page, prefix: str, label: str, dpi: int = DPI) -> Html:
    """A figure as SVG to stand inside a page.

    Parameters
    ----------
    page : the figure, made within `print_style()`
    prefix : begins its ids, which must differ from those of other figures of the page
    label : what it shows, for who cannot see it
    dpi : of the pictures of the mesh inside it
    """
    buffer = io.StringIO()
    with print_style():
        page.own.savefig(buffer, format="svg", dpi=dpi, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style [^>]*>(.*?)</style>", "", text, flags=re.DOTALL)  # it would hold for the whole page
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'data:image/png;base64,([^"]+)', _smaller, text)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'"#(?=[^"])', f'"#{prefix}-', text).replace("url(#", f"url(#{prefix}-")
    for colour, variable in THEMED.items():
        text = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: var({variable})", text)
    text = text.replace(FONT, FONTS)
    text = re.sub(r' d="([^"]*)"', lambda found: f' d="{_shorter(found[1])}"', text)
    text = re.sub(r">\s+<", "><", re.sub(r" ?\n", " ", text))
    size = re.search(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"', text)
    assert size, "matplotlib gives the size of a figure in points"
    most = f"{float(size[1]) * 1.9:.0f}px"  # wider than on paper, because a screen is read from further away
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'style="max-width: {most}"', text, count=1)
    return Html(text.replace("<svg ", f'<svg role="img" aria-label="{_attribute(label)}" class="figure" ', 1).strip())


def _shorter(path: str) -> str:
    """A path in hundredths of a point, which nobody sees."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", path)


def _attribute(text: str) -> str:
    from html import escape

    return escape(text)


def _smaller(found: re.Match) -> str:
    """A PNG as WebP, about a tenth of its size."""
    from PIL import Image

    picture, packed = Image.open(io.BytesIO(base64.b64decode(re.sub(r"\s", "", found[1])))), io.BytesIO()
    picture.save(packed, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode('ascii')}"
