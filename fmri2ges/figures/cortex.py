"""The cortex from four sides, painted without a graphics card.

Triangles that face away are left out; the others are shaded by their normal and by the folding, and painted from back
to front, without perspective. The mesh is a picture inside the SVG or PDF; outlines and text stay vectors.
"""

from __future__ import annotations

import numpy as np

from ..brain.atlas import N_VERTICES, load_atlas
from ..brain.surface import bare_cortex, load_surface
from ..decoding.stories import DecodedStory
from ..errors import UserError, check_shape
from ..exports.meshes import Mesh
from ..exports.rois import on_cortex
from ..motion.amount import T2GOrigin
from .style import GREY, INK, ROI_COLOURS, Page, Paper, rgb_of, roi_text

# Name of a view -> direction from which the left hemisphere is seen (x right, y anterior, z up).
VIEWS = {"lateral": (-1.0, 0.0, 0.0), "medial": (1.0, 0.0, 0.0), "dorsal": (0.0, 0.0, 1.0), "ventral": (0.0, 0.0, -1.0)}
UP = {"lateral": (0, 0, 1), "medial": (0, 0, 1), "dorsal": (0, 1, 0), "ventral": (0, 1, 0)}


def draw_cortex(
    page: Page,
    left: float,
    top: float,
    width: float,
    colours: np.ndarray,
    regions: np.ndarray | None = None,
    views: tuple[str, ...] = ("lateral", "medial"),
    surface: str = "inflated",
) -> float:
    """Paint both hemispheres in a row: the views of the left one, then those of the right one.

    Parameters
    ----------
    page : the page to draw on
    left, top, width : the row, mm
    colours : array (20484, 3), red green blue from 0 to 1; NaN where the bare cortex shows
    regions : array (20484,), int, or None; a line is drawn where the number changes
    views : of each hemisphere
    surface : 'inflated' or 'pial'

    Returns
    -------
    height : of the row, mm
    """
    check_shape("cortex colours", colours, (2 * N_VERTICES, 3))
    mesh = load_surface(surface)
    shaded = bare_cortex()
    painted = np.where(np.isnan(colours), shaded, 0.85 * colours + 0.15 * shaded)
    faces = mesh.faces[: len(mesh.faces) // 2]
    sides = [(side, view) for side in ("left", "right") for view in views]
    cells = [_project(mesh.vertices, side, view) for side, view in sides]
    # One scale for all views, so that sizes compare; each view gets the width that it needs.
    spans = [xy.max(0) - xy.min(0) for xy, _ in cells]
    gap = 3.0
    scale = (width - gap * (len(cells) - 1)) / sum(s[0] for s in spans)
    height = scale * max(s[1] for s in spans)
    x = left
    boxes = [_box((xy.max(0) + xy.min(0)) / 2, xy.max(0)[0] - xy.min(0)[0], height / scale) for xy, _ in cells]
    pictures = _rendered(page, painted, regions, surface, sides, boxes, scale) if page.paper.rendered else None
    for k, ((side, view), (xy, depth), span) in enumerate(zip(sides, cells, spans, strict=True)):
        axes = page.axes(x, top, scale * span[0], height)
        if pictures is None:
            part = _half(side)
            _paint(axes, xy, depth, faces, painted[part], None if regions is None else regions[part])
        else:
            page.picture(axes, pictures[k], boxes[k])
        axes.set(xlim=boxes[k][:2], ylim=boxes[k][2:])
        axes.axis("off")
        page.text(x + scale * span[0] / 2, top + height + 3.6, f"{side} {view}", ha="center", color=GREY, fontsize=6.5)
        x += scale * span[0] + gap
    return height + 5


def _half(side: str) -> slice:
    """The vertices of a hemisphere."""
    return slice(0, N_VERTICES) if side == "left" else slice(N_VERTICES, None)


def _box(centre: np.ndarray, width: float, height: float) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a picture, mm of the brain."""
    x, y = (float(c) for c in centre)
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def _rendered(page: Page, painted, regions, surface: str, sides, boxes, scale: float) -> list[np.ndarray]:
    """A rendered picture of each view, with the same colours and outlines and at the same place as the painted one."""
    from .render import Shot, render

    mesh = load_surface(surface)
    faces = mesh.faces[: len(mesh.faces) // 2]
    halves = {}
    for side in dict(sides):
        part = _half(side)
        half = Mesh(mesh.vertices[part], faces, np.rint(255 * painted[part]).astype(np.uint8))
        borders = np.empty((0, 2, 3)) if regions is None else _borders(half.vertices[faces], regions[part][faces])
        halves[side] = half, borders
    shots = []
    for (side, view), box in zip(sides, boxes, strict=True):
        half, borders = halves[side]
        right, up, eye = _directions(side, view)
        middle = right * (box[0] + box[1]) / 2 + up * (box[2] + box[3]) / 2
        size = page.pixels(scale * (box[1] - box[0]), scale * (box[3] - box[2]))
        shots.append(Shot(half, borders, 0.25 / scale, tuple(eye), tuple(up), tuple(middle), box[3] - box[2], size))
    return render(shots)


def _directions(side: str, view: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The directions to the right, upwards and to the viewer."""
    eye, up = np.array(VIEWS[view]), np.array(UP[view], float)
    if side == "right":
        eye = eye * (-1, 1, 1)  # lateral and medial change sides
    return np.cross(up, eye), up, eye


def _project(vertices: np.ndarray, side: str, view: str) -> tuple[np.ndarray, np.ndarray]:
    """Screen coordinates (10242, 2) and depth (10242,), growing towards the viewer, mm."""
    part = vertices[_half(side)]
    right, up, eye = _directions(side, view)
    return part @ np.stack([right, up], 1), part @ eye


def _paint(axes, xy, depth, faces, colours, regions) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    corners = np.column_stack([xy, depth])[faces]  # (faces, 3 corners, xyz)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    smooth = np.zeros((len(xy), 3))
    np.add.at(smooth, faces, normal[:, None, :])
    smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-12)
    front = np.flatnonzero(normal[:, 2] > 0)
    order = front[np.argsort(corners[front, :, 2].mean(1))]
    # Light from the viewer, a little from above and from the left.
    light = np.array([-0.25, 0.35, 0.9])
    lit = 0.45 + 0.6 * np.clip(smooth[faces[order]].mean(1) @ (light / np.linalg.norm(light)), 0, 1)
    colour = np.clip(colours[faces[order]].mean(1) * lit[:, None], 0, 1)
    # Edges in the colour of their face close the gaps between triangles.
    axes.add_collection(
        PolyCollection(corners[order, :, :2], facecolors=colour, edgecolors=colour, linewidths=0.3, rasterized=True)
    )
    if regions is not None:
        pieces = _borders(corners[front, :, :2], regions[faces[front]])
        # One path: an SVG or PDF states colour and width once, and not for each of a thousand pieces.
        steps = np.tile([Outline.MOVETO, Outline.LINETO], len(pieces))
        border = Outline(pieces.reshape(-1, 2), steps)
        axes.add_patch(PathPatch(border, fill=False, edgecolor=INK, linewidth=0.55, capstyle="round"))


