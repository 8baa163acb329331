"""What is inside a map: a mask of any common kind, or a statistic map with a stated threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError

SLACK = 1e-3  # by which a mask from 0 to 1 may miss its ends: resampling rounds


@dataclass(frozen=True)
class Threshold:
    """Values that count: those above `value`, or those below it."""

    value: float
    above: bool = True

    def __str__(self) -> str:
        return f"{'>' if self.above else '<'}{self.value:g}"


def roi_inside(path, values: np.ndarray, threshold: Threshold | None = None, statistic: str = "") -> np.ndarray:
    """What an ROI's map holds inside.

    Parameters
    ----------
    values : array of numbers, any shape; NaN and infinite values are outside
    threshold : threshold of a statistic map; None for a mask: values from 0 to 1 (those above .5 are inside), or two
        values of which one is 0 (such as 0 and 255)
    statistic : what the header calls the values, where it calls them a statistic: then values between 0 and 1 are no
        probabilities of a mask. Programs leave the word in masks that they make of a statistic map

    Returns
    -------
    array of bool, the shape of `values`

    Raises
    ------
    UserError
        For a map that is no mask, without a threshold.
    """
    low, high, finite = _range(path, values)
    if threshold is not None:
        with np.errstate(invalid="ignore"):
            inside = values > threshold.value if threshold.above else values < threshold.value
        return inside & finite
    if low >= -SLACK and high <= 1 + SLACK and not (statistic and _has_between(values, finite)):
        return (values > 0.5) & finite
    if _two_valued(values, finite, low, high):
        return (values == high) & finite
    raise UserError(
        f"{path}: is no mask: its values lie between {low:g} and {high:g}"
        f"{f', and its header calls them {statistic}' if statistic else ''}. For a statistic map state the threshold "
        "after the file's name, in quotes: 'FILE>3.1'"
    )


def volume_inside(path, values: np.ndarray) -> np.ndarray:
    """Voxels that count for BOLD: values above .5, whatever they stand for; a map with negative values is no mask."""
    low, high, finite = _range(path, values)
    if low < -SLACK:
        raise UserError(
            f"{path}: is no mask: its values lie between {low:g} and {high:g}; threshold it first (values above 0.5 "
            "count)"
        )
    return (values > 0.5) & finite


def _range(path, values: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Lowest and highest finite value (0 and 0 where there is none), and which values are finite."""
    if values.dtype.kind not in "biuf":
        raise UserError(f"{path}: must hold one number per point; got {values.dtype}")
    finite = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    some = values if finite.all() else values[finite]
    return (float(some.min()), float(some.max()), finite) if some.size else (0.0, 0.0, finite)


def _has_between(values: np.ndarray, finite: np.ndarray) -> bool:
    """Whether values lie between 0 and 1, and not only at these ends."""
    return bool((finite & (values > SLACK) & (values < 1 - SLACK)).any())


def _two_valued(values: np.ndarray, finite: np.ndarray, low: float, high: float) -> bool:
    """Whether a map holds one number inside, and 0 or no number outside."""
    if low < 0:
        return False
    outside = (values == 0) | ~finite
    return bool(outside.any() and (outside | (values == high)).all())
