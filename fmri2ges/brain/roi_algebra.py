"""Operations on ROIs by name, for screens and scripts: ``combine(broca, "dilate", mm=4)``.

Masks are over the vertices of fsaverage5, as in `fmri2ges.brain.roi`. Millimetres run along the edges of its mesh
half-way between the white and the pial surface, about 3 mm each: a smaller distance reaches nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UserError, check_option
from .roi import difference, dilate, erode, intersection, union

MAX_MM = 50.0  # half of a hemisphere


@dataclass(frozen=True)
class Operation:
    """One operation.

    Parameters
    ----------
    label : as it reads between its operands: "AC minus Broca", "AC dilated by 4 mm"
    apply : function of the ROI and the second ROI or the distance
    takes_mm : whether the second operand is a distance
    """

    label: str
    apply: Callable[[np.ndarray, Any], np.ndarray]
    takes_mm: bool = False


OPERATIONS = {
    "union": Operation("union with", union),
    "intersect": Operation("intersection with", intersection),
    "subtract": Operation("minus", difference),
    "dilate": Operation("dilated by", dilate, takes_mm=True),
    "erode": Operation("eroded by", erode, takes_mm=True),
}


def combine(roi, operation: str, other=None, mm: float = 0.0) -> np.ndarray:
    """The result of an operation, mask (20484,).

    Parameters
    ----------
    roi : mask (20484,)
    operation : one of `OPERATIONS`
    other : mask (20484,), the second ROI of union, intersect and subtract
    mm : distance of dilate and erode along the cortical sheet, 0 to 50 mm

    Raises
    ------
    UserError
        For an unknown operation, no second ROI, a mask of another mesh, or a distance out of range.
    """
    check_option("operation", operation, OPERATIONS)
    found = OPERATIONS[operation]
    if found.takes_mm:
        if not 0 <= mm <= MAX_MM:
            raise UserError(f"roi: a distance must be from 0 to {MAX_MM:g} mm; got {mm!r}")
        return found.apply(roi, mm)
    if other is None:
        raise UserError(f"roi: {operation} needs a second ROI; give `other`")
    return found.apply(roi, other)
