"""Maps on the vertices of one hemisphere, as GIFTI files hold them: by intent and shape, whatever their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..brain.surface import MESH_SIZES, N_FSLR
from ..errors import UserError
from .gifti import Gifti

# Arrays that say where vertices lie, and hold no map.
GEOMETRY = ("NODE_INDEX", "POINTSET", "TRIANGLE", "VECTOR", "GENMATRIX")
SIZES = tuple(sorted((*MESH_SIZES, N_FSLR)))  # vertices of a hemisphere of the meshes that are known
SIDES = {"cortexleft": "L", "cortexright": "R", "left": "L", "right": "R"}


@dataclass(frozen=True)
class VertexMap:
    """One array of a surface file.

    Parameters
    ----------
    intent : see `GiftiArray`
    data : array (n_vertices,), or two axes as the file has them
    meta : its own metadata
    """

    intent: str
    data: np.ndarray
    meta: dict[str, str]


def vertex_maps(path, gifti: Gifti) -> list[VertexMap]:
    """The arrays of a file that hold maps, axes of length one taken away and vertices in the order of the mesh.

    Raises
    ------
    UserError
        For a list of vertices (NODE_INDEX) that does not go with the other arrays or with a known mesh.
    """
    lists = [a.data.ravel() for a in gifti.arrays if a.intent == "NODE_INDEX"]
    if any(not np.array_equal(lists[0], other) for other in lists[1:]):
        raise UserError(f"{path}: has several different lists of vertices (NODE_INDEX); write one file for each")
    maps = [VertexMap(a.intent, _squeezed(a.data), a.meta) for a in gifti.arrays if a.intent not in GEOMETRY]
    if not lists:
        return maps
    place = _place(path, lists[0])
    return [VertexMap(m.intent, _placed(path, m.data, *place), m.meta) for m in maps]


def stated_side(structure: str | None) -> str | None:
    """'L' or 'R' for the name of a structure in metadata (CortexLeft, CIFTI_STRUCTURE_CORTEX_LEFT ...), else None."""
    return SIDES.get((structure or "").lower().removeprefix("cifti_structure_").replace("_", "").replace(" ", ""))


def _squeezed(data: np.ndarray) -> np.ndarray:
    """An array without its axes of length one; an axis of vertices stays."""
    return data if data.ndim == 1 else data.reshape([n for n in data.shape if n != 1] or [1])


def _place(path, index: np.ndarray) -> tuple[np.ndarray, int]:
    """Vertices that the rows of the other arrays stand for, and how many the mesh has."""
    if index.dtype.kind not in "iuf" or not len(index) or not (index == np.floor(index)).all() or index.min() < 0:
        raise UserError(f"{path}: its list of vertices (NODE_INDEX) must hold whole numbers from 0 on")
    index = index.astype(np.int64)
    if len(np.unique(index)) < len(index):
        raise UserError(f"{path}: its list of vertices (NODE_INDEX) names a vertex twice; write it again")
    n = next((n for n in SIZES if n > index.max()), 0)
    # With fewer vertices the mesh cannot be told: the same numbers stand for other places on another mesh.
    if 2 * len(index) <= n or not n:
        raise UserError(
            f"{path}: holds {len(index)} vertices up to number {index.max()} of a mesh that it does not name; write a "
            "value "
            f"for every vertex of fsaverage5, 6 or 7 or fsLR-32k ({', '.join(map(str, SIZES))})"
        )
    return index, n


def _placed(path, data: np.ndarray, index: np.ndarray, n: int) -> np.ndarray:
    """Rows of an array at the vertices that they belong to; NaN, or 0 for whole numbers, elsewhere."""
    if len(data) != len(index) and data.ndim == 2:
        data = data.T
    if len(data) != len(index):
        raise UserError(
            f"{Path(path)}: names {len(index)} vertices (NODE_INDEX), but an array has the shape {data.shape}"
        )
    empty = np.nan if data.dtype.kind == "f" else 0
    out = np.full((n, *data.shape[1:]), empty, data.dtype)
    out[index] = data
    return out
