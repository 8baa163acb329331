"""What the ROI readers share: which hemisphere, which mesh, and errors of damaged files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import N_ALL, Roi
from ...brain.surface import to_fsaverage5
from ...errors import UserError
from ..content import check_content
from ..vertices import stated_side
from .names import is_empty

STRUCTURES = {"L": "CortexLeft", "R": "CortexRight"}
STRONG = {side: rf"(?<![a-z0-9])({letter}h|hemi-{letter})(?![a-z0-9])" for side, letter in (("L", "l"), ("R", "r"))}
MARKS = {"L": {"l", "left"}, "R": {"r", "right"}}
MAX_PIECES = 200_000  # ROIs of all maps of a file, by maps and hemispheres
MAX_LABELS = 2000  # of one map; more are numbers that are no labels
# An ROI file is small; a larger one is something else, and reading it would take its size in memory.
MAX_BYTES = 256 * 2**20
MAX_TEXT = 16 * 2**20  # of a text file; a member for each vertex of twenty ROIs takes half of it


def check_file(path: Path) -> Path:
    """The path of an existing file of a size that an ROI can have."""
    check_content(path)
    if path.stat().st_size > MAX_BYTES:
        raise UserError(
            f"{path}: is larger than {MAX_BYTES // 2**20} MB, which no ROI file is; give the mask or the labels alone"
        )
    return path


def hemisphere_of(path: Path, structure: str = "") -> str:
    """'L' or 'R', from the metadata of a file, or else from its name (lh, rh, hemi-L, .R. ...).

    Raises
    ------
    UserError
        When neither tells, or the two contradict each other.
    """
    name = path.name.lower()
    # lh, rh and hemi- are never part of an ROI's name, single letters may be (lh.R_V1.label).
    named = [side for side, mark in STRONG.items() if re.search(mark, name)]
    if not named:
        words = set(re.split(r"[^a-z0-9]+", name))
        named = [side for side, marks in MARKS.items() if words & marks]
    told = [side for side in (stated_side(structure),) if side]
    if structure and not told:
        raise UserError(f"{path}: is of {structure!r}; allowed: {', '.join(STRUCTURES.values())}")
    if told and len(named) == 1 and named != told:
        raise UserError(f"{path}: the name says {named[0]} but the metadata say {structure}; correct one of them")
    if not told and len(named) != 1:
        raise UserError(f"{path}: which hemisphere? Put lh. or rh., .L. or .R., hemi-L or hemi-R into its name")
    return (told or named)[0]


def stem_of(path: Path) -> str:
    """Name of a file without its endings and marks of the hemisphere: 'lh.V1.label' -> 'V1'."""
    name = re.sub(
        r"(\.(label|func|shape|surf|dlabel|dscalar|annot|gii|nii|mgz|mgh|gz|csv|json|svg))+$",
        "",
        path.name,
        flags=re.IGNORECASE,
    )
    words = [w for w in re.split(r"[._]", name) if w and w.lower() not in ("hemi-l", "hemi-r")]
    if len(words) > 1 and words[0].lower() in ("lh", "rh"):
        words = words[1:]
    if len(words) > 1 and words[-1].lower() in MARKS["L"] | MARKS["R"]:
        words = words[:-1]
    return "_".join(words) or path.name


@dataclass(frozen=True)
class Part:
    """What an ROI holds in one hemisphere.

    Parameters
    ----------
    name : name of the ROI
    side : 'L' or 'R'
    vertices : on fsaverage5, a mask (10242,) or indices
    """

    name: str
    side: str
    vertices: np.ndarray


def labelled(path: Path, data, side: str, names: dict[int, str]) -> list[Part]:
    """The ROIs of one hemisphere's label map.

    Parameters
    ----------
    data : array (n_vertices,) of keys, on any mesh that `to_fsaverage5` knows
    names : key -> name; a key that is missing is named by its number

    Raises
    ------
    UserError
        For a map on an unknown mesh, or when its ROIs are so small that no vertex of fsaverage5 is inside.
    """
    data = np.asarray(data)
    if data.ndim != 1 or not np.issubdtype(data.dtype, np.number):
        raise UserError(f"{path}: has values of shape {data.shape}; one label per vertex is needed")
    coarse = to_fsaverage5(data, side, path)
    # A key of 0 is "no label" in GIFTI and CIFTI whatever its name; keys below 0 are FreeSurfer's "none".
    chosen = {key: name for key, name in names.items() if key > 0 and not is_empty(name)}
    for key in np.unique(data[np.isfinite(data) & (data > 0)]):
        if int(key) not in names:
            chosen[int(key)] = f"label {int(key)}"
    if len(chosen) > MAX_LABELS:
        raise UserError(f"{path}: has {len(chosen)} different labels; a label map has at most {MAX_LABELS}")
    order = np.argsort(coarse, kind="stable")
    keys, starts = np.unique(coarse[order], return_index=True)
    vertices_of = dict(zip(keys.tolist(), np.split(order, starts[1:]), strict=True))
    parts = [Part(name, side, vertices_of[key]) for key, name in chosen.items() if key in vertices_of]
    if not parts and np.isin(data, list(chosen)).any():
        raise UserError(f"{path}: none of its ROIs holds a vertex of the coarser mesh fsaverage5; make them larger")
    return parts


def merged(parts: Iterable[Part], path: Path) -> tuple[Roi, ...]:
    """ROIs of the parts in a file: one for each name, those without a vertex left out, in order of appearance."""
    masks: dict[str, np.ndarray] = {}
    for n, part in enumerate(parts):
        mask = masks.setdefault(part.name, np.zeros(N_ALL, bool))
        (mask[:N_VERTICES] if part.side == "L" else mask[N_VERTICES:])[part.vertices] = True
        if len(masks) > MAX_LABELS or n > MAX_PIECES:
            raise UserError(
                f"{path}: holds more than {MAX_LABELS} ROIs, or more than {MAX_PIECES} pieces of them; give a part of "
                "it"
            )
    rois = (Roi(name, mask) for name, mask in masks.items())
    return tuple(roi for roi in rois if roi.mask.any())


def check_disjoint(rois: Iterable[Roi], path: Path) -> None:
    """Refuse ROIs that overlap, for formats with one label per vertex."""
    rois = list(rois)
    taken = np.zeros(N_ALL, int)
    for k, roi in enumerate(rois, start=1):
        both = taken[roi.mask]
        if both.any():
            other = rois[int(both.max()) - 1].name
            raise UserError(
                f"{path}: the ROIs {other!r} and {roi.name!r} share {int((both > 0).sum())} vertices, and this format "
                "has one "
                "label per vertex; write them to one file each, or as .csv or .json"
            )
        taken[roi.mask] = k
