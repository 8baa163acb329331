"""From the units and axes of any file to metres, y up, facing +z (the speaker's left is +x).

The body itself tells them, whatever the file says: the length of the arms tells the unit, the trunk tells which axis
is up, the shoulders tell where the body faces.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import UserError, check_option
from ..types import TED10_JOINTS, Motion, Skeleton
from .body import RIG_BONES, TED10_BONES, arm_span, check_bones, check_sides, unit_vectors

# Metres per unit. The CMU files on the web (cgspeed) count in inches divided by 0.45.
UNITS = {"centimetres": 0.01, "metres": 1.0, "millimetres": 0.001, "inches": 0.0254, "CMU units": 0.0254 / 0.45}
ARM_SPAN = 1.44  # metres from wrist to wrist along the bones, of the adult of motion.features
TOLERANCE = 1.6  # factor by which arms may differ from it: from a child to a giant
AXES = ("+x", "-x", "+y", "-y", "+z", "-z")
SKULL, NOSE_FORWARD = 0.20, 0.10  # metres: height of the head above its base, nose in front of its middle
FRONTAL = 45.0  # degrees from +z within which a motion of our own format counts as facing +z


@dataclass(frozen=True)
class Axes:
    """How a file was understood.

    Parameters
    ----------
    units : a key of `UNITS`
    up : axis of the file that points up, such as '+z'
    yaw : degrees by which the body was turned about the vertical to face +z
    notes : what is unusual, one line each
    turns_about : whether the speaker faces no direction most of the time
    """

    units: str
    up: str
    yaw: float
    notes: tuple[str, ...] = ()
    turns_about: bool = False

    def __str__(self) -> str:
        return f"{self.units}, {self.up} up, turned by {round(self.yaw) + 0:d} degrees to face +z"


@dataclass(frozen=True)
class Rig:
    """What is known about a rig besides the places of its joints.

    Parameters
    ----------
    units, up : what the user says; None finds it out
    names : role -> name of the joint in the file, for messages
    toes : array (n_frames, n_feet, 3), from each ankle to its toes in the axes of the file, or None
    renamed : see `body.check_sides`
    way_out : what a user can do about a body that is mirrored
    """

    units: str | None = None
    up: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    toes: np.ndarray | None = None
    renamed: str = ""
    way_out: str = "export the clip again with right-handed axes"


def canonical_motion(
    joints: dict[str, np.ndarray], head_rotation: np.ndarray, fps: float, rig: Rig | None = None
) -> tuple[Motion, Axes]:
    """The canonical skeleton from the joints of any rig.

    Parameters
    ----------
    joints : name -> array (n_frames, 3): spine, neck, head (the base of the skull), shoulders, elbows
        and wrists, in any units and axes
    head_rotation : array (n_frames, 3, 3), rotation of the head joint in the axes of the file
    fps : frames per second
    rig : what else is known; None = nothing

    Returns
    -------
    motion : Motion, metres, y up, facing +z on average
    axes : Axes, how the file was understood

    Raises
    ------
    UserError
        For a bone of length zero, arms that fit no unit, and a body that is mirrored.
    """
    rig = rig or Rig()
    check_bones(joints, RIG_BONES, rig.names, fps)
    rotation, scale, axes = to_canonical(joints, rig.units, rig.up)
    joints = {name: scale * value @ rotation.T for name, value in joints.items()}
    toes = None if rig.toes is None else rig.toes @ rotation.T
    axes = replace(axes, notes=(*axes.notes, *check_sides(joints, toes, rig.renamed, rig.way_out)))
    nose, head = face(joints, rotation @ head_rotation)
    joints |= {"nose": nose, "head": head}
    return Motion(np.stack([joints[j] for j in TED10_JOINTS], axis=1).astype(np.float32), fps=fps), axes


def ten_joints(motion: Motion) -> dict[str, np.ndarray]:
    """The canonical joints of a motion, name -> array (n_frames, 3), metres.

    Raises
    ------
    UserError
        When the skeleton has another name for one of them.
    """
    place = {name: k for k, name in enumerate(motion.skeleton.joints)}
    missing = [name for name in TED10_JOINTS if name not in place]
    if missing:
        raise UserError(
            f"joints: {', '.join(missing)} missing; a gesture needs {', '.join(TED10_JOINTS)}, by these names"
        )
    return {name: motion.positions[:, place[name]].astype(np.float64) for name in TED10_JOINTS}


def settled(motion: Motion) -> tuple[Motion, Axes]:
    """A motion of our own format, whose units and axes are checked, and brought to ours where they differ.

    Parameters
    ----------
    motion : Motion of a skeleton that has the canonical joints; what is within 45 degrees of +z stays as it is

    Returns
    -------
    motion : Motion, canonical skeleton, metres, y up, facing +z
    axes : Axes, what was found

    Raises
    ------
    UserError
        For a joint that is missing, a bone of length zero, arms that fit no unit, and a body that is mirrored.
    """
    joints = ten_joints(motion)
    check_bones(joints, TED10_BONES, {}, motion.fps)
    up, tilted = up_of(joints)  # where the trunk points along no axis, the format counts, which says +y
    rotation, scale, axes = to_canonical(joints, None, "+y" if tilted else up)
    turned = {name: scale * value @ rotation.T for name, value in joints.items()}
    notes = [*tilted, *check_sides(turned, way_out="negate one axis, or swap the names of left and right")]
    if axes.units == "metres" and axes.up == "+y" and (abs(axes.yaw) <= FRONTAL or axes.turns_about):
        turned, axes = joints, replace(axes, yaw=0.0)
    else:
        notes = [f"read as {axes}, though its format says metres, +y up, facing +z", *notes]
    positions = np.stack([turned[name] for name in TED10_JOINTS], axis=1).astype(np.float32)
    return Motion(positions, motion.fps, motion.start, Skeleton()), replace(axes, notes=(*axes.notes, *notes))


def unit_of(joints: dict[str, np.ndarray]) -> tuple[str, list[str]]:
    """(unit, notes) by the length of shoulders and arms.

    Parameters
    ----------
    joints : name -> array (n_frames, 3); shoulders, elbows and wrists

    Raises
    ------
    UserError
        When the arms fit no unit.
    """
    span = arm_span(joints)
    away = {name: abs(np.log(max(span, 1e-12) * metres / ARM_SPAN)) for name, metres in UNITS.items()}
    name = min(away, key=lambda unit: away[unit])
    if away[name] > np.log(TOLERANCE):
        raise UserError(
            f"arms of {span:g} units from wrist to wrist fit none of {', '.join(UNITS)} "
            f"(an adult has about {ARM_SPAN:g} m); name the units in a mapping file, or rescale"
        )
    metres = span * UNITS[name]
    unusual = away[name] > np.log(1.35)
    return name, [f"arms measure {metres:.2f} m from wrist to wrist if the unit is {name}"] if unusual else []


def up_of(joints: dict[str, np.ndarray]) -> tuple[str, list[str]]:
    """(axis, notes): the axis nearest to the mean direction from spine to neck."""
    direction = unit_vectors(joints["neck"] - joints["spine"]).mean(0)
    k = int(np.abs(direction).argmax())
    axis = ("-" if direction[k] < 0 else "+") + "xyz"[k]
    tilted = abs(direction[k]) < 0.8
    return axis, [
        f"the trunk leans away from {axis} on average; name `up` in a mapping file if that is wrong"
    ] if tilted else []


def to_canonical(
    joints: dict[str, np.ndarray], units: str | None = None, up: str | None = None
) -> tuple[np.ndarray, float, Axes]:
    """The rotation and scale that bring a body into our axes.

    Parameters
    ----------
    joints : name -> array (n_frames, 3), at least spine, neck, shoulders, elbows and wrists, in any units and axes
    units, up : what the user says; None finds it out

    Returns
    -------
    rotation : array (3, 3); ``rotation @ position * scale`` is a position in metres, y up, facing +z
    scale : metres per unit
    axes : Axes
    """
    units, unit_notes = (check_option("units", units, UNITS), []) if units else unit_of(joints)
    up, up_notes = (check_option("up", up, AXES), []) if up else up_of(joints)
    upright = _axis_to_y(up)
    across = (joints["left_shoulder"] - joints["right_shoulder"]) @ upright.T
    forward = np.cross(across, [0.0, 1.0, 0.0])
    forward[:, 1] = 0
    mean = unit_vectors(forward).mean(0)
    notes = [*unit_notes, *up_notes]
    turns_about = bool(np.linalg.norm(mean) < 0.7)
    if turns_about:
        notes.append("the speaker turns about; +z is the mean direction that the shoulders face")
    angle = float(np.arctan2(mean[0], mean[2]))
    cosine, sine = np.cos(-angle), np.sin(-angle)
    yaw = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    return yaw @ upright, UNITS[units], Axes(units, up, float(np.degrees(-angle)), tuple(notes), turns_about)


def _axis_to_y(up: str) -> np.ndarray:
    """A proper rotation, array (3, 3), that takes an axis such as '-z' to +y and keeps +x where it can."""
    k, sign = "xyz".index(up[1]), -1.0 if up[0] == "-" else 1.0
    out = np.zeros((3, 3))
    out[1, k] = sign
    out[0, 2 if k == 0 else 0] = 1.0
    out[2] = np.cross(out[0], out[1])
    return out


def face(joints: dict[str, np.ndarray], rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nose and top of the head, which rigs lack, from the base of the skull and its rotation.

    On average over the clip the head is taken to look where the shoulders face, and to point upwards as the base of
    the skull lies above the neck; from frame to frame it follows its own rotation.

    Parameters
    ----------
    joints : name -> array (n_frames, 3), metres; spine, neck, head (the base of the skull) and shoulders
    rotation : array (n_frames, 3, 3), rotation of the head joint

    Returns
    -------
    nose, head : arrays (n_frames, 3), metres
    """
    back = rotation.transpose(0, 2, 1)
    trunk = joints["neck"] - joints["spine"]
    facing = unit_vectors(np.cross(joints["left_shoulder"] - joints["right_shoulder"], trunk))
    standing = unit_vectors(joints["head"] - joints["neck"])
    up = unit_vectors(np.einsum("nij,nj->ni", back, standing).mean(0))
    ahead = np.einsum("nij,nj->ni", back, facing).mean(0)
    ahead = unit_vectors(ahead - (ahead @ up) * up)
    up, ahead = rotation @ up, rotation @ ahead
    return joints["head"] + 0.5 * SKULL * up + NOSE_FORWARD * ahead, joints["head"] + SKULL * up
