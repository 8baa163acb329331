"""Motion of one clip, from whatever file it is in, with how the file was understood.

One registry: the ending of a file, and what an .npz holds, choose the reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ...errors import UserError
from ...motion.body import TED10_BONES, check_bones, check_moves
from ...motion.orient import settled, ten_joints
from ...types import Motion
from ..content import check_content
from ..npz import npz_names
from .bvh import import_bvh, propose_for
from .imported import Imported
from .npz import import_own
from .rates import check_length
from .skeletons import MAPPING_FILE, ROLES, Mapping, write_mapping
from .smplx import import_smplx

SURE = 0.9  # confidence from which a proposed joint needs no second look


def _import_npz(path: Path) -> Imported:
    """SMPL-X where there are poses, ours where there are positions."""
    names = npz_names(path)
    return import_smplx(path) if "poses" in names and "positions" not in names else import_own(path)


# Ending of the file -> reader; each takes a path and returns an `Imported`.
READERS: dict[str, Callable[[Path], Imported]] = {".bvh": import_bvh, ".npz": _import_npz}


def read_motion_file(path, skeleton=None) -> Motion:
    """Motion from .bvh or .npz; see `import_motion_file`."""
    return import_motion_file(path, skeleton).motion


def import_motion_file(path, skeleton=None) -> Imported:
    """Motion from .bvh (any rig) or .npz (ours, or SMPL-X such as BEAT2's), checked, and how it was understood.

    Parameters
    ----------
    path : the file
    skeleton : mapping file of a .bvh whose rig is not known; see `skeletons.read_mapping`

    Raises
    ------
    UserError
        For another format, a damaged file, an unknown rig, a mapping that does not go with the file, a bone of length
        zero, a body that never moves or is mirrored.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise UserError(f"{path}: motion must be a {' or a '.join(READERS)} file")
    check_content(path)
    if skeleton is not None and suffix != ".bvh":
        raise UserError(f"{path}: skeleton: only for .bvh; remove it")
    imported = import_bvh(path, skeleton) if skeleton is not None else READERS[suffix](path)
    try:
        return _checked(imported)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _checked(imported: Imported) -> Imported:
    """The same, in our units and axes where a file of ours has others; a `UserError` where nothing can be learnt."""
    check_length(imported.motion.n_frames, imported.motion.fps)
    if imported.ours:
        motion, axes = settled(imported.motion)
        units = imported.axes.units if axes.units == "metres" else axes.units
        imported = replace(imported, motion=motion, axes=replace(axes, units=units))
    joints = ten_joints(imported.motion)
    check_bones(joints, TED10_BONES, imported.mapping.joints, imported.motion.fps)
    return imported.noting(check_moves(joints, TED10_BONES))


def propose_skeleton(path, out, force: bool = False) -> Mapping:
    """Write the known or proposed mapping of a BVH file to `out`, for the user to confirm.

    Raises
    ------
    UserError
        For a damaged file, or when `out` is there already and `force` is not given.
    """
    mapping = propose_for(path)
    if Path(out).exists() and not force:
        raise UserError(
            f"{out}: is there already, perhaps with your corrections; take another name, or --force to replace it"
        )
    write_mapping(out, mapping)
    return mapping


def describe_proposal(mapping: Mapping, out) -> list[str]:
    """What a user must look at in a mapping written to `out`, and how it is used, one line each."""
    guesses = [role for role in ROLES if role in mapping.joints and mapping.confidence.get(role, 1.0) < SURE]
    lines = [f"a guess, {mapping.confidence[role]:.0%} sure: {role} = {mapping.joints[role]}" for role in guesses]
    lines += [f"not found, fill in: {role}" for role in mapping.missing]
    if not lines:
        lines = [f"{mapping.source}: all joints are known"]
    if Path(out).name == MAPPING_FILE:
        return [*lines, f"{MAPPING_FILE} counts for every .bvh of unknown rig in its folder"]
    return [*lines, f'name it in the study file: skeleton = "{Path(out).name}" in [[gesture]]']
