"""A map of values on the areas of the atlas, as the cortex on screen takes it, and its colour bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape

import numpy as np

from ..brain.atlas import load_atlas
from ..brain.own_map import OwnMap
from ..evaluation.roi_rows import NULL_MARK

STRONG, PALE = 245, 90  # strength of the colour of an area, of 255: above chance after correction, and not
ALONE, DIFFERENCE = "viridis", "rdbu_r"
STOPS = 5  # colours of the bar
ONE_DIGIT = 35  # entries that one digit to the base 36 can number, beside z


@dataclass(frozen=True)
class AreaValue:
    """What a map says of an area.

    Parameters
    ----------
    value : the number
    found : whether it passes its test after correction
    text : for the tooltip
    """

    value: float
    found: bool
    text: str


@dataclass(frozen=True)
class AreaColours:
    """Colours of the 360 areas, as the cortex on screen takes them.

    Parameters
    ----------
    entries : what areas look like: red, green, blue and strength as eight hexadecimal digits, then the line of the
        tooltip
    which : a digit to the base 36 for each area in atlas order, the number of its entry, and z for no value; two
        digits where there are more than 35 entries; of the left areas alone where the right ones are the same
    """

    entries: tuple[str, ...]
    which: str

    @classmethod
    def of(cls, looks: Mapping[str, str]) -> AreaColours:
        """The colours of areas by their name, each as in `entries`; the others have none."""
        entries: dict[str, int] = {}
        which = [
            entries.setdefault(looks[area], len(entries)) if area in looks else None for area in load_atlas().areas
        ]
        return cls(tuple(entries), _digits(which, len(entries)))


BLANK = AreaColours((), "")


@dataclass(frozen=True)
class AreaMap:
    """A map of values.

    Parameters
    ----------
    title : what the colours measure, with the unit
    colours : of the areas
    low, high : values at the ends of the colour bar
    null : where the map marks chance (`evaluation.roi_rows.null_mark`), or None
    scale : name of the colour scale
    threshold : areas whose value is nearer to 0 have no colour
    about : what the colour bar says behind the title
    """

    title: str
    colours: AreaColours
    low: float
    high: float
    null: float | None
    scale: str
    threshold: float = 0.0
    about: str = ""

    @property
    def most(self) -> float:
        """The largest distance from 0 on the scale; no threshold is larger."""
        return max(self.high, -self.low)


def area_map(
    title: str,
    values: Mapping[str, AreaValue],
    null: float | None,
    difference: bool = False,
    threshold: float = 0.0,
) -> AreaMap:
    """The colours of values.

    Parameters
    ----------
    title : what the colours measure, with the unit
    values : name of an area -> its value
    null : where the map marks chance (`evaluation.roi_rows.null_mark`), or None
    difference : whether the scale is symmetric around 0
    threshold : areas whose value is nearer to 0 keep their text and have no colour; the scale stays as it is
    """
    numbers = [v.value for v in values.values()]
    high = max([*numbers, null or 0.0, 1e-9])
    low = min([*(n for n in numbers if n < -0.005), 0.0])
    if difference:
        high = max(high, -low)
        low = -high
    about = "pale: not above chance"
    shown = AreaMap(title, BLANK, low, high, null, DIFFERENCE if difference else ALONE, threshold, about)
    return _painted(shown, values)


def own_area_map(own: OwnMap, threshold: float = 0.0) -> AreaMap:
    """The colours of a map of the user's own: around 0 where it has values on both sides of it, else over its range.

    Parameters
    ----------
    own : the map
    threshold : areas whose value is nearer to 0 keep their text and have no colour; the scale stays as it is
    """
    low, high = least, most = own.limits
    both = low < 0 < high
    if both:
        low, high = -max(-least, most), max(-least, most)
    elif low == high:
        low, high = low - abs(low) / 2 - 1e-9, high + abs(high) / 2 + 1e-9
    values = {area: AreaValue(value, True, f"{value:.3g}") for area, value in own.values.items()}
    about = f"your own map, {least:.3g} to {most:.3g}, no null known"
    return _painted(AreaMap(own.name, BLANK, low, high, None, DIFFERENCE if both else ALONE, threshold, about), values)


def _painted(shown: AreaMap, values: Mapping[str, AreaValue]) -> AreaMap:
    """A map with the colours of values on its scale."""
    from plotly.colors import sample_colorscale

    low, high, scale, threshold = shown.low, shown.high, shown.scale, shown.threshold
    areas = load_atlas().areas
    places = {a: min(1.0, max(0.0, (v.value - low) / (high - low))) for a, v in values.items()}
    names = [a for a in areas if a in values]
    found = dict(zip(names, sample_colorscale(scale, [places[a] for a in names], colortype="tuple"), strict=True))
    looks = {}
    for area in names:
        red, green, blue = (round(255 * c) for c in found[area])
        strength = STRONG if values[area].found else PALE
        strength = 0 if abs(values[area].value) < threshold else strength
        looks[area] = f"{red:02x}{green:02x}{blue:02x}{strength:02x}{values[area].text}"
    return replace(shown, colours=AreaColours.of(looks))


def _digits(which: list[int | None], n_entries: int) -> str:
    """The numbers as text, as short as can be: it is sent with every click."""
    width = 1 if n_entries <= ONE_DIGIT else 2
    half = len(which) // 2
    sent = which[:half] if which[:half] == which[half:] else which
    return "".join("z" * width if k is None else np.base_repr(k, 36).lower().zfill(width) for k in sent)


def _end(value: float) -> str:
    """An end of the colour bar in words: two places behind the point where that says enough."""
    return f"{value + 0.0:.2f}" if value == 0 or 0.1 <= abs(value) < 1000 else f"{value:.3g}"


def bar_html(shown: AreaMap) -> str:
    """The colour bar with its ends and the mark of the null, for `st.html`; app/style.css dresses it."""
    from plotly.colors import sample_colorscale

    colours = sample_colorscale(shown.scale, [k / (STOPS - 1) for k in range(STOPS)], colortype="tuple")
    stops = ",".join("#" + "".join(f"{round(255 * c):02x}" for c in colour) for colour in colours)
    mark, about = "", shown.about
    if shown.null is not None and shown.low <= shown.null <= shown.high:
        left = 100 * (shown.null - shown.low) / (shown.high - shown.low)
        mark = f'<i style="left:{left:.1f}%"></i>'
        about += f"; mark: {NULL_MARK}, {shown.null:.2f}"
    if shown.threshold:
        start, stop = (
            100 * (max(shown.low, min(shown.high, sign * shown.threshold)) - shown.low) / (shown.high - shown.low)
            for sign in (-1, 1)
        )
        mark = f'<u style="left:{start:.1f}%;width:{stop - start:.1f}%"></u>{mark}'
    return (
        f'<div class="map-bar"><div>{escape(shown.title)}; {escape(about)}</div>'
        f'<div style="background:linear-gradient(to right,{stops})">{mark}'
        f"<span>{_end(shown.low)}</span><span>{_end(shown.high)}</span></div></div>"
    )
