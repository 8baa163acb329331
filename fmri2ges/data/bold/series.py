"""BOLD that has been opened but not read: what every fMRI reader returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...brain.space import Space, space_of
from ...brain.voxels import VoxelGrid
from ...errors import UserError

MAX_BYTES = 2 * 2**30  # of one story in float32; a whole brain at 2 mm for 30 minutes is half of it
ROWS = 32  # volumes that are read at a time
# Seconds by which two statements of a repetition time may differ, because programs round to a millisecond. More would
# add up: 1 % of a TR moves the end of a ten-minute story by 6 s.
TR_TOLERANCE = 1e-3 + 1e-6


@dataclass(frozen=True)
class Series:
    """Time series of one story in a file.

    Parameters
    ----------
    shape : (n_volumes, n_columns)
    fill : function that writes the raw values into an array of that shape, float32; missing ones are NaN
    space : kind of the space: 'fsaverage5', 'table' or 'voxels', see `brain.space`
    names : names of a table's columns, empty elsewhere
    tr : repetition time that the file states, seconds; None when it states none, 0 when it says that it is unknown
    grid : where the voxels lie; None when that is not known, and in other spaces
    note : how the columns were found, one line; empty where the file itself says it
    """

    shape: tuple[int, int]
    fill: Callable[[np.ndarray], None]
    space: str
    names: tuple[str, ...] = ()
    tr: float | None = None
    grid: VoxelGrid | None = None
    note: str = ""

    @property
    def space_of_columns(self) -> Space:
        """Where the columns lie."""
        return space_of(self.space, self.names, self.shape[1], self.grid)


def array_series(values: np.ndarray, space: str, names: tuple[str, ...] = (), tr: float | None = None) -> Series:
    """A series over an array (n_volumes, n_columns) that is in memory or memory-mapped."""

    def fill(out: np.ndarray) -> None:
        for lo in range(0, len(values), ROWS):
            out[lo : lo + ROWS] = values[lo : lo + ROWS]

    return Series(values.shape, fill, space, names, tr)


def check_size(path, n_volumes: int, n_columns: int) -> None:
    """Refuse what a damaged header promises: nothing, or more than a computer could want to hold."""
    if n_volumes < 1 or n_columns < 1:
        raise UserError(f"{path}: {n_volumes} volumes x {n_columns} columns; it may be damaged: copy it again")
    if n_volumes * n_columns * 4 > MAX_BYTES:
        raise UserError(
            f"{path}: {n_volumes} volumes x {n_columns} columns need {n_volumes * n_columns * 4 / 2**30:.1f} GiB; "
            f"at most {MAX_BYTES / 2**30:g} GiB a story: use a smaller mask, or check that the file is not damaged"
        )
