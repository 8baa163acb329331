"""Checks of a body before anything is learnt from it: its bones have a direction, it moves, left and right are right.

All functions take joints by role, in any rig: `spine`, `neck`, `head`, shoulders, elbows and wrists.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..errors import UserError

ARM_CHAIN = ("left_wrist", "left_elbow", "left_shoulder", "right_shoulder", "right_elbow", "right_wrist")
# Bones as pairs of joints. In a rig `head` is the base of the skull; among our ten joints it is the top of the head.
TRUNK = (("spine", "neck"), ("neck", "left_shoulder"), ("neck", "right_shoulder"))
ARMS = tuple(
    (f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))
)
RIG_BONES = (*TRUNK, ("neck", "head"), *ARMS)
TED10_BONES = (*TRUNK, ("neck", "nose"), ("nose", "head"), *ARMS)

ZERO = 0.002  # share of the arm span below which a bone has no direction: 3 mm of an adult
STILL = 0.5  # degrees; a body of which no bone ever turns by more does not gesture

# Cosines between where a part of the body points and where the shoulders face by the names of their sides.
CLEAR = 0.5  # for toes or nose, which point forwards whatever the speaker does
LEAN = 0.1  # for the base of the head before the neck, 6 degrees; posture changes it, so it proves less
BEHIND = 0.3  # for forearms that point backwards, because elbows bend forwards


def arm_span(joints: dict[str, np.ndarray]) -> float:
    """Length from wrist to wrist along the bones, in the units of `joints`; the median over frames."""
    return sum(float(np.median(np.linalg.norm(joints[a] - joints[b], axis=-1))) for a, b in pairwise(ARM_CHAIN))


def check_bones(joints: dict[str, np.ndarray], bones, names: dict[str, str], fps: float) -> None:
    """Refuse a bone of length zero: it has no direction.

    Parameters
    ----------
    joints : role -> array (n_frames, 3), any units
    bones : (role, role) pairs to look at
    names : role -> name of the joint in the file, where it has another one
    fps : frames per second, for the time that the message names

    Raises
    ------
    UserError
        With both joints of the bone.
    """
    limit = ZERO * arm_span(joints)
    for upper, lower in bones:
        zero = np.linalg.norm(joints[lower] - joints[upper], axis=-1) <= limit
        if not zero.any():
            continue
        some = (
            "" if zero.all() else f" in {int(zero.sum())} of {len(zero)} frames, first at {zero.argmax() / fps:.2f} s"
        )
        raise UserError(
            f"the bone from {_called(upper, names)} to {_called(lower, names)} has length zero{some}, so it has no "
            "direction to learn; correct the file, or name another joint in a mapping file"
        )


def check_moves(joints: dict[str, np.ndarray], bones) -> list[str]:
    """Refuse a body that never moves; where only the arms never move against the trunk, return a note.

    Parameters
    ----------
    joints : role -> array (n_frames, 3), any units
    bones : (role, role) pairs

    Raises
    ------
    UserError
        When no bone turns by more than half a degree.
    """
    n = len(joints["neck"])
    if max(_turned(unit_vectors(joints[b] - joints[a])) for a, b in bones) < STILL:
        raise UserError(
            f"the body never moves: no bone turns by more than {STILL:g} degrees in {n} frame{'s' if n > 1 else ''}; "
            "export the clip again, with its animation"
        )
    trunk = _trunk_axes(joints)
    if max(_turned(np.einsum("nij,nj->ni", trunk, unit_vectors(joints[b] - joints[a]))) for a, b in ARMS) < STILL:
        return ["the arms never move against the trunk; was the upper body recorded?"]
    return []


def check_sides(
    joints: dict[str, np.ndarray], toes: np.ndarray | None = None, renamed: str = "", way_out: str = ""
) -> list[str]:
    """Check that left is left: by toes or nose, by the head, by the elbows, and by the names of the joints.

    From left and right of the shoulders follows where the body faces. Where the rest of the body faces the other
    way, the sides are swapped or the axes are left-handed.

    Parameters
    ----------
    joints : role -> array (n_frames, 3), y up; `nose` counts where it is there
    toes : array (n_frames, n_feet, 3) from ankle to toe, or None
    renamed : which joint is called left in the file and right in the mapping, or the reverse, in words; empty where
        there is none
    way_out : what the user can do, for the message

    Returns
    -------
    notes : list of str

    Raises
    ------
    UserError
        Where toes or nose say that the body is mirrored, or where the names contradict a mapping and the body does
        not support it.
    """
    facing = _horizontal(np.cross(joints["left_shoulder"] - joints["right_shoulder"], [0.0, 1.0, 0.0]))
    sure = []
    if toes is not None:
        sure.append(("toes", _forward(toes, facing[:, None])))
    if "nose" in joints:
        sure.append(("nose", _forward(joints["nose"] - joints["head"], facing)))
    head = joints["nose"] if "nose" in joints else joints["head"]
    lean = float((unit_vectors(head - joints["neck"]) * facing).sum(-1).mean())
    elbows = [unit_vectors(joints[f"{s}_wrist"] - joints[f"{s}_elbow"]) for s in ("left", "right")]
    forearms = float(np.mean([(e * facing).sum(-1).mean() for e in elbows]))
    against = [part for part, score in sure if score < -CLEAR]
    supported = any(score > CLEAR for _, score in sure) or (not sure and lean > LEAN)
    if against:
        raise UserError(
            f"the body is mirrored: by left and right of the shoulders it faces one way, by its {' and '.join(against)}"
            f" the other; {way_out}"
        )
    if renamed and not supported:
        raise UserError(f"left and right are swapped: {renamed}; {way_out}")
    if renamed:
        return [f"{renamed}, but the front of the body agrees with the mapping"]
    if lean < -LEAN and not supported:
        return [
            "the head stands behind the neck if left is left: the sides may be swapped or the axes left-handed; look "
            f"at the clip, and if it is mirrored, {way_out}"
        ]
    if forearms < -BEHIND:
        return [
            f"the forearms point backwards on average, as in a mirrored body; look at the clip, and if it is, {way_out}"
        ]
    return []


def _called(role: str, names: dict[str, str]) -> str:
    return f"{names[role]} ({role})" if names.get(role, role) != role else role


def _turned(directions: np.ndarray) -> float:
    """The largest angle between a direction (n_frames, 3) and their mean, degrees."""
    mean = directions.mean(0)
    away = np.linalg.norm(directions - mean / max(float(np.linalg.norm(mean)), 1e-12), axis=-1).max()
    return float(np.degrees(2 * np.arcsin(min(1.0, away / 2))))


def _trunk_axes(joints: dict[str, np.ndarray]) -> np.ndarray:
    """Rotations into axes fixed to the trunk, array (n_frames, 3, 3): y along the spine, x to the left."""
    y = unit_vectors(joints["neck"] - joints["spine"])
    across = joints["left_shoulder"] - joints["right_shoulder"]
    x = unit_vectors(across - (across * y).sum(-1, keepdims=True) * y)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def _forward(vectors: np.ndarray, facing: np.ndarray) -> float:
    """Mean cosine between the horizontal part of vectors and unit vectors; 0 where they have no such part."""
    flat = vectors * [1.0, 0.0, 1.0]
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    told = np.linalg.norm(flat, axis=-1, keepdims=True) > 0.2 * length
    return float((np.where(told, unit_vectors(flat), 0.0) * facing).sum(-1).mean())


def _horizontal(vectors: np.ndarray) -> np.ndarray:
    return unit_vectors(vectors * [1.0, 0.0, 1.0])


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) brought to length 1; a vector of length zero stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
