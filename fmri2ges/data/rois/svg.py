"""ROIs that were drawn for pycortex: the layer `rois` of an overlays.svg.

The shapes lie on the flatmap of the subject: both hemispheres side by side, scaled to the size of
the drawing and upside down, as pycortex (Gao et al. 2015, Front. Neuroinform. 9:23) lays them out.
Only flatmaps of fsaverage have vertices that are known here; a subject's own surface has not.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...brain.roi import Roi
from ...brain.surface import MESH_SIZES, to_fsaverage5
from ...errors import UserError
from ..bold.series import reading
from .mesh import merged, reason, whole

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"


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
    with reading(path, "SVG"):
        root = ElementTree.parse(path).getroot()
    size = [_length(path, root, key) for key in ("width", "height")]
    shapes = _layer(path, _layer(path, root, "rois"), "shapes")
    left, right = (_read_flat(p) for p in flatmaps or _beside(path))
    points, n_left = _place(left, right, size), len(left[0])
    rois = []
    for group in shapes.findall(f"{SVG}g"):
        name = group.get(LABEL, "").strip()
        inside = np.zeros(len(points), bool)
        for shape in group.findall(f"{SVG}path"):
            for element in (group, shape):
                if element.get("transform"):
                    raise UserError(
                        f"{path}: {name!r} is moved by an SVG transform, which pycortex does not see; apply it in Inkscape"
                    )
            inside |= _outline(f"{path}: {name!r}", shape.get("d", "")).contains_points(points)
        inside &= np.concatenate([left[2], right[2]])
        for side, part in (("L", inside[:n_left]), ("R", inside[n_left:])):
            rois.append(Roi(name, whole(to_fsaverage5(part, side, path), side)))
    return merged(roi for roi in rois if roi.name)


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
                    f"{path}: the layer {label!r} is moved by an SVG transform, which pycortex does not see; apply it in Inkscape"
                )
            return group
    found = ", ".join(filter(None, (g.get(LABEL) for g in parent.findall(f"{SVG}g")))) or "no layer"
    raise UserError(f"{path}: has no layer {label!r} (it has: {found[:100]}); give an overlays.svg of pycortex")


def _beside(path: Path) -> tuple[Path, Path]:
    pair = tuple(path.parent / "surfaces" / f"flat_{side}.gii" for side in ("lh", "rh"))
    if not all(p.is_file() for p in pair):
        raise UserError(
            f"{path}: its shapes need the flatmap that they were drawn on; put {pair[0].name} and {pair[1].name} of the "
            f"subject into {pair[0].parent}"
        )
    return pair


def _read_flat(path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates (n, 2), float64, faces, and which vertices are on the map, (n,) bool."""
    import nibabel

    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with reading(path, "a GIFTI surface"):
        points, faces = (np.asarray(a.data) for a in nibabel.load(path).darrays[:2])
        points = points[:, :2].astype(float)
        on_map = np.zeros(len(points), bool)
        on_map[faces] = True
    if len(points) not in MESH_SIZES:
        raise UserError(
            f"{path}: has {len(points)} vertices, a subject's own surface; ROIs can be read on the flatmap of fsaverage "
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
    """An SVG path as a matplotlib Path; curves stay curves."""
    from fontTools.pens.basePen import BasePen
    from fontTools.svgLib.path import parse_path
    from matplotlib.path import Path as Outline

    points: list[tuple[float, float]] = []
    codes: list[int] = []

    class Pen(BasePen):
        def _add(self, code, *where):
            points.extend(where)
            codes.extend([code] * len(where))

        def _moveTo(self, p):
            self._add(Outline.MOVETO, p)

        def _lineTo(self, p):
            self._add(Outline.LINETO, p)

        def _curveToOne(self, p, q, r):
            self._add(Outline.CURVE4, p, q, r)

        def _closePath(self):
            self._add(Outline.CLOSEPOLY, (0.0, 0.0))

    try:
        parse_path(d, Pen())
    except Exception as error:  # the parser raises many kinds for a damaged path
        raise UserError(f"{where}: its path cannot be read ({reason(error)}); draw it again") from error
    if len(points) < 3 or not np.isfinite(points).all():
        raise UserError(f"{where}: its path has fewer than three points or no numbers; draw it again")
    return Outline(points, codes)
