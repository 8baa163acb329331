"""ROIs as JSON (polygons on the flatmap of fsaverage5, or vertices) and as a CSV of members.

The JSON is ours and versioned::

    {"format": "fmri2ges-roi", "version": 1, "rois": [
        {"name": "mine", "hemisphere": "L", "polygon": [[x, y], ...]},
        {"name": "mine", "hemisphere": "R", "vertices": [17, 18, ...]}]}

x and y are mm on `load_surface("flat")` of that hemisphere; a vertex is counted from 0 in its
hemisphere. Entries with one name are one ROI. The CSV has the columns roi, hemisphere (L or R),
vertex and area; the area is for the reader's eyes and is not read back.
"""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES, load_atlas
from ...brain.roi import Roi
from ...brain.surface import load_surface
from ...errors import UserError
from ..atomic import write_json, write_text
from ..reading import reading
from .mesh import Part, merged

FORMAT, VERSION = "fmri2ges-roi", 1
MAX_CORNERS = 50_000  # of all polygons of a file: each is compared with every vertex of its hemisphere


def read_json_rois(path: Path, content: dict) -> tuple[Roi, ...]:
    """ROIs of the parsed content of a JSON file.

    Raises
    ------
    UserError
        For another format or version, or the first entry that is wrong, with its number.
    """
    if content.get("format") != FORMAT:
        raise UserError(f'{path}: must be a list of ROI names, or an object with "format": "{FORMAT}"')
    if content.get("version") != VERSION:
        raise UserError(f"{path}: has version {content.get('version')!r}; this program reads version {VERSION}")
    entries = content.get("rois")
    if not isinstance(entries, list):
        raise UserError(f'{path}: "rois" must be a list of objects with name, hemisphere and polygon or vertices')
    n = sum(len(e["polygon"]) for e in entries if isinstance(e, dict) and isinstance(e.get("polygon"), list))
    if n > MAX_CORNERS:
        raise UserError(
            f"{path}: its polygons have {n} corners together, at most {MAX_CORNERS} are read; simplify them"
        )
    return merged((_entry(f"{path}: rois[{k}]", entry) for k, entry in enumerate(entries)), path)


def _entry(where: str, entry) -> Part:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
        raise UserError(f'{where}: needs a "name"')
    if entry.get("hemisphere") not in ("L", "R"):
        raise UserError(f'{where}: "hemisphere" is {str(entry.get("hemisphere"))[:20]!r}; allowed: "L", "R"')
    if ("polygon" in entry) == ("vertices" in entry):
        raise UserError(f'{where}: needs either "polygon" or "vertices"')
    side = entry["hemisphere"]
    if "vertices" in entry:
        return Part(entry["name"].strip(), side, vertex_mask(where, entry["vertices"]))
    try:
        polygon = np.array(entry["polygon"], float)
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f'{where}: "polygon" must be a list of [x, y] in mm') from error
    if polygon.ndim != 2 or polygon.shape[1] != 2 or len(polygon) < 3 or not np.isfinite(polygon).all():
        raise UserError(f'{where}: "polygon" must be at least three [x, y] in mm; got shape {polygon.shape}')
    return Part(entry["name"].strip(), side, inside_polygon(polygon, side))


def vertex_mask(where: str, vertices) -> np.ndarray:
    """Mask (10242,) of a list of vertices; a `UserError` for anything but whole numbers from 0 to 10241."""
    if not isinstance(vertices, list) or not all(type(v) is int and 0 <= v < N_VERTICES for v in vertices):
        raise UserError(
            f"{where}: vertices must be whole numbers from 0 to {N_VERTICES - 1} (fsaverage5, one hemisphere)"
        )
    mask = np.zeros(N_VERTICES, bool)
    mask[vertices] = True
    return mask


@lru_cache(maxsize=1)
def _flat() -> tuple[np.ndarray, np.ndarray]:
    """Flatmap coordinates (20484, 2), and which vertices are on it: the medial wall is cut away."""
    surface = load_surface("flat")
    on_map = np.zeros(len(surface.vertices), bool)
    on_map[surface.faces] = True
    return surface.vertices[:, :2], on_map


def inside_polygon(polygon, side: str) -> np.ndarray:
    """Vertices of a hemisphere inside a polygon on the flatmap of fsaverage5, mask (10242,).

    Parameters
    ----------
    polygon : array (n_corners, 2), mm
    """
    from matplotlib.path import Path as Outline

    part = slice(0, N_VERTICES) if side == "L" else slice(N_VERTICES, None)
    points, on_map = (x[part] for x in _flat())
    return Outline(polygon, closed=False).contains_points(points) & on_map


def write_json_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write the vertices of the ROIs as JSON, one entry per ROI and hemisphere."""
    entries = [
        {"name": roi.name, "hemisphere": side, "vertices": np.flatnonzero(part).tolist()}
        for roi in rois
        for side, part in (("L", roi.mask[:N_VERTICES]), ("R", roi.mask[N_VERTICES:]))
        if part.any()
    ]
    return (write_json(out, {"format": FORMAT, "version": VERSION, "rois": entries}),)


def read_csv_rois(path: Path) -> tuple[Roi, ...]:
    """ROIs of a CSV of members.

    Raises
    ------
    UserError
        For a missing column, or the first line that is wrong.
    """
    members: dict[tuple[str, str], list[int]] = {}
    with reading(path, "CSV"), open(path, encoding="utf-8-sig", newline="") as f:
        rows = csv.DictReader(f)
        missing = [c for c in ("roi", "hemisphere", "vertex") if c not in (rows.fieldnames or ())]
        if missing:
            raise UserError(f"{path}: has no column {missing[0]!r}; needed: roi, hemisphere, vertex")
        for row in rows:
            where = f"{path}: line {rows.line_num}"
            name, side, vertex = ((row[c] or "").strip() for c in ("roi", "hemisphere", "vertex"))
            if (
                not name
                or side not in ("L", "R")
                or not (vertex.isascii() and vertex.isdigit() and int(vertex[:9]) < N_VERTICES)
            ):
                raise UserError(f"{where}: needs a name, L or R, and a vertex from 0 to {N_VERTICES - 1}")
            members.setdefault((name, side), []).append(int(vertex))
        rois = (Part(name, side, vertex_mask(str(path), v)) for (name, side), v in members.items())
        return merged(rois, path)


def write_csv_rois(rois, out: Path) -> tuple[Path, ...]:
    """Write one row per ROI and vertex: roi, hemisphere, vertex, area."""
    atlas = load_atlas()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["roi", "hemisphere", "vertex", "area"])
    for roi in rois:
        for v in np.flatnonzero(roi.mask):
            area = atlas.areas[atlas.labels[v] - 1]
            table.writerow([roi.name, area[0], v % N_VERTICES, area])
    return (write_text(out, text.getvalue()),)
