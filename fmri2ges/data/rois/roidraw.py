"""ROIs that pycortex-roidraw has saved: a JSON file with the vertices of each hemisphere, `vertexset-v2`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...errors import UserError, one_line
from .mesh import Part, merged

FAMILY = "pycortex-roidraw/"
FORMAT = "pycortex-roidraw/vertexset-v2"
# Nested meshes: a vertex below 10,242 is the same on all of them.
SURFACES = {"fsaverage": 163842, "fsaverage7": 163842, "fsaverage6": 40962, "fsaverage5": 10242}
SIDES = {"left": "L", "right": "R"}


def read_roidraw_rois(path: Path, content: dict) -> tuple[Roi, ...]:
    """ROIs of the parsed content of a file; vertices that fsaverage5 does not have are left out.

    Raises
    ------
    UserError
        For another version, a subject's own surface, or the first entry that is wrong, with its number.
    """
    stated = content.get("format")
    if stated != FORMAT:
        raise UserError(f"{path}: is {one_line(repr(stated), 60)}; of pycortex-roidraw this program reads {FORMAT}")
    surface, entries = content.get("surface"), content.get("rois")
    if not isinstance(surface, str) or surface not in SURFACES:
        raise UserError(
            f"{path}: is on the surface {one_line(repr(surface), 60)}; allowed: {', '.join(SURFACES)}. Draw it on one "
            "of these"
        )
    if not isinstance(entries, list):
        raise UserError(f'{path}: "rois" must be a list of objects with name and vertices')
    return merged(_rois(path, entries, SURFACES[surface]), path)


def _rois(path: Path, entries: list, n: int) -> Iterator[Part]:
    for k, entry in enumerate(entries):
        where = f"{path}: rois[{k}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
            raise UserError(f'{where}: needs a "name"')
        vertices = entry.get("vertices")
        if not isinstance(vertices, dict) or not set(vertices) <= set(SIDES):
            raise UserError(f'{where}: "vertices" must be an object with the lists "left" and "right"')
        for name, side in SIDES.items():
            yield Part(entry["name"].strip(), side, _mask(f"{where}: {name}", vertices.get(name, []), n))


def _mask(where: str, vertices, n: int) -> np.ndarray:
    """Mask (10242,) of a list of vertices of a hemisphere with `n` vertices."""
    if not isinstance(vertices, list) or not all(type(v) is int and 0 <= v < n for v in vertices):
        raise UserError(f"{where}: vertices must be whole numbers from 0 to {n - 1}, counted in each hemisphere")
    mask = np.zeros(N_VERTICES, bool)
    mask[[v for v in vertices if v < N_VERTICES]] = True
    if vertices and not mask.any():
        raise UserError(
            f"{where}: none of its {len(vertices)} vertices is on the coarser mesh fsaverage5; make it larger"
        )
    return mask
