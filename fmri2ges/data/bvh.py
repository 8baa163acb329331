"""BVH in and out: the motion format of animation programs and most gesture data sets.

Reading needs the ten joints of the canonical skeleton under the names of a known rig. Writing
gives a T-pose skeleton in centimetres whose rotations turn each bone into the decoded direction.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..types import TED10_JOINTS, TED10_PARENTS, Motion, Skeleton
from .atomic import write_text

# Names of a joint in known rigs, lower case without a prefix such as "mixamorig:": BEAT and ZeroEGGS
# (Vicon names), GENEA 2022, CMU, Mixamo, Poser. In all of them the joint named after a bone sits at its
# upper end, so "arm" is the shoulder, "forearm" the elbow and "hand" the wrist.
RIG_NAMES: dict[str, tuple[str, ...]] = {
    "spine": ("spine", "lowerback", "b_spine0", "hips", "hip"),
    "neck": ("neck", "neck1", "b_neck0"),
    "head_base": ("head", "b_head"),
    "left_shoulder": ("leftarm", "lshldr", "b_l_arm"),
    "left_elbow": ("leftforearm", "lforearm", "b_l_forearm"),
    "left_wrist": ("lefthand", "lhand", "b_l_wrist"),
    "right_shoulder": ("rightarm", "rshldr", "b_r_arm"),
    "right_elbow": ("rightforearm", "rforearm", "b_r_forearm"),
    "right_wrist": ("righthand", "rhand", "b_r_wrist"),
}
# Metres per unit of length, in the order in which they are tried, and what a body looks like.
UNITS = {"centimetres": 0.01, "metres": 1.0, "millimetres": 0.001, "inches": 0.0254}
SHOULDER_WIDTH = (0.20, 0.75)  # metres

# Rig joints have no nose: it is put this far in front of the middle of the skull, and the top of
# the skull this far above its base, in metres.
NOSE_FORWARD, SKULL = 0.10, 0.20

# The written skeleton: joint -> (parent, rest direction of the bone from the parent). Three joints
# of zero length at the neck carry the rotations of the three bones that leave it.
REST = {
    "spine": (None, None),
    "neck": ("spine", (0.0, 1.0, 0.0)),
    "skull": ("neck", None),
    "nose": ("skull", (0.0, 0.9, 0.43589)),
    "head": ("nose", (0.0, 0.9, -0.43589)),
    "left_clavicle": ("neck", None),
    "left_shoulder": ("left_clavicle", (1.0, 0.0, 0.0)),
    "left_elbow": ("left_shoulder", (1.0, 0.0, 0.0)),
    "left_wrist": ("left_elbow", (1.0, 0.0, 0.0)),
    "right_clavicle": ("neck", None),
    "right_shoulder": ("right_clavicle", (-1.0, 0.0, 0.0)),
    "right_elbow": ("right_shoulder", (-1.0, 0.0, 0.0)),
    "right_wrist": ("right_elbow", (-1.0, 0.0, 0.0)),
}
END_SITES = {"head": (0.0, 5.0, 0.0), "left_wrist": (10.0, 0.0, 0.0), "right_wrist": (-10.0, 0.0, 0.0)}  # cm


def read_bvh(path) -> Motion:
    """Upper-body motion of a BVH file on the canonical skeleton, in metres.

    Parameters
    ----------
    path : a BVH that y points up in; units are recognised by the width of the shoulders

    Raises
    ------
    UserError
        When the file is damaged, or a joint of the upper body cannot be found by name.
    """
    import pybvh

    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        bvh = pybvh.read_bvh_file(path, warn_on_world_up_disagreement=False)
        nodes = bvh.node_positions()  # (frames, nodes, 3), end sites included
        names = [node.name for node in bvh.nodes]
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, OSError) as error:
        raise UserError(f"{path}: is not a readable BVH file ({error})") from error
    if not len(nodes):
        raise UserError(f"{path}: holds no frames")
    place = {name.split(":")[-1].lower(): k for k, name in reversed(list(enumerate(names)))}
    if all(joint in place for joint in TED10_JOINTS):
        positions = nodes[:, [place[j] for j in TED10_JOINTS]]
        return Motion((positions * UNITS["centimetres"]).astype(np.float32), fps=bvh.fps)
    joints = {}
    missing = []
    for joint, known in RIG_NAMES.items():
        name = next((n for n in known if n in place), None)
        if name is None:
            missing.append(f"{joint} (known names: {', '.join(known)})")
        else:
            joints[joint] = nodes[:, place[name]]
    if missing:
        raise UserError(f"{path}: no joint for {'; '.join(missing)}; the file has: {', '.join(names)}")
    width = float(np.median(np.linalg.norm(joints["left_shoulder"] - joints["right_shoulder"], axis=-1)))
    unit = next((m for m in UNITS.values() if SHOULDER_WIDTH[0] <= width * m <= SHOULDER_WIDTH[1]), None)
    if unit is None:
        raise UserError(f"{path}: shoulders {width:g} units apart fit none of {', '.join(UNITS)}; rescale the file")
    joints = {name: value * unit for name, value in joints.items()}
    joints["nose"], joints["head"] = _face(joints)
    positions = np.stack([joints[j] for j in TED10_JOINTS], axis=1)
    return Motion(positions.astype(np.float32), fps=bvh.fps)


def _face(joints: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Nose and top of the head from the base of the skull; the face looks where the shoulders face."""
    base = joints["head_base"]
    up = _unit(base - joints["neck"])
    forward = np.cross(joints["left_shoulder"] - joints["right_shoulder"], up)
    return base + 0.5 * SKULL * up + NOSE_FORWARD * _unit(forward), base + SKULL * up


