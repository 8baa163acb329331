"""ROIs on the cortical sheet: union, difference, dilation and so on; the areas that stand for one; its time course.

An ROI here is a boolean mask (20484,) over the vertices of fsaverage5, left hemisphere first.
Distances run along the sheet (shortest path over mesh edges), never through the white matter,
from one hemisphere to the other or across the medial wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UNPRINTABLE, UserError, check_shape
from ..types import Recording
from .atlas import N_VERTICES, load_atlas
from .surface import cortex_graph

N_ALL = 2 * N_VERTICES
FEWEST_UNITS = 3  # ROIs; an interval of the mean needs so many


@dataclass(frozen=True)
class Roi:
    """A named ROI.

    Parameters
    ----------
    name : what it is called; of what is no letter, a line end becomes a space and the rest question marks
    mask : boolean array (20484,); vertices of the medial wall are taken out
    """

    name: str
    mask: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "name", UNPRINTABLE.sub(lambda one: " " if one[0].isspace() else "?", self.name))
        object.__setattr__(self, "mask", _mask(self.mask))


@dataclass(frozen=True)
class Cover:
    """The areas that stand for a mask in decoding, and how well they fit it.

    Parameters
    ----------
    areas : names of the areas of which more than half of the vertices are in the mask
    n_mask : vertices in the mask
    n_missed : vertices of the mask in other areas; decoding does not see them
    n_added : vertices of the areas that are not in the mask
    """

    areas: tuple[str, ...]
    n_mask: int
    n_missed: int
    n_added: int

    @property
    def dice(self) -> float:
        """Dice coefficient of the mask and the areas, 0 to 1."""
        inside = self.n_mask - self.n_missed
        return 2 * inside / max(2 * inside + self.n_missed + self.n_added, 1)

    @property
    def note(self) -> str:
        """What the areas leave out and add, one line."""
        names = ", ".join(load_atlas().compact(self.areas)) or "no area"
        return (
            f"{self.n_mask} vertices -> {names} (Dice {self.dice:.2f}; "
            f"{self.n_missed} vertices of the ROI left out, {self.n_added} others added)"
        )


def cover(roi) -> Cover:
    """The areas of which more than half of the vertices are in an ROI, mask (20484,).

    Decoding works with principal components of whole areas, so a drawn or measured ROI has to become areas;
    `Cover.dice` and `Cover.note` say how well they fit.
    """
    inside, atlas = _mask(roi), load_atlas()
    n = len(atlas.areas) + 1
    size, chosen = np.bincount(atlas.labels, minlength=n), np.bincount(atlas.labels[inside], minlength=n)
    taken = 2 * chosen > size
    return Cover(
        areas=tuple(area for k, area in enumerate(atlas.areas, start=1) if taken[k]),
        n_mask=int(inside.sum()),
        n_missed=int(chosen[~taken].sum()),
        n_added=int((size - chosen)[taken].sum()),
    )


def _mask(roi) -> np.ndarray:
    """`roi` as a mask restricted to cortex."""
    roi = np.asarray(roi)
    check_shape("roi", roi, (N_ALL,))
    if roi.dtype != bool:
        raise UserError(f"roi: must be a boolean mask over the vertices; got {roi.dtype}")
    return roi & (load_atlas().labels > 0)


def union(*rois) -> np.ndarray:
    """Vertices in any of the ROIs, mask (20484,); none without an ROI."""
    return np.logical_or.reduce([np.zeros(N_ALL, bool), *map(_mask, rois)])


def intersection(*rois) -> np.ndarray:
    """Vertices in all of the ROIs, mask (20484,); the whole cortex without an ROI."""
    return np.logical_and.reduce([load_atlas().labels > 0, *map(_mask, rois)])


def difference(roi, *others) -> np.ndarray:
    """Vertices of the first ROI that are in none of the others, mask (20484,)."""
    return _mask(roi) & ~union(*others)


def distance_from(roi, limit: float = np.inf) -> np.ndarray:
    """Distance of every vertex from an ROI along the sheet.

    Parameters
    ----------
    roi : mask (20484,)
    limit : mm; farther vertices get inf (a small limit is much faster)

    Returns
    -------
    array (20484,), float64, mm; 0 inside, inf where no path leads
    """
    from scipy.sparse.csgraph import dijkstra

    inside = _mask(roi)
    graph = cortex_graph()
    distance = np.where(inside, 0.0, np.inf)
    # Only vertices with a neighbour outside can start a shortest path out of the ROI.
    border = inside & ((graph != 0).astype(float) @ (~inside).astype(float) > 0)
    if border.any():
        outward = dijkstra(graph, indices=np.flatnonzero(border), min_only=True, limit=limit)
        distance = np.minimum(distance, outward)
    return distance


def _check_mm(mm: float) -> float:
    if not 0 <= mm < np.inf:
        raise UserError(f"roi: a distance in mm must be 0 or more; got {mm!r}")
    return float(mm)


def dilate(roi, mm: float) -> np.ndarray:
    """The ROI and every vertex within `mm` of it along the sheet, mask (20484,)."""
    return distance_from(roi, _check_mm(mm)) <= mm


def erode(roi, mm: float) -> np.ndarray:
    """The vertices of the ROI that are farther than `mm` from the cortex outside it, mask (20484,).

    The medial wall does not count as outside: an ROI that ends at it is not eroded from there.
    """
    inside = _mask(roi)
    outside = _mask(np.ones(N_ALL, bool)) & ~inside
    return inside & ~(distance_from(outside, _check_mm(mm)) <= mm)


@dataclass(frozen=True)
class Course:
    """Mean BOLD of an ROI over time.

    Parameters
    ----------
    times : array (n_volumes,), seconds on the story's clock (volume centres)
    mean, low, high : arrays (n_volumes,), z-scored BOLD; the mean and the band around it
    band : what the band is, in words
    """

    times: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    band: str


def mean_course(recording: Recording, rois) -> Course:
    """Mean BOLD of the chosen ROIs with a band.

    The band is a 95 % t interval of the mean over ROIs of the space (areas, blocks of voxels, columns of a table;
    neighbouring vertices are far from independent) where there are three or more of them. Of fewer it is the range of
    the middle 80 % of their vertices or voxels, which is a spread and no confidence interval.

    Parameters
    ----------
    recording : BOLD (n_volumes, n_columns) in any space
    rois : names that the recording's space understands

    Raises
    ------
    UserError
        For an empty selection or an unknown name.
    """
    space, bold = recording.space, recording.bold
    chosen = space.numbers(rois)
    if len(chosen) >= FEWEST_UNITS or space.unit == space.column_unit:
        units, weights, unit = space.means(bold)[:, chosen], space.sizes[chosen], space.unit
    else:
        units = bold[:, space.columns(rois)]
        weights, unit = np.ones(units.shape[1]), space.column_unit
    interval = len(chosen) >= FEWEST_UNITS
    return _course(recording.volume_times, units, weights / weights.sum(), unit, interval)


def _course(times, units: np.ndarray, share: np.ndarray, unit: str, interval: bool) -> Course:
    """The course of units (n_volumes, n_units), each with its share of the mean, array (n_units,)."""
    n = units.shape[1]
    mean = units @ share
    if not interval:
        low, high = (np.quantile(units, q, axis=1) for q in (0.1, 0.9))
        band = f"middle 80 % of {n} {unit}" if n > 1 else "one ROI: no band"
        return Course(times, mean, np.minimum(low, mean), np.maximum(high, mean), band)
    from scipy.stats import t

    # Standard error of a weighted mean of independent units.
    variance = ((units - mean[:, None]) ** 2 @ share**2) * n / (n - 1)
    half = t.ppf(0.975, n - 1) * np.sqrt(variance)
    return Course(times, mean, mean - half, mean + half, f"95 % CI of the mean over {n} {unit}")


def parcel_means(bold) -> np.ndarray:
    """Mean of every area, (n_volumes, 20484) -> (n_volumes, 360), in atlas order."""
    labels = load_atlas().labels
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(1, 361))
    sums = np.add.reduceat(np.asarray(bold)[:, order], starts, axis=1)
    return sums / np.bincount(labels, minlength=361)[1:]
