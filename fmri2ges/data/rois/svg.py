"""ROIs that were drawn for pycortex: the layer `rois` of an overlays.svg.

The shapes lie on the flatmap of the subject: both hemispheres side by side, scaled to the size of
the drawing and upside down, as pycortex (Gao et al. 2015, Front. Neuroinform. 9:23) lays them out.
Only flatmaps of fsaverage have vertices that are known here; a subject's own surface has not.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder

import numpy as np

from ...brain.atlas import N_VERTICES
from ...brain.roi import Roi
from ...brain.surface import MESH_SIZES
from ...errors import UserError, one_line
from ..gifti import read_gifti
from ..reading import reading
from ..xml import parse_xml
from .mesh import Part, merged

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
MAX_ELEMENTS = 100_000  # of a drawing; pycortex' own have a few thousand
MAX_TEXT = 1_000_000  # characters of all paths; a hundred ROIs drawn by hand have a tenth of it
MAX_CORNERS = 50_000  # of one path, its curves in straight pieces
MAX_TESTS = 100_000_000  # pairs of a vertex and a piece of an outline, a second or two of computing
FARTHEST = 1e7  # pixels
PIECES = (2, 200)  # straight pieces of a curve, by its length


def read_overlays(path: Path, flatmaps=None) -> tuple[Roi, ...]:
    """ROIs of an overlays.svg.

    Parameters
    ----------
    flatmaps : (left, right) paths of the flatmap surfaces (GIFTI) of fsaverage, or None: then
        surfaces/flat_lh.gii and flat_rh.gii beside the file, where a pycortex store has them

    Raises
    ------
    UserError
        For a damaged drawing, a missing flatmap or one that is not of fsaverage.
    """
    root = _read_drawing(path)
    size = [_length(path, root, key) for key in ("width", "height")]
    shapes = _layer(path, _layer(path, root, "rois"), "shapes")
    left, right = (_read_flat(p) for p in flatmaps or _beside(path))
    points = _place(left, right, size)
    # Only the vertices of fsaverage5 are wanted, the first of every mesh.
    kept = np.concatenate([np.arange(N_VERTICES), len(left[0]) + np.arange(N_VERTICES)])
    points, on_map = points[kept], np.concatenate([left[2], right[2]])[kept]
    rois, n_tests = [], 0
    for group in shapes.findall(f"{SVG}g"):
        name = group.get(LABEL, "").strip()
        inside = np.zeros(len(points), bool)
        for shape in group.findall(f"{SVG}path"):
            for element in (group, shape):
                if element.get("transform"):
                    raise UserError(
                        f"{path}: {name!r} is moved by an SVG transform, which pycortex does not see; apply it in "
                        "Inkscape"
                    )
            outline = _outline(f"{path}: {name!r}", shape.get("d", ""))
            near = _near(points, outline.vertices)
            n_tests += len(near) * len(outline.vertices)
            if n_tests > MAX_TESTS:
                raise UserError(
                    f"{path}: its shapes have too many corners; simplify them in Inkscape (Path > Simplify)"
                )
            inside[near] |= outline.contains_points(points[near])
        inside &= on_map
        for side, part in (("L", inside[:N_VERTICES]), ("R", inside[N_VERTICES:])):
            rois.append(Part(name, side, part))
    return merged((roi for roi in rois if roi.name), path)


def _read_drawing(path: Path) -> Element:
    """The root element of a drawing of bounded size."""
    with reading(path, "SVG"), open(path, "rb") as stream:
        root = parse_xml(stream, TreeBuilder(), MAX_ELEMENTS)
        n_text = sum(len(shape.get("d", "")) for shape in root.iter(f"{SVG}path"))
    if n_text > MAX_TEXT:
        raise UserError(
            f"{path}: its paths have {n_text} characters, at most {MAX_TEXT} are read; keep the layer of the ROIs alone"
        )
    return root


def _near(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Indices of the points in the box around the corners of an outline."""
    low, high = corners.min(0), corners.max(0)
    return np.flatnonzero(((points >= low) & (points <= high)).all(1))


def _length(path: Path, root, key: str) -> float:
    text = (root.get(key) or "").removesuffix("px")
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise UserError(f"{path}: its {key} is {text[:20]!r}; a pycortex drawing has {key} in pixels")
    return value


