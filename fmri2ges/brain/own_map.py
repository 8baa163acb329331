"""A number for each area of the atlas: a map of the user's own, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UNPRINTABLE, UserError, check_shape, one_line, shown
from .atlas import N_VERTICES, load_atlas

LONGEST = 80  # letters of a name
LARGEST = 1e100  # distances between two values must be numbers, too


@dataclass(frozen=True)
class OwnMap:
    """A map on the areas of the atlas.

    Parameters
    ----------
    name : what it is called; of a longer text the first 80 letters
    values : name of an area such as ``"L_44"`` -> its number; areas without one are absent

    Raises
    ------
    UserError
        For a map without a name or a value, an unknown area, or a value that is no number below 1e100.
    """

    name: str
    values: dict[str, float]

    def __post_init__(self):
        name = one_line(UNPRINTABLE.sub(" ", self.name), LONGEST)
        if not name:
            raise UserError("map: has no name; give it one")
        if not isinstance(self.values, dict) or not self.values:
            raise UserError(f"map {name!r}: has no value; give the number of at least one area, such as L_44")
        known = load_atlas().area_index
        for area, value in self.values.items():
            if area not in known:
                raise UserError(f"map {name!r}: {shown(area)} is no area of HCP-MMP1.0; allowed: names such as L_44")
            if not _is_number(value):
                raise UserError(f"map {name!r}: the value of {area} must be a number below 1e100; got {shown(value)}")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "values", {a: float(self.values[a]) for a in known if a in self.values})

    @property
    def array(self) -> np.ndarray:
        """Array (360,), float64, in the order of the atlas; NaN where an area has no value."""
        return np.array([self.values.get(area, np.nan) for area in load_atlas().areas])

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return min(self.values.values()), max(self.values.values())


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < LARGEST  # False for NaN, too


def mean_by_area(values: np.ndarray) -> dict[str, float]:
    """Name of an area -> mean over its vertices; an area with values at less than half of its vertices has none.

    Parameters
    ----------
    values : array (20484,), left hemisphere first; NaN and infinity are no values
    """
    check_shape("map", values, (2 * N_VERTICES,))
    atlas = load_atlas()
    values = np.asarray(values, float)
    there = np.isfinite(values)
    n = len(atlas.areas) + 1
    size, count = np.bincount(atlas.labels, minlength=n), np.bincount(atlas.labels[there], minlength=n)
    total = np.bincount(atlas.labels[there], weights=values[there], minlength=n)
    return {
        area: float(f"{total[k] / count[k]:.7g}")
        for k, area in enumerate(atlas.areas, start=1)
        if count[k] and 2 * count[k] >= size[k]
    }
