"""Maps of numbers on the cortex (an importance, a correlation) for other programs: GIFTI, CIFTI and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..brain.atlas import N_VERTICES, load_atlas
from ..brain.roi import N_ALL
from ..errors import UserError
from .atomic import write_text
from .rois.cifti import write_cifti_maps
from .rois.gifti import write_gifti_maps


def write_maps(maps: dict[str, np.ndarray], out) -> tuple[Path, ...]:
    """Write one or more maps in the format that the name of `out` ends with.

    Parameters
    ----------
    maps : name -> array (20484,), a value per vertex with the left hemisphere first, or array (360,), a
        value per area in atlas order; all maps of one kind; NaN where nothing was measured
    out : .func.gii, or .shape.gii for properties of the surface itself (a pair NAME.L..., NAME.R... on
        fsaverage5, float32, NaN on the medial wall), .dscalar.nii (CIFTI, both hemispheres of fsaverage5 in one
        file), or .csv (a row per vertex of the cortex or per area)

    Returns
    -------
    paths : the files written

    Raises
    ------
    UserError
        For an unknown format, no map, another length, or infinite values.
    """
    out = Path(out)
    if not maps:
        raise UserError(f"{out}: no map to write; give at least one")
    arrays = {name: np.asarray(values, float) for name, values in maps.items()}
    n_areas = len(load_atlas().areas)
    for name, values in arrays.items():
        if values.shape not in ((N_ALL,), (n_areas,)):
            raise UserError(f"map {name!r}: shape {values.shape}; allowed: ({N_ALL},) vertices or ({n_areas},) areas")
        if np.isinf(values).any():
            raise UserError(
                f"map {name!r}: {int(np.isinf(values).sum())} values are infinite; use NaN where nothing was measured"
            )
    if len({len(v) for v in arrays.values()}) > 1:
        raise UserError(f"{out}: some maps are per vertex and some per area; write them to two files")
    name = out.name.lower()
    if name.endswith(".csv"):
        return (write_text(out, _table(arrays)),)
    if name.endswith(".gii") and not name.endswith(".label.gii"):
        return write_gifti_maps({key: on_vertices(values) for key, values in arrays.items()}, out)
    if name.endswith(".dscalar.nii"):
        return write_cifti_maps({key: on_vertices(values) for key, values in arrays.items()}, out)
    raise UserError(f"{out}: maps cannot be written in this format; allowed: .func.gii, .shape.gii, .dscalar.nii, .csv")


def on_vertices(values) -> np.ndarray:
    """A map per area (360,) or per vertex (20484,) as array (20484,), float32, NaN on the medial wall."""
    values, labels = np.asarray(values, np.float32), load_atlas().labels
    if len(values) != N_ALL:
        return np.concatenate([[np.float32(np.nan)], values])[labels]
    return np.where(labels > 0, values, np.float32(np.nan))


def _table(arrays: dict[str, np.ndarray]) -> str:
    atlas = load_atlas()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    if len(next(iter(arrays.values()))) == N_ALL:
        table.writerow(["hemisphere", "vertex", "area", *arrays])
        rows: Iterable[tuple] = (
            (a[0], v % N_VERTICES, a, v)
            for v in np.flatnonzero(atlas.labels)
            for a in [atlas.areas[atlas.labels[v] - 1]]
        )
    else:
        table.writerow(["hemisphere", "area", "group", *arrays])
        rows = ((area[0], area, atlas.group_of_area.get(area, ""), k) for k, area in enumerate(atlas.areas))
    for *head, k in rows:
        table.writerow([*head, *("" if np.isnan(v[k]) else f"{v[k]:.7g}" for v in arrays.values())])
    return text.getvalue()
