"""The upper body as lines, seen from the front, so that the speaker's left is on the right."""

from __future__ import annotations

import numpy as np

from ..types import Motion, Skeleton

ARMS = ("elbow", "wrist", "shoulder")
TRAIL = 0.6  # seconds of wrist path drawn behind the hands


def limits(motions: list[Motion], margin: float = 0.06) -> tuple[float, float, float, float]:
    """x and y limits, metres, that hold every motion; symmetric about the spine."""
    points = np.concatenate([m.positions[..., :2].reshape(-1, 2) for m in motions])
    reach = np.quantile(np.abs(points[:, 0]), 0.999) + margin
    low, high = np.quantile(points[:, 1], [0.001, 0.999])
    return -reach, reach, low - margin, high + margin


def centred(motion: Motion) -> Motion:
    """The motion with the spine at the origin in every frame (samples are dropped)."""
    return Motion(motion.positions - motion.positions[:, :1], motion.fps, motion.start, motion.skeleton)


def draw_skeleton(axes, positions: np.ndarray, skeleton: Skeleton, colour: str, width: float = 1.4) -> None:
    """Draw the bones of one frame, array (n_joints, 3), metres; arms are thicker than the trunk."""
    for parent, child in skeleton.bones:
        if skeleton.joints[child] == "head":  # drawn as the head's circle
            continue
        arm = skeleton.joints[child].endswith(ARMS)
        x, y = positions[[parent, child], 0], positions[[parent, child], 1]
        axes.plot(x, y, color=colour, linewidth=width if arm else 0.75 * width, solid_joinstyle="round")
    if {"nose", "head"} <= set(skeleton.joints):
        _draw_head(axes, positions, skeleton, colour, width)
    hands = positions[[k for k, name in enumerate(skeleton.joints) if name.endswith("wrist")]]
    axes.plot(hands[:, 0], hands[:, 1], "o", color=colour, markersize=2.1 * width, markeredgewidth=0)


def _draw_head(axes, positions, skeleton, colour, width) -> None:
    from matplotlib.patches import Circle

    nose, head = (positions[skeleton.joints.index(name)] for name in ("nose", "head"))
    centre = (nose + head) / 2
    axes.add_patch(Circle(centre[:2], 0.085, facecolor="white", edgecolor=colour, linewidth=0.75 * width, zorder=3))
    # The nose shows where the face points.
    axes.plot([nose[0]], [nose[1]], "o", color=colour, markersize=1.2 * width, markeredgewidth=0, zorder=4)


def draw_trail(axes, motion: Motion, frame: int, colour: str) -> None:
    """Draw the path of the wrists over the last 0.6 s before a frame."""
    first = max(0, frame - round(TRAIL * motion.fps))
    for k, name in enumerate(motion.skeleton.joints):
        if name.endswith("wrist"):
            path = motion.positions[first : frame + 1, k]
            axes.plot(path[:, 0], path[:, 1], color=colour, linewidth=0.7, alpha=0.45)
