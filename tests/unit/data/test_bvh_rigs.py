"""BVH of any rig: the joints, units and axes of real data sets, against other BVH libraries."""

import numpy as np
import pybvh
import pytest
from scipy.spatial.transform import Rotation

from fmri2ges.data.motion.bvh import import_bvh, propose_for, read_bvh, write_bvh
from fmri2ges.data.motion.bvh_parse import parse_bvh
from fmri2ges.data.motion.proposals import propose_mapping, split_name
from fmri2ges.data.motion.skeletons import ROLES, read_mapping, write_mapping
from fmri2ges.errors import UserError
from fmri2ges.motion.features import resample, to_bones
from fmri2ges.types import TED10_JOINTS
from tests import rigs
from tests.conftest import make_motion
from tests.counting import calls

COMMON = ("spine", "neck", *(f"{s}_{p}" for s in ("left", "right") for p in ("shoulder", "elbow", "wrist")))


@pytest.fixture(scope="module")
def turns():
    return rigs.motion(np.random.default_rng(0), 40)


def yaw_to_front(place: dict) -> Rotation:
    """The rotation that the shoulders' mean direction asks for, written out on its own."""
    across = place["left_shoulder"] - place["right_shoulder"]
    forward = np.stack([-across[:, 2], np.zeros(len(across)), across[:, 0]], 1)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    x, _, z = forward.mean(0)
    return Rotation.from_euler("y", -np.arctan2(x, z))


def test_positions_agree_with_pybvh(tmp_path, turns):
    bvh = parse_bvh(rigs.write(tmp_path / "a.bvh", rigs.NAMES["zeroeggs"], turns))
    theirs = pybvh.read_bvh_file(tmp_path / "a.bvh", world_up="+y")
    ours, _ = bvh.pose(range(len(bvh.names)))
    assert list(bvh.names) == theirs.joint_names and bvh.fps == 30
    np.testing.assert_allclose(ours, theirs.joint_positions(), atol=1e-9)


@pytest.mark.parametrize("order", ["XYZ", "ZYX", "YXZ"])
@pytest.mark.parametrize("six", [False, True])
def test_positions_agree_with_bvhio(tmp_path, order, six):
    bvhio = pytest.importorskip("bvhio")
    path = rigs.write(
        tmp_path / "a.bvh", rigs.NAMES["genea"], rigs.motion(np.random.default_rng(1), 6), order=order, six=six
    )
    bvh = parse_bvh(path)
    ours, _ = bvh.pose(range(len(bvh.names)))
    root = bvhio.readAsHierarchy(str(path))
    for frame in (0, 5):
        root.loadPose(frame)
        theirs = {joint.Name: np.array(joint.PositionWorld) for joint, _, _ in root.layout()}
        for k, name in enumerate(bvh.names):
            np.testing.assert_allclose(ours[frame, k], theirs[name], atol=1e-3)


@pytest.mark.parametrize(
    "rig, found",
    [
        ("zeroeggs", "BEAT, ZeroEGGS, Trinity or Mixamo"),
        ("mixamo", "BEAT, ZeroEGGS, Trinity or Mixamo"),
        ("cmu", "CMU"),
        ("beat short", "BEAT, short names"),
        ("genea", "GENEA, Talking With Hands"),
        ("seg", "SeG, Xsens (collar, shoulder, elbow, wrist), with chest"),
        ("biped", "Biped"),
    ],
)
@pytest.mark.parametrize(
    "unit, scale", [("centimetres", 100), ("metres", 1), ("inches", 1 / 0.0254), ("CMU units", 0.45 / 0.0254)]
)
def test_known_rigs_give_metres_from_any_unit_and_axes(tmp_path, turns, rig, found, unit, scale):
    up = Rotation.from_euler("x", 90, degrees=True)  # y up -> z up
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES[rig], turns, scale=scale, scene=up, six=rig == "genea")
    got = import_bvh(path)
    assert (got.mapping.source, got.axes.units, got.axes.up, got.axes.notes) == (found, unit, "+z", ())
    place = rigs.positions(turns)
    front = yaw_to_front(place)
    for joint in COMMON:
        # 1 mm: angles and offsets are written with six digits.
        np.testing.assert_allclose(
            got.motion.positions[:, TED10_JOINTS.index(joint)], front.apply(place[joint]), atol=1e-3
        )
    assert unit in got.describe() and "30 per second" in got.describe()


def test_the_nose_follows_the_head(tmp_path):
    n = 41
    turns = rigs.motion(np.random.default_rng(0), n, still={j for j, _, _ in rigs.BODY})
    angle = np.linspace(-40, 40, n)
    turns["head"] = Rotation.from_euler("y", angle[:, None], degrees=True)  # looks from the right to the left
    motion = read_bvh(rigs.write(tmp_path / "a.bvh", rigs.NAMES["zeroeggs"], turns))
    at = dict(zip(TED10_JOINTS, motion.positions.transpose(1, 0, 2), strict=True))
    looks = at["nose"] - 0.5 * (at["head"] + at["nose"])  # from the middle of the head
    assert looks[0, 0] < -0.02 and looks[-1, 0] > 0.02 and (np.diff(at["nose"][:, 0]) > 0).all()
    np.testing.assert_allclose(at["nose"][:, 1], at["nose"][0, 1], atol=1e-5)  # and keeps its height


