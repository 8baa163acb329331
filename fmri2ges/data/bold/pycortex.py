"""Voxels of a subject on fsaverage5, through the surfaces and the transform of a pycortex subject.

pycortex (Gao et al. 2015, Front. Neuroinform. 9:23) keeps a folder for each subject: ``surfaces/``
with the meshes in mm and ``transforms/NAME/`` with the way from there to the voxels of the BOLD.
Each vertex takes the voxel that it lies in, half-way between white matter and pia.

That puts BOLD on the subject's own mesh. fsaverage5 needs more: which of its vertices is which.
Either the surfaces are resampled to fsaverage, or FreeSurfer's registered spheres say it: there
each vertex of fsaverage5 takes the nearest vertex of the subject. With neither there is no way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES, load_atlas
from ...brain.surface import MESH_SIZES, load_surface
from ...brain.voxels import VoxelGrid, surface_columns
from ...errors import UserError, check_finite
from ..content import check_content
from ..gifti import read_gifti
from ..headers import check_surface_header
from ..npz import npz_arrays
from ..reading import reading
from .nifti import volume_shape
from .series import Series, check_size
from .xfm import read_xfm

SIDES = ("lh", "rh")
# mask_thick holds every voxel near the cortex; where less of it is found, the transform belongs to another volume.
MIN_FOUND = 0.5


@dataclass(frozen=True)
class PycortexSubject:
    """A subject's folder in a pycortex database.

    Parameters
    ----------
    folder : holds ``surfaces`` and ``transforms``
    transform : name of the folder in ``transforms``; None where there is only one
    spheres : (left, right) spheres of the same meshes, registered to fsaverage (FreeSurfer's
        lh.sphere.reg and rh.sphere.reg, or .gii); empty where the surfaces are on fsaverage
    """

    folder: Path
    transform: str | None = None
    spheres: tuple[Path, ...] = ()

    def transform_folder(self) -> Path:
        """The folder of the transform; a `UserError` where it is missing or has to be chosen."""
        root = self.folder / "transforms"
        there = sorted(p.parent.name for p in root.glob("*/matrices.xfm"))
        if not there:
            raise UserError(
                f"{self.folder}: has no transform (transforms/NAME/matrices.xfm); give the folder of one subject"
            )
        if self.transform is None and len(there) > 1:
            raise UserError(
                f"{self.folder}: has several transforms; choose one with transform = ...: {', '.join(there)}"
            )
        if self.transform is not None and self.transform not in there:
            raise UserError(f"{self.folder}: has no transform {self.transform!r}; allowed: {', '.join(there)}")
        return root / (self.transform or there[0])

    def mask(self) -> Path:
        """The mask that says where the voxels of the BOLD lie, unless the study names another."""
        path = self.transform_folder() / "mask_thick.nii.gz"
        if not path.is_file():
            raise UserError(f"{path}: no such file; give the mask of the BOLD as mask = ...")
        return path

    def files(self) -> tuple[Path, ...]:
        """Every file that decides which voxel a vertex takes."""
        folder = self.transform_folder()
        surfaces = [_stored(self.folder, name, side) for name in ("fiducial", "wm", "pia") for side in SIDES]
        masks = [p for p in (folder / "mask_thick.nii.gz",) if p.is_file()]
        return (folder / "matrices.xfm", *filter(None, surfaces), *self.spheres, *masks)


def on_fsaverage5(series: Series, subject: PycortexSubject, path) -> Series:
    """A series of voxels as a series on fsaverage5; vertices in no voxel are NaN.

    Raises
    ------
    UserError
        For a missing or damaged surface, transform or sphere, meshes that are not registered to fsaverage,
        and a transform to another volume.
    """
    assert series.grid is not None
    columns, note = vertex_columns(subject, series.grid)
    check_size(path, *series.shape)

    def fill(out: np.ndarray) -> None:
        voxels = np.empty(series.shape, np.float32)
        series.fill(voxels)
        out[:] = voxels[:, columns]
        out[:, columns < 0] = np.nan

    return Series((series.shape[0], len(columns)), fill, "fsaverage5", tr=series.tr, note=note)


def vertex_columns(subject: PycortexSubject, grid: VoxelGrid) -> tuple[np.ndarray, str]:
    """Column of the voxel of each vertex of fsaverage5, array (20484,), int, -1 for none; and one line on how."""
    folder = subject.transform_folder()
    coord = read_xfm(folder / "matrices.xfm")
    reference = folder / "reference.nii.gz"
    if reference.is_file() and volume_shape(reference) != tuple(grid.shape):
        raise UserError(
            f"{folder / 'matrices.xfm'}: leads to a volume of {_by(volume_shape(reference))} voxels "
            f"({reference.name}), but the "
            f"mask of the BOLD has {_by(grid.shape)}; give the transform of this BOLD"
        )
    meshes = [_fiducial(subject.folder, side) for side in SIDES]
    index = [_on_sphere(subject, side, len(mesh)) for side, mesh in zip(SIDES, meshes, strict=True)]
    columns = surface_columns(np.concatenate([mesh[k] for mesh, k in zip(meshes, index, strict=True)]), coord, grid)
    found = float((columns >= 0)[load_atlas().labels > 0].mean())
    if found < MIN_FOUND:
        raise UserError(
            f"{folder / 'matrices.xfm'}: only {100 * found:.0f} % of the cortex lies in voxels of the mask; "
            "give the transform and the mask of this BOLD"
        )
    sizes = " + ".join(str(len(mesh)) for mesh in meshes)
    how = f"registered by {' and '.join(p.name for p in subject.spheres)}" if subject.spheres else "taken as fsaverage"
    return columns, (
        f"pycortex {subject.folder.name}, transform {folder.name}: {sizes} vertices {how}; {100 * found:.0f} % of the "
        "cortex of fsaverage5 lies in a voxel"
    )


def _on_sphere(subject: PycortexSubject, side: str, n: int) -> np.ndarray:
    """The vertex of the subject's mesh, of `n` vertices, for each vertex of fsaverage5; array (10242,), int."""
    if not subject.spheres:
        if n in MESH_SIZES:
            return np.arange(N_VERTICES)
        raise UserError(
            f"{subject.folder}: its {side} surface has {n} vertices, a mesh of the subject's own, and pycortex does "
            "not register it "
            "to fsaverage; give spheres = [lh.sphere.reg, rh.sphere.reg] of FreeSurfer, or surfaces on fsaverage "
            f"({', '.join(map(str, MESH_SIZES))} vertices), or remove pycortex and decode from blocks of voxels"
        )
    from scipy.spatial import KDTree

    path = subject.spheres[SIDES.index(side)]
    other = {"lh": "rh", "rh": "lh"}[side]
    if path.name.startswith(f"{other}."):
        raise UserError(f"{path}: is the wrong hemisphere; write spheres = [left, right]")
    if path.name in ("lh.sphere", "rh.sphere"):
        raise UserError(f"{path}: is not registered to fsaverage; give {side}.sphere.reg")
    points = _points(path)
    if len(points) != n:
        raise UserError(
            f"{path}: has {len(points)} vertices, but the {side} surface in {subject.folder} has {n}; give the sphere "
            "of this mesh"
        )
    radius = np.linalg.norm(points, axis=1)
    if radius.std() > 0.02 * radius.mean():
        raise UserError(f"{path}: is not a sphere around 0; give {side}.sphere.reg")
    sphere = load_surface("sphere").vertices[:N_VERTICES].astype(float)  # the same for both hemispheres
    return KDTree(points / radius[:, None]).query(sphere / np.linalg.norm(sphere, axis=1, keepdims=True))[1]


