"""fsaverage5: its meshes, its folding, and the graph of its edges, along which distances are measured.

The meshes lie inside the package nilearn. Their files are read without importing it, which would take seconds.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from ..errors import UserError, check_option
from .atlas import DATA, N_VERTICES, load_atlas

HEMISPHERES = ("left", "right")
# Name of a surface -> stem of nilearn's file.
KINDS = {"pial": "pial", "white": "white", "inflated": "infl", "sphere": "sphere", "flat": "flat"}
# fsaverage5, 6 and 7: nested meshes, the first 10,242 vertices of each are fsaverage5.
MESH_SIZES = (10242, 40962, 163842)
N_FSLR = 32492  # per hemisphere of fsLR-32k, the surface space of the Human Connectome Project


@dataclass(frozen=True)
class Surface:
    """A mesh of both hemispheres, the left one first.

    Parameters
    ----------
    vertices : array (20484, 3), float32, mm; x right, y anterior, z superior
        On ``inflated``, ``sphere`` and ``flat`` each hemisphere has its own origin, so the two overlap.
    faces : array (n_faces, 3), int32; corners counter-clockwise seen from outside
    """

    vertices: np.ndarray
    faces: np.ndarray


def _read(stem: str, side: str) -> list[np.ndarray]:
    """Data arrays of one GIFTI file of nilearn's package."""
    spec = importlib.util.find_spec("nilearn")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "cortex: the package nilearn is missing (its fsaverage5 mesh is needed); run pip install nilearn"
        )
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "fsaverage5" / f"{stem}_{side}.gii.gz"
    if not path.exists():
        raise UserError(f"cortex: nilearn has no {path.name}; install nilearn 0.12 or newer")
    import nibabel

    return [array.data for array in nibabel.GiftiImage.from_filename(path).darrays]


@cache
def load_surface(kind: str = "pial") -> Surface:
    """A surface of fsaverage5: pial, white, inflated, sphere or flat.

    Raises
    ------
    UserError
        For an unknown kind, or when nilearn's files are missing.
    """
    check_option("surface", kind, KINDS)
    (left, left_faces), (right, right_faces) = (_read(KINDS[kind], side)[:2] for side in HEMISPHERES)
    return Surface(
        np.concatenate([left, right]).astype(np.float32),
        np.concatenate([left_faces, right_faces + N_VERTICES]).astype(np.int32),
    )


@lru_cache(maxsize=1)
def load_sulc() -> np.ndarray:
    """Depth of folding, array (20484,), float32, FreeSurfer's units; positive in a sulcus."""
    return np.concatenate([_read("sulc", side)[0] for side in HEMISPHERES]).astype(np.float32)


def bare_cortex() -> np.ndarray:
    """Grey by folding, array (20484, 3), 0 to 1: sulci darker, the medial wall darkest."""
    grey = np.where(load_sulc() > 0, 0.68, 0.82)
    grey = np.where(load_atlas().labels == 0, 0.55, grey)
    return np.repeat(grey[:, None], 3, axis=1)


@lru_cache(maxsize=1)
def cortex_graph():
    """Edges of the cortical sheet with their length, sparse CSR (20484, 20484), mm, symmetric.

    Lengths are taken half-way between the white and the pial surface. The medial wall is not
    cortex: its vertices have no edge, so no path crosses it.
    """
    from scipy.sparse import coo_array

    mid = (load_surface("white").vertices + load_surface("pial").vertices) / 2
    faces = load_surface("white").faces
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0)
    cortex = load_atlas().labels > 0
    edges = edges[cortex[edges].all(axis=1)]
    length = np.linalg.norm(mid[edges[:, 0]] - mid[edges[:, 1]], axis=1).astype(float)
    both = np.concatenate([edges, edges[:, ::-1]])
    n = len(mid)
    return coo_array((np.tile(length, 2), (both[:, 0], both[:, 1])), shape=(n, n)).tocsr()


@lru_cache(maxsize=1)
def load_fslr_index() -> tuple[np.ndarray, np.ndarray]:
    """For each vertex of fsaverage5 the vertex of fsLR-32k at its place: (left, right), each (10242,), int64."""
    with np.load(DATA / "hcpmmp1_fsaverage5.npz", allow_pickle=False) as z:
        return z["left_fslr32k_index"].astype(np.int64), z["right_fslr32k_index"].astype(np.int64)


def to_fsaverage5(values, side: str, where="values") -> np.ndarray:
    """One hemisphere's values on fsaverage5; the number of vertices tells the mesh they are on.

    Parameters
    ----------
    values : array (n_vertices, ...) on fsaverage5, 6 or 7 (the first 10,242 vertices are kept) or on
        fsLR-32k (each vertex takes the value of the one at its place)
    side : 'L' or 'R'
    where : what error messages begin with, such as the name of the file

    Returns
    -------
    array (10242, ...)

    Raises
    ------
    UserError
        For any other number of vertices.
    """
    if len(values) in MESH_SIZES:
        return values[:N_VERTICES]
    if len(values) == N_FSLR:
        return values[load_fslr_index()["LR".index(side)]]
    raise UserError(
        f"{where}: has {len(values)} vertices in a hemisphere; allowed: {', '.join(map(str, MESH_SIZES))} "
        f"(fsaverage5, 6, 7) or {N_FSLR} (fsLR-32k); move it to one of these first"
    )
