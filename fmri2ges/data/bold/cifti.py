"""BOLD on fsLR-32k in a CIFTI dense time series (.dtseries.nii, also .gz), moved to fsaverage5."""

from __future__ import annotations

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.surface import N_FSLR, load_fslr_index
from ...errors import UserError
from ..cifti import load_cifti
from ..limits import check_unpacked
from ..reading import reading
from .series import Series

CORTEX = ("CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT")
COLUMNS = 4096  # grayordinates read at a time


def open_cifti(path) -> Series:
    """BOLD of both hemispheres on fsaverage5; other structures of the file are not read.

    fsaverage5 vertices whose nearest fsLR vertex is not in the file (the medial wall) are NaN.

    Raises
    ------
    UserError
        For a damaged file, another kind of CIFTI file, no cortex, or another mesh than fsLR-32k.
    """
    import nibabel

    image = load_cifti(path)
    with reading(path, "CIFTI"):
        maps = [image.header.matrix.get_index_map(k) for k in (0, 1)] if isinstance(image, nibabel.Cifti2Image) else []
    kinds = [m.indices_map_to_data_type for m in maps]
    if kinds != ["CIFTI_INDEX_TYPE_SERIES", "CIFTI_INDEX_TYPE_BRAIN_MODELS"]:
        raise UserError(
            f"{path}: is not a dense time series (.dtseries.nii); its axes are: {', '.join(kinds) or 'not CIFTI'}"
        )
    with reading(path, "CIFTI"):
        n_volumes, n_gray = image.shape
        check_unpacked(path, n_volumes * n_gray * 4)
        source = _sources(path, list(maps[1].brain_models), n_gray)
        tr = _tr(maps[0])

    def fill(out: np.ndarray) -> None:
        for lo in range(0, n_gray, COLUMNS):
            here = np.flatnonzero((source >= lo) & (source < lo + COLUMNS))
            if len(here):
                with reading(path, "CIFTI"):
                    part = np.asanyarray(image.dataobj[:, lo : lo + COLUMNS])
                out[:, here] = part[:, source[here] - lo]
        out[:, source < 0] = np.nan

    return Series((n_volumes, 2 * N_VERTICES), fill, "fsaverage5", tr=tr)


def cifti_tr(path) -> float | None:
    """Repetition time in the header of a dense time series, seconds; None where its steps are no seconds."""
    image = load_cifti(path)
    with reading(path, "CIFTI"):
        index = image.header.matrix.get_index_map(0)
        return _tr(index) if index.indices_map_to_data_type == "CIFTI_INDEX_TYPE_SERIES" else None


def _tr(index) -> float | None:
    if index.series_unit != "SECOND":
        return None
    tr = index.series_step * 10.0**index.series_exponent
    return tr if 0 <= tr < np.inf else None


def _sources(path, models: list, n_gray: int) -> np.ndarray:
    """Grayordinate of every fsaverage5 vertex, (20484,), int; -1 where the file has none."""
    found = {m.brain_structure: m for m in models}
    sources = []
    for name, index in zip(CORTEX, load_fslr_index(), strict=True):
        if name not in found:
            raise UserError(f"{path}: needs the left and the right cortex; it holds: {', '.join(found)}")
        n = found[name].surface_number_of_vertices
        if n != N_FSLR:
            raise UserError(
                f"{path}: has {n} vertices per hemisphere; fsLR-32k ({N_FSLR}) is needed: resample it with wb_command"
            )
        vertices = np.asarray(found[name].vertex_indices, np.int64)
        column = found[name].index_offset + np.arange(len(vertices))
        if len(vertices) and not (
            0 <= vertices.min() and vertices.max() < n and 0 <= column[0] and column[-1] < n_gray
        ):
            raise UserError(
                f"{path}: {name} names vertices or rows that do not exist; it may be damaged: copy it again"
            )
        of_vertex = np.full(N_FSLR, -1, np.int64)
        of_vertex[vertices] = column
        sources.append(of_vertex[index])
    return np.concatenate(sources)
