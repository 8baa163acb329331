"""ROIs from files: as areas of the atlas, or as blocks of voxels where a mask lies in the subject's own volume."""

from __future__ import annotations

from dataclasses import dataclass

from ..brain.parcels import parcels_inside
from ..brain.space import NEEDS_SURFACES, Space, Voxels
from ..data.bold.nifti import voxel_roi
from ..data.masks import Threshold
from ..data.rois.files import select_rois, split_choice
from ..data.rois.formats import format_of
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
    run : the run that is to decode
    subject : whose volume a mask of voxels lies in
    paths : files of `data.rois.files.select_rois`; for recordings of voxels also 3D NIfTI masks in the subject's grid

    Raises
    ------
    UserError
        For a file that cannot be read, or one that chooses nothing.
    """
    in_volume = [] if run.space.has_cortex else [p for p in paths if is_volume(p)]
    choices = [split_choice(path) for path in in_volume]
    names = [name for choice in choices for name in rois_in_mask(run, choice.path, subject, choice.threshold)]
    others = [path for path in paths if path not in in_volume]
    if not others:
        return Choice(tuple(dict.fromkeys(names)), "")
    selection = select_rois(others)
    if selection.note and not run.space.has_cortex:
        raise UserError(f"{others[0]}: is an ROI on the cortical surface, but {why_no_cortex(run.space)}")
    return Choice(tuple(dict.fromkeys((*names, *selection.names))), selection.note)


def is_volume(path) -> bool:
    """Whether a file is a volume by its name."""
    found = format_of(split_choice(path).path)
    return found is not None and found.volume


def why_no_cortex(space: Space) -> str:
    """Why a run has no place on the cortex, and what would give it one, as the end of a sentence."""
    if isinstance(space, Voxels):
        return NEEDS_SURFACES
    return f"this run is a {space.place}, which has no place on the cortex. Choose among: {', '.join(space.names)}"


def rois_in_mask(run: Run, path, subject: str, threshold: Threshold | None = None) -> tuple[str, ...]:
    """Names of the blocks with more than half of their voxels inside a mask.

    Parameters
    ----------
    run : of voxels
    path : 3D volume of the same shape and affine as the subject's BOLD, a mask or a statistic map
    subject : whose blocks are meant
    threshold : of a statistic map

    Raises
    ------
    UserError
        When the run has no voxels or their place is not known, and for a mask of another grid or without a block.
    """
    if not isinstance(run.space, Voxels):
        raise UserError(
            f"{path}: a mask in the subject's own grid is for recordings of voxels; this run is a {run.space.place}"
        )
    basis = run.basis(subject)
    space = next(r for r in run.study.recordings if r.subject == subject).space()
    grid = space.grid if isinstance(space, Voxels) else None
    if grid is None:
        raise UserError(f"{path}: where the voxels of {subject} lie is not known; add `mask` to its recordings")
    names = parcels_inside(basis, voxel_roi(grid, path, threshold))
    if not names:
        raise UserError(f"{path}: covers no block of voxels by more than half; use a larger ROI")
    return names
