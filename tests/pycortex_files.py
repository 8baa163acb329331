"""A subject's folder as pycortex lays it out, for the tests of the readers."""

from __future__ import annotations

import json

import nibabel
import numpy as np
from nibabel import gifti

SHAPE = (30, 36, 28)
AFFINE = np.array([[-6.0, 0, 0, 90], [0, 6, 0, -126], [0, 0, 6, -72], [0, 0, 0, 1]])


def write_surface(path, points):
    """As pycortex writes it; .npz is its other format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    faces = np.array([[0, 1, 2]], np.int32)
    if path.suffix == ".npz":
        np.savez(path, pts=points, polys=faces)
        return
    arrays = [
        gifti.GiftiDataArray(points.astype(np.float32), "NIFTI_INTENT_POINTSET", "NIFTI_TYPE_FLOAT32"),
        gifti.GiftiDataArray(faces, "NIFTI_INTENT_TRIANGLE", "NIFTI_TYPE_INT32"),
    ]
    nibabel.save(gifti.GiftiImage(darrays=arrays), path)


def write_transform(folder, reference=SHAPE, name="auto"):
    folder = folder / "transforms" / name
    folder.mkdir(parents=True, exist_ok=True)
    coord = np.linalg.inv(AFFINE)
    (folder / "matrices.xfm").write_text(json.dumps({"coord": coord.tolist(), "magnet": np.eye(4).tolist()}))
    nibabel.save(nibabel.Nifti1Image(np.zeros(reference, np.uint8), AFFINE), folder / "reference.nii.gz")
    return folder
