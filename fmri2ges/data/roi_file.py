"""A selection of ROIs from a file: a list of names, or GIFTI label files on fsaverage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..errors import UserError

# fsaverage5, 6 and 7: nested meshes, the first 10,242 vertices of each are fsaverage5.
MESH_SIZES = (10242, 40962, 163842)


def read_roi_files(paths) -> tuple[str, ...]:
    """ROI names of one or more files.

    Parameters
    ----------
    paths : .txt (one name a line, # begins a comment), .json (a list of names), or .label.gii of
        one hemisphere each, where every label but the empty one (0 or ``???``) counts as chosen

    Returns
    -------
    names : tuple of str; for GIFTI the atlas areas of which at least half of the vertices are chosen
    """
    names: list[str] = []
    for path in map(Path, paths):
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        if path.name.lower().endswith(".gii"):
            names += _areas_of_gifti(path)
        elif path.suffix.lower() == ".json":
            names += _names_of_json(path)
        else:
            names += _names_of_text(path)
    if not names:
        raise UserError(f"{', '.join(map(str, paths))}: no ROI chosen; name at least one")
    return tuple(dict.fromkeys(names))


def _names_of_text(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not a list of names; allowed: .txt, .json or .label.gii") from error
    return [name for line in lines if (name := line.split("#")[0].strip())]


def _names_of_json(path: Path) -> list[str]:
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is not valid JSON ({error})") from error
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise UserError(f'{path}: must be a list of ROI names such as ["Broca", "L_44"]')
    return names


def _areas_of_gifti(path: Path) -> list[str]:
    """Atlas areas that one hemisphere's label map covers by at least half."""
    from ..brain.atlas import N_VERTICES, load_atlas

    mask, side = _gifti_mask(path)
    atlas = load_atlas()
    labels = atlas.labels[:N_VERTICES] if side == "L" else atlas.labels[N_VERTICES:]
    size = np.bincount(labels, minlength=len(atlas.areas) + 1)
    chosen = np.bincount(labels[mask], minlength=len(atlas.areas) + 1)
    return [area for k, area in enumerate(atlas.areas, start=1) if size[k] and 2 * chosen[k] >= size[k]]


def _gifti_mask(path: Path) -> tuple[np.ndarray, str]:
    """Chosen vertices of a label map, boolean (10242,) on fsaverage5, and the hemisphere ('L' or 'R')."""
    import nibabel

    try:
        image = nibabel.load(path)
        data = np.asarray(image.darrays[0].data)
        table = image.labeltable.get_labels_as_dict()
    except Exception as error:  # nibabel and its XML parser raise many kinds for a damaged file
        raise UserError(f"{path}: cannot be read as GIFTI ({error})") from error
    if data.ndim != 1 or len(data) not in MESH_SIZES:
        raise UserError(f"{path}: has {data.shape} values; one label per vertex of fsaverage5, 6 or 7 is needed: {MESH_SIZES}")
    empty = [0, *(key for key, label in table.items() if label in ("???", ""))]
    mask = ~np.isin(data[: MESH_SIZES[0]], empty)
    structure = {**(image.meta or {}), **(image.darrays[0].meta or {})}.get("AnatomicalStructurePrimary", "")
    name = path.name.lower()
    for side, marks in (("L", (".l.", "_l.", "hemi-l", "lh.")), ("R", (".r.", "_r.", "hemi-r", "rh."))):
        if structure == {"L": "CortexLeft", "R": "CortexRight"}[side]:
            return mask, side
        if not structure and any(mark in name for mark in marks):
            return mask, side
    raise UserError(f"{path}: which hemisphere? Put .L. or .R. into its name")