def write_bvh(path, motion: Motion) -> Path:
    """Write a motion of the canonical skeleton as BVH.

    The rest pose is a T-pose that faces +z, in centimetres, with the motion's mean bone lengths;
    rotations are in the order ZXY. A motion whose bone lengths are constant is read back exactly
    (to 1e-3 cm); time starts at 0 because BVH knows no onset.

    Raises
    ------
    UserError
        For another skeleton.
    """
    if motion.skeleton != Skeleton():
        raise UserError(f"bvh: only the canonical skeleton can be written ({', '.join(TED10_JOINTS)})")
    positions = motion.positions.astype(np.float64) * 100  # (frames, joints, 3), cm
    lengths = {
        TED10_JOINTS[child]: float(np.linalg.norm(positions[:, child] - positions[:, parent], axis=-1).mean())
        for child, parent in enumerate(TED10_PARENTS)
        if parent >= 0
    }
    offsets = {
        joint: np.zeros(3) if rest is None else lengths[joint] * _unit(np.array(rest)) for joint, (_, rest) in REST.items()
    }
    angles = _euler_angles(positions)
    channels = np.concatenate([positions[:, 0], *(angles[joint] for joint in REST)], axis=1)
    out = io.StringIO()
    out.write("HIERARCHY\n")
    _write_joint(out, "spine", offsets, 0)
    out.write(f"MOTION\nFrames: {motion.n_frames}\nFrame Time: {1 / motion.fps:.9f}\n")
    np.savetxt(out, channels, fmt="%.6f")
    return write_text(path, out.getvalue())


def _write_joint(out, joint: str, offsets: dict[str, np.ndarray], depth: int) -> None:
    pad = "\t" * depth
    root = REST[joint][0] is None
    rotation = "Zrotation Xrotation Yrotation"
    out.write(f"{pad}{'ROOT' if root else 'JOINT'} {joint}\n{pad}{{\n")
    out.write(f"{pad}\tOFFSET {_numbers(offsets[joint])}\n")
    out.write(f"{pad}\tCHANNELS {'6 Xposition Yposition Zposition' if root else '3'} {rotation}\n")
    for child, (parent, _) in REST.items():
        if parent == joint:
            _write_joint(out, child, offsets, depth + 1)
    if joint in END_SITES:
        out.write(f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET {_numbers(END_SITES[joint])}\n{pad}\t}}\n")
    out.write(f"{pad}}}\n")


def _numbers(values) -> str:
    return " ".join(f"{float(v):.6f}" for v in values)


def _euler_angles(positions: np.ndarray) -> dict[str, np.ndarray]:
    """Local rotations of every written joint, arrays (frames, 3), degrees in the order ZXY.

    A joint that carries one bone turns it from its rest direction onto the direction in the data;
    the neck only hands the trunk's rotation on.
    """

    position = {joint: positions[:, k] for k, joint in enumerate(TED10_JOINTS)}
    for helper in ("skull", "left_clavicle", "right_clavicle"):
        position[helper] = position["neck"]
    turn = {"spine": _trunk(position)}  # joint -> rotation from the rest pose, in the world
    local = {"spine": turn["spine"]}
    for joint, (parent, _) in REST.items():
        if parent is None:
            continue
        children = [c for c, (p, _) in REST.items() if p == joint]
        turn[joint] = turn[parent]
        if len(children) == 1:
            rest = turn[parent].apply(_unit(np.array(REST[children[0]][1])))
            turn[joint] = _swing(rest, position[children[0]] - position[joint]) * turn[parent]
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


def _swing(start: np.ndarray, goal: np.ndarray):
    """The smallest rotations that turn unit vectors `start` onto the directions `goal`; (frames, 3)."""
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
