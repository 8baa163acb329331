"""BOLD in a volume: a 4D NIfTI file and the mask that says which voxels count."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...brain.voxels import VoxelGrid
from ...errors import UserError
from .series import Series, reading

MAX_GRID = 60_000_000  # voxels of a mask's volume; MNI space at 0.5 mm has 58 million
SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
VOLUMES = 4  # read at a time


def open_nifti(path, masks: tuple[Path, ...]) -> Series:
    """BOLD of the voxels of a mask, in the order of nilearn: C order of the mask.

    Parameters
    ----------
    path : .nii (memory-mapped) or .nii.gz (read from front to back, a few volumes at a time)
    masks : at least one 3D NIfTI file of the same grid; voxels inside all of them count

    Raises
    ------
    UserError
        For a damaged file, no or an empty mask, and a mask of another shape or place.
    """
    image = _load(path)
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

    def fill(out: np.ndarray) -> None:
        for lo in range(0, image.shape[3], VOLUMES):
            with reading(path, "NIfTI"):
                part = np.asanyarray(image.dataobj[..., lo : lo + VOLUMES])
            out[lo : lo + VOLUMES] = part[mask].T

    with reading(path, "NIfTI"):
        return Series((image.shape[3], len(grid.ijk)), fill, "voxels", tr=_tr(image), grid=grid)


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
    image = _load(path)
    shape = image.shape[:-1] if len(image.shape) == 4 and image.shape[3] == 1 else image.shape
    if len(shape) != 3 or not 0 < np.prod(shape, dtype=float) <= MAX_GRID:
        raise UserError(f"{path}: a mask must be 3D with at most {MAX_GRID} voxels; got shape {image.shape}")
    with reading(path, "NIfTI"):
        values = np.asanyarray(image.dataobj).reshape(shape)
        return values > 0.5, np.asarray(image.affine, float)


def volume_shape(path) -> tuple[int, ...]:
    """(n_i, n_j, n_k) of a NIfTI file, from its header."""
    return tuple(int(n) for n in _load(path).shape[:3])


def voxel_roi(grid: VoxelGrid, path) -> np.ndarray:
    """Voxels of a recording that lie inside an ROI drawn in the subject's own grid.

    Parameters
    ----------
    grid : of the recording
    path : 3D NIfTI mask with the same shape and affine

    Returns
    -------
    array (n_voxels,), bool, in the order of the recording's columns
    """
    mask, affine = read_mask(path)
    if not grid.same_place(mask.shape, affine):
        raise UserError(
            f"{path}: is {_grid_text(mask.shape, affine)}, but the recording is {_grid_text(grid.shape, grid.affine)}; "
            "resample the ROI to the subject's own grid"
        )
    inside = mask[tuple(grid.ijk.T)]
    if not inside.any():
        raise UserError(f"{path}: holds no voxel of the recording's mask")
    return inside


def _load(path):
    import nibabel

    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    with reading(path, "NIfTI"):
        # An open file keeps its place: a compressed one is then read once, not once per volume.
        image = nibabel.load(path, keep_file_open=True)
    if not isinstance(image, nibabel.Nifti1Image):
        raise UserError(f"{path}: is not a NIfTI volume ({type(image).__name__})")
    if image.affine is None or not np.isfinite(image.affine).all():
        raise UserError(f"{path}: its header does not say where the volume lies (affine with NaN)")
    return image


def _tr(image) -> float | None:
    """Repetition time in seconds, where the header gives its unit."""
    unit = image.header.get_xyzt_units()[1]
    tr = float(image.header.get_zooms()[3])
    return tr * SECONDS[unit] if unit in SECONDS and 0 < tr < np.inf else None


def _grid_text(shape, affine) -> str:
    size = np.sqrt((np.asarray(affine)[:3, :3] ** 2).sum(0))
    corner = ", ".join(f"{v:.1f}" for v in np.asarray(affine)[:3, 3])
    return f"{' x '.join(map(str, shape))} voxels of {' x '.join(f'{s:.3g}' for s in size)} mm from ({corner})"
