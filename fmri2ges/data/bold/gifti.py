"""BOLD on fsaverage5, 6, 7 or fsLR-32k: a pair of GIFTI functional files, one per hemisphere."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.surface import MESH_SIZES, N_FSLR, to_fsaverage5
from ...errors import UserError
from .series import Series, array_series, check_size, reading

STRUCTURES = {"CortexLeft": "L", "CortexRight": "R"}
# How names say the hemisphere: BIDS, FreeSurfer, Connectome Workbench.
MARKS = (
    re.compile(r"(?<=hemi-)([LR])(?=[_.])"),
    re.compile(r"(?<![A-Za-z])([lr])(?=h[._])"),
    re.compile(r"(?<=[._])([LR])(?=[._])"),
)


def open_gifti(path, partner=None) -> Series:
    """BOLD of both hemispheres on fsaverage5.

    A file holds one array per volume, or one array with an axis of vertices and one of volumes.
    A GIFTI file is read whole, one hemisphere at a time.

    Parameters
    ----------
    path : .gii file of either hemisphere
    partner : file of the other one; by default the name of `path` with the hemisphere changed

    Raises
    ------
    UserError
        For a damaged file, no partner, two files of one hemisphere, another mesh, or other lengths.
    """
    path = Path(path)
    partner = Path(partner) if partner else partner_of(path)
    if not partner.is_file():
        raise UserError(f"{path}: the other hemisphere is missing: no such file: {partner}")
    sides = {}
    for file in (path, partner):
        values, side = _hemisphere(file)
        if side in sides:
            raise UserError(f"{path}: {partner.name} is the same hemisphere ({side}); give one file of each")
        sides[side] = values
    left, right = sides["L"], sides["R"]
    if len(left) != len(right):
        raise UserError(f"{path}: the hemispheres differ in length: {len(left)} volumes left, {len(right)} right")
    return array_series(np.concatenate([left, right], axis=1), "fsaverage5")


def load_gifti(path):
    """The file as nibabel reads it; its parser would count up to whatever number of axes a damaged file states.

    Raises
    ------
    UserError
        For a damaged file.
    """
    import nibabel

    with reading(path, "GIFTI"):
        with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as text:
            if re.search(rb"Dimensionality\s*=\s*[\"'][^\"']{3}", text):
                raise ValueError("an array with 100 axes or more")
        image = nibabel.load(path)
    if not isinstance(image, nibabel.GiftiImage):
        raise UserError(f"{path}: is not a GIFTI file ({type(image).__name__})")
    return image


def partner_of(path) -> Path:
    """The file of the other hemisphere, by name.

    Raises
    ------
    UserError
        When the name does not say which hemisphere it is.
    """
    path = Path(path)
    mark = _mark(path.name)
    if mark is None:
        raise UserError(
            f"{path}: which hemisphere? Put hemi-L, lh. or .L. into its name, or give both files: bold = [left, right]"
        )
    other = mark.group(1).translate(str.maketrans("LRlr", "RLrl"))
    return path.with_name(path.name[: mark.start(1)] + other + path.name[mark.end(1) :])


def _mark(name: str) -> re.Match | None:
    return next((found for pattern in MARKS if (found := pattern.search(name))), None)


def _hemisphere(path: Path) -> tuple[np.ndarray, str]:
    """BOLD (n_volumes, 10242), float32, and 'L' or 'R'."""
    image = load_gifti(path)
    with reading(path, "GIFTI"):
        arrays = [np.asarray(d.data) for d in image.darrays]
        stated = [
            dict(m or {}).get("AnatomicalStructurePrimary") for m in (image.meta, *(d.meta for d in image.darrays[:1]))
        ]
    if not arrays:
        raise UserError(f"{path}: holds no data")
    mark = _mark(path.name)
    side = next((STRUCTURES[s] for s in stated if s in STRUCTURES), mark.group(1).upper() if mark else None)
    if side is None:
        raise UserError(f"{path}: which hemisphere? Put hemi-L, hemi-R, lh. or rh. into its name")
    if len(arrays) == 1:
        return _volumes(path, arrays[0], side), side
    if any(a.ndim != 1 for a in arrays):
        raise UserError(
            f"{path}: each array must be one volume; got shapes {', '.join(str(a.shape) for a in arrays[:3])} ..."
        )
    # Copies, so that the finer mesh can be freed.
    return np.stack([to_fsaverage5(a, side, path).astype(np.float32) for a in arrays]), side


def _volumes(path: Path, array: np.ndarray, side: str) -> np.ndarray:
    """The volumes of a single array, (n_volumes, 10242)."""
    if array.ndim != 2:
        raise UserError(
            f"{path}: holds one array of shape {array.shape}; it must be vertices x volumes, or one array per volume"
        )
    if array.shape[0] not in (*MESH_SIZES, N_FSLR):
        array = array.T
    check_size(path, array.shape[1], 2 * N_VERTICES)
    return to_fsaverage5(array, side, path).T.astype(np.float32)
