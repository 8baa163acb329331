"""BVH files in the layouts of real data sets, with the joint positions that they must give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

# name, parent, offset in metres, y up, facing +z; the arms hang to the sides in a T-pose.
TRUNK = [
    ("hips", None, (0, 0.95, 0)),
    ("spine", "hips", (0, 0.1, 0)),
    ("chest", "spine", (0, 0.2, 0.01)),
    ("neck", "chest", (0, 0.2, -0.01)),
    ("head", "neck", (0, 0.1, 0.02)),
]
LEGS = [
    (f"{s}_{p}", q, (x, y, z))
    for s, x0 in (("left", 0.1), ("right", -0.1))
    for p, q, x, y, z in (
        ("hip", "hips", x0, -0.05, 0),
        ("knee", f"{s}_hip", 0, -0.42, 0),
        ("foot", f"{s}_knee", 0, -0.42, 0),
        ("toe", f"{s}_foot", 0, -0.07, 0.16),
    )
]
ARMS = [
    (f"{s}_{p}", q, (sign * x, y, 0))
    for s, sign in (("left", 1), ("right", -1))
    for p, q, x, y in (
        ("collar", "chest", 0.05, 0.15),
        ("shoulder", f"{s}_collar", 0.13, 0),
        ("elbow", f"{s}_shoulder", 0.28, 0),
        ("wrist", f"{s}_elbow", 0.25, 0),
        ("thumb", f"{s}_wrist", 0.03, -0.02),
        ("index", f"{s}_wrist", 0.09, 0),
    )
]
BODY = [*TRUNK, *LEGS, *ARMS]


def _names(table: dict[str, str], side_words: tuple[str, str]) -> dict[str, str]:
    """Name of every joint of BODY; '*' in the table stands for the side."""
    out = {}
    for joint, _, _ in BODY:
        side, _, part = joint.partition("_")
        if part:
            out[joint] = table[part].replace("*", side_words[side == "right"])
        else:
            out[joint] = table[joint]
    return out


VICON = {
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Spine1",
    "neck": "Neck",
    "head": "Head",
    "hip": "*UpLeg",
    "knee": "*Leg",
    "foot": "*Foot",
    "toe": "*ToeBase",
    "collar": "*Shoulder",
    "shoulder": "*Arm",
    "elbow": "*ForeArm",
    "wrist": "*Hand",
    "thumb": "*HandThumb1",
    "index": "*HandIndex1",
}
CLASSIC = {
    **VICON,
    "spine": "Chest",
    "chest": "Chest2",
    "collar": "*Collar",
    "shoulder": "*Shoulder",
    "elbow": "*Elbow",
    "wrist": "*Wrist",
    "hip": "*Hip",
    "knee": "*Knee",
    "foot": "*Ankle",
    "toe": "*Toe",
}
BIPED = {
    **VICON,
    "hips": "Pelvis",
    "hip": "* Thigh",
    "knee": "* Calf",
    "foot": "* Foot",
    "toe": "* Toe0",
    "collar": "* Clavicle",
    "shoulder": "* UpperArm",
    "elbow": "* Forearm",
    "wrist": "* Hand",
    "thumb": "* Finger0",
    "index": "* Finger1",
}
NAMES = {
    "zeroeggs": _names(VICON, ("Left", "Right")),
    "mixamo": {k: f"mixamorig:{v}" for k, v in _names(VICON, ("Left", "Right")).items()},
    "cmu": {**_names(VICON, ("Left", "Right")), "spine": "LowerBack", "chest": "Spine"},
    "seg": _names(CLASSIC, ("Left", "Right")),
    "biped": {k: f"Bip01 {v}" for k, v in _names(BIPED, ("L", "R")).items()},
    "beat short": {**_names({**VICON, "shoulder": "*Arm", "elbow": "*Arm1"}, ("L", "R"))},
    "genea": _names(
        {
            "hips": "b_root",
            "spine": "b_spine0",
            "chest": "b_spine3",
            "neck": "b_neck0",
            "head": "b_head",
            "hip": "b_*_upleg",
            "knee": "b_*_leg",
            "foot": "b_*_foot",
            "toe": "b_*_toe",
            "collar": "b_*_shoulder",
            "shoulder": "b_*_arm",
            "elbow": "b_*_forearm",
            "wrist": "b_*_wrist",
            "thumb": "b_*_thumb1",
            "index": "b_*_index1",
        },
        ("l", "r"),
    ),
    "unreal": _names(
        {
            "hips": "pelvis",
            "spine": "spine_01",
            "chest": "spine_02",
            "neck": "neck_01",
            "head": "head",
            "hip": "thigh_*",
            "knee": "calf_*",
            "foot": "foot_*",
            "toe": "ball_*",
            "collar": "clavicle_*",
            "shoulder": "upperarm_*",
            "elbow": "lowerarm_*",
            "wrist": "hand_*",
            "thumb": "thumb_01_*",
            "index": "index_01_*",
        },
        ("l", "r"),
    ),
}


def motion(rng, n: int, still=()) -> dict[str, Rotation]:
    """Smooth random rotations of every joint, n frames; the trunk moves little."""
    out = {}
    for joint, _, _ in BODY:
        size = 0.6 if joint.endswith(("shoulder", "elbow", "wrist")) else 0.08
        key = rng.normal(size=(n // 10 + 2, 3)) * (0 if joint in still else size)
        out[joint] = Rotation.from_rotvec(
            np.stack([np.interp(np.arange(n) / 10, np.arange(len(key)), k) for k in key.T], 1)
        )
    return out


def positions(turns: dict[str, Rotation], scene: Rotation | None = None) -> dict[str, np.ndarray]:
    """Joint -> places in metres, array (n, 3), of BODY under local rotations; `scene` turns the whole scene."""
    place, world = {}, {}
    for joint, parent, offset in BODY:
        n = len(turns[joint])
        if parent is None:
            world[joint], place[joint] = turns[joint], np.tile(np.array(offset, float), (n, 1))
        else:
            world[joint] = world[parent] * turns[joint]
            place[joint] = place[parent] + world[parent].apply(offset)
    return place if scene is None else {k: scene.apply(v) for k, v in place.items()}


def write(
    path, names: dict[str, str], turns: dict[str, Rotation], fps=30.0, scale=100.0, order="ZXY", scene=None, six=False
):
    """Write BODY as BVH: `scale` units per metre, `six` gives every joint position channels as many exports do."""
    scene = scene or Rotation.identity()
    columns = []

    def block(joint: str, depth: int) -> list[str]:
        pad = "\t" * depth
        parent, offset = next((p, np.array(o, float)) for j, p, o in BODY if j == joint)
        n = len(turns[joint])
        if parent is None:
            offset = scene.apply(offset)
        turn = scene * turns[joint] if parent is None else turns[joint]
        place = [np.tile(offset * scale, (n, 1))] if parent is None or six else []
        columns.extend([*place, turn.as_euler(order, degrees=True)])
        channels = ["Xposition", "Yposition", "Zposition"] * len(place) + [f"{a}rotation" for a in order]
        children = [j for j, p, _ in BODY if p == joint]
        out = [
            f"{pad}{'ROOT' if parent is None else 'JOINT'} {names[joint]}",
            f"{pad}{{",
            f"{pad}\tOFFSET " + " ".join(f"{v * scale:.6f}" for v in offset),
            f"{pad}\tCHANNELS {len(channels)} {' '.join(channels)}",
        ]
        for child in children:
            out += block(child, depth + 1)
        if not children:
            out += [f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET 0.0 {0.05 * scale:.6f} 0.0", f"{pad}\t}}"]
        return [*out, f"{pad}}}"]

    lines = ["HIERARCHY", *block("hips", 0)]
    frames = np.concatenate(columns, 1)
    rows = [" ".join(f"{v:.6f}" for v in frame) for frame in frames]
    path.write_text("\n".join([*lines, "MOTION", f"Frames: {len(frames)}", f"Frame Time: {1 / fps:.7f}", *rows]) + "\n")
    return path


def write_75_joints(path: Path, n_frames: int = 69 * 60) -> Path:
    """A BVH at 60 frames per second as large as a ZeroEGGS or BEAT clip; fingers fill up the joints."""
    extra = 75 - len(BODY)
    write(path, NAMES["zeroeggs"], motion(np.random.default_rng(0), n_frames), fps=60)
    head, frames = path.read_text().split("MOTION\n")
    finger = "JOINT finger{}\n{{\nOFFSET 1 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
    chain = "".join(finger.format(k) for k in range(extra)) + "End Site\n{\nOFFSET 1 0 0\n}\n" + "}\n" * extra
    count, period, rows = frames.split("\n", 2)
    rows = "\n".join(row + " 1.234567" * (3 * extra) for row in rows.splitlines())
    path.write_text(f"{head[: head.rindex('}')]}{chain}}}\nMOTION\n{count}\n{period}\n{rows}\n")
    return path
