"""ROIs as FreeSurfer files: .annot (one label per vertex of a hemisphere) and .label (a list of vertices)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...brain.surface import MESH_SIZES, load_surface
from ...errors import UserError
from ..atomic import replacing, write_text
from ..reading import reading
from .annot import read_annot
from .gifti import COLOURS
from .mesh import Part, check_disjoint, hemisphere_of, labelled, merged, stem_of


def read_annot_rois(path: Path) -> tuple[Roi, ...]:
    """ROIs of one hemisphere's annotation; unknown, medial wall and the like are left out.

    Raises
    ------
    UserError
        For a damaged file, an unknown mesh, or a name without lh or rh.
    """
    side = hemisphere_of(path)
    found = read_annot(path)
    return merged(labelled(path, found.keys, side, found.names), path)


def write_annot_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write lh.NAME.annot and rh.NAME.annot on fsaverage5; the ROIs must not overlap."""
    from nibabel.freesurfer import write_annot

    check_disjoint(rois, out)
    keys = np.zeros(2 * N_VERTICES, int)
    for k, roi in enumerate(rois, start=1):
        keys[roi.mask] = k
    # FreeSurfer tells labels apart by their colour alone, so each gets its own: the palette, dimmed in turn.
    colours = [[25, 5, 25, 0]]
    for k in range(len(rois)):
        base = np.array(COLOURS[k % len(COLOURS)]) * 255
        colours.append([*(base * 0.97 ** (k // len(COLOURS))).astype(int), 0])
    if len({tuple(c) for c in colours}) < len(colours):
        raise UserError(f"{out}: {len(rois)} ROIs are too many for the colours of an .annot; write them as .label.gii")
    table = np.array(colours)
    paths = []
    for side, part in (("lh", slice(0, N_VERTICES)), ("rh", slice(N_VERTICES, None))):
        path = _beside(out, side, ".annot")
        with replacing(path) as temp:
            write_annot(temp, keys[part], table, ["unknown", *(roi.name for roi in rois)])
        paths.append(path)
    return tuple(paths)


def read_label_rois(path: Path) -> tuple[Roi, ...]:
    """The ROI of a FreeSurfer .label, named by the file.

    The file does not say which mesh it is on. On fsaverage5, 6 and 7 a number below 10,242 means the
    same vertex, so the labels of all three are read by keeping those; labels of another subject are refused.

    Raises
    ------
    UserError
        For a damaged file, a label of a subject's own surface, or a name without lh or rh.
    """
    from nibabel.freesurfer import read_label

    side = hemisphere_of(path)
    with reading(path, "a FreeSurfer label"):
        with open(path, encoding="utf-8", errors="replace") as f:
            first, second = f.readline(500), f.readline(100)
        declared = int(second)
        vertices = np.atleast_1d(read_label(path)) if declared else np.zeros(0, int)
    subject = re.search(r"subject\s*=?\s*([\w.-]+)", first)
    if not first.startswith("#"):
        raise UserError(f"{path}: does not begin with `#! ascii label`; give a FreeSurfer label")
    # The meshes of fsaverage share their vertices; fsaverage_sym is another brain.
    if subject and not re.fullmatch(r"fsaverage[3-7]?|vox2ras.*", subject[1].lower()):
        raise UserError(
            f"{path}: is on the surface of {subject[1]!r}; move it to fsaverage first (mri_label2label --trgsubject "
            "fsaverage)"
        )
    if declared != len(vertices):
        raise UserError(f"{path}: says {declared} vertices but lists {len(vertices)}; write or copy it again")
    if len(vertices) and not 0 <= vertices.min() <= vertices.max() < MESH_SIZES[-1]:
        raise UserError(f"{path}: vertex {int(vertices.max())} is not on fsaverage (0 to {MESH_SIZES[-1] - 1} are)")
    mask = np.zeros(N_VERTICES, bool)
    mask[vertices[vertices < N_VERTICES]] = True
    if len(vertices) and not mask.any():
        raise UserError(
            f"{path}: none of its {len(vertices)} vertices is on the coarser mesh fsaverage5; make it larger"
        )
    return merged([Part(stem_of(path), side, mask)], path)


def write_label_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write lh.NAME.label and rh.NAME.label on fsaverage5; with several ROIs lh.NAME.ROI.label ...

    A hemisphere without a vertex gets no file. Coordinates are those of the white surface, as FreeSurfer's own.

    Raises
    ------
    UserError
        For names that differ only in what no file name may hold, or in upper and lower case.
    """
    named = Counter(safe_name(roi.name).casefold() for roi in rois)
    if twice := [roi.name for roi in rois if named[safe_name(roi.name).casefold()] > 1]:
        raise UserError(f"{out}: {twice[0]!r} and {twice[1]!r} would be one file, {safe_name(twice[0])}; rename one")
    white = load_surface("white").vertices
    paths = []
    for roi in rois:
        for side, start in (("lh", 0), ("rh", N_VERTICES)):
            vertices = np.flatnonzero(roi.mask[start : start + N_VERTICES])
            if not len(vertices):
                continue
            lines = [f"#!ascii label {roi.name}, from subject fsaverage5 vox2ras=TkReg", str(len(vertices))]
            lines += [
                f"{v}  {x:.3f}  {y:.3f}  {z:.3f} 0.0000000000"
                for v, (x, y, z) in zip(vertices, white[vertices + start], strict=True)
            ]
            ending = ".label" if len(rois) == 1 else f".{safe_name(roi.name)}.label"
            paths.append(write_text(_beside(out, side, ending), "\n".join(lines) + "\n"))
    return tuple(paths)


def safe_name(name: str) -> str:
    """A name of an ROI as a part of a file name."""
    return re.sub(r"[^\w+-]+", "-", name).strip("-") or "roi"


def _beside(out: Path, side: str, ending: str) -> Path:
    """lh.NAME.annot for an `out` of NAME.annot or of lh.NAME.annot."""
    name = out.name.removesuffix(out.suffix)
    return out.with_name(f"{side}.{name.removeprefix('lh.').removeprefix('rh.')}{ending}")
