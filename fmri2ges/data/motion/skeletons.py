"""Which joint of a rig is which joint of the canonical skeleton.

Known rigs have a table. For any other a mapping is proposed from the names and the tree, with a
confidence per joint; the user saves it, corrects it and puts it beside the files as
`skeleton.toml`, or passes it on.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UserError, check_option, one_line
from ...motion.orient import AXES, UNITS
from ..atomic import read_json, write_text
from ..toml_file import MAX_BYTES as MAX_TOML
from ..toml_file import read_toml

MAPPING_FILE = "skeleton.toml"
SIDES = ("left", "right")
# `head` is the base of the skull. In most rigs a joint sits at the upper end of the bone that it is
# named after, so "arm" is the shoulder, "forearm" the elbow and "hand" the wrist.
ROLES = ("spine", "neck", "head", *(f"{side}_{part}" for side in SIDES for part in ("shoulder", "elbow", "wrist")))


def _rig(spine: str, neck: str, head: str, arm: tuple[str, str, str], left: str, right: str) -> dict[str, str]:
    """A table of lower-case names; "*" in the names of an arm stands for the side."""
    sides = {
        f"{s}_{p}": n.replace("*", m)
        for s, m in (("left", left), ("right", right))
        for p, n in zip(("shoulder", "elbow", "wrist"), arm)
    }
    return {"spine": spine, "neck": neck, "head": head, **sides}


VICON = ("*arm", "*forearm", "*hand")
# In the order in which they are tried: a rig whose names are a part of another's comes later.
RIGS: dict[str, dict[str, str]] = {
    "CMU": _rig("lowerback", "neck", "head", VICON, "left", "right"),
    "BEAT, ZeroEGGS, SeG, Trinity or Mixamo": _rig("spine", "neck", "head", VICON, "left", "right"),
    "BEAT, short names": _rig("spine", "neck", "head", ("*arm", "*arm1", "*hand"), "l", "r"),
    "GENEA, Talking With Hands": _rig(
        "b_spine0", "b_neck0", "b_head", ("b_*_arm", "b_*_forearm", "b_*_wrist"), "l", "r"
    ),
    "Poser": _rig("hip", "neck", "head", ("*shldr", "*forearm", "*hand"), "l", "r"),
    "SMPL": _rig("spine1", "neck", "head", ("*_shoulder", "*_elbow", "*_wrist"), "left", "right"),
    "Vicon without a spine": _rig("hips", "neck", "head", VICON, "left", "right"),
}

# What a joint may be called once side, prefix and numbers are taken away, and how sure that makes us.
PARTS: dict[str, dict[str, float]] = {
    "shoulder": {"upperarm": 0.95, "uparm": 0.95, "humerus": 0.95, "shldr": 0.9, "arm": 0.9, "shoulder": 0.6},
    "elbow": {"forearm": 0.95, "lowerarm": 0.95, "lowarm": 0.95, "elbow": 0.95, "radius": 0.8},
    "wrist": {"hand": 0.95, "wrist": 0.95},
    "neck": {"neck": 0.95, "cervical": 0.7},
    "head": {"head": 0.95, "skull": 0.95},
    "spine": {
        "spine": 0.95,
        "abdomen": 0.9,
        "lowerback": 0.9,
        "waist": 0.8,
        "torso": 0.7,
        "belly": 0.7,
        "hips": 0.6,
        "hip": 0.5,
        "pelvis": 0.6,
    },
}
NOISE = {
    "b",
    "j",
    "bip",
    "bone",
    "def",
    "jnt",
    "joint",
    "cc",
    "base",
    "bn",
    "character",
    "skeleton",
    "mixamorig",
    "valvebiped",
    "c",
    "jt",
}
MARKS = {"left": "left", "l": "left", "lft": "left", "right": "right", "r": "right", "rgt": "right"}


@dataclass(frozen=True)
class Mapping:
    """Canonical joint -> joint of a file.

    Parameters
    ----------
    joints : role of `ROLES` -> name in the file
    confidence : role -> 0 to 1; 1 where a table or the user says so
    source : where it comes from: a rig's name, "proposal", or a file
    units, up : what the user says about the file (see `motion.orient`); None finds it out
    """

    joints: dict[str, str]
    confidence: dict[str, float] = field(default_factory=dict)
    source: str = "proposal"
    units: str | None = None
    up: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(role for role in ROLES if role not in self.joints)

    def describe(self) -> str:
        """One line: role = name (confidence), in the order of `ROLES`."""
        return ", ".join(
            f"{role} = {self.joints[role]} ({self.confidence.get(role, 1):.1f})"
            if role in self.joints
            else f"{role} = ?"
            for role in ROLES
        )


def bare_name(name: str) -> str:
    """Lower-case name without a prefix such as "mixamorig:" or "Armature|"."""
    return re.sub(r"^mixamorig\d*", "", re.split(r"[:|]", name)[-1].lower())


def known_mapping(names) -> Mapping | None:
    """The mapping of a known rig, or None."""
    place = {bare_name(name): name for name in reversed(list(names))}
    for rig, table in RIGS.items():
        if all(joint in place for joint in table.values()):
            return Mapping({role: place[joint] for role, joint in table.items()}, dict.fromkeys(table, 1.0), rig)
    return None


def propose_mapping(names, parents) -> Mapping:
    """A guess for an unknown rig, from names first and from the tree where names say nothing.

    Parameters
    ----------
    names : joint names
    parents : parent of each joint, -1 for the root; parents come first

    Returns
    -------
    Mapping
        Joints that nothing points to are missing. A joint that contradicts the tree (an elbow that
        does not hang from the shoulder) keeps a third of its confidence.
    """
    names, parents = tuple(names), tuple(parents)
    found: dict[str, tuple[float, int]] = {}
    for k, name in enumerate(names):
        side, part = split_name(name)
        for kind, known in PARTS.items():
            role = kind if kind in ROLES else f"{side}_{kind}"
            if part in known and role in ROLES and known[part] > found.get(role, (0.0, 0))[0]:
                found[role] = (known[part], k)
    for role, guess in _by_tree(names, parents).items():
        found.setdefault(role, guess)
    below = {"neck": "spine", "head": "neck"}
    for side in SIDES:
        below |= {f"{side}_elbow": f"{side}_shoulder", f"{side}_wrist": f"{side}_elbow"}
    sure = {role: score for role, (score, _) in found.items()}
    for role, upper in below.items():
        if role in found and upper in found and found[upper][1] not in _ancestors(found[role][1], parents):
            sure[role] = sure[role] / 3
    return Mapping({role: names[k] for role, (_, k) in found.items()}, sure)


def split_name(name: str) -> tuple[str | None, str]:
    """("left", "right" or None; what is left without side, prefix and numbers, lower case)."""
    bare = re.split(r"[:|]", name)[-1]
    tokens = [t.lower() for t in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", bare)]
    known = {part for parts in PARTS.values() for part in parts}
    side, kept = None, []
    for token in tokens:
        if token in MARKS and side is None:
            side = MARKS[token]
        elif token not in known and token[:1] in "lr" and token[1:] in known:  # "lforearm"
            side = MARKS[token[0]]
            kept.append(token[1:])
        elif token not in NOISE:
            kept.append(token)
    return side, "".join(kept)


def _ancestors(k: int, parents) -> set[int]:
    out = set()
    while parents[k] >= 0:
        k = parents[k]
        out.add(k)
    return out


def _by_tree(names, parents) -> dict[str, tuple[float, int]]:
    """Roles by the shape of the tree: where a trunk splits into two like arms and a neck.

    Legs split off the root; the arms are the pair of like branches that lies deepest. The side is
    taken from any name inside a branch, or else from the order, which is a coin's toss.
    """
    children: list[list[int]] = [[] for _ in names]
    for k, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(k)
    size = [1] * len(names)
    for k in range(len(names) - 1, 0, -1):
        size[parents[k]] += size[k]
    depth = [0] * len(names)
    for k in range(1, len(names)):
        depth[k] = depth[parents[k]] + 1
    chests = []
    for k, branches in enumerate(children):
        pairs = [(a, b) for i, a in enumerate(branches) for b in branches[i + 1 :] if size[a] == size[b] >= 3]
        others = [c for c in branches if not any(c in pair for pair in pairs)]
        if pairs and others and depth[k] >= 1:
            chests.append((size[pairs[0][0]] * 2, depth[k], k, pairs[0], max(others, key=lambda c: size[c])))
    if not chests:
        return {}
    _, _, chest, pair, neck = max(chests, key=lambda c: (c[1], c[0]))
    out = {"neck": (0.4, neck), "head": (0.4, _chain(neck, children)[-1])}
    on_trunk = sorted(_ancestors(chest, parents) | {chest})
    out["spine"] = (0.4, on_trunk[1] if len(on_trunk) > 1 else on_trunk[0])
    for order, branch in enumerate(pair):
        chain = _chain(branch, children)
        stop = len(chain) - 1 if children[chain[-1]] else min(len(chain) - 1, 3)  # the wrist is where fingers leave
        wrist = chain[max(stop, min(2, len(chain) - 1))]
        elbow, shoulder = parents[wrist], parents[parents[wrist]]
        inside = [split_name(names[k])[0] for k in range(branch, branch + size[branch]) if k < len(names)]
        named = next((s for s in inside if s), None)
        side, sure = (named, 0.4) if named else (SIDES[order], 0.2)
        out |= {f"{side}_shoulder": (sure, shoulder), f"{side}_elbow": (sure, elbow), f"{side}_wrist": (sure, wrist)}
    return out


def _chain(k: int, children) -> list[int]:
    """Joints from `k` down to the first that branches or ends."""
    chain = [k]
    while len(children[chain[-1]]) == 1:
        chain.append(children[chain[-1]][0])
    return chain


def write_mapping(path, mapping: Mapping) -> Path:
    """Write a mapping as TOML for the user to check and correct."""
    lines = [
        "# Which joint of the files is which joint of the canonical skeleton. Check the names, above all",
        "# those with a low confidence.",
    ]
    lines += [f"{key} = {json.dumps(value)}" for key, value in (("units", mapping.units), ("up", mapping.up)) if value]
    lines += ["", "[joints]"]
    for role in ROLES:
        name = mapping.joints.get(role)
        line = f"{role} = {json.dumps(name or '', ensure_ascii=False)}"
        lines.append(
            f"{line}  # confidence {mapping.confidence.get(role, 1.0):.2f}" if name else f"{line}  # not found: fill in"
        )
    return write_text(path, "\n".join(lines) + "\n")


def read_mapping(path) -> Mapping:
    """Read a mapping that the user has confirmed: TOML or JSON with `joints`, and `units` and `up` if wanted.

    Raises
    ------
    UserError
        For a key that is not known, a joint that is not named, or a file that cannot be read.
    """
    path = Path(path)
    content = read_json(path, MAX_TOML) if path.suffix.lower() == ".json" else read_toml(path)
    joints = content.get("joints") if isinstance(content, dict) else None
    if not isinstance(joints, dict) or not all(isinstance(v, str) for v in joints.values()):
        raise UserError(f"{path}: must hold [joints] with a name for each of {', '.join(ROLES)}")
    unknown = [*(k for k in content if k not in ("joints", "units", "up")), *(k for k in joints if k not in ROLES)]
    if unknown:
        raise UserError(
            f"{path}: unknown key {one_line(repr(unknown[0]), 60)}; allowed: units, up, and in [joints] {', '.join(ROLES)}"
        )
    mapping = Mapping(
        {k: v for k, v in joints.items() if v},
        dict.fromkeys(joints, 1.0),
        path.name,
        content.get("units"),
        content.get("up"),
    )
    if mapping.missing:
        raise UserError(f"{path}: [joints] names no joint for {', '.join(mapping.missing)}")
    for key, allowed in (("units", UNITS), ("up", AXES)):
        if content.get(key) is not None:
            check_option(f"{path}: {key}", one_line(content[key], 40), allowed)
    return mapping
