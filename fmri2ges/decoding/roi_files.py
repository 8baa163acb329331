"""ROIs from files: areas of the atlas, or blocks of voxels for a mask in the subject's own volume."""

from __future__ import annotations

from pathlib import Path

from ..data.rois.files import select_rois
from .session import Session
from .voxel_rois import rois_in_mask


def chosen_rois(session: Session, subject: str, paths) -> tuple[tuple[str, ...], str]:
    """Names of the ROIs that files choose, and how well they fit the masks in them, one line.

    Parameters
    ----------
    paths : files of `data.roi_file.select_rois`; for recordings of voxels also 3D NIfTI masks in the subject's own grid

    Raises
    ------
    UserError
        For a file that cannot be read, or one that chooses nothing.
    """
    own = [p for p in paths if session.space == "voxels" and Path(p).name.lower().endswith((".nii", ".nii.gz"))]
    names = tuple(dict.fromkeys(name for p in own for name in rois_in_mask(session, p, subject)))
    others = [p for p in paths if p not in own]
    if not others:
        return names, ""
    selection = select_rois(others)
    return tuple(dict.fromkeys((*names, *selection.names))), selection.note
