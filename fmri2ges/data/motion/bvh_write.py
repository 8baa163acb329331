"""BVH out: a T-pose skeleton whose rotations turn each bone into the direction of the motion.

Lengths are centimetres, as most BVH files have them. Blender counts in metres: import with a scale of 0.01, or write
with it (`scale=0.01`, on the command line `export --scale 0.01`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import UserError
from ...types import TED10_JOINTS, TED10_PARENTS, Motion, Skeleton
from ..atomic import write_text
from .bvh_text import BvhJoint, bvh_text

UP = (0.0, 1.0, 0.0)
# The written skeleton: joint -> (parent, rest direction of the bone from the parent). Three bones leave the neck in
# directions of their own, so three joints stand there. All of them hang from the spine: a joint at the place of its
# parent would be a bone without length, which other programs drop or stretch.
REST = {
    "spine": (None, None),
    "neck": ("spine", UP),
    "nose": ("neck", (0.0, 0.9, 0.43589)),
    "head": ("nose", (0.0, 0.9, -0.43589)),
    "left_clavicle": ("spine", UP),
    "left_shoulder": ("left_clavicle", (1.0, 0.0, 0.0)),
    "left_elbow": ("left_shoulder", (1.0, 0.0, 0.0)),
    "left_wrist": ("left_elbow", (1.0, 0.0, 0.0)),
    "right_clavicle": ("spine", UP),
    "right_shoulder": ("right_clavicle", (-1.0, 0.0, 0.0)),
    "right_elbow": ("right_shoulder", (-1.0, 0.0, 0.0)),
    "right_wrist": ("right_elbow", (-1.0, 0.0, 0.0)),
}
HELPERS = {"left_clavicle": "neck", "right_clavicle": "neck"}  # joint that the motion lacks -> where it stands
END_SITES = {"head": (0.0, 5.0, 0.0), "left_wrist": (10.0, 0.0, 0.0), "right_wrist": (-10.0, 0.0, 0.0)}  # cm
SCALES = (1e-3, 1e3)


def write_bvh(path, motion: Motion, scale: float = 1.0) -> Path:
    """Write a motion of the canonical skeleton as BVH.

    The rest pose is a T-pose that faces +z, with the motion's mean bone lengths; rotations are in the order ZXY. A
    motion whose bone lengths are constant is read back exactly (to .01 mm); time starts at 0, as BVH knows no onset.

    Parameters
    ----------
    path : file to write
    motion : on the canonical skeleton
    scale : 1 writes centimetres, 0.01 metres (Blender), 10 millimetres

    Raises
    ------
    UserError
        For another skeleton, or a scale outside .001 to 1000.
    """
    if motion.skeleton != Skeleton():
        raise UserError(f"bvh: only the canonical skeleton can be written ({', '.join(TED10_JOINTS)})")
    if not SCALES[0] <= scale <= SCALES[1]:
        raise UserError(f"scale: must be between {SCALES[0]:g} and {SCALES[1]:g}; got {scale:g}; 0.01 writes metres")
    positions = motion.positions.astype(np.float64) * 100 * scale  # (frames, joints, 3)
    lengths = {
        TED10_JOINTS[child]: float(np.linalg.norm(positions[:, child] - positions[:, parent], axis=-1).mean())
        for child, parent in enumerate(TED10_PARENTS)
        if parent >= 0
    }
    lengths |= {helper: lengths[joint] for helper, joint in HELPERS.items()}
    joints = [
        BvhJoint(
            joint,
            parent,
            np.zeros(3) if rest is None else lengths[joint] * _unit(np.array(rest)),
            scale * np.array(END_SITES[joint]) if joint in END_SITES else None,
        )
        for joint, (parent, rest) in REST.items()
    ]
    angles = _euler_angles(positions)
    channels = np.concatenate([positions[:, 0], *(angles[joint] for joint in REST)], axis=1)
    return write_text(path, bvh_text(joints, channels, motion.fps))


def _euler_angles(positions: np.ndarray) -> dict[str, np.ndarray]:
    """Local rotations of every written joint, arrays (frames, 3), degrees in the order ZXY.

    A joint that carries one bone turns it from its rest direction onto the direction in the data; the spine takes the
    rotation of the trunk.
    """
    position = {joint: positions[:, k] for k, joint in enumerate(TED10_JOINTS)}
    position |= {helper: position[joint] for helper, joint in HELPERS.items()}
    turn = {"spine": _trunk(position)}  # joint -> rotation from the rest pose, in the world
    local = {"spine": turn["spine"]}
    for joint, (parent, _) in REST.items():
        if parent is None:
            continue
        children = [c for c, (p, _) in REST.items() if p == joint]
        turn[joint] = turn[parent]
        if len(children) == 1:
            rest = turn[parent].apply(_unit(np.array(REST[children[0]][1])))
            turn[joint] = swing(rest, position[children[0]] - position[joint]) * turn[parent]
        local[joint] = turn[parent].inv() * turn[joint]
    angles = {}
    for joint, rotation in local.items():
        degrees = rotation.as_euler("ZXY", degrees=True, suppress_warnings=True)
        angles[joint] = np.unwrap(degrees, period=360, axis=0)  # no jumps for programs that interpolate
    return angles


def _trunk(position: dict[str, np.ndarray]):
    """The trunk's rotation: y along the spine, x towards the left shoulder."""
    from scipy.spatial.transform import Rotation

    y = _unit(position["neck"] - position["spine"])
    # Where the shoulders lie along the spine the second axis is arbitrary, and so is the yaw.
    x = position["left_shoulder"] - position["right_shoulder"] + 1e-6 * np.array([1.0, 0.3, 0.2])
    x = _unit(x - (x * y).sum(-1, keepdims=True) * y)
    return Rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def swing(start: np.ndarray, goal: np.ndarray):
    """The smallest rotations that turn unit vectors `start` onto the directions `goal`, arrays (n_frames, 3).

    Returns
    -------
    scipy.spatial.transform.Rotation of n_frames
    """
    from scipy.spatial.transform import Rotation

    length = np.linalg.norm(goal, axis=-1, keepdims=True)
    goal = np.where(length > 1e-9, goal / np.maximum(length, 1e-9), start)
    axis = np.cross(start, goal)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, (start * goal).sum(-1, keepdims=True))
    # Opposite directions: any axis across will do.
    across = np.cross(start, np.where(np.abs(start[:, :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]))
    axis = np.where(sine > 1e-12, axis / np.maximum(sine, 1e-12), _unit(across))
    return Rotation.from_rotvec(axis * angle)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
