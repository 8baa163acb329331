"""Cleaning of one story's BOLD: trend and confounds are regressed out, and each column is z-scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import UserError

# A volume in which at least this share of the usable columns is NaN is a broken volume, not a few
# broken vertices.
BROKEN_ROW = 0.1
# Share of the volumes that may be missing at the ends, where the signal had not settled or the scan had ended.
MAX_MASKED = 0.5
CHUNK = 512  # columns cleaned at a time; their float64 copies fit into a processor's cache
FEW = 64  # columns that mostly tell that a volume is not empty
MIN_VOLUMES = 5
MIN_FREE = 3  # volumes that must be left beyond what is regressed out


@dataclass(frozen=True)
class Cleaned:
    """Clean BOLD and what was done to it.

    Parameters
    ----------
    data : array (n_volumes, n_columns), float32; mean 0 and standard deviation 1 over the volumes that count, and
        zero in dropped columns and masked volumes
    n_nan, n_constant : number of columns dropped because of NaN, and because they do not vary
    n_start, n_end : masked volumes at the start and at the end
    """

    data: np.ndarray
    n_nan: int
    n_constant: int
    n_start: int = 0
    n_end: int = 0


def standardize(values: np.ndarray, where="bold", out: np.ndarray | None = None) -> tuple[np.ndarray, int, int]:
    """Remove a quadratic trend and z-score each column; see `clean`. Returns data, n_nan and n_constant."""
    found = clean(values, where, out)
    return found.data, found.n_nan, found.n_constant


def clean(
    values: np.ndarray, where="bold", out: np.ndarray | None = None, confounds: np.ndarray | None = None
) -> Cleaned:
    """Remove a quadratic trend and confounds, and z-score each column over the volumes of one story.

    Trend and confounds are regressed out in one step, so that neither brings back what the other took
    (Lindquist et al. 2019, Hum. Brain Mapp. 40:2358). Volumes without numbers at the start or the end are
    masked: they count as zero, the mean, and no other volume moves in time.

    Parameters
    ----------
    values : array (n_volumes, n_columns), may hold NaN
    out : array of the same shape, float32, for the result; it may be `values` itself
    confounds : array (n_volumes, n_confounds), finite, or None

    Raises
    ------
    UserError
        For too few volumes, broken volumes inside, and nothing that varies.
    """
    n_volumes, n_columns = values.shape
    if n_volumes < MIN_VOLUMES:
        raise UserError(f"{where}: {n_volumes} volumes are too few; check that rows are volumes")
    out = np.empty(values.shape, np.float32) if out is None else out
    kept = _kept_rows(values, where)
    start, stop = kept.start, kept.stop
    basis = _basis(n_volumes, kept, confounds, where)
    n_finite = n_varies = 0
    # A few columns at a time: float64 copies of a whole brain would take several times its memory.
    for lo in range(0, n_columns, CHUNK):
        part = values[kept, lo : lo + CHUNK]
        finite = np.isfinite(part).all(0)
        # Picking columns takes longer than the rest, and most chunks need none picked.
        cleaned, varies = _clean((part if finite.all() else part[:, finite]).astype(np.float64), basis)
        n_finite += int(finite.sum())
        n_varies += int(varies.sum())
        target = out[kept, lo : lo + CHUNK]
        if finite.all():
            target[:] = cleaned
        else:
            target[:] = 0
            target[:, np.flatnonzero(finite)] = cleaned
    out[:start], out[stop:] = 0, 0
    if not n_varies:
        raise UserError(f"{where}: no column varies over time")
    return Cleaned(out, n_columns - n_finite, n_finite - n_varies, start, n_volumes - stop)


def _kept_rows(values: np.ndarray, where) -> slice:
    """The volumes that count; a `UserError` for broken volumes between others."""
    n_volumes = len(values)
    n_finite = np.zeros(values.shape[1], int)
    for row in values:
        n_finite += np.isfinite(row)
    usable = n_finite > 0
    if not usable.any():
        raise UserError(f"{where}: holds nothing but NaN")
    empty = _empty_rows(values)
    if n_finite[usable].min() == n_volumes and not empty.any():
        return slice(0, n_volumes)
    missing = np.array([(~np.isfinite(row[usable])).sum() for row in values])
    broken = (missing >= BROKEN_ROW * usable.sum()) | empty
    whole = np.flatnonzero(~broken)
    if not len(whole):
        raise UserError(f"{where}: every volume holds NaN or infinite values; check how the file was written")
    start, stop = int(whole[0]), int(whole[-1]) + 1
    inside = start + np.flatnonzero(broken[start:stop])
    if len(inside):
        first = ", ".join(str(r + 1) for r in inside[:5]) + (" ..." if len(inside) > 5 else "")
        raise UserError(
            f"{where}: {len(inside)} volumes hold NaN or infinite values, or nothing but zeros (rows {first}); "
            "interpolate them. Rows that are removed inside a recording would move the later ones in time"
        )
    if n_volumes - (stop - start) > MAX_MASKED * n_volumes or stop - start < MIN_VOLUMES:
        raise UserError(
            f"{where}: {start} volumes at the start and {n_volumes - stop} at the end hold NaN or infinite values, or "
            "nothing but zeros; at most half of a recording is masked. Cut them away, and add tr x the number cut at "
            "the start to first_volume_at"
        )
    return slice(start, stop)


def _empty_rows(values: np.ndarray) -> np.ndarray:
    """Volumes of nothing but zeros, which programs write for those that they left out, array (n_volumes,), bool.

    A few columns may well pass through zero together, and a few volumes do not tell whether that is so.
    """
    empty = np.array([not row[:FEW].any() and not row.any() for row in values])
    few = values.shape[1] < 3 or len(values) - empty.sum() < MIN_VOLUMES
    return np.zeros_like(empty) if few else empty


def _basis(n_volumes: int, kept: slice, confounds: np.ndarray | None, where) -> np.ndarray:
    """Orthonormal columns that span what is regressed out, array (n_kept, n), float64."""
    time = np.linspace(-1, 1, n_volumes)
    columns = [np.ones(n_volumes), time, time**2]
    if confounds is not None:
        columns += list(np.asarray(confounds, float).T)
    design = np.stack(columns, 1)[kept]
    # Each column on its own scale: a confound in small units is no rounding, and one that is constant is nothing else.
    size = np.linalg.norm(design, axis=0)
    design[:, 1:] -= design[:, 1:].mean(0)
    left = np.linalg.norm(design, axis=0)
    design /= np.where(left > 1e-7 * size, left, np.inf)
    span, weight, _ = np.linalg.svd(design, full_matrices=False)
    basis = span[:, weight > 1e-7 * weight[0]]
    if confounds is not None and len(design) - basis.shape[1] < MIN_FREE:
        raise UserError(
            f"{where}: {confounds.shape[1]} confounds leave nothing of {len(design)} volumes; choose fewer with "
            "confound_columns"
        )
    return basis


def _clean(kept: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cleaned and z-scored columns (n_volumes, n), float64, and which of them vary (n,)."""
    residual = kept - basis @ (basis.T @ kept)
    spread = residual.std(0)
    # Rounding leaves about 1e-15 of the level in a constant column (1e-7 in a float32 one).
    varies = spread > 1e-6 * np.maximum(np.abs(kept).max(0, initial=0), 1e-30)
    residual /= np.where(varies, spread, 1)
    residual[:, ~varies] = 0
    return residual, varies