def _fiducial(folder: Path, side: str) -> np.ndarray:
    """The surface half-way between white matter and pia, array (n, 3), mm, as pycortex has or makes it."""
    stored = _stored(folder, "fiducial", side)
    if stored is not None:
        return _points(stored)
    white, pia = (_stored(folder, name, side) for name in ("wm", "pia"))
    if white is None or pia is None:
        raise UserError(
            f"{folder / 'surfaces'}: holds no fiducial_{side} (.gii or .npz), nor wm_{side} and pia_{side}; give the "
            "folder of one subject"
        )
    low, high = _points(white), _points(pia)
    if len(low) != len(high):
        raise UserError(f"{pia}: has {len(high)} vertices, but {white.name} has {len(low)}; both must be one mesh")
    return (low + high) / 2


def _stored(folder: Path, name: str, side: str) -> Path | None:
    paths = (folder / "surfaces" / f"{name}_{side}{ending}" for ending in (".gii", ".npz"))
    return next((p for p in paths if p.is_file()), None)


def _points(path: Path) -> np.ndarray:
    """Coordinates of a mesh in a GIFTI, a pycortex .npz (`pts`) or a FreeSurfer surface, array (n, 3), float64."""
    name = path.name.lower()
    if name.endswith(".gii"):
        gifti = read_gifti(path)
        with reading(path, "a GIFTI surface"):
            points = gifti.first("POINTSET")
    elif name.endswith(".npz"):
        arrays = npz_arrays(path, ("pts",))
        if "pts" not in arrays:
            raise UserError(f"{path}: holds no array `pts` (vertices x 3), as pycortex writes it")
        points = arrays["pts"]
    else:
        from nibabel.freesurfer import read_geometry

        with reading(check_content(path), "a FreeSurfer surface"):
            check_surface_header(path)
            points = read_geometry(path)[0]
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 3 or not len(points) or points.dtype.kind not in "fiu":
        raise UserError(f"{path}: must hold vertices x 3 numbers; got shape {points.shape} of {points.dtype}")
    return check_finite(f"{path}: vertices", points.astype(float))


def _by(shape) -> str:
    return " x ".join(map(str, shape))
