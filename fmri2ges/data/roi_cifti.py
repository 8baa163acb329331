"""ROIs as CIFTI label maps (.dlabel.nii) on fsLR-32k."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..brain.roi import Roi
from ..brain.surface import N_FSLR
from ..errors import UserError
from .roi_mesh import labelled, merged
from .series import reading

MODELS = {"CIFTI_STRUCTURE_CORTEX_LEFT": "L", "CIFTI_STRUCTURE_CORTEX_RIGHT": "R"}
MAX_MAPS = 1000
MAX_MODELS = 2_000_000  # grayordinates; the largest of the Human Connectome Project have 170,494


def read_cifti_rois(path: Path) -> tuple[Roi, ...]:
    """ROIs of all label maps of the file; subcortical grayordinates are left out.

    Raises
    ------
    UserError
        For a damaged file, a CIFTI of another kind, or another mesh than fsLR-32k.
    """
    import nibabel
    from nibabel.cifti2 import BrainModelAxis, LabelAxis

    rois: list[Roi] = []
    with reading(path, "CIFTI"):
        check_cifti_sizes(path)
        image = nibabel.load(path)
        if not isinstance(image, nibabel.Cifti2Image):
            raise UserError(f"{path}: is not a CIFTI file (no CIFTI extension in its header); give a .dlabel.nii")
        maps, models = (image.header.get_axis(k) for k in range(2))
        if not isinstance(maps, LabelAxis) or not isinstance(models, BrainModelAxis):
            kind = f"{type(maps).__name__} x {type(models).__name__}"
            raise UserError(f"{path}: is no dense label map but {kind}; give a .dlabel.nii")
        if len(maps) > MAX_MAPS or image.shape != (len(maps), len(models)):
            raise UserError(f"{path}: the sizes in its header contradict each other ({image.shape}); write or copy it again")
        data = np.asarray(image.dataobj)
        for structure, columns, model in models.iter_structures():
            if structure not in MODELS:
                continue
            if model.nvertices.get(structure) != N_FSLR:
                raise UserError(
                    f"{path}: has {model.nvertices.get(structure)} vertices in a hemisphere; {N_FSLR} (fsLR-32k) are needed"
                )
            dense = np.zeros((len(maps), N_FSLR), data.dtype)
            dense[:, model.vertex] = data[:, columns]
            for values, table in zip(dense, maps.label):
                names = {int(key): str(name) for key, (name, _) in table.items()}
                rois += labelled(path, values, MODELS[structure], names)
    return merged(rois)


def check_cifti_sizes(path: Path) -> None:
    """Refuse a CIFTI header that names far more grayordinates than there are: nibabel takes memory for each.

    Raises
    ------
    UserError
        When the header says more than `MAX_MODELS`; a damaged header raises what nibabel does.
    """
    from nibabel.nifti2 import Nifti2Header

    with open(path, "rb") as f:
        extensions = Nifti2Header.from_fileobj(f, check=False).extensions
    headers = [e.get_content() for e in extensions if e.get_code() == 32]
    for index in (index for header in headers for index in header.matrix):
        n = sum(abs(model.index_count) for model in index.brain_models)
        if n > MAX_MODELS:
            raise UserError(f"{path}: its header says {n} grayordinates; the file is damaged, write or copy it again")
