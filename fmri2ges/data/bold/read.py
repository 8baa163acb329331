"""BOLD of one recording, from whatever file it is in, cleaned and z-scored within the story.

To read one more format, write a function that returns a `Series` and name it in `open_bold`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.space import Space
from ...errors import UserError
from ..atomic import read_npz
from .cifti import open_cifti
from .gifti import open_gifti
from .hf5 import open_hf5
from .nifti import open_nifti
from .pycortex import PycortexSubject, on_fsaverage5
from .series import Series, array_series, check_size
from .tables import read_table, select_columns

# A volume in which at least this share of the usable columns is NaN is a broken volume, not a few
# broken vertices.
BROKEN_ROW = 0.1
CHUNK = 512  # columns cleaned at a time; their float64 copies fit into a processor's cache
TR_TOLERANCE = 0.01  # share by which a header may differ from the study file
TABLES = (".tsv", ".csv", ".txt", ".npy", ".npz")
VOLUMES = (".hf5", ".nii", ".nii.gz")
SURFACES = (".gii", ".dtseries.nii")


@dataclass(frozen=True)
class Bold:
    """Clean BOLD and what was done to it.

    Parameters
    ----------
    data : array (n_volumes, n_columns), float32, detrended and z-scored; dropped columns are zero
    columns : names of a table's columns; empty in other spaces
    n_nan, n_constant : number of columns dropped because of NaN, and because they do not vary
    space : where the columns lie
    note : how the columns were found, one line; empty where the file itself says it
    """

    data: np.ndarray
    columns: tuple[str, ...]
    n_nan: int
    n_constant: int
    space: Space
    note: str = ""

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the dropped columns of a table."""
        return tuple(n for n, kept in zip(self.columns, self.data.any(0)) if not kept)


def format_of(path) -> str:
    """The ending that decides how a BOLD file is read, such as '.hf5' or '.dtseries.nii'.

    Raises
    ------
    UserError
        For a format that is not known.
    """
    name = Path(path).name.lower()
    for ending in (*TABLES, *SURFACES, *VOLUMES):  # .dtseries.nii before .nii
        if name.endswith(ending):
            return ending
    raise UserError(f"{path}: BOLD of this format is not known; allowed: {', '.join((*TABLES, *VOLUMES, *SURFACES))}")


