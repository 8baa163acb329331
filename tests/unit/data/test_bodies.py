"""Bodies from which nothing can be learnt, or the wrong thing: no length, no motion, left for right, other axes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fmri2ges.data.motion.bvh import import_bvh, propose_for
from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.motion.proposals import PARTS, propose_mapping
from fmri2ges.data.motion.skeletons import Mapping, write_mapping
from fmri2ges.errors import UserError
from fmri2ges.motion.orient import AXES, UNITS
from fmri2ges.types import TED10_JOINTS, TED10_PARENTS, Motion
from tests import rigs
from tests.conftest import make_motion
from tests.laws.test_motion_laws import UPRIGHT
from tests.unit.data.test_smplx import beat2

AT = {joint: k for k, joint in enumerate(TED10_JOINTS)}
ZEROEGGS = rigs.NAMES["zeroeggs"]
ROLES = {
    **{role: ZEROEGGS[role] for role in ("spine", "neck", "head")},
    **{f"{s}_{p}": ZEROEGGS[f"{s}_{p}"] for s in ("left", "right") for p in ("shoulder", "elbow", "wrist")},
}


def own(path, positions, fps=15.0):
    """A file in our format that another program wrote."""
    names, parents = np.array(TED10_JOINTS), np.array(TED10_PARENTS)
    np.savez(path, positions=positions, fps=fps, start=2.0, joints=names, parents=parents)
    return path


def speaker(seed: int = 0, n: int = 60) -> np.ndarray:
    """Positions (n, 10, 3) of a person who gestures, metres, facing +z."""
    return make_motion(np.random.default_rng(seed), n).positions


def written(path, seed: int = 0, n: int = 60, still=(), **options):
    return rigs.write(path, ZEROEGGS, rigs.motion(np.random.default_rng(seed), n, still), **options)


# Bones of length zero


@pytest.mark.parametrize(
    "joint, upper",
    [("left_elbow", "left_shoulder"), ("right_wrist", "right_elbow"), ("head", "neck")],
)
@pytest.mark.parametrize("length", [0.0, 1e-6])
def test_a_bone_of_a_rig_without_length_is_named(tmp_path, monkeypatch, joint, upper, length):
    body = [(name, parent, (0, length, 0) if name == joint else offset) for name, parent, offset in rigs.BODY]
    monkeypatch.setattr(rigs, "BODY", body)
    with pytest.raises(UserError) as error:
        import_motion_file(written(tmp_path / "a.bvh"))
    said = f"the bone from {ZEROEGGS[upper]} ({upper}) to {ZEROEGGS[joint]} ({joint}) has length zero, so"
    assert said in str(error.value) and str(error.value).startswith(str(tmp_path / "a.bvh"))


@pytest.mark.parametrize("joint", TED10_JOINTS[1:])
def test_a_bone_of_our_own_format_without_length_is_named_with_its_time(tmp_path, joint):
    positions = speaker()
    positions[30:, AT[joint]] = positions[30:, TED10_PARENTS[AT[joint]]]
    bone = f"the bone from {TED10_JOINTS[TED10_PARENTS[AT[joint]]]} to {joint} has length zero"
    with pytest.raises(UserError, match=f"{bone} in 30 of 60 frames, first at 2.00 s"):
        import_motion_file(own(tmp_path / "a.npz", positions))


# Mappings


@pytest.mark.parametrize(
    "change, message",
    [
        ({"left_elbow": "LeftHand"}, "gives one joint to two roles: left_elbow and left_wrist = LeftHand"),
        ({"neck": "Head"}, "neck and head = Head"),
        ({"left_elbow": "LeftHand", "left_wrist": "LeftForeArm"}, "LeftForeArm does not hang from LeftHand"),
        ({"right_wrist": "LeftHand", "left_wrist": "RightHand"}, "RightHand does not hang from LeftForeArm"),
    ],
)
def test_a_mapping_against_the_tree_is_refused(tmp_path, change, message):
    path = written(tmp_path / "a.bvh")
    mapping = Mapping({**ROLES, **change}, source="mine")
    with pytest.raises(UserError, match=message):
        import_bvh(path, mapping)
    write_mapping(tmp_path / "m.toml", mapping)
    with pytest.raises(UserError, match=message):
        import_motion_file(path, tmp_path / "m.toml")


NAMES = st.sampled_from([f"{side}{part}" for part in {p for k in PARTS.values() for p in k} for side in ("", "l", "r")])


@settings(deadline=None)
@given(names=st.lists(NAMES | st.text("abLRf", max_size=4), min_size=1, max_size=14), data=st.data())
def test_no_proposal_uses_a_joint_twice(names, data):
    parents = [-1] + [data.draw(st.integers(0, k - 1)) for k in range(1, len(names))]
    numbered = [f"{name}_{k}" for k, name in enumerate(names)]  # joints differ even where their parts do not
    guess = propose_mapping(numbered, parents)
    assert guess.repeated == "" and len(set(guess.joints.values())) == len(guess.joints)


# Motion that never moves


def still_rig(path):
    return written(path, still={joint for joint, _, _ in rigs.BODY})


def still_smplx(path):
    return beat2(path, np.tile(0.3 * np.random.default_rng(0).normal(size=165), (90, 1)))


def still_positions(path):
    noise = 1e-5 * np.random.default_rng(0).normal(size=(60, 10, 3))  # of a file that was rounded
    return own(path, speaker()[:1] + noise)


def moved_only(path):
    return own(path, speaker()[:1] + np.linspace(0, 1, 60)[:, None, None] * [1, 0, 1])


@pytest.mark.parametrize(
    "make, ending",
    [(still_rig, "bvh"), (still_smplx, "npz"), (still_positions, "npz"), (moved_only, "npz")],
)
def test_a_body_that_never_moves_is_refused(tmp_path, make, ending):
    with pytest.raises(UserError, match="the body never moves: no bone turns by more than 0.5 degrees in"):
        import_motion_file(make(tmp_path / f"a.{ending}"))


def test_arms_that_never_move_are_a_note(tmp_path):
    arms = {f"{s}_{p}" for s in ("left", "right") for p in ("collar", "shoulder", "elbow")}
    got = import_motion_file(written(tmp_path / "a.bvh", still={*arms, "spine", "chest", "neck", "hips"}, n=90))
    assert any("the arms never move against the trunk" in note for note in got.all_notes)
    assert not any("arms never" in n for n in import_motion_file(written(tmp_path / "b.bvh", n=90)).all_notes)


# Left and right


def mirrored(monkeypatch):
    """The rig as a program with left-handed axes writes it: its offsets; and what to do with rotations."""
    flipped = [(name, parent, (-offset[0], *offset[1:])) for name, parent, offset in rigs.BODY]
    monkeypatch.setattr(rigs, "BODY", flipped)
    return lambda turns: {k: Rotation.from_rotvec(r.as_rotvec() * [1, -1, -1]) for k, r in turns.items()}


def test_a_left_handed_rig_is_refused_and_read_when_it_is_said(tmp_path, monkeypatch):
    turns = rigs.motion(np.random.default_rng(3), 60)
    straight = import_motion_file(rigs.write(tmp_path / "a.bvh", ZEROEGGS, turns)).motion
    flip = mirrored(monkeypatch)
    path = rigs.write(tmp_path / "b.bvh", ZEROEGGS, flip(turns))
    with pytest.raises(UserError, match=r"the body is mirrored: .* by its toes the other; .*mirrored = true"):
        import_motion_file(path)
    write_mapping(tmp_path / "m.toml", Mapping(ROLES, mirrored=True))
    assert "mirrored = true" in (tmp_path / "m.toml").read_text()
    got = import_motion_file(path, tmp_path / "m.toml")
    assert got.all_notes == ()
    np.testing.assert_allclose(got.motion.positions, straight.positions, atol=1e-5)  # .01 mm


def test_a_left_handed_rig_without_toes_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(rigs, "BODY", [bone for bone in rigs.BODY if not bone[0].endswith("toe")])
    assert import_motion_file(written(tmp_path / "a.bvh", n=300)).all_notes == ()
    flip = mirrored(monkeypatch)
    turns = flip(rigs.motion(np.random.default_rng(0), 300))
    notes = import_motion_file(rigs.write(tmp_path / "b.bvh", ZEROEGGS, turns)).all_notes
    assert len(notes) == 1 and notes[0].startswith("the head stands behind the neck if left is left")


SWAPPED = {
    role: name.replace("Left", "x").replace("Right", "Left").replace("x", "Right") for role, name in ROLES.items()
}


@pytest.mark.parametrize("toes", [True, False])
def test_a_mapping_that_swaps_the_sides_is_refused(tmp_path, monkeypatch, toes):
    monkeypatch.setattr(rigs, "BODY", [bone for bone in rigs.BODY if toes or not bone[0].endswith("toe")])
    path = written(tmp_path / "a.bvh", n=300)
    said = "the body is mirrored" if toes else "left and right are swapped: left_shoulder is mapped to RightArm"
    with pytest.raises(UserError, match=said):
        import_bvh(path, Mapping(SWAPPED))


def test_sides_named_by_the_viewer_can_be_swapped(tmp_path):
    """Some files call left what a viewer sees on the left; the body agrees with the mapping that corrects it."""
    viewer = {joint: name for joint, name in ZEROEGGS.items()}
    for joint in viewer:
        if joint.startswith(("left", "right")):
            side, part = joint.split("_")
            viewer[joint] = ZEROEGGS[f"{'right' if side == 'left' else 'left'}_{part}"]
    turns = rigs.motion(np.random.default_rng(0), 60)
    path = rigs.write(tmp_path / "a.bvh", viewer, turns)
    with pytest.raises(UserError, match="mirrored"):
        import_bvh(path)
    got = import_bvh(path, Mapping(SWAPPED))
    assert [note.split(",")[0] for note in got.all_notes] == [
        "left_shoulder is mapped to RightArm"
    ] and "agrees with the mapping" in got.all_notes[0]
    expected = import_bvh(rigs.write(tmp_path / "b.bvh", ZEROEGGS, turns)).motion
    np.testing.assert_array_equal(got.motion.positions, expected.positions)


def test_arms_that_bend_backwards_are_a_note(tmp_path):
    """SMPL-X has our own rest pose, so that only the elbows can tell."""
    poses = np.zeros((90, 165))
    for sign, shoulder, elbow in ((1, 16, 18), (-1, 17, 19)):
        poses[:, 3 * shoulder + 2] = -sign * 1.2  # down from the T-pose
        poses[:, 3 * elbow + 1] = -sign * (1.0 + 0.3 * np.sin(np.arange(90) / 9))  # and forwards
    assert import_motion_file(beat2(tmp_path / "a.npz", poses)).all_notes == ()
    poses[:, [3 * 18 + 1, 3 * 19 + 1]] *= -1
    (note,) = import_motion_file(beat2(tmp_path / "b.npz", poses)).all_notes
    assert note.startswith("the forearms point backwards on average")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_file_of_our_own_is_refused(tmp_path, axis):
    positions = speaker()
    positions[..., axis] *= -1
    with pytest.raises(UserError, match="the body is mirrored: .* by its nose the other; negate one axis"):
        import_motion_file(own(tmp_path / "a.npz", positions))


def test_swapped_names_of_our_own_are_refused(tmp_path):
    positions = speaker()[:, [0, 1, 2, 3, 7, 8, 9, 4, 5, 6]]
    with pytest.raises(UserError, match="the body is mirrored"):
        import_motion_file(own(tmp_path / "a.npz", positions))


# Units and axes of our own format


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    yaw=st.floats(-180, 180),
    up=st.sampled_from(AXES),
    unit=st.sampled_from(["centimetres", "metres", "millimetres"]),
)
def test_a_file_of_our_own_is_brought_to_our_axes_and_it_is_said(seed, yaw, up, unit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    plain = speaker(seed, 40)
    rest = import_motion_file(own(folder / "plain.npz", plain))
    np.testing.assert_array_equal(rest.motion.positions, plain)  # what keeps to the format is not touched
    assert rest.all_notes == () and rest.motion.start == 2.0
    turn = Rotation.from_euler("xyz", UPRIGHT[up], degrees=True) * Rotation.from_euler("y", yaw, degrees=True)
    scene = turn.apply(plain.reshape(-1, 3)).reshape(plain.shape) / UNITS[unit]
    got = import_motion_file(own(folder / "a.npz", scene.astype(np.float32)))
    assert (got.axes.units, got.axes.up) == (unit, up) and got.motion.start == 2.0
    touched = unit != "metres" or up != "+y" or abs(yaw) > 60
    assert not touched or got.all_notes[0].startswith(f"read as {unit}, {up} up, turned by ")
    if not got.all_notes:  # as it stands
        np.testing.assert_array_equal(got.motion.positions, scene.astype(np.float32))
        return
    ours, theirs = (m.positions - m.positions[:, :1] for m in (Motion(plain), got.motion))
    to_front = Rotation.align_vectors(theirs.reshape(-1, 3), ours.reshape(-1, 3))[0]
    np.testing.assert_allclose(theirs, to_front.apply(ours.reshape(-1, 3)).reshape(ours.shape), atol=1e-5)  # .01 mm
    assert abs(to_front.as_rotvec()[[0, 2]]).max() < 1e-3  # only turned about the vertical
    across = (theirs[:, AT["left_shoulder"]] - theirs[:, AT["right_shoulder"]]).mean(0)
    assert across[0] > 0.2 and abs(across[2]) < 0.05


def test_arms_that_fit_no_unit_are_refused(tmp_path):
    with pytest.raises(UserError, match="from wrist to wrist fit none of"):
        import_motion_file(own(tmp_path / "a.npz", speaker() * 1e-5))


def test_other_joints_are_picked_by_name_or_refused(tmp_path):
    positions = speaker()
    more = np.concatenate([positions[:, :1] + 9, positions], axis=1)  # one joint in front of the ten
    names, parents = ("floor", *TED10_JOINTS), (-1, 0, *(p + 1 for p in TED10_PARENTS[1:]))
    np.savez(tmp_path / "a.npz", positions=more, fps=15.0, start=0.0, joints=np.array(names), parents=np.array(parents))
    got = import_motion_file(tmp_path / "a.npz")
    np.testing.assert_array_equal(got.motion.positions, positions)
    names = tuple(name.replace("nose", "snout") for name in names)
    np.savez(tmp_path / "a.npz", positions=more, fps=15.0, start=0.0, joints=np.array(names), parents=np.array(parents))
    with pytest.raises(UserError, match="joints: nose missing; a gesture needs spine, neck, nose"):
        import_motion_file(tmp_path / "a.npz")


def test_what_decoding_wrote_is_read_as_it_stands(tmp_path):
    motion = make_motion(np.random.default_rng(0), 50)
    got = import_motion_file(write_motion(tmp_path / "a.npz", motion))
    np.testing.assert_array_equal(got.motion.positions, motion.positions)
    assert got.all_notes == () and got.describe().startswith("our own npz: 50 frames at 15 per second, metres, +y up")


def test_a_known_rig_keeps_its_proposal(tmp_path):
    assert propose_for(written(tmp_path / "a.bvh")).joints == ROLES
