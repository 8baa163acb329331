"""Volumes of numbers in NIfTI and FreeSurfer's MGH files, opened; the data stay in the file."""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from .content import check_content
from .headers import check_mgh_header, check_nifti_header
from .reading import reading
from .vertices import SIZES

MGH = (".mgh", ".mgz")
SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


def load_image(path):
    """A NIfTI (.nii, .nii.gz) or MGH (.mgh, .mgz) file as nibabel reads it.

    Raises
    ------
    UserError
        For a missing or damaged file, another kind of image, or one that does not say where it lies.
    """
    import nibabel

    path = check_content(path)
    mgh = path.name.lower().endswith(MGH)
    with reading(path, "MGH" if mgh else "NIfTI"):
        (check_mgh_header if mgh else check_nifti_header)(path)
        # An open file keeps its place: a compressed one is then read once, not once per volume.
        image = nibabel.load(path, keep_file_open=True)
    if not isinstance(image, (nibabel.Nifti1Image, nibabel.MGHImage)):
        raise UserError(f"{path}: is not a NIfTI or MGH volume ({type(image).__name__})")
    if image.affine is None or not np.isfinite(image.affine).all():
        raise UserError(f"{path}: its header does not say where the volume lies (affine with NaN)")
    return image


def on_surface(image) -> bool:
    """Whether an image holds the vertices of a hemisphere, in a row or folded as FreeSurfer does with many."""
    shape = image.shape
    return len(shape) in (3, 4) and shape[1] == 1 and int(np.prod(shape[:3], dtype=float)) in SIZES


def has_place(image) -> bool:
    """Whether the header of an image says where its voxels lie; without it, libraries put its middle at the origin."""
    import nibabel

    if isinstance(image, nibabel.MGHImage):
        return bool(image.header["goodRASFlag"])
    return bool(image.header["sform_code"] > 0 or image.header["qform_code"] > 0)


def image_tr(image) -> float | None:
    """Repetition time in the header of a 4D image, seconds; None where there is none or it has no unit."""
    import nibabel

    if len(image.shape) != 4:
        return None
    tr = float(image.header.get_zooms()[3])
    # MGH has milliseconds.
    unit = "msec" if isinstance(image, nibabel.MGHImage) else image.header.get_xyzt_units()[1]
    return tr * SECONDS[unit] if unit in SECONDS and 0 <= tr < np.inf else None
