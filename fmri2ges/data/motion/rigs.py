"""Rigs whose joint names are known, whatever a program puts around the names."""

from __future__ import annotations

import re
from collections import Counter

from .skeletons import SIDES, Mapping

MOST = 0.8  # share of the joints that must have a prefix or suffix for it to be no part of their names


def _rig(trunk: tuple[str, str, str], arm: tuple[str, str, str], left: str, right: str) -> dict[str, str]:
    """A table of names as `_letters` leaves them; "*" in the names of an arm stands for the side."""
    sides = {
        f"{s}_{p}": n.replace("*", m)
        for s, m in zip(SIDES, (left, right), strict=True)
        for p, n in zip(("shoulder", "elbow", "wrist"), arm, strict=True)
    }
    return {"spine": trunk[0], "neck": trunk[1], "head": trunk[2], **sides}


def _family(name: str, spines: tuple[str, ...], arm: tuple[str, str, str]) -> dict[str, dict[str, str]]:
    """Tables that differ in what the lowest joint of the trunk is called."""
    return {
        name if spine == spines[0] else f"{name}, with {spine}": _rig((spine, "neck", "head"), arm, "left", "right")
        for spine in spines
    }


VICON = ("*arm", "*forearm", "*hand")
# In the order in which they are tried: a rig whose names are a part of another's comes later.
RIGS: dict[str, dict[str, str]] = {
    "CMU": _rig(("lowerback", "neck", "head"), VICON, "left", "right"),
    "BEAT, ZeroEGGS, Trinity or Mixamo": _rig(("spine", "neck", "head"), VICON, "left", "right"),
    "BEAT, short names": _rig(("spine", "neck", "head"), ("*arm", "*arm1", "*hand"), "l", "r"),
    # All of their names begin with "b_", which counts as a prefix.
    "GENEA, Talking With Hands": _rig(("spine0", "neck0", "head"), ("*arm", "*forearm", "*wrist"), "l", "r"),
    "Poser": _rig(("hip", "neck", "head"), ("*shldr", "*forearm", "*hand"), "l", "r"),
    "SMPL, short names": _rig(("spine1", "neck", "head"), ("*shoulder", "*elbow", "*wrist"), "l", "r"),
    "SMPL": _rig(("spine1", "neck", "head"), ("*shoulder", "*elbow", "*wrist"), "left", "right"),
    "Biped": _rig(("spine", "neck", "head"), ("*upperarm", "*forearm", "*hand"), "l", "r"),
    **_family("SeG, Xsens (collar, shoulder, elbow, wrist)", ("spine", "chest"), ("*shoulder", "*elbow", "*wrist")),
    **_family("Biovision (collar, upper arm, lower arm, hand)", ("spine", "chest"), ("*uparm", "*lowarm", "*hand")),
    **_family("Unity", ("spine", "chest"), ("*upperarm", "*lowerarm", "*hand")),
    "VRM": _rig(("cspine", "cneck", "chead"), ("*upperarm", "*lowerarm", "*hand"), "l", "r"),
    "Character Creator": _rig(("waist", "necktwist01", "head"), ("*upperarm", "*forearm", "*hand"), "l", "r"),
    "Rokoko": _rig(("spine1", "neck", "head"), VICON, "left", "right"),
    **_family("Vicon without a spine", ("hips", "chest"), VICON),
}


def known_mapping(names) -> Mapping | None:
    """The mapping of a known rig, or None.

    Parameters
    ----------
    names : joint names of a file; namespaces (``mixamorig:``), a prefix or suffix that most of them share
        (``Character1_``, ``Bip01 ``, ``_jnt``) and the numbers of Blender's copies (``.001``) do not count
    """
    names = list(names)
    plain = [_without_namespace(name) for name in names]
    for bare in (plain, without_shared_ends(plain)):
        place = {_letters(short): name for short, name in reversed(list(zip(bare, names, strict=True)))}
        for rig, table in RIGS.items():
            if all(joint in place for joint in table.values()):
                return Mapping({role: place[joint] for role, joint in table.items()}, dict.fromkeys(table, 1.0), rig)
    return None


def without_shared_ends(names: list[str]) -> list[str]:
    """Names without the longest prefix, and the longest suffix, that at least 80 % of them share.

    A prefix ends, and a suffix begins, at a mark such as "_" or where a capital letter follows a small one.
    """
    out = _without_prefix(names, re.compile(r"(?<=[_ .\-|:])|(?<=[a-z0-9])(?=[A-Z])"))
    backwards = _without_prefix([name[::-1] for name in out], re.compile(r"(?<=[_ .\-|:])"))
    return [name[::-1] for name in backwards]


def _without_prefix(names: list[str], ends: re.Pattern) -> list[str]:
    counts = Counter(name[: end.start()] for name in names for end in ends.finditer(name))
    shared = [prefix for prefix, n in counts.items() if prefix and n >= MOST * len(names)]
    longest = max(shared, key=len, default="")
    return [name.removeprefix(longest) for name in names]


def bare_name(name: str) -> str:
    """Lower-case name without a namespace such as "mixamorig:" or "Armature|" and without Blender's ".001"."""
    return _without_namespace(name).lower()


def _without_namespace(name: str) -> str:
    short = re.sub(r"\.\d{3}$", "", re.split(r"[:|]", name)[-1])
    return re.sub(r"^mixamorig\d*(?=.)", "", short, flags=re.IGNORECASE)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
