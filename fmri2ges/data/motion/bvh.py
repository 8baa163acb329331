"""BVH in: the upper body of any rig on the canonical skeleton, in metres, y up, facing +z.

A file of our own (`write_bvh`) is taken as it stands. For every other the joints are found by a
table or a mapping, and units, up and facing by the body itself; `import_bvh` says what was found.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import UserError
from ...motion.body import arm_span
from ...motion.orient import UNITS, Axes, Rig, canonical_motion
from ...types import TED10_JOINTS, Motion
from .bvh_parse import BvhFile, parse_bvh
from .bvh_write import write_bvh
from .imported import Imported
from .proposals import propose_mapping, split_name
from .rigs import bare_name, known_mapping
from .skeletons import MAPPING_FILE, SIDES, Mapping, read_mapping

__all__ = ["import_bvh", "propose_for", "read_bvh", "write_bvh"]

TOES = ("toe", "toes", "ball")  # what a joint at the toes may be called
MIRROR = np.array([-1.0, 1.0, 1.0])


def read_bvh(path, mapping=None, fps: float | None = None) -> Motion:
    """Upper-body motion of a BVH file on the canonical skeleton; see `import_bvh`."""
    return import_bvh(path, mapping, fps).motion


def import_bvh(path, mapping=None, fps: float | None = None) -> Imported:
    """Upper-body motion of a BVH file, and how the file was understood.

    Parameters
    ----------
    path : a BVH of any rig, in any units and with any axis up
    mapping : Mapping, or path of a mapping file; None takes `skeleton.toml` beside the file if there
        is one, and else a known rig
    fps : frames per second wanted; None keeps those of the file

    Returns
    -------
    Imported
        The motion is in metres, y up; the shoulders face +z on average.

    Raises
    ------
    UserError
        When the file is damaged, or its rig is unknown and nothing says which joint is which: the
        message then holds a proposal.
    """
    path = Path(path)
    bvh = parse_bvh(path)
    own = {bare_name(name): k for k, name in reversed(list(enumerate(bvh.names)))}
    ours = mapping is None and all(joint in own for joint in TED10_JOINTS)
    chosen = None if ours else _mapping_for(path, bvh, mapping)
    try:
        imported = _own(bvh, [own[j] for j in TED10_JOINTS]) if chosen is None else _foreign(bvh, chosen)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return imported.noting(bvh.notes).at(fps)


def propose_for(path) -> Mapping:
    """The known or proposed mapping of a BVH file, for `skeletons.write_mapping` and the user's eye."""
    bvh = parse_bvh(path)
    return known_mapping(bvh.names) or propose_mapping(bvh.names, bvh.parents)


def _mapping_for(path: Path, bvh: BvhFile, mapping) -> Mapping:
    beside = path.parent / MAPPING_FILE
    if mapping is None and beside.is_file():
        mapping = beside
    if mapping is not None:
        chosen = mapping if isinstance(mapping, Mapping) else read_mapping(mapping)
        wrong = _unusable(chosen, bvh)
        if wrong:
            raise UserError(f"{path}: the mapping {chosen.source} {wrong}; the file has: {_listed(bvh.names)}")
        return chosen
    known = known_mapping(bvh.names)
    if known is not None:
        return known
    guess = propose_mapping(bvh.names, bvh.parents)
    raise UserError(
        f"{path}: is of no known rig; proposed (confidence): {guess.describe()[:420]}; check it and save it as "
        f"{MAPPING_FILE} beside the file; the file has: {_listed(bvh.names)}"
    )


def _unusable(mapping: Mapping, bvh: BvhFile) -> str:
    """Why a mapping does not go with a file; empty where it does."""
    lost = [f"{role} = {name}" for role, name in mapping.joints.items() if name not in bvh.names]
    if lost:
        return f"names joints that the file lacks: {_listed(lost)}"
    if mapping.missing:
        return f"says nothing of {', '.join(mapping.missing)}"
    if mapping.repeated:
        return f"gives one joint to two roles: {mapping.repeated}"
    for side in SIDES:
        for upper, lower in (("shoulder", "elbow"), ("elbow", "wrist")):
            a, b = (mapping.joints[f"{side}_{part}"] for part in (upper, lower))
            if bvh.names.index(a) not in bvh.ancestors(bvh.names.index(b)):
                return f"says that {a} is the {side} {upper} and {b} the {side} {lower}, but {b} does not hang from {a}"
    return ""


def _listed(names, limit: int = 260) -> str:
    text = " ".join(", ".join(names).split())
    return text if len(text) <= limit else text[:limit] + ", ..."


def _own(bvh: BvhFile, joints: list[int]) -> Imported:
    """A file of ours; the order of magnitude tells the scale that it was written with."""
    positions, _ = bvh.pose(joints)
    span = arm_span({name: positions[:, k] for k, name in enumerate(TED10_JOINTS)})
    units = "metres" if span < 10 else "centimetres" if span < 1000 else "millimetres"
    motion = Motion((positions * UNITS[units]).astype(np.float32), fps=bvh.fps)
    return Imported(motion, Mapping({}, {}, "our own BVH"), Axes(units, "+y", 0.0), ours=True)


def _check_degrees(bvh: BvhFile) -> None:
    """Refuse rotations in radians, under which a body would stand nearly still in its rest pose."""
    columns = [
        first + k
        for first, channels in zip(bvh.first, bvh.channels, strict=True)
        for k, (kind, _) in enumerate(channels)
        if kind == "rotation"
    ]
    largest = float(np.abs(bvh.frames[:, columns]).max(initial=0.0))
    if 1e-3 < largest <= 2 * np.pi:
        raise UserError(
            f"no rotation is larger than {largest:.2f}: the angles look like radians, and BVH has degrees; multiply "
            "them by 57.29578 (if the body really hardly moves, there is no gesture in this clip)"
        )


def _foreign(bvh: BvhFile, mapping: Mapping) -> Imported:
    _check_degrees(bvh)
    roles = list(mapping.joints)
    feet = _feet(bvh)
    wanted = [bvh.names.index(mapping.joints[role]) for role in roles] + [k for foot in feet for k in foot]
    positions, rotations = bvh.pose(wanted)
    head = rotations[:, roles.index("head")]
    if mapping.mirrored:
        positions, head = positions * MIRROR, MIRROR[:, None] * head * MIRROR
    joints = {role: positions[:, k] for k, role in enumerate(roles)}
    toes = positions[:, len(roles) + 1 :: 2] - positions[:, len(roles) :: 2] if feet else None
    rig = Rig(
        mapping.units,
        mapping.up,
        mapping.joints,
        toes,
        _other_side(mapping),
        f"correct left and right in {MAPPING_FILE}, or write mirrored = {str(not mapping.mirrored).lower()} there",
    )
    motion, axes = canonical_motion(joints, head, bvh.fps, rig)
    return Imported(motion, mapping, axes)


def _feet(bvh: BvhFile) -> list[tuple[int, int]]:
    """(ankle, toes) of each foot that has toes."""
    feet = []
    for k, name in enumerate(bvh.names):
        side, part = split_name(name)
        if side and part in TOES and bvh.parents[k] >= 0:
            feet.append((bvh.parents[k], k))
    return feet


def _other_side(mapping: Mapping) -> str:
    """The first role whose joint names the other side, in words; empty where there is none."""
    for role, name in mapping.joints.items():
        side, _ = split_name(name)
        if side and role.startswith(SIDES) and not role.startswith(side):
            return f"{role} is mapped to {name}, which names the {side}"
    return ""