def _layer(path: Path, parent, label: str):
    for group in parent.findall(f"{SVG}g"):
        if group.get(LABEL) == label:
            if group.get("transform"):
                raise UserError(
                    f"{path}: the layer {label!r} is moved by an SVG transform, which pycortex does not see; apply it "
                    "in Inkscape"
                )
            return group
    found = ", ".join(filter(None, (g.get(LABEL) for g in parent.findall(f"{SVG}g")))) or "no layer"
    raise UserError(f"{path}: has no layer {label!r} (it has: {found[:100]}); give an overlays.svg of pycortex")


def _beside(path: Path) -> tuple[Path, Path]:
    left, right = pair = tuple(path.parent / "surfaces" / f"flat_{side}.gii" for side in ("lh", "rh"))
    if not all(p.exists() or p.is_symlink() for p in pair):
        raise UserError(
            f"{path}: its shapes need the flatmap that they were drawn on; put {pair[0].name} and {pair[1].name} of "
            f"the subject into {pair[0].parent}"
        )
    return left, right


def _read_flat(path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates (n, 2), float64, faces, and which vertices are on the map, (n,) bool."""
    gifti = read_gifti(path)
    with reading(path, "a GIFTI surface"):
        points, faces = gifti.first("POINTSET"), gifti.first("TRIANGLE")
        points = points[:, :2].astype(float)
        on_map = np.zeros(len(points), bool)
        on_map[faces] = True
    if len(points) not in MESH_SIZES:
        raise UserError(
            f"{path}: has {len(points)} vertices, a subject's own surface; ROIs can be read on the flatmap of "
            "fsaverage "
            f"({', '.join(map(str, MESH_SIZES))}). Export them from pycortex as an fsaverage .label.gii instead"
        )
    if not np.isfinite(points).all():
        raise UserError(f"{path}: holds coordinates that are no numbers; write or copy it again")
    return points, faces, on_map


def _place(left, right, size) -> np.ndarray:
    """Vertices of both flatmaps on the drawing, array (n_left + n_right, 2), pixels, y down."""
    a, b = left[0].copy(), right[0].copy()
    a[:, 0] -= a[:, 0].max()
    b[:, 0] -= b[:, 0].min()
    points = np.concatenate([a, b])
    points -= points.min(0)
    points *= np.array(size) / np.maximum(points.max(0), 1e-9)
    points[:, 1] = size[1] - points[:, 1]
    return points


def _outline(where: str, d: str):
    """An SVG path as a matplotlib Path of straight pieces, short enough to miss a curve by less than .1 pixel."""
    from fontTools.pens.basePen import BasePen
    from fontTools.svgLib.path import parse_path
    from matplotlib.path import Path as Outline

    points: list[tuple[float, float]] = []
    codes: list[int] = []

    class Pen(BasePen):
        def _add(self, code, point):
            if len(points) >= MAX_CORNERS:
                raise ValueError(f"it has more than {MAX_CORNERS} corners")
            points.append(point)
            codes.append(code)

        def _moveTo(self, p):
            self._add(Outline.MOVETO, p)

        def _lineTo(self, p):
            self._add(Outline.LINETO, p)

        def _curveToOne(self, p, q, r):
            for point in _pieces(self._getCurrentPoint(), p, q, r):
                self._add(Outline.LINETO, point)

        def _closePath(self):
            self._add(Outline.CLOSEPOLY, points[-1])

    try:
        parse_path(d, Pen())
    except Exception as error:  # the parser raises many kinds for a damaged path
        raise UserError(f"{where}: its path cannot be read ({one_line(error, 160)}); draw it again") from error
    corners = np.array(points, float).reshape(-1, 2)
    if len(corners) < 3 or not (np.abs(corners) <= FARTHEST).all():
        raise UserError(f"{where}: its path has fewer than three points, or points far outside; draw it again")
    return Outline(corners, codes)


def _pieces(*controls: tuple[float, float]) -> np.ndarray:
    """Points along a cubic curve with four control points, without the first, array (n, 2)."""
    p = np.array(controls, float)
    length = min(float(np.linalg.norm(np.diff(p, axis=0), axis=1).sum()), FARTHEST)
    n = int(np.clip(math.ceil(2 * math.sqrt(length)), *PIECES)) if math.isfinite(length) else 1
    t = np.arange(1, n + 1)[:, None] / n
    return (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t**2 * (1 - t) * p[2] + t**3 * p[3]
