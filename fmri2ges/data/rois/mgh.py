"""ROIs as FreeSurfer's .mgh and .mgz: an overlay of a hemisphere, or a volume in MNI space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...brain.roi import Roi
from ...brain.surface import to_fsaverage5
from ..images import load_image, on_surface
from ..masks import Threshold, roi_inside
from ..reading import reading
from .mesh import Part, hemisphere_of, merged, stem_of
from .nifti import read_nifti_roi


def read_mgh_rois(path: Path, threshold: Threshold | None = None) -> tuple[Roi, ...]:
    """The ROI of a mask or of a statistic map, named by the file; each frame of an overlay is one.

    Raises
    ------
    UserError
        For a damaged file, an unknown mesh, an overlay whose name does not say lh or rh, or a map that is no mask
        without a threshold.
    """
    image = load_image(path)
    if not on_surface(image):
        return read_nifti_roi(path, threshold)
    side = hemisphere_of(path)
    rois = []
    for name, where, values in frames_of(path, image):
        rois.append(Part(name, side, to_fsaverage5(roi_inside(where, values, threshold), side, path)))
    return merged(rois, path)


def frames_of(path: Path, image) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, place for messages and values (n_vertices,) of each frame of an image that lies on a surface."""
    n_maps = image.shape[3] if len(image.shape) == 4 else 1
    with reading(path, "MGH or NIfTI"):
        frames = np.asanyarray(image.dataobj).reshape(-1, n_maps, order="F")
    for k, values in enumerate(frames.T, start=1):
        name, where = (stem_of(path), str(path)) if n_maps == 1 else (f"{stem_of(path)} {k}", f"{path}: frame {k}")
        yield name, where, values
