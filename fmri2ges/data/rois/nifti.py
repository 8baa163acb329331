"""ROIs as a mask or a statistic map in MNI space (.nii, .nii.gz), to and from the vertices of fsaverage5."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...brain.surface import load_surface
from ...brain.voxels import VoxelGrid
from ...errors import UserError
from ..atomic import write_bytes
from ..images import has_place, load_image
from ..masks import SLACK, Threshold, roi_inside
from ..reading import reading
from .mesh import Part, merged, stem_of

MAX_VOXELS = 32_000_000  # MNI space at 0.7 mm has 21 million
GRID, ORIGIN = (91, 109, 91), (90.0, -126.0, -72.0)  # FSL's MNI152 grid of 2 mm, radiological


def read_nifti_roi(path: Path, threshold: Threshold | None = None) -> tuple[Roi, ...]:
    """The ROI of a mask, named by the file: vertices whose mean over the cortical ribbon is above .5.

    A statistic map is sampled in the same way, and then compared with the threshold.

    Sampled by `nilearn.surface.vol_to_surf` with linear interpolation between the white and the pial
    surface of fsaverage5, which lie in MNI space to within about 2 mm.

    Parameters
    ----------
    path : 3D image in MNI space, .nii, .nii.gz, .mgh or .mgz: a mask (0 and 1, or 0 and another number), a
        probability from 0 to 1, or a statistic map; NaN is outside
    threshold : threshold of a statistic map; None for a mask

    Raises
    ------
    UserError
        For a damaged image, one that is no mask, or one that misses the cortex.
    """
    data, affine, statistic = _volume(path)
    data = _to_sample(path, data, threshold, statistic)
    cut = threshold or Threshold(0.5)
    name = stem_of(path)
    rois = merged([Part(name, side, roi_inside(path, _sample(path, data, affine, side), cut)) for side in "LR"], path)
    if data.any() and not rois:
        where = "in the mask" if threshold is None else f"where the map is {threshold}"
        raise UserError(f"{path}: no vertex of the cortex lies {where}; is it in MNI space, and cortical?")
    return rois


def read_nifti_values(path: Path) -> np.ndarray:
    """A map in MNI space at each vertex of fsaverage5, sampled as masks are: array (20484,), NaN outside the image.

    Parameters
    ----------
    path : as in `read_nifti_roi`; a voxel that is no number counts as 0

    Raises
    ------
    UserError
        As `read_nifti_roi`, and for a map that is 0 on the whole cortex.
    """
    data, affine, _ = _volume(path)
    data = np.where(np.isfinite(data), data, 0)
    values = np.concatenate([_sample(path, data, affine, side) for side in "LR"])
    if not np.nan_to_num(values).any():
        raise UserError(f"{path}: is 0 on the whole cortex; is it in MNI space, and cortical?")
    return values


def _volume(path: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """The numbers of a 3D image, float32, its affine (4, 4), and the statistic that its header names, if any."""
    image = load_image(path)
    shape = tuple(int(n) for n in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 2:
        raise UserError(f"{path}: must be one 3D mask or map; got shape {tuple(image.shape)}")
    if np.prod(shape, dtype=float) > MAX_VOXELS:
        raise UserError(f"{path}: shape {shape} is more than {MAX_VOXELS} voxels; resample it to 1 or 2 mm")
    with reading(path, "NIfTI"):
        data = np.asarray(image.dataobj, np.float32).reshape(shape)
        affine = np.asarray(image.affine, np.float64)
    if not has_place(image):
        raise UserError(
            f"{path}: does not say where it lies (sform and qform are both 0), so it cannot be laid onto the cortex; "
            "write it with its affine in MNI space"
        )
    if abs(np.linalg.det(affine[:3, :3])) < 1e-6:
        raise UserError(f"{path}: its affine cannot be inverted; set it to MNI space")
    return data, affine, _statistic(image)


def _statistic(image) -> str:
    """What a NIfTI header calls its values, where it calls them a statistic; else empty."""
    header = image.header
    if "intent_code" not in header or not 2 <= int(header["intent_code"]) <= 24:
        return ""
    return f"a statistic ({header.get_intent()[0]})"


def _to_sample(path: Path, data: np.ndarray, threshold: Threshold | None, statistic: str) -> np.ndarray:
    """A volume as it is sampled: a mask as 0 and 1, a probability and a statistic as they are; outside is 0."""
    inside = roi_inside(path, data, threshold, statistic)
    finite = np.where(np.isfinite(data), data, 0)
    if threshold is not None:
        return finite
    return finite if finite.max(initial=0) <= 1 + SLACK else inside.astype(np.float32)


def _sample(path: Path, data: np.ndarray, affine: np.ndarray, side: str) -> np.ndarray:
    """Mean of a volume over the ribbon at each vertex of a hemisphere, array (10242,); NaN outside the image."""
    import nibabel
    from nilearn.surface import vol_to_surf

    part = slice(0, N_VERTICES) if side == "L" else slice(N_VERTICES, None)
    pial, white = load_surface("pial"), load_surface("white")
    n_faces = len(pial.faces) // 2
    faces = pial.faces[:n_faces] if side == "L" else pial.faces[n_faces:] - N_VERTICES
    with reading(path, "a mask in MNI space"):
        return vol_to_surf(
            nibabel.Nifti1Image(data, affine),
            [pial.vertices[part], faces],
            inner_mesh=[white.vertices[part], faces],
            interpolation="linear",
        )


def write_nifti_roi(rois, out: Path) -> tuple[Path, ...]:
    """Write the ribbon of one ROI as a mask on FSL's MNI152 grid of 2 mm, uint8.

    A voxel is inside when most of the points of the ribbon in it belong to the ROI; each triangle is
    filled with points, and a point belongs to the corner that it is nearest to. Reading the mask back
    gives almost the same vertices, not exactly these: .label.gii does.
    """
    import nibabel

    if len(rois) != 1:
        raise UserError(f"{out}: a mask holds one ROI; got {len(rois)}. Unite them, or write .label.gii")
    affine = np.diag([-2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = ORIGIN
    white, pial = load_surface("white"), load_surface("pial")
    faces = white.faces
    low, high = white.vertices[faces], pial.vertices[faces]  # (n_faces, corner, xyz)
    n = 5  # steps along a side of a triangle and through the ribbon: below 1 mm
    n_voxels = int(np.prod(GRID))
    total, inside = np.zeros(n_voxels), np.zeros(n_voxels)
    for weights in np.array([(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)], np.float32) / n:
        owner = rois[0].mask[faces[:, weights.argmax()]]
        start, end = weights @ low, weights @ high
        points = start + np.linspace(0, 1, n + 1)[:, None, None] * (end - start)  # (depth, face, xyz)
        ijk = np.rint((points - affine[:3, 3]) / np.diag(affine)[:3]).astype(int)
        voxel = np.ravel_multi_index(tuple(np.moveaxis(ijk, -1, 0)), GRID)
        total += np.bincount(voxel.ravel(), minlength=n_voxels)
        inside += np.bincount(voxel[:, owner].ravel(), minlength=n_voxels)
    image = nibabel.Nifti1Image((2 * inside > total).reshape(GRID).astype(np.uint8), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code="mni")
    image.set_qform(affine, code="mni")
    data = image.to_bytes()
    # Without a time stamp, the same ROI gives the same bytes.
    return (write_bytes(out, gzip.compress(data, mtime=0) if out.suffix == ".gz" else data),)


def write_voxel_mask(out: Path, grid: VoxelGrid, inside: np.ndarray) -> Path:
    """Write voxels as a mask in the subject's own grid.

    Parameters
    ----------
    out : .nii or .nii.gz
    grid : where the voxels lie
    inside : boolean array (n_voxels,)
    """
    return _write_in_grid(out, grid, grid.volume(inside.astype(np.float32), fill=0.0).astype(np.uint8))


def write_voxel_map(out: Path, grid: VoxelGrid, values: np.ndarray) -> Path:
    """Write a map in the subject's own grid, float32, NaN where nothing was measured.

    Parameters
    ----------
    out : .nii or .nii.gz
    grid : where the voxels lie
    values : array (n_voxels,)
    """
    return _write_in_grid(out, grid, grid.volume(values))


def _write_in_grid(out: Path, grid: VoxelGrid, volume: np.ndarray) -> Path:
    import nibabel

    data = nibabel.Nifti1Image(volume, grid.affine).to_bytes()
    return write_bytes(out, gzip.compress(data, mtime=0) if out.name.lower().endswith(".gz") else data)
