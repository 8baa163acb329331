"""A score as a small picture inside a table: its dot and interval over the band of its null."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..evaluation.intervals import Interval
from ..evaluation.roi_rows import SizeNull
from ..evaluation.rows import Null
from .html import Html, element

WIDTH, HEIGHT, MARGIN = 150.0, 16.0, 5.0  # pixels


@dataclass(frozen=True)
class Scored:
    """What a strip shows.

    Parameters
    ----------
    branch : 'text' or 'direct', for the colour
    value : the score
    found : whether the dot is filled
    interval, null, size_null : as in the row of the score, or None
    floor, ceiling : scores of something known to be bad or good, or None
    """

    branch: str
    value: float
    found: bool = True
    interval: Interval | None = None
    null: Null | None = None
    size_null: SizeNull | None = None
    floor: float | None = None
    ceiling: float | None = None

    @property
    def numbers(self) -> list[float]:
        """Everything that has to be on the axis."""
        known = [self.value, self.floor, self.ceiling]
        for null in (self.null, self.size_null):
            known += [null.q05, null.q95] if null else []
        known += [self.interval.low, self.interval.high] if self.interval else []
        return [number for number in known if number is not None]


@dataclass(frozen=True)
class Axis:
    """What the strips of one table share."""

    low: float
    high: float

    @classmethod
    def of(cls, scored: Iterable[Scored]) -> Axis:
        """The axis that holds everything."""
        numbers = [number for one in scored for number in one.numbers]
        return cls(min(numbers), max(*numbers, min(numbers) + 1e-9))

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return MARGIN + (WIDTH - 2 * MARGIN) * (value - self.low) / (self.high - self.low)


def strip(one: Scored, axis: Axis) -> Html:
    """The picture: grey band, the null from 5 to 95 %; orange band, random regions; hollow diamond, the ceiling."""
    shapes = [_line("zero", axis.x(0.0), axis.x(0.0), 1, HEIGHT - 1)] if axis.low <= 0 <= axis.high else []
    if one.null:
        shapes.append(_band("null", axis, one.null, 2))
    if one.size_null:
        shapes.append(_band("size", axis, one.size_null, 5.5))
    if one.floor is not None:
        shapes.append(_line("floor", axis.x(one.floor), axis.x(one.floor), 3, HEIGHT - 3))
    if one.ceiling is not None:
        x, y = axis.x(one.ceiling), HEIGHT / 2
        shapes.append(element("path", d=f"M{x - 4:.1f} {y}l4-4 4 4-4 4z", class_="ceiling"))
    if one.interval:
        shapes.append(_line(one.branch, axis.x(one.interval.low), axis.x(one.interval.high), HEIGHT / 2, HEIGHT / 2))
    dot = {"cx": f"{axis.x(one.value):.1f}", "cy": f"{HEIGHT / 2:g}", "r": "3"}
    shapes.append(element("circle", **dot, class_=f"{one.branch}{'' if one.found else ' open'}"))
    return element(
        "svg", *shapes, class_="strip", viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", width=f"{WIDTH:g}", height=f"{HEIGHT:g}",
        aria_hidden="true",
    )  # fmt: skip


def _line(name: str, x1: float, x2: float, y1: float, y2: float) -> Html:
    return element("path", d=f"M{x1:.1f} {y1:g}L{x2:.1f} {y2:g}", class_=name)


def _band(name: str, axis: Axis, null: Null | SizeNull, top: float) -> Html:
    left, width = axis.x(null.q05), axis.x(null.q95) - axis.x(null.q05)
    place = {"x": f"{left:.1f}", "y": f"{top:g}", "width": f"{width:.1f}", "height": f"{HEIGHT - 2 * top:g}"}
    return element("rect", **place, class_=name)
