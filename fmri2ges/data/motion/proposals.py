"""A proposal of which joint is which, for a rig without a table.

It comes from the names, and from the tree where names say nothing.
"""

from __future__ import annotations

import re

from .skeletons import ROLES, SIDES, Mapping

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
        "chest": 0.8,
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


def propose_mapping(names, parents) -> Mapping:
    """A guess for an unknown rig, from names first and from the tree where names say nothing.

    Parameters
    ----------
    names : joint names
    parents : parent of each joint, -1 for the root; parents come first

    Returns
    -------
    Mapping
        Joints that nothing points to are missing, and no joint has two roles. A joint that contradicts the tree
        (an elbow that does not hang from the shoulder) keeps a third of its confidence.
    """
    names, parents = tuple(names), tuple(parents)
    by_name = []  # (how sure, role, joint)
    for k, name in enumerate(names):
        side, part = split_name(name)
        for kind, known in PARTS.items():
            role = kind if kind in ROLES else f"{side}_{kind}"
            if part in known and role in ROLES:
                by_name.append((known[part], role, k))
    by_tree = [(sure, role, k) for role, (sure, k) in _by_tree(names, parents).items()]
    found: dict[str, tuple[float, int]] = {}
    # What the names say comes before the tree; of equal guesses the joint nearest to the root.
    for confidence, role, k in [*sorted(by_name, key=lambda guess: (-guess[0], guess[2])), *by_tree]:
        if role not in found and all(k != taken for _, taken in found.values()):
            found[role] = (confidence, k)
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
        paired = {c for pair in pairs for c in pair}
        others = [c for c in branches if c not in paired]
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
