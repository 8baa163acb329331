"""BOLD on a surface in a pair of NIfTI or MGH files, as FreeSurfer and FS-FAST write it: lh.x.mgz, x.lh.nii.gz."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.surface import to_fsaverage5
from ...errors import UserError
from ..images import image_tr, load_image, on_surface
from ..reading import reading
from .pairs import Hemisphere
from .series import ROWS, check_size


def read_frames(path: Path, named: str | None) -> Hemisphere:
    """One hemisphere; the file does not say which, so its name must.

    Raises
    ------
    UserError
        For a damaged file, a volume, another mesh, or a name without a hemisphere.
    """
    image = load_image(path)
    if not on_surface(image):
        raise UserError(
            f"{path}: holds no surface but a volume of shape {image.shape}; give a file of vertices x 1 x 1"
        )
    n_volumes = image.shape[3] if len(image.shape) == 4 else 1
    check_size(path, n_volumes, N_VERTICES)
    out = np.empty((n_volumes, N_VERTICES), np.float32)
    for lo in range(0, n_volumes, ROWS):
        with reading(path, "a surface"):
            part = np.asanyarray(image.dataobj[..., lo : lo + ROWS] if len(image.shape) == 4 else image.dataobj)
        vertices = part.reshape(-1, min(ROWS, n_volumes - lo), order="F")
        out[lo : lo + ROWS] = to_fsaverage5(vertices, named or "L", path).T
    return Hemisphere(out, None, image_tr(image))