def test_an_unknown_rig_is_proposed_confirmed_and_read(tmp_path, turns):
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES["unreal"], turns)
    with pytest.raises(
        UserError, match="is of no known rig; proposed .*left_shoulder = upperarm_l .*save it as skeleton.toml"
    ):
        read_bvh(path)
    guess = propose_for(path)
    assert guess.joints["right_elbow"] == "lowerarm_r" and min(guess.confidence.values()) >= 0.5 and not guess.missing
    write_mapping(tmp_path / "other" / "map.toml", guess)
    given = import_bvh(path, tmp_path / "other" / "map.toml")
    write_mapping(tmp_path / "skeleton.toml", guess)
    beside = import_bvh(path)
    assert beside.mapping.source == "skeleton.toml"
    np.testing.assert_array_equal(given.motion.positions, beside.motion.positions)
    place = rigs.positions(turns)
    expected = yaw_to_front(place).apply(place["left_wrist"])
    np.testing.assert_allclose(beside.motion.positions[:, TED10_JOINTS.index("left_wrist")], expected, atol=1e-3)


def test_a_rig_without_names_is_proposed_by_its_tree(turns):
    names = [f"bone{k}" for k in range(len(rigs.BODY))]
    index = {joint: k for k, (joint, _, _) in enumerate(rigs.BODY)}
    parents = [-1 if p is None else index[p] for _, p, _ in rigs.BODY]
    guess = propose_mapping(names, parents)
    for role in ROLES:
        assert guess.joints[role] == names[index[role]], role
        assert guess.confidence[role] <= 0.4


def test_a_name_against_the_tree_loses_confidence():
    names = [
        "Hips",
        "Spine",
        "Neck",
        "Head",
        "LeftArm",
        "LeftHand",
        "LeftForeArm",
        "RightArm",
        "RightForeArm",
        "RightHand",
    ]
    guess = propose_mapping(names, [-1, 0, 1, 2, 1, 4, 5, 1, 7, 8])
    assert guess.confidence["left_wrist"] < 0.5 < guess.confidence["right_wrist"]


@pytest.mark.parametrize(
    "name, parts",
    [
        ("LeftForeArm", ("left", "forearm")),
        ("mixamorig:RightHand", ("right", "hand")),
        ("upperarm_l", ("left", "upperarm")),
        ("lShldr", ("left", "shldr")),
        ("Bip01 R UpperArm", ("right", "upperarm")),
        ("rforearm", ("right", "forearm")),
        ("J_Bip_L_LowerArm", ("left", "lowerarm")),
        ("Neck1", (None, "neck")),
    ],
)
def test_names_are_split(name, parts):
    assert split_name(name) == parts


NAMED = "\n".join(f"{role} = 'joint of {role}'" for role in ROLES)


@pytest.mark.parametrize(
    "text, message",
    [
        ("[joints]\nspine = 3", r"must hold \[joints\]"),
        ("x = 1\n[joints]", "unknown key 'x'"),
        ("[joints]\nspin = 'a'", "unknown key 'spin'"),
        ("[joints]\nspine = 'a'", "names no joint for neck, head"),
        ("[joints", "is not valid TOML"),
        (
            "units = 'parsecs'\n[joints]\n" + NAMED,
            "units: 'parsecs' is not known; allowed: centimetres",
        ),
        ("units = 3\n[joints]\n" + NAMED, "units: '3' is not known"),
        ("mirrored = 1\n[joints]\n" + NAMED, "mirrored: must be true or false; got 1"),
        (
            "[joints]\n" + NAMED.replace("of neck", "of head"),
            "gives one joint to two roles: neck and head = joint of head",
        ),
    ],
)
def test_wrong_mappings_are_one_clear_line(tmp_path, text, message):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(UserError, match=message) as error:
        read_mapping(tmp_path / "m.toml")
    assert "\n" not in str(error.value)


def test_a_mapping_of_another_rig_is_refused(tmp_path, turns):
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES["zeroeggs"], turns)
    other = propose_for(rigs.write(tmp_path / "b.bvh", rigs.NAMES["unreal"], turns))
    with pytest.raises(UserError, match="names joints that the file lacks: .*upperarm_l.*the file has: Hips, Spine"):
        read_bvh(path, other)


