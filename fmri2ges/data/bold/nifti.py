"""BOLD in a volume: a 4D NIfTI or MGH file and the mask that says which voxels count."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...brain.voxels import VoxelGrid
from ...errors import UserError
from ..images import image_tr, load_image, on_surface
from ..limits import check_unpacked
from ..masks import Threshold, roi_inside, volume_inside
from ..reading import reading
from .frames import read_frames
from .pairs import open_pair
from .series import Series

MAX_GRID = 60_000_000  # voxels of a mask's volume; MNI space at 0.5 mm has 58 million
PACKED = (".nii.gz", ".mgz")
BYTES_AT_A_TIME = 64 * 2**20


def open_volume(path, masks: tuple[Path, ...], partner: Path | None = None) -> Series:
    """BOLD of the voxels of a mask, in the order of nilearn: C order of the mask.

    A file that holds the vertices of a hemisphere is one of a pair of surfaces.

    Parameters
    ----------
    path : .nii, .mgh (memory-mapped) or .nii.gz, .mgz (read from front to back, a few volumes at a time)
    masks : at least one 3D file of the same grid; voxels inside all of them count
    partner : the other hemisphere of a surface, where its name does not follow from `path`

    Raises
    ------
    UserError
        For a damaged file, no or an empty mask, and a mask of another shape or place.
    """
    image = load_image(path)
    if on_surface(image) and not masks:
        return open_pair(path, partner, read_frames)
    if partner:
        raise UserError(f"{path}: is a volume, which is one file; give one")
    if len(image.shape) != 4:
        raise UserError(f"{path}: must be 4D (x, y, z, volumes); got shape {image.shape}")
    if not masks:
        raise UserError(f"{path}: needs `mask`, a 3D NIfTI file of the same grid that says which voxels count")
    mask, affine = common_mask(masks)
    grid = VoxelGrid(mask.shape, affine, np.argwhere(mask))
    if not grid.same_place(image.shape[:3], image.affine):
        raise UserError(
            f"{path}: is {_grid_text(image.shape[:3], image.affine)}, but its mask {masks[0]} is "
            f"{_grid_text(mask.shape, affine)}; resample the mask to the grid of the BOLD"
        )

    if Path(path).name.lower().endswith(PACKED):
        # Outside the mask there may be nothing but zeros, which shrink to almost nothing.
        check_unpacked(path, image.shape[3] * len(grid.ijk) * 4)
    # A scaled volume is float64.
    volumes = max(1, BYTES_AT_A_TIME // (8 * mask.size))

    def fill(out: np.ndarray) -> None:
        for lo in range(0, image.shape[3], volumes):
            with reading(path, "NIfTI"):
                part = np.asanyarray(image.dataobj[..., lo : lo + volumes])
            out[lo : lo + volumes] = part[mask].T

    with reading(path, "NIfTI"):
        return Series((image.shape[3], len(grid.ijk)), fill, "voxels", tr=image_tr(image), grid=grid)


def common_mask(paths) -> tuple[np.ndarray, np.ndarray]:
    """Voxels inside all masks, boolean (n_i, n_j, n_k), and the affine (4, 4)."""
    mask, affine = read_mask(paths[0])
    for path in paths[1:]:
        other, place = read_mask(path)
        if other.shape != mask.shape or not np.allclose(place, affine, atol=0.01):
            raise UserError(f"{path}: is another grid than the mask {paths[0]}; resample it")
        mask = mask & other
    if not mask.any():
        raise UserError(f"{', '.join(map(str, paths))}: no voxel lies inside; a mask needs values above 0")
    return mask, affine


def read_mask(path) -> tuple[np.ndarray, np.ndarray]:
    """A 3D mask as booleans (values above 0.5, so that probabilities work too) and its affine (4, 4)."""
    values, affine = _read_map(path)
    return volume_inside(path, values), affine


def _read_map(path) -> tuple[np.ndarray, np.ndarray]:
    """Values of a 3D volume, (n_i, n_j, n_k), and its affine (4, 4)."""
    image = load_image(path)
    shape = image.shape[:-1] if len(image.shape) == 4 and image.shape[3] == 1 else image.shape
    if len(shape) != 3 or not 0 < np.prod(shape, dtype=float) <= MAX_GRID:
        raise UserError(f"{path}: a mask must be 3D with at most {MAX_GRID} voxels; got shape {image.shape}")
    with reading(path, "NIfTI"):
        return np.asanyarray(image.dataobj).reshape(shape), np.asarray(image.affine, float)


def volume_shape(path) -> tuple[int, ...]:
    """(n_i, n_j, n_k) of a NIfTI or MGH file, from its header."""
    return tuple(int(n) for n in load_image(path).shape[:3])


def voxel_roi(grid: VoxelGrid, path, threshold: Threshold | None = None) -> np.ndarray:
    """Voxels of a recording that lie inside an ROI drawn in the subject's own grid.

    Parameters
    ----------
    grid : grid of the recording
    path : 3D NIfTI mask or statistic map with the same shape and affine
    threshold : threshold of a statistic map; None for a mask

    Returns
    -------
    array (n_voxels,), bool, in the order of the recording's columns
    """
    values, affine = _read_map(path)
    mask = roi_inside(path, values, threshold)
    if not grid.same_place(mask.shape, affine):
        raise UserError(
            f"{path}: is {_grid_text(mask.shape, affine)}, but the recording is {_grid_text(grid.shape, grid.affine)}; "
            "resample the ROI to the subject's own grid"
        )
    inside = mask[tuple(grid.ijk.T)]
    if not inside.any():
        raise UserError(f"{path}: holds no voxel of the recording's mask")
    return inside


def _grid_text(shape, affine) -> str:
    size = np.sqrt((np.asarray(affine)[:3, :3] ** 2).sum(0))
    corner = ", ".join(f"{v:.1f}" for v in np.asarray(affine)[:3, 3])
    return f"{' x '.join(map(str, shape))} voxels of {' x '.join(f'{s:.3g}' for s in size)} mm from ({corner})"
