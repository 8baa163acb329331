"""A varied world's clips as motion capture stores them: BVH of a whole body, with names, units and axes of its own.

The upper body moves as performed; legs and fingers stay as they are at rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.motion.bvh_text import BvhJoint, bvh_text, file_order
from ...data.motion.bvh_write import swing
from .gestures import Performance
from .laws import GestureLaws


@dataclass(frozen=True)
class Naming:
    """How a rig calls its joints; `*` stands for the side.

    Parameters
    ----------
    trunk : root, lowest joint of the spine, neck, head
    spine : joints between spine and neck, as many as there may be
    arm : collar, upper arm, forearm, hand
    leg : thigh, shank, foot, toes
    sides : what left and right are called
    prefix : what stands before every name
    """

    trunk: tuple[str, str, str, str]
    spine: tuple[str, str, str]
    arm: tuple[str, str, str, str]
    leg: tuple[str, str, str, str]
    sides: tuple[str, str] = ("Left", "Right")
    prefix: str = ""


_VICON = ("*Shoulder", "*Arm", "*ForeArm", "*Hand")
_LEG = ("*UpLeg", "*Leg", "*Foot", "*ToeBase")
_SPINE = ("Spine1", "Spine2", "Spine3")
RIGS = {
    "mixamo": Naming(("Hips", "Spine", "Neck", "Head"), _SPINE, _VICON, _LEG, prefix="mixamorig:"),
    "plain": Naming(("Hips", "Spine", "Neck", "Head"), _SPINE, _VICON, _LEG),
    "cmu": Naming(("Hips", "LowerBack", "Neck", "Head"), ("Spine", "Spine1", "Spine2"), _VICON, _LEG),
    "collar": Naming(
        ("Hips", "Spine", "Neck", "Head"),
        ("Chest", "Chest2", "Chest3"),
        ("*Collar", "*Shoulder", "*Elbow", "*Wrist"),
        ("*Hip", "*Knee", "*Ankle", "*Toe"),
    ),
    "unity": Naming(
        ("Hips", "Spine", "Neck", "Head"),
        ("Chest", "UpperChest", "TopChest"),
        ("*Shoulder", "*UpperArm", "*LowerArm", "*Hand"),
        ("*UpperLeg", "*LowerLeg", "*Foot", "*Toes"),
    ),
    "biovision": Naming(
        ("Hips", "Chest", "Neck", "Head"),
        ("Chest2", "Chest3", "Chest4"),
        ("*Collar", "*UpArm", "*LowArm", "*Hand"),
        ("*UpLeg", "*LowLeg", "*Foot", "*Toe"),
    ),
    "biped": Naming(
        ("Pelvis", "Spine", "Neck", "Head"),
        _SPINE,
        ("* Clavicle", "* UpperArm", "* Forearm", "* Hand"),
        ("* Thigh", "* Calf", "* Foot", "* Toe0"),
        ("L", "R"),
        "Bip01 ",
    ),
}
UP = np.array([0.0, 1.0, 0.0])
LEG = np.array(
    [[0.09, -0.05, 0.0], [0.0, -0.42, 0.0], [0.0, -0.41, 0.0], [0.0, -0.06, 0.14]]
)  # metres, of the left leg
PELVIS, SKULL, HAND, FINGER = 0.1, 0.19, 0.09, 0.03  # metres
HIPS = np.array([0.0, 0.94, 0.0])  # where the root stands
AXES = {"y": np.eye(3), "z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])}  # from y up to the file's axes


def rig_text(laws: GestureLaws, performance: Performance) -> str:
    """The BVH file of a performance.

    Parameters
    ----------
    laws : names, joints, angles, units and axes of the file
    performance : what was performed
    """
    from scipy.spatial.transform import Rotation

    joints, turn = _rig(laws, performance)
    axes = Rotation.from_matrix(AXES[laws.up])
    yaw = Rotation.from_rotvec(np.radians(laws.yaw) * UP)
    n = len(performance.head)
    inside = [
        BvhJoint(
            laws_prefix(laws) + joint.name,
            None if joint.parent is None else laws_prefix(laws) + joint.parent,
            laws.unit * axes.apply(joint.offset),
            None if joint.end is None else laws.unit * axes.apply(joint.end),
        )
        for joint in joints
    ]
    angles = []
    for joint in file_order(joints):
        world = turn[joint.name]
        local = yaw * world if joint.parent is None else turn[joint.parent].inv() * world
        degrees = (axes * local * axes.inv()).as_euler(laws.order, degrees=True, suppress_warnings=True)
        angles.append(np.unwrap(np.broadcast_to(degrees, (n, 3)), period=360, axis=0))
    place = np.broadcast_to(laws.unit * axes.apply(HIPS), (n, 3))
    return bvh_text(inside, np.concatenate([place, *angles], axis=1), laws.fps, laws.order, "%.6g")


def laws_prefix(laws: GestureLaws) -> str:
    """What stands before every name of the rig."""
    return RIGS[laws.rig].prefix


def _rig(laws: GestureLaws, performance: Performance):
    """Joints with offsets in metres (y up, facing +z, arms to the sides), and the rotation of each in the world."""
    from scipy.spatial.transform import Rotation

    naming, at = RIGS[laws.rig], performance.joints
    still = Rotation.identity(len(performance.head))
    root, low, neck, head = naming.trunk

    def length(one: str, other: str) -> float:
        return float(np.linalg.norm(at[other] - at[one], axis=1).mean())

    def towards(rest: np.ndarray, one: str, other: str):
        return swing(np.broadcast_to(rest, at[one].shape), at[other] - at[one])

    trunk = towards(UP, "spine", "neck")
    spine = (low, *naming.spine[: laws.spine])
    step = length("spine", "neck") / len(spine) * UP
    joints = [BvhJoint(root, None, np.zeros(3)), BvhJoint(low, root, PELVIS * UP)]
    joints += [BvhJoint(name, spine[k], step) for k, name in enumerate(spine[1:])]
    joints += [BvhJoint(neck, spine[-1], step), BvhJoint(head, neck, length("neck", "head") * UP, SKULL * UP)]
    turn = {root: still, **dict.fromkeys(spine, trunk), neck: towards(UP, "neck", "head")}
    turn[head] = Rotation.from_matrix(performance.head)
    for side, called, mirror in zip(("left", "right"), naming.sides, (1.0, -1.0), strict=True):
        out = np.array([mirror, 0.0, 0.0])
        collar, upper, lower, hand = (name.replace("*", called) for name in naming.arm)
        roles = ("neck", f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        joints.append(BvhJoint(collar, spine[-1], step))
        for name, parent, one, other in zip(
            (upper, lower, hand), (collar, upper, lower), roles, roles[1:], strict=False
        ):
            joints.append(BvhJoint(name, parent, length(one, other) * out, HAND * out if name == hand else None))
            turn[parent] = towards(out, one, other)
        turn[hand] = turn[lower]
        if laws.fingers:
            joints[-1] = BvhJoint(hand, lower, joints[-1].offset)
        for k in range(laws.fingers):
            name = f"{hand}{('Index', 'Thumb', 'Middle', 'Ring', 'Pinky')[k]}1"
            joints.append(BvhJoint(name, hand, HAND * out + 0.02 * k * np.array([0, 0, 1.0]), FINGER * out))
            turn[name] = turn[hand]
        leg = [name.replace("*", called) for name in naming.leg]
        for name, parent, offset in zip(leg, (root, *leg), LEG * [mirror, 1, 1], strict=False):
            joints.append(BvhJoint(name, parent, offset, 0.05 * np.array([0, 0, 1.0]) if name == leg[-1] else None))
            turn[name] = still
    return joints, turn
