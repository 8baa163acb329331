"""What looks otherwise on a dark page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DARK = {"#00886a": "#2fb693", "#D55E00": "#f0894a"}  # colours of the logo -> lighter ones, 7:1 on the dark page


@cache
def logo_for(theme: str | None, file: Path) -> str:
    """The logo as `st.logo` takes it, in colours that a page of this theme lets see.

    Parameters
    ----------
    theme : "light", "dark", or None where it is not known
    file : the logo on a light page, SVG
    """
    if theme != "dark":
        return str(file)
    drawing = file.read_text(encoding="utf-8")
    for light, dark in DARK.items():
        drawing = drawing.replace(light, dark)
    return drawing
