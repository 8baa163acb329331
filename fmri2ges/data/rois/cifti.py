"""ROIs as CIFTI label maps (.dlabel.nii)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...brain.surface import MESH_SIZES, N_FSLR
from ...errors import UserError
from ..atomic import write_bytes
from ..bold.series import reading
from .gifti import COLOURS
from .mesh import check_disjoint, labelled, merged

MODELS = {"CIFTI_STRUCTURE_CORTEX_LEFT": "L", "CIFTI_STRUCTURE_CORTEX_RIGHT": "R"}
MAX_MAPS = 1000
MAX_MODELS = 2_000_000  # grayordinates; the largest of the Human Connectome Project have 170,494


def read_cifti_rois(path: Path) -> tuple[Roi, ...]:
    """ROIs of all label maps of the file; subcortical grayordinates are left out.

    Raises
    ------
    UserError
        For a damaged file, a CIFTI of another kind, or another mesh than fsLR-32k and fsaverage5, 6 or 7.
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
            raise UserError(
                f"{path}: the sizes in its header contradict each other ({image.shape}); write or copy it again"
            )
        data = np.asarray(image.dataobj)
        for structure, columns, model in models.iter_structures():
            if structure not in MODELS:
                continue
            n = model.nvertices.get(structure)
            if n not in (N_FSLR, *MESH_SIZES):
                raise UserError(
                    f"{path}: has {n} vertices in a hemisphere; allowed: {N_FSLR} (fsLR-32k) or "
                    f"{', '.join(map(str, MESH_SIZES))} (fsaverage5, 6, 7)"
                )
            for row, table in zip(data, maps.label):
                values = np.zeros(n, data.dtype)
                values[model.vertex] = row[columns]
                names = {int(key): str(name) for key, (name, _) in table.items()}
                rois += labelled(path, values, MODELS[structure], names)
    return merged(rois)


def write_cifti_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write one label map of both hemispheres on fsaverage5: 1, 2, ... in order, 0 (???) elsewhere.

    Every vertex is in the file, the medial wall too. The ROIs must not overlap.
    """
    from nibabel import Cifti2Image
    from nibabel.cifti2 import BrainModelAxis, LabelAxis

    check_disjoint(rois, out)
    keys = np.zeros((1, 2 * N_VERTICES), np.float32)  # as HCP's files and Connectome Workbench have them
    table = {0: ("???", (1.0, 1.0, 1.0, 0.0))}
    for key, roi in enumerate(rois, start=1):
        keys[0, roi.mask] = key
        table[key] = (roi.name, (*COLOURS[(key - 1) % len(COLOURS)], 1.0))
    left, right = (BrainModelAxis.from_surface(np.arange(N_VERTICES), N_VERTICES, structure) for structure in MODELS)
    image = Cifti2Image(keys, (LabelAxis(["ROIs"], [table]), left + right))
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_LABELS", name="ConnDenseLabel")
    return (write_bytes(out, image.to_bytes()),)


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
