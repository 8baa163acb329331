"""Bodies of the skeletons as flat shapes, as the player of the app draws them (scene.js of its component).

A body is a torso, round limbs shaded by their depth, a head with a nose, hands that leave a trail, and shadows on the
floor. Shapes are listed from back to front; `canvas.Canvas` paints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..types import Motion

SEGMENTS = 6  # pieces of a limb, each shaded by its own depth
TRAIL = 1.2  # seconds of wrist path behind the hand
TRAIL_PIECES = 24
LIFT = 0.14  # metres from the middle of the panel up to the neck
SHOULDERS = 0.36  # metres between the shoulders, to which all bodies are scaled
WHITE, BLACK = np.array([255.0, 255.0, 255.0]), np.zeros(3)
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 41)), np.sin(np.linspace(0, 2 * np.pi, 41))], 1)
WRISTS = ("left_wrist", "right_wrist")
BODY = ("spine", "neck", "left_shoulder", "right_shoulder")
FACE = ("neck", "nose", "head")


@dataclass(frozen=True)
class Camera:
    """Where the bodies are seen from: angles in radians, distance in metres; the same as on screen."""

    yaw: float = 0.3
    pitch: float = 0.12
    distance: float = 3.2

    def view(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the scene in view space: x right, y up, z towards the viewer."""
        cy, sy, cp, sp = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        turn = np.array([[cy, 0, -sy], [-sp * sy, cp, -sp * cy], [cp * sy, sp, cp * cy]])
        return points @ turn.T


@dataclass(frozen=True)
class Panel:
    """Where a body is drawn: the pixel `LIFT` metres below the mean place of its neck, and pixels per metre."""

    x: float
    y: float
    scale: float


@dataclass(frozen=True)
class Shape:
    """One flat shape.

    Parameters
    ----------
    points : array (n, 2), pixels, y down
    fill : rgb (0 to 255) of the area, or None for a line
    stroke : rgb of the line, or None
    width : width of the line, pixels
    alpha : opacity, 0 to 1
    flat : whether the ends of the line are flat
    """

    points: np.ndarray
    fill: np.ndarray | None = None
    stroke: np.ndarray | None = None
    width: float = 0.0
    alpha: float = 1.0
    flat: bool = False


@dataclass(frozen=True)
class _Part:
    """Shapes that lie in front of or behind other parts together; z is their depth, metres towards the viewer."""

    z: float
    shapes: list[Shape]


