"""Maps of the user's own as a number for each area, from every format that holds one value a vertex, voxel or area."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.own_map import OwnMap, mean_by_area
from ...brain.roi import N_ALL
from ...brain.surface import to_fsaverage5
from ...errors import UserError
from ..gifti import read_gifti
from ..images import load_image, on_surface
from ..limits import FREE
from ..vertices import vertex_maps
from .cifti import read_cifti_values
from .formats import FORMATS
from .mesh import MAX_TEXT, STRUCTURES, check_file, hemisphere_of, stem_of
from .mgh import frames_of
from .nifti import read_nifti_values
from .value_table import read_value_table

MOST = 100  # maps of all files together
SIDES = {"L": slice(0, N_VERTICES), "R": slice(N_VERTICES, N_ALL)}


@dataclass(frozen=True)
class _Half:
    """Values of one map in a file.

    Parameters
    ----------
    name : of the map
    sides : 'L', 'R' or 'LR', the hemispheres that the file holds
    values : array (20484,), NaN where there is none
    """

    name: str
    sides: str
    values: np.ndarray


def _of_side(name: str, side: str, values, path: Path) -> _Half:
    """One hemisphere's values on any known mesh."""
    values = np.asarray(values)
    if values.ndim != 1 or values.dtype.kind not in "biuf":
        raise UserError(f"{path}: map {name!r} must hold one number per vertex; got {values.shape} of {values.dtype}")
    both = np.full(N_ALL, np.nan)
    both[SIDES[side]] = to_fsaverage5(values, side, path)
    return _Half(name, side, both)


def _gifti(path: Path) -> list[_Half]:
    gifti = read_gifti(path, FREE)
    maps = vertex_maps(path, gifti)
    if not maps:
        raise UserError(f"{path}: holds no map; export it again")
    if any(found.intent == "LABEL" for found in maps):
        raise UserError(f"{path}: holds labels, which are no numbers to colour by; load them as ROIs")
    side = hemisphere_of(path, {**gifti.meta, **maps[0].meta}.get("AnatomicalStructurePrimary", ""))
    stem = stem_of(path)
    names = [m.meta.get("Name") or (stem if len(maps) == 1 else f"{stem} {k}") for k, m in enumerate(maps, start=1)]
    return [_of_side(name, side, found.data, path) for name, found in zip(names, maps, strict=True)]


def _cifti(path: Path) -> list[_Half]:
    return [_Half(name, "LR", values) for name, values in read_cifti_values(path)]


def _image(path: Path) -> list[_Half]:
    """A volume in MNI space, or the vertices of a hemisphere that FreeSurfer wrote as an image."""
    image = load_image(path)
    if not on_surface(image):
        return [_Half(stem_of(path), "LR", read_nifti_values(path))]
    side = hemisphere_of(path)
    return [_of_side(name, side, values, path) for name, _, values in frames_of(path, image)]


# Longer endings first, as in `formats.FORMATS`.
READERS: dict[str, Callable[[Path], list[_Half]]] = {
    ".dscalar.nii": _cifti,
    ".dscalar.nii.gz": _cifti,
    ".nii.gz": _image,
    ".nii": _image,
    ".mgz": _image,
    ".mgh": _image,
    ".gii.gz": _gifti,
    ".gii": _gifti,
}
TABLES = (".csv", ".tsv")
ENDINGS = (*READERS, *TABLES)
ROIS_ALONE = tuple(ending for ending, found in FORMATS.items() if not found.maps and ending not in TABLES)


def read_own_maps(paths: Iterable) -> tuple[OwnMap, ...]:
    """The maps in some files, each as the mean of every area; both hemispheres of a map may be in a file each.

    Parameters
    ----------
    paths : .func.gii or .shape.gii, .dscalar.nii, .nii, .nii.gz, .mgh or .mgz (a volume in MNI space, or the vertices
        of a hemisphere), .csv or .tsv (a row for each area or vertex, see `value_table.read_value_table`); vertices on
        fsaverage5, 6 or 7 or fsLR-32k

    Returns
    -------
    maps : at least one, in the order of the files

    Raises
    ------
    UserError
        For a missing or damaged file, another format or mesh, a map without values, or two files for one hemisphere.
    """
    tables: list[OwnMap] = []
    halves: dict[str, list[_Half]] = {}
    n = 0
    for path in map(Path, paths):
        check_file(path)
        name = path.name.lower()
        if name.endswith(TABLES):
            if path.stat().st_size > MAX_TEXT:
                raise UserError(f"{path}: is larger than {MAX_TEXT >> 20} MB, far more than a table of areas is")
            found = read_value_table(path)
            tables += found
            n += len(found)
        else:
            parts = _reader(path)(path)
            n += len(parts)
            for part in parts:
                _add(halves.setdefault(part.name, []), part, path)
        if n > MOST:
            raise UserError(f"{path}: has more than {MOST} maps; give a file with the one to show")
    if not n:
        raise UserError("map: no file; give at least one")
    return (*tables, *(_joined(parts) for parts in halves.values()))


def _reader(path: Path) -> Callable[[Path], list[_Half]]:
    name = path.name.lower()
    if name.endswith(ROIS_ALONE):
        raise UserError(f"{path}: holds ROIs, not a number for each vertex; load it as ROIs. Allowed: {_allowed()}")
    found = next((reader for ending, reader in READERS.items() if name.endswith(ending)), None)
    if found is None:
        raise UserError(f"{path}: is no map that can be read; allowed: {_allowed()}")
    return found


def _allowed() -> str:
    return ", ".join(ENDINGS)


def _add(parts: list[_Half], part: _Half, path: Path) -> None:
    for side in part.sides:
        if any(side in other.sides for other in parts):
            raise UserError(f"{path}: the {STRUCTURES[side]} of {part.name!r} comes twice; give each map once")
    parts.append(part)


def _joined(parts: list[_Half]) -> OwnMap:
    values = np.full(N_ALL, np.nan)
    for part in parts:
        for side in part.sides:
            values[SIDES[side]] = part.values[SIDES[side]]
    means = mean_by_area(values)
    if not means:
        raise UserError(f"map {parts[0].name!r}: no area has values at half of its vertices or more; nothing to colour")
    return OwnMap(parts[0].name, means)
