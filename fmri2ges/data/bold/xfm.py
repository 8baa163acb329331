"""The transform that pycortex stores from a subject's surface to the voxels of the BOLD."""

from __future__ import annotations

import numpy as np

from ...errors import UserError
from ..atomic import read_json


def read_xfm(path) -> np.ndarray:
    """Matrix from surface coordinates to voxel indices.

    Parameters
    ----------
    path : ``transforms/NAME/matrices.xfm`` of a pycortex subject, JSON with the keys ``coord`` (to
        voxel indices of the reference, in the order of its NIfTI axes) and ``magnet`` (to scanner mm)

    Returns
    -------
    coord : array (4, 4), float64; use it with `brain.voxels.surface_columns`
    """
    stored = read_json(path)
    try:
        coord = np.asarray(stored["coord"], float)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: must hold `coord`, a matrix of 4 x 4 numbers, as pycortex writes it") from error
    if coord.shape != (4, 4) or not np.isfinite(coord).all():
        raise UserError(f"{path}: `coord` must be 4 x 4 finite numbers; got shape {coord.shape}")
    return coord
