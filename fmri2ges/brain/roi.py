"""Algebra of ROIs on the cortical sheet, and the time course of an ROI.

An ROI here is a boolean mask (20484,) over the vertices of fsaverage5, left hemisphere first.
Distances run along the sheet (shortest path over mesh edges), never through the white matter,
from one hemisphere to the other or across the medial wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError, check_shape
from ..types import Recording
from .atlas import N_VERTICES, load_atlas
from .surface import cortex_graph

N_ALL = 2 * N_VERTICES


def _mask(roi) -> np.ndarray:
    """`roi` as a mask restricted to cortex."""
    roi = np.asarray(roi)
    check_shape("roi", roi, (N_ALL,))
    if roi.dtype != bool:
        raise UserError(f"roi: must be a boolean mask over the vertices; got {roi.dtype}")
    return roi & (load_atlas().labels > 0)


def union(*rois) -> np.ndarray:
    """Vertices in any of the ROIs, mask (20484,)."""
    return np.logical_or.reduce([_mask(r) for r in rois])


def intersection(*rois) -> np.ndarray:
    """Vertices in all of the ROIs, mask (20484,)."""
    return np.logical_and.reduce([_mask(r) for r in rois])


def difference(roi, *others) -> np.ndarray:
    """Vertices of the first ROI that are in none of the others, mask (20484,)."""
    return _mask(roi) & ~union(*others) if others else _mask(roi)


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

    The unit of the band is the area (neighbouring vertices are far from independent): a 95 %
    t interval of the mean over areas where there are three or more, otherwise the range of the
    areas' or vertices' middle 80 %, which is a spread and no confidence interval.

    Parameters
    ----------
    recording : on fsaverage5 or a table of ROI columns
    rois : names the atlas understands, or column names for a table

    Raises
    ------
    UserError
        For an empty selection or an unknown name.
    """
    rois = tuple(rois)
    if not rois:
        raise UserError("rois: choose at least one ROI; its mean BOLD is shown")
    if recording.space == "table":
        chosen = recording.columns if "all" in rois else rois
        unknown = [name for name in chosen if name not in recording.columns]
        if unknown:
            raise UserError(f"rois: {unknown[0]!r} is no column of {recording.subject}; allowed: {', '.join(recording.columns)}")
        units = recording.bold[:, [recording.columns.index(name) for name in chosen]]
        weights = np.ones(units.shape[1])
        unit = "ROIs"
    else:
        atlas = load_atlas()
        areas = [atlas.area_index[a] + 1 for a in atlas.expand(rois)]
        unit = "areas"
        if len(areas) < 3:
            units = recording.bold[:, np.isin(atlas.labels, areas)]
            weights = np.ones(units.shape[1])
            unit = "vertices"
        else:
            means = parcel_means(recording.bold)
            units = means[:, np.array(areas) - 1]
            weights = np.bincount(atlas.labels, minlength=361)[areas]
    return _course(recording.volume_times, units, weights, unit)


def _course(times, units, weights, unit: str) -> Course:
    """Course of `units` (n_volumes, n_units), weighted by their size."""
    n = units.shape[1]
    share = weights / weights.sum()
    mean = units @ share
    if unit == "vertices" or n < 3:
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
