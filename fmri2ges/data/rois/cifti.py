"""ROIs as CIFTI label maps (.dlabel.nii), and masks and statistic maps (.dscalar.nii)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...brain.surface import MESH_SIZES, N_FSLR, to_fsaverage5
from ...errors import UserError
from ..atomic import write_bytes
from ..cifti import load_cifti
from ..limits import FREE, too_large
from ..masks import Threshold, roi_inside
from ..reading import reading
from .gifti import COLOURS
from .mesh import Part, check_disjoint, labelled, merged, stem_of

MODELS = {"CIFTI_STRUCTURE_CORTEX_LEFT": "L", "CIFTI_STRUCTURE_CORTEX_RIGHT": "R"}
MAX_MAPS = 1000


@dataclass(frozen=True)
class _Cortex:
    """The cortex of a CIFTI file of maps.

    Parameters
    ----------
    maps : nibabel's axis of labels or scalars
    data : array (n_maps, n_grayordinates)
    parts : the hemispheres that it holds
    """

    maps: Any
    data: np.ndarray
    parts: tuple[_Part, ...]


@dataclass(frozen=True)
class _Part:
    """A hemisphere in a CIFTI file: its columns, their vertices, and the number of vertices of its mesh."""

    side: str
    columns: slice
    vertices: np.ndarray
    n_vertices: int


def read_cifti_rois(path: Path) -> tuple[Roi, ...]:
    """ROIs of all label maps of the file; subcortical grayordinates are left out.

    Raises
    ------
    UserError
        For a damaged file, a CIFTI of another kind, or another mesh than fsLR-32k and fsaverage5, 6 or 7.
    """
    from nibabel.cifti2 import LabelAxis

    cortex = _open(path, LabelAxis, "is no dense label map", "give a .dlabel.nii")
    return merged(_labels(path, cortex), path)


def _labels(path: Path, cortex: _Cortex) -> Iterator[Part]:
    for part in cortex.parts:
        for row, table in zip(cortex.data, cortex.maps.label, strict=True):
            values = np.zeros(part.n_vertices, cortex.data.dtype)
            values[part.vertices] = row[part.columns]
            names = {int(key): str(name) for key, (name, _) in table.items()}
            yield from labelled(path, values, part.side, names)


def read_cifti_maps(path: Path, threshold: Threshold | None = None) -> tuple[Roi, ...]:
    """ROIs of the maps of a .dscalar.nii, named as its maps: masks, or statistic maps above a threshold.

    Raises
    ------
    UserError
        As `read_cifti_rois`, and for a map that is no mask without a threshold.
    """
    from nibabel.cifti2 import ScalarAxis

    cortex = _open(path, ScalarAxis, "holds no dense maps", "give a .dscalar.nii")
    return merged(_thresholded(path, cortex, threshold), path)


def read_cifti_values(path: Path) -> list[tuple[str, np.ndarray]]:
    """Name and values of each map of a .dscalar.nii, arrays (20484,), NaN where the file has no vertex.

    Raises
    ------
    UserError
        As `read_cifti_rois`.
    """
    from nibabel.cifti2 import ScalarAxis

    cortex = _open(path, ScalarAxis, "holds no dense maps", "give a .dscalar.nii")
    found = []
    for name, row in zip(cortex.maps.name, cortex.data, strict=True):
        values = np.full(2 * N_VERTICES, np.nan)
        for part in cortex.parts:
            own = np.full(part.n_vertices, np.nan)
            own[part.vertices] = row[part.columns]
            half = slice(0, N_VERTICES) if part.side == "L" else slice(N_VERTICES, None)
            values[half] = to_fsaverage5(own, part.side, path)
        found.append((str(name) or stem_of(path), values))
    return found


def _thresholded(path: Path, cortex: _Cortex, threshold: Threshold | None) -> Iterator[Part]:
    for name, row in zip(cortex.maps.name, cortex.data, strict=True):
        where = path if len(cortex.maps) == 1 else f"{path}: map {str(name)!r}"
        # Both hemispheres at once: what kind of map it is shows in all of its values.
        inside = roi_inside(where, np.concatenate([row[part.columns] for part in cortex.parts]), threshold)
        start = 0
        for part in cortex.parts:
            own = np.zeros(part.n_vertices, bool)
            own[part.vertices] = inside[start : start + len(part.vertices)]
            start += len(part.vertices)
            yield Part(str(name) or stem_of(path), part.side, to_fsaverage5(own, part.side, path))


def _open(path: Path, axis, wrong: str, fix: str) -> _Cortex:
    """The cortex of a file whose maps are of the kind `axis`."""
    import nibabel
    from nibabel.cifti2 import BrainModelAxis

    image = load_cifti(path)
    with reading(path, "CIFTI"):
        if not isinstance(image, nibabel.Cifti2Image):
            raise UserError(f"{path}: is not a CIFTI file (no CIFTI extension in its header); {fix}")
        maps, models = (image.header.get_axis(k) for k in range(2))
        if not isinstance(maps, axis) or not isinstance(models, BrainModelAxis):
            raise UserError(f"{path}: {wrong} but {type(maps).__name__} x {type(models).__name__}; {fix}")
        if len(maps) > MAX_MAPS or image.shape != (len(maps), len(models)):
            raise UserError(
                f"{path}: the sizes in its header contradict each other ({image.shape}); write or copy it again"
            )
        if len(maps) * len(models) * image.get_data_dtype().itemsize > FREE:
            raise UserError(too_large(path, FREE))
        data = np.asarray(image.dataobj)
        parts = tuple(
            _part(path, MODELS[structure], columns, model.vertex, model.nvertices.get(structure))
            for structure, columns, model in models.iter_structures()
            if structure in MODELS
        )
    if not parts:
        raise UserError(f"{path}: holds no cortex; ROIs are read on the surface")
    return _Cortex(maps, data, parts)


def _part(path: Path, side: str, columns: slice, vertices: np.ndarray, n: int) -> _Part:
    if n not in (N_FSLR, *MESH_SIZES):
        raise UserError(
            f"{path}: has {n} vertices in a hemisphere; allowed: {N_FSLR} (fsLR-32k) or "
            f"{', '.join(map(str, MESH_SIZES))} (fsaverage5, 6, 7)"
        )
    if len(vertices) and not 0 <= vertices.min() <= vertices.max() < n:
        raise UserError(f"{path}: names vertices that its mesh of {n} does not have; write or copy it again")
    return _Part(side, columns, vertices, n)


def write_cifti_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write one label map of both hemispheres on fsaverage5: 1, 2, ... in order, 0 (???) elsewhere.

    Every vertex is in the file, the medial wall too. The ROIs must not overlap.
    """
    from nibabel import Cifti2Image
    from nibabel.cifti2 import LabelAxis

    check_disjoint(rois, out)
    keys = np.zeros((1, 2 * N_VERTICES), np.float32)  # as HCP's files and Connectome Workbench have them
    table = {0: ("???", (1.0, 1.0, 1.0, 0.0))}
    for key, roi in enumerate(rois, start=1):
        keys[0, roi.mask] = key
        table[key] = (roi.name, (*COLOURS[(key - 1) % len(COLOURS)], 1.0))
    image = Cifti2Image(keys, (LabelAxis(["ROIs"], [table]), _both_hemispheres()))
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_LABELS", name="ConnDenseLabel")
    return (write_bytes(out, image.to_bytes()),)


def write_cifti_maps(maps: dict[str, np.ndarray], out: Path) -> tuple[Path, ...]:
    """Write named maps (20484,) of both hemispheres on fsaverage5 as one dense scalar file, float32."""
    from nibabel import Cifti2Image
    from nibabel.cifti2 import ScalarAxis

    data = np.stack([np.asarray(values, np.float32) for values in maps.values()])
    image = Cifti2Image(data, (ScalarAxis(list(maps)), _both_hemispheres()))
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_SCALARS", name="ConnDenseScalar")
    return (write_bytes(out, image.to_bytes()),)


def _both_hemispheres():
    """Every vertex of fsaverage5, the medial wall too, the left hemisphere first."""
    from nibabel.cifti2 import BrainModelAxis

    left, right = (BrainModelAxis.from_surface(np.arange(N_VERTICES), N_VERTICES, structure) for structure in MODELS)
    return left + right
