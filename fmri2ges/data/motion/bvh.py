"""BVH in: the upper body of any rig on the canonical skeleton, in metres, y up, facing +z.

A file of our own (`write_bvh`) is taken as it stands. For every other the joints are found by a
table or a mapping, and units, up and facing by the body itself; `import_bvh` says what was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import UserError
from ...motion.features import resample
from ...motion.orient import Axes, canonical_motion
from ...types import TED10_JOINTS, Motion
from .bvh_parse import BvhFile, parse_bvh
from .bvh_write import write_bvh
from .skeletons import MAPPING_FILE, Mapping, bare_name, known_mapping, propose_mapping, read_mapping

__all__ = ["Imported", "import_bvh", "propose_for", "read_bvh", "write_bvh"]


@dataclass(frozen=True)
class Imported:
    """A motion with how its file was understood."""

    motion: Motion
    mapping: Mapping
    axes: Axes

    def describe(self) -> str:
        """One line for a check: rig, units, axes, length."""
        m = self.motion
        return f"{self.mapping.source}: {m.n_frames} frames at {m.fps:g} per second, {self.axes}"


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
    if mapping is None and all(joint in own for joint in TED10_JOINTS):
        positions, _ = bvh.pose([own[j] for j in TED10_JOINTS])
        motion = Motion((positions * 0.01).astype(np.float32), fps=bvh.fps)
        imported = Imported(motion, Mapping({}, {}, "our own BVH"), Axes("centimetres", "+y", 0.0))
    else:
        imported = _foreign(path, bvh, _mapping_for(path, bvh, mapping))
    if fps is None:
        return imported
    return Imported(resample(imported.motion, fps), imported.mapping, imported.axes)


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
        lost = [f"{role} = {name}" for role, name in chosen.joints.items() if name not in bvh.names]
        if lost or chosen.missing:
            what = (
                f"names joints that the file lacks: {_listed(lost)}"
                if lost
                else f"says nothing of {', '.join(chosen.missing)}"
            )
            raise UserError(f"{path}: the mapping {chosen.source} {what}; the file has: {_listed(bvh.names)}")
        return chosen
    known = known_mapping(bvh.names)
    if known is not None:
        return known
    guess = propose_mapping(bvh.names, bvh.parents)
    raise UserError(
        f"{path}: is of no known rig; proposed (confidence): {guess.describe()[:420]}; check it and save it as {MAPPING_FILE} "
        f"beside the file; the file has: {_listed(bvh.names)}"
    )


def _listed(names, limit: int = 260) -> str:
    text = " ".join(", ".join(names).split())
    return text if len(text) <= limit else text[:limit] + ", ..."


def _foreign(path: Path, bvh: BvhFile, mapping: Mapping) -> Imported:
    roles = list(mapping.joints)
    positions, rotations = bvh.pose([bvh.names.index(mapping.joints[role]) for role in roles])
    joints = {role: positions[:, k] for k, role in enumerate(roles)}
    try:
        motion, axes = canonical_motion(joints, rotations[:, roles.index("head")], bvh.fps, mapping.units, mapping.up)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return Imported(motion, mapping, axes)
