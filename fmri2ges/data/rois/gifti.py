"""ROIs as GIFTI: label maps (.label.gii), and masks or statistic maps as metric maps (.func.gii, .shape.gii)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...brain.surface import to_fsaverage5
from ...errors import UserError
from ..atomic import write_bytes
from ..gifti import Gifti, read_gifti
from ..limits import FREE
from ..masks import Threshold, roi_inside
from ..vertices import VertexMap, vertex_maps
from .mesh import STRUCTURES, Part, check_disjoint, hemisphere_of, labelled, merged, stem_of

STRUCTURE = "AnatomicalStructurePrimary"
# Intents that make a map a statistic -> what they are called.
STATISTICS = {
    "CORREL": "correlations",
    "TTEST": "t values",
    "FTEST": "F values",
    "ZSCORE": "z scores",
    "CHISQ": "chi-squared values",
    "PVAL": "p values",
    "LOGPVAL": "logarithms of p",
    "LOG10PVAL": "logarithms of p",
}
# Colours of the labels, in turn: Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = (
    (0.84, 0.37, 0),
    (0, 0.45, 0.7),
    (0, 0.62, 0.45),
    (0.8, 0.47, 0.65),
    (0.9, 0.62, 0),
    (0.34, 0.71, 0.91),
    (0.94, 0.89, 0.26),
)


def read_gifti_rois(path: Path, threshold: Threshold | None = None) -> tuple[Roi, ...]:
    """ROIs of one hemisphere: each label but the empty one (0 or ``???``), or what each metric map holds inside.

    Parameters
    ----------
    path : .gii or .gii.gz; lists of vertices (NODE_INDEX) are applied, geometry is skipped
    threshold : threshold of a statistic map; None for labels and masks, see `masks.roi_inside`

    Raises
    ------
    UserError
        For a damaged file, an unknown mesh, a statistic map without a threshold, or when the hemisphere is not told.
    """
    gifti = read_gifti(path, FREE)
    maps = vertex_maps(path, gifti)
    if not maps:
        raise UserError(f"{path}: holds no map; export it again")
    structure = {**gifti.meta, **maps[0].meta}.get(STRUCTURE, "")
    return merged(_rois(path, gifti, maps, hemisphere_of(path, structure), threshold), path)


def _rois(path: Path, gifti: Gifti, maps: list[VertexMap], side: str, threshold: Threshold | None) -> Iterator[Part]:
    all_labels = path.name.lower().endswith((".label.gii", ".label.gii.gz"))
    for k, found in enumerate(maps, start=1):
        if found.intent == "LABEL" or all_labels:
            if threshold is not None:
                raise UserError(f"{path}: holds labels, which have no threshold; remove {threshold}")
            yield from labelled(path, found.data, side, gifti.labels)
            continue
        if found.data.ndim != 1:
            raise UserError(
                f"{path}: map {k} has shape {found.data.shape}; one value per vertex is needed (a mask, or labels)"
            )
        name = found.meta.get("Name") or (stem_of(path) if len(maps) == 1 else f"{stem_of(path)} {k}")
        where = path if len(maps) == 1 else f"{path}: map {k}"
        # On the mesh of the file: what kind of map it is shows in all of its values.
        inside = roi_inside(where, found.data, threshold, STATISTICS.get(found.intent, ""))
        yield Part(name, side, to_fsaverage5(inside, side, path))


def write_gifti_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write a pair NAME.L.label.gii, NAME.R.label.gii (or .func.gii, .shape.gii, as `out` ends) on fsaverage5.

    A label map holds all ROIs (1, 2, ... in order; they must not overlap); a metric map holds 1.0 inside
    and 0.0 outside, one map per ROI.
    """
    from nibabel import gifti

    kind = kind_of(out, "label")
    if kind != "label":
        return write_gifti_maps({roi.name: roi.mask.astype(np.float32) for roi in rois}, out)
    check_disjoint(rois, out)
    keys = np.zeros(2 * N_VERTICES, np.int32)
    table = gifti.GiftiLabelTable()
    colours = [(1, 1, 1, 0), *((*COLOURS[k % len(COLOURS)], 1) for k in range(len(rois)))]
    for key, (name, colour) in enumerate(zip(["???", *(roi.name for roi in rois)], colours, strict=True)):
        label = gifti.GiftiLabel(key, *colour)
        label.label = name  # type: ignore[attr-defined]  # nibabel sets it itself when it reads
        table.labels.append(label)
        if key:
            keys[rois[key - 1].mask] = key
    return _write_pair({"ROIs": keys}, out, "label", "NIFTI_INTENT_LABEL", "NIFTI_TYPE_INT32", table)


def write_gifti_maps(maps: dict[str, np.ndarray], out: Path) -> tuple[Path, ...]:
    """Write values on the cortex as a pair NAME.L.func.gii, NAME.R.func.gii (.shape.gii when `out` ends so).

    Parameters
    ----------
    maps : name -> array (20484,), left hemisphere first; one GIFTI map each, float32
    """
    kind = kind_of(out, "func")
    intent = "NIFTI_INTENT_SHAPE" if kind == "shape" else "NIFTI_INTENT_NONE"
    return _write_pair(
        {k: np.asarray(v, np.float32) for k, v in maps.items()}, out, kind, intent, "NIFTI_TYPE_FLOAT32", None
    )


def kind_of(out: Path, otherwise: str) -> str:
    """'label', 'func' or 'shape', as the name of a file to write says."""
    kind = out.name.removesuffix(".gii").rpartition(".")[2]
    return kind if kind in ("label", "func", "shape") else otherwise


def _write_pair(maps, out: Path, kind: str, intent: str, datatype: str, table) -> tuple[Path, ...]:
    from nibabel import gifti

    stem = out.name.removesuffix(".gii").removesuffix(f".{kind}")
    paths = []
    for side, part in (("L", slice(0, N_VERTICES)), ("R", slice(N_VERTICES, None))):
        meta = {"AnatomicalStructurePrimary": STRUCTURES[side]}
        arrays = [
            gifti.GiftiDataArray(v[part], intent, datatype, meta={**meta, "Name": name}) for name, v in maps.items()
        ]
        image = gifti.GiftiImage(darrays=arrays, labeltable=table, meta=gifti.GiftiMetaData(meta))
        paths.append(write_bytes(out.with_name(f"{stem}.{side}.{kind}.gii"), image.to_bytes()))
    return tuple(paths)
