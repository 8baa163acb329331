"""An ROI drawn in the subject's own volume, as the blocks of voxels that a run was trained on."""

from __future__ import annotations

from ..brain.parcels import parcels_inside
from ..data.bold.nifti import voxel_roi
from ..errors import UserError
from .session import Session


def rois_in_mask(session: Session, path, subject: str) -> tuple[str, ...]:
    """Names of the blocks with more than half of their voxels inside a mask; `Session.decode` takes them as ROIs.

    Parameters
    ----------
    path : 3D NIfTI file of the same shape and affine as the subject's BOLD

    Raises
    ------
    UserError
        When the run has no voxels or their place is not known, and for a mask of another grid or without a block.
    """
    if session.space != "voxels":
        raise UserError(
            f"{path}: a mask in the subject's own grid is for recordings of voxels; this run is on {session.space}"
        )
    basis = session.basis(subject)
    grid = next(r for r in session.study.recordings if r.subject == subject).grid()
    if grid is None:
        raise UserError(f"{path}: where the voxels of {subject} lie is not known; add `mask` to its recordings")
    names = parcels_inside(basis, voxel_roi(grid, path))
    if not names:
        raise UserError(f"{path}: covers no block of voxels by more than half; use a larger ROI")
    return names