HEAD = (
    "HIERARCHY\nROOT a\n{\n OFFSET 0 0 0\n CHANNELS 3 Xrotation Yrotation Zrotation\n"
    " End Site\n {\n  OFFSET 0 1 0\n }\n}\n"
)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "must hold HIERARCHY and then MOTION"),
        (HEAD.replace("OFFSET 0 0 0", "OFFSET 0 0"), "line 4: .*OFFSET must hold three numbers"),
        (HEAD.replace("3 X", "4 X"), "line 5: .*CHANNELS must hold a count"),
        (HEAD.replace("End Site", "ROOT b"), "line 6: .*there must be one ROOT"),
        (HEAD + "}\n", "line 11: .*closes nothing"),
        (HEAD[:-2], "is not closed before MOTION"),
        (
            HEAD + "MOTION\nFrames: 2\nFrame Time: 0.1\n1 2 3\n",
            "1 frames of 3 numbers where its header announces 2 frames of 3; was the file cut off",
        ),
        (HEAD + "MOTION\nFrames: 99999999999999\nFrame Time: 0.1\n1 2 3\n", "1 frames of 3 numbers where"),
        (HEAD + "MOTION\nFrames: 1\nFrame Time: 0\n1 2 3\n", "line 13: .*Frame Time: '0' is no frame time in seconds"),
        (HEAD + "MOTION\nFrames: 1\nFrame Time: 0.1\n1 2 nan\n", "frame 1, channel 3: nan is no finite"),
        (HEAD + "MOTION\nFrames: 1\nFrame Time: 0.1\n", "holds no frames"),
        (HEAD + "MOTION\nFrames: 2\nFrame Time: 0.1\n1 2 3\n1 2\n", "in the frames"),
    ],
)
def test_damaged_files_name_the_line(tmp_path, text, message):
    path = tmp_path / "a.bvh"
    path.write_text(text if "MOTION" in text or not text else text + "MOTION\nFrames: 1\nFrame Time: 0.1\n1 2 3\n")
    with pytest.raises(UserError, match=message):
        read_bvh(path)


def test_75_joints_are_read_with_the_work_of_7_seconds_when_there_are_69(tmp_path):
    """Frames are read together, never one by one: the size of a ZeroEGGS or BEAT clip."""
    long, short = (rigs.write_75_joints(tmp_path / f"{n}.bvh", n) for n in (69 * 60, 7 * 60))
    assert len(parse_bvh(long).names) == 75 and read_bvh(long).duration == pytest.approx(69)
    assert calls(lambda: read_bvh(long)) < 1.1 * calls(lambda: read_bvh(short))


def test_what_we_write_stands_upright_in_another_library(tmp_path):
    """Blender shows the rest pose as bvhio reads it: upright, facing forward, in centimetres."""
    bvhio = pytest.importorskip("bvhio")
    motion = make_motion(np.random.default_rng(3), 12)
    path = write_bvh(tmp_path / "m.bvh", motion)
    root = bvhio.readAsHierarchy(str(path))
    root.loadRestPose(recursive=True)
    rest = {joint.Name: np.array(joint.PositionWorld) for joint, _, _ in root.layout()}
    trunk = rest["neck"] - rest["spine"]
    np.testing.assert_allclose(trunk / np.linalg.norm(trunk), [0, 1, 0], atol=1e-4)
    assert rest["left_wrist"][0] - rest["neck"][0] > 50 and rest["right_wrist"][0] - rest["neck"][0] < -50  # cm
    assert rest["nose"][2] - rest["neck"][2] > 3
    for frame in (0, 11):
        root.loadPose(frame)
        theirs = {joint.Name: np.array(joint.PositionWorld) for joint, _, _ in root.layout()}
        for k, joint in enumerate(TED10_JOINTS):
            np.testing.assert_allclose(theirs[joint], motion.positions[frame, k] * 100, atol=2e-2)


def test_frames_per_second_are_brought_to_what_is_asked(tmp_path, turns):
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES["zeroeggs"], turns, fps=30)
    full, half = read_bvh(path), read_bvh(path, fps=15)
    assert (full.fps, half.fps) == (30, 15)
    np.testing.assert_array_equal(half.positions, resample(full, 15.0).positions)
    # The low-pass rounds the corners of this motion off, and no more.
    assert np.median(np.abs(half.positions - full.positions[::2])) < 0.01
    assert np.median(np.abs(to_bones(half.positions) - to_bones(full.positions[::2]))) < 0.02


def test_any_number_and_order_of_rotation_channels(tmp_path):
    """One, two, repeated or no rotation channels: the product in the order of the file."""
    joints = (
        "JOINT b\n{\nOFFSET 0 2 0\nCHANNELS 1 Xrotation\n"
        "JOINT c\n{\nOFFSET 0 3 0\nCHANNELS 0\nEnd Site\n{\nOFFSET 0 1 0\n}\n}\n}\n"
    )
    root = f"HIERARCHY\nROOT a {{\nOFFSET 5 0 0\nCHANNELS 3 Zrotation Xrotation Zrotation\n{joints}}}\n"
    (tmp_path / "a.bvh").write_text(f"{root}MOTION\nFrames: 1\nFrame Time: 0.1\n30 40 50 20\n")
    place, turn = parse_bvh(tmp_path / "a.bvh").pose([0, 1, 2])
    first = Rotation.from_euler("ZXZ", [30, 40, 50], degrees=True)
    second = first * Rotation.from_euler("X", 20, degrees=True)
    np.testing.assert_allclose(
        place[0],
        [[5, 0, 0], first.apply([0, 2, 0]) + [5, 0, 0], first.apply([0, 2, 0]) + second.apply([0, 3, 0]) + [5, 0, 0]],
        atol=1e-12,
    )
    np.testing.assert_allclose(turn[0, 2], second.as_matrix(), atol=1e-12)
