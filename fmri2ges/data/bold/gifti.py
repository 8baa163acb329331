"""BOLD on fsaverage5, 6, 7 or fsLR-32k: a pair of GIFTI functional files, one per hemisphere."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.surface import to_fsaverage5
from ...errors import UserError
from ..gifti import Gifti, gifti_head, read_gifti
from ..vertices import SIZES, stated_side, vertex_maps
from .pairs import Hemisphere, open_pair, partner_of
from .series import Series, check_size

__all__ = ["gifti_tr", "open_gifti", "partner_of"]

SIDE_KEY, STEP_KEY = "AnatomicalStructurePrimary", "TimeStep"
MILLISECONDS = 50.0  # a time step from here on is in milliseconds, as FreeSurfer writes it


def open_gifti(path, partner=None) -> Series:
    """BOLD of both hemispheres on fsaverage5.

    A file holds one array per volume, or one array with an axis of vertices and one of volumes. Lists of
    vertices (NODE_INDEX) are applied and geometry is skipped; where some arrays are marked as a time series,
    only they count. A GIFTI file is read whole, one hemisphere at a time.

    Parameters
    ----------
    path : .gii or .gii.gz file of either hemisphere
    partner : file of the other one; by default the name of `path` with the hemisphere changed

    Raises
    ------
    UserError
        For a damaged file, no partner, two files of one hemisphere, another mesh, or other lengths.
    """
    return open_pair(path, partner, _hemisphere)


def _hemisphere(path: Path, named: str | None) -> Hemisphere:
    gifti = read_gifti(path)
    maps = vertex_maps(path, gifti)
    series = [m for m in maps if m.intent == "TIME_SERIES"] or maps
    if not series:
        raise UserError(f"{path}: holds no data")
    if all(m.intent == "LABEL" for m in series):
        raise UserError(f"{path}: holds labels, not BOLD; give the file of the time series")
    stated = _side(path, gifti)
    side = stated or named or "L"  # where neither is told, the caller refuses the file
    if len(series) == 1:
        values = _volumes(path, series[0].data, side)
    elif any(m.data.ndim != 1 for m in series):
        shapes = ", ".join(str(m.data.shape) for m in series[:3])
        raise UserError(f"{path}: each array must be one volume; got shapes {shapes} ...")
    else:
        check_size(path, len(series), N_VERTICES)
        # Copies, so that the finer mesh can be freed.
        values = np.stack([to_fsaverage5(m.data, side, path).astype(np.float32) for m in series])
    return Hemisphere(values, stated, _time_step(gifti.meta, series[0].meta))


def gifti_tr(path) -> float | None:
    """Repetition time in the metadata of a file, seconds, without its data; None where there is none."""
    return _time_step(*gifti_head(path))


def _side(path: Path, gifti: Gifti) -> str | None:
    """The hemisphere that the metadata of the file, or else those of its arrays, state."""
    found = {stated_side(m.get(SIDE_KEY)) for m in (gifti.meta, *(a.meta for a in gifti.arrays))} - {None}
    if len(found) > 1:
        raise UserError(f"{path}: its metadata name both hemispheres; give one file for each")
    return found.pop() if found else None


def _time_step(*metas: dict[str, str]) -> float | None:
    """Repetition time in metadata, seconds; 0 where the program that wrote the file did not know it."""
    for meta in metas:
        try:
            step = float(meta[STEP_KEY])
        except (KeyError, ValueError):
            continue
        if 0 <= step < np.inf:
            return step / 1000 if step >= MILLISECONDS else step
    return None


def _volumes(path: Path, array: np.ndarray, side: str) -> np.ndarray:
    """The volumes of a single array, (n_volumes, 10242)."""
    if array.ndim != 2:
        raise UserError(
            f"{path}: holds one array of shape {array.shape}; it must be vertices x volumes, or one array per volume"
        )
    if array.shape[0] not in SIZES:
        array = array.T
    check_size(path, array.shape[1], 2 * N_VERTICES)
    return to_fsaverage5(array, side, path).T.astype(np.float32)
