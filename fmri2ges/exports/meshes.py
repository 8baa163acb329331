"""Bodies and the cortex as coloured triangle meshes, for 3-D renders and for other programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..brain.surface import bare_cortex, load_surface
from ..errors import check_shape
from ..types import Skeleton

ROUND = 20  # corners of a limb's cross-section
BALL = 12  # rings of a ball
TRUNK = ("spine", "neck", "left_shoulder", "right_shoulder")
FACE = ("neck", "nose", "head")
WRISTS = ("left_wrist", "right_wrist")
# Radii in metres of a body whose shoulders are SHOULDERS apart; the same body as on screen and in films.
SHOULDERS = 0.36
UPPER_ARM, LOWER_ARM, HAND, TORSO = (0.037, 0.030), (0.030, 0.023), 0.042, 0.065
SLIM = 0.22  # radius of a short bone, such as a finger's, as a share of its length


@dataclass(frozen=True)
class Mesh:
    """Triangles with a colour at each corner.

    Parameters
    ----------
    vertices : array (n_vertices, 3), float32; metres of a body, mm of a cortex
    faces : array (n_faces, 3), int32; corners counter-clockwise seen from outside
    colours : array (n_vertices, 3), uint8, red green blue
    """

    vertices: np.ndarray
    faces: np.ndarray
    colours: np.ndarray

    @classmethod
    def of(cls, vertices, faces, colour) -> Mesh:
        """A mesh of one colour (red green blue, 0 to 255)."""
        colours = np.broadcast_to(np.asarray(colour, np.uint8), (len(vertices), 3))
        return cls(np.asarray(vertices, np.float32), np.asarray(faces, np.int32), colours.copy())

    @classmethod
    def joined(cls, meshes: list[Mesh]) -> Mesh:
        """All meshes as one."""
        shifts = np.cumsum([0, *(len(m.vertices) for m in meshes[:-1])])
        return cls(
            np.concatenate([m.vertices for m in meshes]),
            np.concatenate([m.faces + shift for m, shift in zip(meshes, shifts, strict=True)]).astype(np.int32),
            np.concatenate([m.colours for m in meshes]),
        )

    def moved(self, by) -> Mesh:
        """The same mesh somewhere else; `by` is (3,), in its unit."""
        return Mesh(self.vertices + np.asarray(by, np.float32), self.faces, self.colours)


@dataclass(frozen=True)
class Piece:
    """A part of a body that moves as a whole: a limb, the head or the trunk.

    Parameters
    ----------
    name : of the joint that it ends at, or head or trunk
    anchors : joints that move it, as indices; the first is its origin
    mesh : in the pose that it was built from
    """

    name: str
    anchors: tuple[int, ...]
    mesh: Mesh


def body_pieces(pose: np.ndarray, skeleton: Skeleton, rgb) -> list[Piece]:
    """The parts of a body in a pose.

    Parameters
    ----------
    pose : array (n_joints, 3), metres
    skeleton : joints that ours does not have are limbs; without a trunk or a face in it these are left out
    rgb : colour, 0 to 255

    Returns
    -------
    pieces : each with its mesh where the pose has it
    """
    check_shape("pose", pose, (len(skeleton), 3))
    pose = np.asarray(pose, np.float64)
    at = {name: k for k, name in enumerate(skeleton.joints)}
    size = _size(pose, at)
    pieces, drawn = [], set()
    if all(name in at for name in TRUNK):
        anchors = tuple(at[name] for name in TRUNK)
        # Lighter than the arms, which are often in front of it.
        pieces.append(Piece("trunk", anchors, _trunk(pose[list(anchors)], size, _lighter(rgb, 0.3))))
        drawn |= set(anchors)
    if all(name in at for name in FACE):
        anchors = tuple(at[name] for name in FACE)
        pieces.append(Piece("head", anchors, _head(pose[list(anchors)], size, rgb)))
        drawn |= {at["nose"], at["head"]}
    for parent, child in skeleton.bones:
        if child not in drawn and np.linalg.norm(pose[child] - pose[parent]) > 1e-6:
            name = skeleton.joints[child]
            pieces.append(Piece(name, (parent, child), _bone(pose[parent], pose[child], name, skeleton, size, rgb)))
    return pieces


def body_mesh(pose: np.ndarray, skeleton: Skeleton, rgb) -> Mesh:
    """The whole body in a pose; parameters as of `body_pieces`."""
    return Mesh.joined([piece.mesh for piece in body_pieces(pose, skeleton, rgb)])


def cortex_mesh(colours: np.ndarray, surface: str = "pial") -> Mesh:
    """Both hemispheres of fsaverage5.

    Parameters
    ----------
    colours : array (20484, 3), red green blue from 0 to 1; NaN where the bare cortex, grey by folding, shows
    surface : 'pial', 'white' or 'inflated', whose hemispheres are set side by side
    """
    mesh = load_surface(surface)
    check_shape("cortex colours", colours, (len(mesh.vertices), 3))
    shaded = bare_cortex()
    painted = np.where(np.isnan(colours), shaded, 0.85 * colours + 0.15 * shaded)
    vertices = mesh.vertices.copy()
    if surface == "inflated":
        half = len(vertices) // 2
        vertices[:half, 0] -= vertices[:half, 0].max() + 2
        vertices[half:, 0] -= vertices[half:, 0].min() - 2
    return Mesh(vertices, mesh.faces, np.rint(255 * painted).astype(np.uint8))


def _lighter(rgb, share: float) -> np.ndarray:
    """A colour mixed with white."""
    return 255 - (1 - share) * (255 - np.asarray(rgb, float))


def _size(pose: np.ndarray, at: dict[str, int]) -> float:
    """How large the body is beside ours."""
    if not all(f"{side}_shoulder" in at for side in ("left", "right")):
        return 1.0
    apart = np.linalg.norm(pose[at["left_shoulder"]] - pose[at["right_shoulder"]])
    return float(np.clip(apart / SHOULDERS, 0.05, 20))


def _bone(start, stop, name: str, skeleton: Skeleton, size: float, rgb) -> Mesh:
    most = SLIM * float(np.linalg.norm(stop - start))
    first, last = (min(r * size, most) for r in (LOWER_ARM if name in WRISTS else UPPER_ARM))
    limb = _capsule(start, stop, first, last, rgb)
    if name not in WRISTS:
        return limb
    # A wrist that has fingers needs a palm, not a fist.
    fingers = skeleton.joints.index(name) in skeleton.parents
    return Mesh.joined([limb, _ball(stop, HAND * size * (0.7 if fingers else 1), rgb)])


def _head(joints: np.ndarray, size: float, rgb) -> Mesh:
    neck, nose, top = joints
    centre = neck + 0.6 * (top - neck)
    radius = 0.42 * float(np.linalg.norm(top - neck))
    ahead = nose - centre
    tip = centre + ahead / max(float(np.linalg.norm(ahead)), 1e-9) * radius * 1.04
    throat = _capsule(neck, centre, 0.036 * size, 0.034 * size, rgb)
    return Mesh.joined([throat, _ball(centre, radius, rgb), _ball(tip, 0.2 * radius, _lighter(rgb, 0.25))])


def _trunk(joints: np.ndarray, size: float, rgb) -> Mesh:
    """The convex hull of balls at the shoulders, the neck and the waist."""
    from scipy.spatial import ConvexHull

    spine, neck, left, right = joints
    middle = (left + right) / 2
    across = left - middle
    places = [middle + 0.76 * across, middle - 0.76 * across, neck + 0.2 * across, neck - 0.2 * across]
    places += [spine + 0.46 * across, spine - 0.46 * across]
    radii = [TORSO * 0.82, TORSO * 0.82, TORSO * 0.6, TORSO * 0.6, TORSO, TORSO]
    points = np.concatenate([_ball(p, r * size, rgb).vertices for p, r in zip(places, radii, strict=True)])
    hull = ConvexHull(points)
    corners, faces = np.unique(hull.simplices, return_inverse=True)
    vertices, faces = points[corners], faces.reshape(hull.simplices.shape)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), (a + b + c) / 3 - vertices.mean(0)) < 0
    faces[inwards] = faces[inwards][:, ::-1]
    return Mesh.of(vertices, faces, rgb)


def _ball(centre, radius: float, rgb) -> Mesh:
    return _turned(np.asarray(centre, float), np.array([0.0, 1.0, 0.0]), [(0.0, radius, -1), (0.0, radius, 1)], rgb)


def _capsule(start, stop, first: float, last: float, rgb) -> Mesh:
    """A limb with round ends; `first` and `last` are its radii."""
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    length = float(np.linalg.norm(stop - start))
    return _turned(start, (stop - start) / length, [(0.0, first, -1), (length, last, 1)], rgb)


def _turned(origin, axis, ends, rgb) -> Mesh:
    """A body of revolution: half a ball at each of two places (distance, radius, side) along an axis."""
    angle = np.linspace(0, np.pi / 2, BALL // 2 + 1)
    rings = []
    for place, radius, side in ends:
        ring = np.stack([place + side * radius * np.cos(angle), radius * np.sin(angle)], 1)
        rings.append(ring if side < 0 else ring[::-1])
    same = np.allclose(rings[0][-1], rings[1][0])  # a ball has one equator
    profile = np.concatenate([rings[0][1 : -1 if same else None], rings[1][:-1]])  # both poles are single corners
    tips = np.array([rings[0][0, 0], rings[1][-1, 0]])
    across = np.cross(axis, [1.0, 0, 0] if abs(axis[0]) < 0.9 else [0, 0, 1.0])
    across /= np.linalg.norm(across)
    turn = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    spoke = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * np.cross(axis, across)
    wall = origin + profile[:, :1, None] * axis + profile[:, 1:, None] * spoke
    vertices = np.concatenate([wall.reshape(-1, 3), origin + tips[:, None] * axis])
    k = np.arange(ROUND)
    following = (k + 1) % ROUND
    low, high = len(vertices) - 2, len(vertices) - 1
    faces = [np.stack([np.full(ROUND, low), following, k], 1)]
    for row in range(len(profile) - 1):
        a, b = row * ROUND, (row + 1) * ROUND
        faces += [np.stack([a + k, a + following, b + following], 1), np.stack([a + k, b + following, b + k], 1)]
    top = (len(profile) - 1) * ROUND
    faces.append(np.stack([top + k, top + following, np.full(ROUND, high)], 1))
    return Mesh.of(vertices, np.concatenate(faces), rgb)
