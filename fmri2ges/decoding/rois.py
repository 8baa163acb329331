"""ROIs from files: areas of the atlas, or blocks of voxels for a mask in the subject's own volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..brain.parcels import parcels_inside
from ..data.bold.nifti import voxel_roi
from ..data.rois.files import select_rois
from ..errors import UserError
from .run import Run


@dataclass(frozen=True)
class Choice:
    """ROIs that files choose.

    Parameters
    ----------
    names : for `DecodeRequest.rois`
    note : how well they fit the masks in the files, one line; empty where they fit exactly
    """

    names: tuple[str, ...]
    note: str


def chosen_rois(run: Run, subject: str, paths) -> Choice:
    """The ROIs that files choose.

    Parameters
    ----------
    run : that will decode them
    subject : whose volume a mask of voxels lies in
    paths : files of `data.rois.files.select_rois`; for recordings of voxels also 3D NIfTI masks in the subject's grid

    Raises
    ------
    UserError
        For a file that cannot be read, or one that chooses nothing.
    """
    own = [p for p in paths if run.space == "voxels" and Path(p).name.lower().endswith((".nii", ".nii.gz"))]
    names = tuple(dict.fromkeys(name for p in own for name in rois_in_mask(run, p, subject)))
    others = [p for p in paths if p not in own]
    if not others:
        return Choice(names, "")
    selection = select_rois(others)
    return Choice(tuple(dict.fromkeys((*names, *selection.names))), selection.note)


def rois_in_mask(run: Run, path, subject: str) -> tuple[str, ...]:
    """Names of the blocks with more than half of their voxels inside a mask.

    Parameters
    ----------
    run : of voxels
    path : 3D NIfTI file of the same shape and affine as the subject's BOLD
    subject : whose blocks are meant

    Raises
    ------
    UserError
        When the run has no voxels or their place is not known, and for a mask of another grid or without a block.
    """
    if run.space != "voxels":
        raise UserError(
            f"{path}: a mask in the subject's own grid is for recordings of voxels; this run is on {run.space}"
        )
    basis = run.basis(subject)
    grid = next(r for r in run.study.recordings if r.subject == subject).grid()
    if grid is None:
        raise UserError(f"{path}: where the voxels of {subject} lie is not known; add `mask` to its recordings")
    names = parcels_inside(basis, voxel_roi(grid, path))
    if not names:
        raise UserError(f"{path}: covers no block of voxels by more than half; use a larger ROI")
    return names
