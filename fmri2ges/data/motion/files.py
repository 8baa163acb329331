"""Motion of one clip, from whatever file it is in, with how the file was understood."""

from __future__ import annotations

from pathlib import Path

from ...errors import UserError
from ...motion.orient import Axes
from ...types import Motion
from ..content import check_content
from ..npz import npz_names
from .bvh import Imported, import_bvh, propose_for
from .npz import read_motion
from .skeletons import MAPPING_FILE, ROLES, Mapping, write_mapping
from .smplx import import_smplx

FORMATS = (".bvh", ".npz")
SURE = 0.9  # confidence from which a proposed joint needs no second look


def read_motion_file(path, skeleton=None) -> Motion:
    """Motion from .bvh or .npz; see `import_motion_file`."""
    return import_motion_file(path, skeleton).motion


def import_motion_file(path, skeleton=None) -> Imported:
    """Motion from .bvh (any rig) or .npz (ours, or SMPL-X such as BEAT2's), and how it was understood.

    Parameters
    ----------
    path : the file
    skeleton : mapping file of a .bvh whose rig is not known; see `skeletons.read_mapping`

    Raises
    ------
    UserError
        For another format, a damaged file, an unknown rig, or a mapping that does not go with the file.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UserError(f"{path}: motion must be a {' or a '.join(FORMATS)} file")
    check_content(path)
    if suffix == ".bvh":
        return import_bvh(path, skeleton)
    if skeleton is not None:
        raise UserError(f"{path}: skeleton: only for .bvh; remove it")
    names = npz_names(path)
    if "poses" in names and "positions" not in names:
        return import_smplx(path)
    return Imported(read_motion(path), Mapping({}, {}, "our own npz"), Axes("metres", "+y", 0.0))


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