class Body:
    """One motion, ready to be drawn at any time.

    Parameters
    ----------
    motion : y up, metres; joints that our skeleton does not have are drawn as limbs
    rgb : colour, 0 to 255
    panel, camera : where it is drawn, and from where it is seen
    """

    def __init__(self, motion: Motion, rgb, panel: Panel, camera: Camera = Camera()):
        self.motion, self.rgb, self.panel, self.camera = motion, np.array(rgb, float), panel, camera
        self.at = {name: k for k, name in enumerate(motion.skeleton.joints)}
        self.wrists = [self.at[name] for name in WRISTS if name in self.at]

    @cached_property
    def _mean(self) -> np.ndarray:
        """Mean place of every joint, array (n_joints, 3), metres."""
        return self.motion.positions.astype(np.float64).mean(0)

    @cached_property
    def _size(self) -> float:
        left, right = (self._mean[self.at.get(f"{side}_shoulder", 0)] for side in ("left", "right"))
        return float(np.clip(np.linalg.norm(left - right) / SHOULDERS, 0.4, 2.5))

    @property
    def _neck(self) -> np.ndarray:
        return self._mean[self.at.get("neck", 0)]

    def shapes(self, time: float) -> list[Shape]:
        """All shapes of the body at one time (seconds on the motion's clock), from back to front."""
        joints = self._centred(poses_at(self.motion, np.array([time]))[0])
        seen = self.camera.view(joints)
        parts, done = [], set()
        if all(name in self.at for name in BODY):
            parts.append(self._torso(joints))
            done |= {self.at[name] for name in BODY}
        if all(name in self.at for name in FACE):
            parts += self._head(joints)
            done |= {self.at["nose"], self.at["head"]}
        # Arms from the wrist up to the trunk.
        for tip in (*self.wrists, *range(len(self.at))):
            chain = [tip]
            while chain[0] not in done and self.motion.skeleton.parents[chain[0]] >= 0:
                done.add(chain[0])
                chain.insert(0, self.motion.skeleton.parents[chain[0]])
            if len(chain) > 1:
                parts.append(self._limb(seen[chain], tip in self.wrists))
        ordered = [shape for part in sorted(parts, key=lambda part: part.z) for shape in part.shapes]
        return [*self._floor(joints), *self._trails(time), *ordered]

    def _centred(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) with the neck's mean place at LIFT, all bodies equally large."""
        return (points - self._neck) / self._size + [0.0, LIFT, 0.0]

    def _pixels(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(pixels (..., 2), pixels per metre (...,)) of points in view space, in perspective."""
        scale = self.panel.scale * self.camera.distance / np.maximum(self.camera.distance - seen[..., 2], 0.2)
        x, y = self.panel.x + seen[..., 0] * scale, self.panel.y - seen[..., 1] * scale
        return np.stack([x, y], -1), scale

    def _shade(self, z: float) -> np.ndarray:
        """The colour of what lies z metres towards the viewer: far parts are paler."""
        return mix(self.rgb, WHITE, float(np.clip(0.2 - 0.75 * z, 0, 0.55)))

    def _floor(self, joints: np.ndarray) -> list[Shape]:
        floor = self._centred(self._mean[self.at.get("spine", 0)])[1] - 0.1
        ground = np.array([29.0, 36.0, 35.0])  # the text colour of the app
        discs = [((0.0, 0.0), 0.5, 0.045)]
        spine = joints[self.at.get("spine", 0)]
        discs += [((spine[0], spine[2]), radius, 0.035) for radius in (0.25, 0.22, 0.19, 0.16)]
        discs += [((joints[k][0], joints[k][2]), radius, 0.035) for k in self.wrists for radius in (0.08, 0.065, 0.05)]
        shapes = []
        for (x, z), radius, alpha in discs:
            ring = np.stack([x + radius * CIRCLE[:, 0], np.full(len(CIRCLE), floor), z + radius * CIRCLE[:, 1]], 1)
            shapes.append(Shape(self._pixels(self.camera.view(ring))[0], fill=ground, alpha=alpha))
        return shapes

    def _trails(self, time: float) -> list[Shape]:
        ages = np.arange(TRAIL_PIECES + 1) / TRAIL_PIECES
        times = np.maximum(time - TRAIL * (1 - ages), self.motion.start)
        paths = self.camera.view(self._centred(poses_at(self.motion, times)[:, self.wrists]))
        pixels, scales = self._pixels(paths)  # (n_times, n_wrists, 2)
        shapes = []
        for wrist in range(len(self.wrists)):
            for k in range(1, TRAIL_PIECES + 1):
                if np.allclose(pixels[k, wrist], pixels[k - 1, wrist], atol=0.05):
                    continue
                width = scales[k, wrist] * 0.026 * (0.2 + 0.8 * ages[k])
                alpha = 0.6 * ages[k] ** 1.5
                points = pixels[k - 1 : k + 1, wrist]
                shapes.append(Shape(points, stroke=self.rgb, width=width, alpha=alpha, flat=True))
        return shapes

    def _limb(self, seen: np.ndarray, arm: bool) -> _Part:
        """A chain of bones (n, 3) in view space with one gap around the whole chain; an arm ends in a hand."""
        pixels, scales = self._pixels(seen)
        gaps, pieces = [], []
        for k in range(len(seen) - 1):
            last = arm and k == len(seen) - 2
            wide, thin = (0.06, 0.046) if last else (0.074, 0.06)
            gaps.append(Shape(pixels[k : k + 2], stroke=WHITE, width=scales[k] * wide + 3))
            pieces.append(_Part((seen[k, 2] + seen[k + 1, 2]) / 2, self._bone(seen[k : k + 2], wide, thin)))
        if arm:
            hand = self._ball(seen[-1], 0.042)
            gaps.append(hand.shapes[0])
            pieces.append(_Part(seen[-1, 2] + 0.001, hand.shapes[1:]))
        inner = [shape for part in sorted(pieces, key=lambda part: part.z) for shape in part.shapes]
        return _Part(float(seen[1:, 2].mean()), [*gaps, *inner])

    def _bone(self, ends: np.ndarray, wide: float, thin: float) -> list[Shape]:
        at = np.linspace(0, 1, SEGMENTS + 1)[:, None]
        middle = (at[:-1] + at[1:]) / 2
        pixels, scales = self._pixels(ends[0] + at * (ends[1] - ends[0]))
        depths = (ends[0] + middle * (ends[1] - ends[0]))[:, 2]
        shapes = [
            Shape(
                pixels[k : k + 2],
                stroke=self._shade(depths[k]),
                width=scales[k + 1] * (wide + (thin - wide) * float(middle[k, 0])),
            )
            for k in range(SEGMENTS)
        ]
        # A soft light from the upper left makes the limb round.
        lift = scales[0] * wide * 0.2
        light = pixels[[0, -1]] - [lift * 0.6, lift]
        return [*shapes, Shape(light, stroke=WHITE, width=scales[0] * thin * 0.28, alpha=0.16)]

    def _ball(self, seen: np.ndarray, radius: float, brighter: float = 0.0) -> _Part:
        """A ring that keeps a gap to what lies behind, and discs that shine from the upper left."""
        (x, y), scale = self._pixels(seen)
        r = radius * float(scale)
        base = self._shade(seen[2])
        if brighter:
            base = mix(self._shade(seen[2] + 0.1), WHITE, brighter)
        light, dark = mix(base, WHITE, 0.28), mix(base, BLACK, 0.06)
        shapes = [Shape(CIRCLE * (r + 1.5) + [x, y], fill=WHITE)]
        for share in np.linspace(0, 0.9, 12):
            centre = np.array([x - 0.3 * r * share, y - 0.35 * r * share])
            shapes.append(Shape(CIRCLE * r * (1 - share) + centre, fill=mix(dark, light, share / 0.9)))
        return _Part(float(seen[2] + radius), shapes)

    def _torso(self, joints: np.ndarray) -> _Part:
        spine, neck, left, right = (joints[self.at[name]] for name in BODY)
        middle = (left + right) / 2

        def beside(centre, shoulder, share):
            return centre + (shoulder - middle) * share

        outline = self.camera.view(
            np.array(
                [
                    beside(middle, left, 0.76),
                    beside(neck, left, 0.2),
                    beside(neck, right, 0.2),
                    beside(middle, right, 0.76),
                    beside(spine, right, 0.46),
                    beside(spine, left, 0.46),
                ]
            )
        )
        pixels, scales = self._pixels(outline)
        z = float(self.camera.view((middle + spine) / 2)[2])
        width, fill = scales[0] * 0.13, self._shade(z - 0.08)
        solid = [
            Shape(pixels, fill=WHITE, stroke=WHITE, width=width + 3),
            Shape(pixels, fill=fill, stroke=fill, width=width),
        ]
        return _Part(z - 0.05, solid)

    def _head(self, joints: np.ndarray) -> list[_Part]:
        neck, nose, top = (joints[self.at[name]] for name in FACE)
        centre = neck + 0.6 * (top - neck)
        radius = 0.42 * float(np.linalg.norm(top - neck))
        ahead = nose - centre
        tip = centre + ahead / max(float(np.linalg.norm(ahead)), 1e-9) * radius * 1.04
        seen_neck, seen_centre, seen_tip = self.camera.view(np.array([neck, centre, tip]))
        ball = self._ball(seen_centre, radius)
        face = self._ball(seen_tip, radius * 0.2, brighter=0.12)
        throat = self._limb(np.array([seen_neck, seen_centre]), arm=False)
        return [
            _Part(min(throat.z, seen_neck[2] - 0.3), throat.shapes),  # its lower end is inside the collar
            # The ball hides a nose that points away, so compare with its centre and not with its front.
            _Part(seen_centre[2] + 0.02, ball.shapes),
            _Part(seen_tip[2] + 0.02, face.shapes[1:]),  # the nose belongs to the face: no gap around it
        ]


def poses_at(motion: Motion, times: np.ndarray) -> np.ndarray:
    """Poses at any times, array (n_times, n_joints, 3), by Catmull-Rom splines; still before and after the motion."""
    x = np.clip((np.asarray(times) - motion.start) * motion.fps, 0, motion.n_frames - 1)
    second = np.minimum(x.astype(int), max(motion.n_frames - 2, 0))
    first, third = np.maximum(second - 1, 0), np.minimum(second + 1, motion.n_frames - 1)
    fourth = np.minimum(third + 1, motion.n_frames - 1)
    f = (x - second)[:, None, None]
    a, b, c, d = (motion.positions[k].astype(np.float64) for k in (first, second, third, fourth))
    return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)))


def mix(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """The colour a share of the way from a to b."""
    return a + (b - a) * share
