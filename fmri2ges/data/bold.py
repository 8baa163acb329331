"""BOLD of one recording, from whatever file it is in, cleaned and z-scored within the story.

To read one more format, add a function ``path -> (values, names)`` to `READERS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..brain.atlas import N_VERTICES
from ..errors import UserError
from .atomic import read_npz
from .tables import read_table, select_columns

# A volume in which at least this share of the usable columns is NaN is a broken volume, not a few
# broken vertices.
BROKEN_ROW = 0.1


@dataclass(frozen=True)
class Bold:
    """Clean BOLD and what was done to it.

    Parameters
    ----------
    data : array (n_volumes, n_columns), float32, detrended and z-scored; dropped columns are zero
    columns : names of a table's columns; empty on fsaverage5
    n_nan, n_constant : number of columns dropped because of NaN, and because they do not vary
    """

    data: np.ndarray
    columns: tuple[str, ...]
    n_nan: int
    n_constant: int

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the dropped columns of a table."""
        return tuple(n for n, kept in zip(self.columns, self.data.any(0)) if not kept)


def read_bold(path, columns: tuple[str, ...] = (), scale: float = 1.0) -> Bold:
    """Read, check, detrend and z-score the BOLD of one story.

    Parameters
    ----------
    path : .tsv, .csv, .txt, .npy or .npz
        An array with 20,484 columns and no names is fsaverage5; everything else is a table.
    columns : names of the columns of a table, or a choice among them
    scale : factor from stored integers to the signal's unit

    Raises
    ------
    UserError
        For an unknown format, a wrong number of columns, broken volumes, or nothing that varies.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: BOLD of this format is not known; allowed: {', '.join(READERS)}")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    values, names = reader(path)
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number):
        raise UserError(f"{path}: must be numbers, volumes x columns; got shape {values.shape} of {values.dtype}")
    if not (values.shape[1] == 2 * N_VERTICES and not names and not columns):
        values, names = select_columns(path, values, names, columns)
    data, n_nan, n_constant = standardize(values.astype(np.float32) * np.float32(scale), path)
    return Bold(data, names, n_nan, n_constant)


def standardize(values: np.ndarray, where="bold") -> tuple[np.ndarray, int, int]:
    """Remove a quadratic trend and z-score each column over the volumes of one story.

    Parameters
    ----------
    values : array (n_volumes, n_columns), may hold NaN

    Returns
    -------
    data : array (n_volumes, n_columns), float32; mean 0 and standard deviation 1, or all zero where dropped
    n_nan, n_constant : int
    """
    n_volumes = len(values)
    if n_volumes < 5:
        raise UserError(f"{where}: {n_volumes} volumes are too few; check that rows are volumes")
    bad = ~np.isfinite(values)
    usable = ~bad.all(0)
    if not usable.any():
        raise UserError(f"{where}: holds nothing but NaN")
    rows = np.flatnonzero(bad[:, usable].mean(1) >= BROKEN_ROW)
    if len(rows):
        first = ", ".join(str(r + 1) for r in rows[:5]) + (" ..." if len(rows) > 5 else "")
        raise UserError(f"{where}: {len(rows)} volumes hold NaN or infinite values (rows {first}); interpolate or remove them")
    finite = ~bad.any(0)
    data = np.zeros(values.shape, np.float32)
    kept = values[:, finite].astype(np.float64)
    time = np.linspace(-1, 1, n_volumes)
    basis, _ = np.linalg.qr(np.stack([np.ones(n_volumes), time, time**2], 1))
    residual = kept - basis @ (basis.T @ kept)
    spread = residual.std(0)
    # Rounding leaves about 1e-15 of the level in a constant column (1e-7 in a float32 one).
    varies = spread > 1e-6 * np.maximum(np.abs(kept).max(0), 1e-30)
    if not varies.any():
        raise UserError(f"{where}: no column varies over time")
    clean = np.zeros_like(residual)
    clean[:, varies] = residual[:, varies] / spread[varies]
    data[:, finite] = clean
    return data, int((~finite).sum()), int((~varies).sum())


def _read_npy(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False), ()
    except (ValueError, OSError, EOFError) as error:
        raise UserError(f"{path}: cannot be read as .npy ({error}); write or copy it again") from error


def _read_npz(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    arrays = read_npz(path)
    if "bold" not in arrays:
        raise UserError(f"{path}: must hold the array `bold` (volumes x columns); it holds: {', '.join(arrays)}")
    names = tuple(str(n) for n in arrays["columns"].tolist()) if "columns" in arrays else ()
    if names and len(names) != arrays["bold"].shape[-1]:
        raise UserError(f"{path}: `columns` names {len(names)} of the {arrays['bold'].shape[-1]} columns of `bold`")
    return arrays["bold"], names


READERS = {".tsv": read_table, ".csv": read_table, ".txt": read_table, ".npy": _read_npy, ".npz": _read_npz}
