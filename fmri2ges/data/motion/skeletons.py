"""Which joint of a rig is which joint of the canonical skeleton.

Known rigs have a table. For any other a mapping is proposed from the names and the tree, with a
confidence per joint; the user saves it, corrects it and puts it beside the files as
`skeleton.toml`, or passes it on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UserError, check_option, one_line
from ...motion.orient import AXES, UNITS
from ..atomic import read_json, write_text
from ..toml_file import MAX_BYTES as MAX_TOML
from ..toml_file import read_toml

MAPPING_FILE = "skeleton.toml"
SAID = ("units", "up", "mirrored")  # keys beside [joints]
SIDES = ("left", "right")
# `head` is the base of the skull. In most rigs a joint sits at the upper end of the bone that it is
# named after, so "arm" is the shoulder, "forearm" the elbow and "hand" the wrist.
ROLES = ("spine", "neck", "head", *(f"{side}_{part}" for side in SIDES for part in ("shoulder", "elbow", "wrist")))


@dataclass(frozen=True)
class Mapping:
    """Canonical joint -> joint of a file.

    Parameters
    ----------
    joints : role of `ROLES` -> name in the file
    confidence : role -> 0 to 1; 1 where a table or the user says so
    source : where it comes from: a rig's name, "proposal", or a file
    units, up : what the user says about the file (see `motion.orient`); None finds it out
    mirrored : the user says that the axes of the file are left-handed
    """

    joints: dict[str, str]
    confidence: dict[str, float] = field(default_factory=dict)
    source: str = "proposal"
    units: str | None = None
    up: str | None = None
    mirrored: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles that no joint has."""
        return tuple(role for role in ROLES if role not in self.joints)

    @property
    def repeated(self) -> str:
        """Roles that name one and the same joint, in words; empty where there are none."""
        used: dict[str, list[str]] = {}
        for role, name in self.joints.items():
            used.setdefault(name, []).append(role)
        twice = [f"{' and '.join(roles)} = {name}" for name, roles in used.items() if len(roles) > 1]
        return one_line("; ".join(twice), 300)

    def describe(self) -> str:
        """One line: role = name (confidence), in the order of `ROLES`."""
        return ", ".join(
            f"{role} = {self.joints[role]} ({self.confidence.get(role, 1):.1f})"
            if role in self.joints
            else f"{role} = ?"
            for role in ROLES
        )


def write_mapping(path, mapping: Mapping) -> Path:
    """Write a mapping as TOML for the user to check and correct."""
    lines = [
        "# Which joint of the files is which joint of the canonical skeleton. Check the names, above all",
        "# those with a low confidence.",
    ]
    said = (("units", mapping.units), ("up", mapping.up), ("mirrored", mapping.mirrored))
    lines += [f"{key} = {json.dumps(value)}" for key, value in said if value]
    lines += ["", "[joints]"]
    for role in ROLES:
        name = mapping.joints.get(role)
        line = f"{role} = {json.dumps(name or '', ensure_ascii=False)}"
        lines.append(
            f"{line}  # confidence {mapping.confidence.get(role, 1.0):.2f}" if name else f"{line}  # not found: fill in"
        )
    return write_text(path, "\n".join(lines) + "\n")


def read_mapping(path) -> Mapping:
    """Read a mapping that the user has confirmed: TOML or JSON with `joints`, and what else the user says (`SAID`).

    Raises
    ------
    UserError
        For a key that is not known, a joint that is not named or named twice, or a file that cannot be read.
    """
    path = Path(path)
    content = read_json(path, MAX_TOML) if path.suffix.lower() == ".json" else read_toml(path)
    joints = content.get("joints") if isinstance(content, dict) else None
    if not isinstance(joints, dict) or not all(isinstance(v, str) for v in joints.values()):
        raise UserError(f"{path}: must hold [joints] with a name for each of {', '.join(ROLES)}")
    unknown = [*(k for k in content if k not in SAID and k != "joints"), *(k for k in joints if k not in ROLES)]
    if unknown:
        raise UserError(
            f"{path}: unknown key {one_line(repr(unknown[0]), 60)}; allowed: {', '.join(SAID)}, and in [joints] "
            f"{', '.join(ROLES)}"
        )
    mapping = Mapping(
        {k: v for k, v in joints.items() if v},
        dict.fromkeys(joints, 1.0),
        path.name,
        content.get("units"),
        content.get("up"),
        content.get("mirrored", False),
    )
    if mapping.missing:
        raise UserError(f"{path}: [joints] names no joint for {', '.join(mapping.missing)}")
    if mapping.repeated:
        raise UserError(
            f"{path}: [joints] gives one joint to two roles: {mapping.repeated}; each role has a joint of its own"
        )
    if not isinstance(mapping.mirrored, bool):
        raise UserError(f"{path}: mirrored: must be true or false; got {one_line(repr(mapping.mirrored), 40)}")
    for key, allowed in (("units", UNITS), ("up", AXES)):
        if content.get(key) is not None:
            check_option(f"{path}: {key}", one_line(content[key], 40), allowed)
    return mapping