def _borders(corners: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Line pieces through the triangles whose corners differ: array (n_pieces, 2, n_axes).

    Parameters
    ----------
    corners : array (n_faces, 3, n_axes); two axes on a picture, three in space
    labels : array (n_faces, 3), int
    """
    middle = (corners + np.roll(corners, -1, axis=1)) / 2  # of edges 01, 12, 20
    differs = labels != np.roll(labels, -1, axis=1)
    two = differs.sum(1) == 2
    three = differs.all(1)
    pieces = [middle[two][differs[two]].reshape(-1, 2, corners.shape[-1])]
    # Three regions meet: from each edge to the centre of the triangle.
    centre = corners[three].mean(1)
    pieces += [np.stack([middle[three][:, k], centre], axis=1) for k in range(3)]
    return np.concatenate(pieces)


def map_colours(values: np.ndarray, limits: tuple[float, float], cmap: str = "cividis") -> np.ndarray:
    """Colours (20484, 3) of a map (20484,) with NaN where there is no value."""
    import matplotlib

    scaled = np.clip((values - limits[0]) / (limits[1] - limits[0]), 0, 1)
    colours = matplotlib.colormaps[cmap](np.nan_to_num(scaled))[:, :3]
    colours[np.isnan(values)] = np.nan
    return colours


def draw_rois(story: DecodedStory, paper: Paper) -> Page:
    """The ROIs that a story was decoded from, each with its name and number of vertices.

    Parameters
    ----------
    story : the decoded story
    paper : what is drawn on
    """
    request = story.decoded.request
    if not on_cortex(story.decoded):
        raise UserError(
            f"cortex figure: {roi_text(request.rois)} of this run have no place on the cortex of fsaverage5, because "
            "it was trained on a table of ROIs or on voxels; draw strip or compare instead"
        )
    masks = [load_atlas().vertices([name]) for name in request.rois]
    about = f"subject {request.subject}, story {request.story}"
    origin = T2GOrigin.of(story.decoded.manifest)
    # Nothing in this picture depends on T2G, so only the caption names it.
    return roi_page(request.rois, masks, paper, about, "SIMULATED" if story.simulated else "", origin.caption)


def roi_page(names, masks, paper: Paper, subtitle: str, mark: str = "", about: str = "") -> Page:
    """Page with the cortex row and a legend; up to 7 ROIs have a colour each, more share one."""
    width = paper.width
    several = len(names) <= len(ROI_COLOURS)
    colours = np.full((2 * N_VERTICES, 3), np.nan)
    regions = np.zeros(2 * N_VERTICES, int)
    for k, mask in enumerate(masks):
        colours[mask] = np.array(rgb_of(ROI_COLOURS[k if several else 0])) / 255
        regions[mask] = k + 1 if several else 1
    chosen = int((regions > 0).sum())
    per_row = max(1, int((width - 8) // 42))
    rows = int(np.ceil(len(names) / per_row)) if several else 1
    row = (width - 8) * 0.165  # height of four inflated views in a row
    page = Page(
        paper,
        22 + row + 4.5 * rows,
        "Cortical regions decoded from",
        f"{subtitle}; {chosen:,} of 20,484 vertices, HCP-MMP1.0 on fsaverage5 (inflated)",
        mark,
        about,
    )
    height = draw_cortex(page, 4, 15, width - 8, colours, regions)
    top = 15 + height + 4.5
    if not several:
        page.text(4, top, f"{len(names)} ROIs, outlined together", va="center")
        return page
    groups = load_atlas().groups
    for k, (name, mask) in enumerate(zip(names, masks, strict=True)):
        x, y = 4 + (width - 8) / per_row * (k % per_row), top + 4.5 * (k // per_row)
        page.text(x, y, "\u25a0", color=ROI_COLOURS[k], fontsize=9, va="center")
        label = groups[name][0] if name in groups else "all 360 areas" if name == "all" else name
        label = label if len(label) <= 24 else name
        page.text(x + 3.5, y, f"{label} ({int(mask.sum()):,})", va="center", fontsize=6.5)
    return page
