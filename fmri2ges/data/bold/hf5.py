"""Preprocessed BOLD of the Huth lab (OpenNeuro ds003020 and ds004510): one .hf5 file a story.

The key ``data`` holds volumes x voxels, with ten volumes cut off at each end: row i is centred
at 11 + 2 i seconds of the story. The voxels are those of pycortex' ``mask_thick.nii.gz``, in the
order of ``mask.T != 0``. A test story also holds ``individual_repeats``, repeats x volumes x voxels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from ...brain.voxels import VoxelGrid
from ...errors import UserError
from ..content import check_content
from ..limits import check_unpacked
from ..reading import reading
from .series import ROWS, Series, check_size

TR = 2.0  # seconds
FIRST_VOLUME_AT = 11.0  # seconds
KEY, REPEATS = "data", "individual_repeats"
COLUMNS = 4096  # voxels whose repeats are read at a time
# Of a packed array: bytes of a piece, which is unpacked whole, and number of pieces; h5py makes them 1 MB large.
MAX_CHUNK, MAX_CHUNKS = 256 * 2**20, 200_000
BYTES_AT_A_TIME = 64 * 2**20


def open_hf5(path, masks: tuple[Path, ...] = ()) -> Series:
    """BOLD of one story, voxel by voxel.

    Parameters
    ----------
    path : .hf5 file
    masks : none, or the one mask that says where the voxels lie

    Raises
    ------
    UserError
        For a damaged file, a missing key, or a mask with another number of voxels.
    """
    with _dataset(path, KEY, 2) as data:
        shape = data.shape
    grid = _grid(path, masks, shape[1]) if masks else None

    def fill(out: np.ndarray) -> None:
        with _dataset(path, KEY, 2) as data, reading(path, "HDF5"):
            n_rows, n_columns = _tile(shape, data.chunks)
            for row, column in product(range(0, shape[0], n_rows), range(0, shape[1], n_columns)):
                part = np.s_[row : min(row + n_rows, shape[0]), column : min(column + n_columns, shape[1])]
                data.read_direct(out, part, part)  # HDF5 converts to float32 itself

    return Series(shape, fill, "voxels", grid=grid)


@dataclass(frozen=True)
class Halves:
    """The repeats of a story in two halves, which share no repeat.

    Parameters
    ----------
    first, second : the mean of every second repeat, and of the others; of an odd number the last is left out
    repeats : number of repeats
    """

    first: Series
    second: Series
    repeats: int


def open_hf5_halves(path, masks: tuple[Path, ...] = ()) -> Halves | None:
    """The repeats of a test story in two halves; None for a file without two repeats.

    Parameters
    ----------
    path, masks : see `open_hf5`

    Raises
    ------
    UserError
        For a damaged file, or repeats of another size than the story.
    """
    import h5py

    with reading(check_content(path), "HDF5"), h5py.File(path, "r") as file:
        if REPEATS not in file:
            return None
    whole = open_hf5(path, masks)
    with _dataset(path, REPEATS, 3) as repeats:
        n, *shape = repeats.shape
    if tuple(shape) != whole.shape:
        raise UserError(f"{path}: `{REPEATS}` holds repeats of {tuple(shape)}, but `{KEY}` is {whole.shape}")
    if n < 2:
        return None

    def fill_with(half: int) -> Callable[[np.ndarray], None]:
        def fill(out: np.ndarray) -> None:
            with _dataset(path, REPEATS, 3) as repeats, reading(path, "HDF5"):
                for lo in range(0, shape[1], COLUMNS):
                    part = repeats[half : 2 * (n // 2) : 2, :, lo : lo + COLUMNS]
                    out[:, lo : lo + COLUMNS] = part.mean(0)

        return fill

    return Halves(replace(whole, fill=fill_with(0)), replace(whole, fill=fill_with(1)), n)


def _tile(shape: tuple[int, int], chunks: tuple[int, int] | None) -> tuple[int, int]:
    """Rows and columns that are read at a time: whole pieces of a packed array, so that each is unpacked once."""
    if chunks is None:
        return ROWS, shape[1]
    n_rows = chunks[0] * max(1, ROWS // chunks[0])
    pieces = max(1, BYTES_AT_A_TIME // (8 * n_rows * chunks[1]))
    return n_rows, chunks[1] * pieces


def story_noise_ceiling(path) -> np.ndarray | None:
    """Highest correlation that a model can reach with the mean of a test story's repeats.

    Returns
    -------
    array (n_voxels,), float64, see `evaluation.ceiling.noise_ceiling`; None for a file without repeats

    Raises
    ------
    UserError
        For a damaged file, or fewer than two repeats.
    """
    import h5py

    from ...evaluation.ceiling import noise_ceiling

    with reading(check_content(path), "HDF5"), h5py.File(path, "r") as file:
        if REPEATS not in file:
            return None
    with _dataset(path, REPEATS, 3) as repeats:
        n_repeats, n_volumes, n_voxels = repeats.shape
        if n_repeats < 2:
            raise UserError(f"{path}: `{REPEATS}` must hold at least 2 repeats; got {n_repeats}")
        check_size(path, n_repeats * n_volumes, min(COLUMNS, n_voxels))
        ceiling = np.empty(n_voxels)
        for lo in range(0, n_voxels, COLUMNS):
            with reading(path, "HDF5"):
                part = repeats[:, :, lo : lo + COLUMNS]
            ceiling[lo : lo + COLUMNS] = noise_ceiling(part)
    return ceiling


@contextmanager
def _dataset(path, key: str, n_axes: int):
    """An array of numbers in an open file."""
    import h5py

    with reading(check_content(path), "HDF5"):
        file = h5py.File(path, "r")
    with file:
        with reading(path, "HDF5"):
            keys = [str(key) for key in file]
            if isinstance(file.get(key, getlink=True), h5py.ExternalLink):
                raise UserError(_elsewhere(path, key))
            data = file[key] if key in keys else None
            _check_own(path, key, data)
            found = None if data is None else _shape_of(data)
        if found is None:
            raise UserError(f"{path}: lacks the key `{key}`; it holds: {', '.join(keys) or 'nothing'}")
        shape, kind, written = found
        if len(shape) != n_axes or kind not in "fiu":
            axes = {2: "volumes x voxels", 3: "repeats x volumes x voxels"}[n_axes]
            raise UserError(f"{path}: `{key}` must hold numbers, {axes}; got shape {shape}")
        if not written:
            raise UserError(f"{path}: `{key}` was never written; copy the file again")
        _check_packed(path, key, data)
        yield data


def _elsewhere(path, key: str) -> str:
    return f"{path}: the data of `{key}` lie in another file, which is not read; write them into this one"


def _check_own(path, key: str, data) -> None:
    """Refuse data that lie in other files."""
    import h5py

    if not isinstance(data, h5py.Dataset):
        return
    if data.is_virtual or data.external:
        raise UserError(_elsewhere(path, key))


def _check_packed(path, key: str, data) -> None:
    """Refuse what would take far more memory or time than the size of the file lets expect."""
    if data.ndim == 2:
        check_size(path, *data.shape)
    if not data.chunks:
        return
    n_chunks = math.prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
    if math.prod(data.chunks) * data.dtype.itemsize > MAX_CHUNK or n_chunks > MAX_CHUNKS:
        raise UserError(
            f"{path}: `{key}` is packed in {n_chunks} pieces of {' x '.join(map(str, data.chunks))} numbers; write it "
            "in "
            f"at most {MAX_CHUNKS} pieces of at most {MAX_CHUNK // 2**20} MB"
        )
    check_unpacked(path, math.prod(data.shape) * data.dtype.itemsize)


def _shape_of(data) -> tuple[tuple[int, ...], str, int]:
    """Shape, kind of number and bytes in the file of what a key holds; a group has no shape."""
    import h5py

    if not isinstance(data, h5py.Dataset) or data.shape is None:
        return (), "", 0
    return data.shape, data.dtype.kind, data.id.get_storage_size()


def _grid(path, masks: tuple[Path, ...], n_voxels: int) -> VoxelGrid:
    from .nifti import read_mask

    if len(masks) > 1:
        raise UserError(f"{path}: a .hf5 file has one mask; got {len(masks)}")
    mask, affine = read_mask(masks[0])
    ijk = np.argwhere(mask.T)[:, ::-1]
    if len(ijk) != n_voxels:
        raise UserError(
            f"{path}: has {n_voxels} voxels, but the mask {masks[0]} has {len(ijk)}; give the mask_thick.nii.gz of "
            "this subject"
        )
    return VoxelGrid(mask.shape, affine, ijk)