def open_bold(
    path,
    columns: tuple[str, ...] = (),
    masks: tuple[Path, ...] = (),
    partner: Path | None = None,
    pycortex: PycortexSubject | None = None,
) -> Series:
    """Open the BOLD of one story; most formats are not read yet then.

    Parameters
    ----------
    path : see `format_of`
    columns : names of the columns of a table, or a choice among them
    masks : of a volume, see `open_nifti` and `open_hf5`
    partner : the other hemisphere of a GIFTI file, see `open_gifti`
    pycortex : whose surfaces take voxels to fsaverage5; its mask_thick counts where `masks` is empty

    Raises
    ------
    UserError
        For an unknown format, a damaged file, or keys that do not go with the format.
    """
    path = Path(path)
    ending = format_of(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    for key, given, allowed in (
        ("columns", columns, TABLES),
        ("mask", masks, VOLUMES),
        ("two files", partner, (".gii",)),
        ("pycortex", pycortex, VOLUMES),
    ):
        if given and ending not in allowed:
            raise UserError(f"{path}: {key}: only for {', '.join(allowed)}; remove it")
    if ending in TABLES:
        return _open_table(path, ending, columns)
    if ending == ".gii":
        return open_gifti(path, partner)
    if ending == ".dtseries.nii":
        return open_cifti(path)
    if pycortex and not masks:
        masks = (pycortex.mask(),)
    series = open_hf5(path, masks) if ending == ".hf5" else open_nifti(path, masks)
    return on_fsaverage5(series, pycortex, path) if pycortex else series


def read_bold(
    path,
    columns: tuple[str, ...] = (),
    scale: float = 1.0,
    masks: tuple[Path, ...] = (),
    partner: Path | None = None,
    tr: float | None = None,
    pycortex: PycortexSubject | None = None,
) -> Bold:
    """Read, check, detrend and z-score the BOLD of one story.

    Memory is the recording in float32 and a few MB, whatever the file holds (GIFTI and text tables
    are parsed whole; voxels that go to fsaverage5 are held beside it for a moment).

    Parameters
    ----------
    path, columns, masks, partner, pycortex : see `open_bold`. An array with 20,484 columns and no names is
        fsaverage5, every other array is a table
    scale : factor from stored integers to the signal's unit
    tr : seconds, as the study file states it; a header that states another one is an error

    Raises
    ------
    UserError
        For an unknown format, a damaged file, a wrong number of columns, broken volumes, nothing
        that varies, or another TR.
    """
    series = open_bold(path, columns, masks, partner, pycortex)
    if tr is not None and series.tr is not None and abs(series.tr - tr) > TR_TOLERANCE * tr:
        raise UserError(f"{path}: its header says TR {series.tr:g} s, but the study says tr = {tr:g}; correct tr")
    check_size(path, *series.shape)
    values = np.empty(series.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold becomes infinite, and is reported so
        series.fill(values)
        if scale != 1.0:
            values *= np.float32(scale)
    data, n_nan, n_constant = standardize(values, path, out=values)
    return Bold(data, series.names, n_nan, n_constant, series.space_of_columns, series.note)


def standardize(values: np.ndarray, where="bold", out: np.ndarray | None = None) -> tuple[np.ndarray, int, int]:
    """Remove a quadratic trend and z-score each column over the volumes of one story.

    Parameters
    ----------
    values : array (n_volumes, n_columns), may hold NaN
    out : array of the same shape, float32, for the result; it may be `values` itself

    Returns
    -------
    data : array (n_volumes, n_columns), float32; mean 0 and standard deviation 1, or all zero where dropped
    n_nan, n_constant : int
    """
    n_volumes, n_columns = values.shape
    if n_volumes < 5:
        raise UserError(f"{where}: {n_volumes} volumes are too few; check that rows are volumes")
    out = np.empty(values.shape, np.float32) if out is None else out
    time = np.linspace(-1, 1, n_volumes)
    basis, _ = np.linalg.qr(np.stack([np.ones(n_volumes), time, time**2], 1))
    missing, n_usable, n_finite, n_varies = np.zeros(n_volumes, int), 0, 0, 0
    # A few columns at a time: float64 copies of a whole brain would take several times its memory.
    for lo in range(0, n_columns, CHUNK):
        chunk = np.s_[:, lo : lo + CHUNK]
        bad = ~np.isfinite(values[chunk])
        usable, finite = ~bad.all(0), ~bad.any(0)
        n_usable += int(usable.sum())
        missing += bad[:, usable].sum(1)
        # Picking columns takes longer than the rest, and most chunks need none picked.
        kept = values[chunk] if finite.all() else values[chunk][:, finite]
        clean, varies = _clean(kept.astype(np.float64), basis)
        n_finite += int(finite.sum())
        n_varies += int(varies.sum())
        if finite.all():
            out[chunk] = clean
        else:
            out[chunk] = 0
            out[:, lo + np.flatnonzero(finite)] = clean
    if not n_usable:
        raise UserError(f"{where}: holds nothing but NaN")
    rows = np.flatnonzero(missing >= BROKEN_ROW * n_usable)
    if len(rows):
        first = ", ".join(str(r + 1) for r in rows[:5]) + (" ..." if len(rows) > 5 else "")
        raise UserError(
            f"{where}: {len(rows)} volumes hold NaN or infinite values (rows {first}); interpolate or remove them"
        )
    if not n_varies:
        raise UserError(f"{where}: no column varies over time")
    return out, n_columns - n_finite, n_finite - n_varies


def _clean(kept: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Detrended and z-scored columns (n_volumes, n), float64, and which of them vary (n,)."""
    residual = kept - basis @ (basis.T @ kept)
    spread = residual.std(0)
    # Rounding leaves about 1e-15 of the level in a constant column (1e-7 in a float32 one).
    varies = spread > 1e-6 * np.maximum(np.abs(kept).max(0), 1e-30)
    residual /= np.where(varies, spread, 1)
    residual[:, ~varies] = 0
    return residual, varies


def _open_table(path: Path, ending: str, columns: tuple[str, ...]) -> Series:
    """A table of ROI columns, or an array with one column per vertex of fsaverage5."""
    values, names = {".npy": _read_npy, ".npz": _read_npz}.get(ending, read_table)(path)
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number):
        raise UserError(f"{path}: must be numbers, volumes x columns; got shape {values.shape} of {values.dtype}")
    if values.shape[1] == 2 * N_VERTICES and not names and not columns:
        return array_series(values, "fsaverage5")
    values, names = select_columns(path, values, names, columns)
    return array_series(values, "table", names)


def _read_npy(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False), ()
    except Exception as error:  # numpy parses the header as Python: anything may come of damage
        reason = " ".join(str(error).split())[:100]
        raise UserError(f"{path}: cannot be read as .npy ({reason}); write or copy it again") from error


def _read_npz(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    arrays = read_npz(path)
    if "bold" not in arrays:
        raise UserError(f"{path}: must hold the array `bold` (volumes x columns); it holds: {', '.join(arrays)}")
    names = tuple(str(n) for n in arrays["columns"].tolist()) if "columns" in arrays else ()
    if names and len(names) != arrays["bold"].shape[-1]:
        raise UserError(f"{path}: `columns` names {len(names)} of the {arrays['bold'].shape[-1]} columns of `bold`")
    return arrays["bold"], names
