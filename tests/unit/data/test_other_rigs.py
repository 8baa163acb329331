"""Rigs of more programs, and numbers in other units: the right motion, or one line that names the cause."""

import numpy as np
import pytest

from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.errors import UserError
from tests import rigs
from tests.unit.data.test_smplx import beat2


def names(sides, prefix="", **changed):
    return {joint: prefix + name for joint, name in rigs._names({**rigs.VICON, **changed}, sides).items()}


ARMS = {"shoulder": "*_UpperArm", "elbow": "*_LowerArm", "wrist": "*_Hand", "collar": "*_Shoulder"}
LEGS = {"hip": "*_UpperLeg", "knee": "*_LowerLeg", "foot": "*_Foot", "toe": "*_ToeBase"}
TRUNK = {"hips": "C_Hips", "spine": "C_Spine", "chest": "C_Chest", "neck": "C_Neck", "head": "C_Head"}
SMPL = {"hips": "Pelvis", "spine": "Spine1", "chest": "Spine3", "hip": "*_Hip", "knee": "*_Knee", "foot": "*_Ankle"}
SMPL |= {"toe": "*_Foot", "collar": "*_Collar", "shoulder": "*_Shoulder", "elbow": "*_Elbow", "wrist": "*_Wrist"}
CREATOR = {"hips": "Hip", "spine": "Waist", "chest": "Spine02", "neck": "NeckTwist01", "collar": "*_Clavicle"}
CREATOR |= {"shoulder": "*_Upperarm", "elbow": "*_Forearm", "wrist": "*_Hand", "hip": "*_Thigh", "knee": "*_Calf"}
MORE = {
    "VRM": names(("L", "R"), "J_Bip_", **TRUNK, **ARMS, **LEGS, thumb="*_Thumb1", index="*_Index1"),
    "SMPL, short names": names(("L", "R"), **SMPL),
    "Character Creator": names(("L", "R"), "CC_Base_", **CREATOR),
    "Rokoko": names(("Left", "Right"), spine="Spine1", chest="Spine3", hip="*Thigh", knee="*Shin", toe="*Toe"),
}


@pytest.fixture(scope="module")
def turns():
    return rigs.motion(np.random.default_rng(0), 30)


@pytest.fixture
def expected(tmp_path, turns):
    path = rigs.write(tmp_path / "known.bvh", rigs.NAMES["mixamo"], turns)
    return import_motion_file(path).motion


@pytest.mark.parametrize("rig", MORE)
def test_the_rig_is_known_and_gives_the_same_motion(tmp_path, turns, expected, rig):
    found = import_motion_file(rigs.write(tmp_path / "a.bvh", MORE[rig], turns))
    assert found.mapping.source == rig
    np.testing.assert_allclose(found.motion.positions, expected.positions, atol=1e-5)


def test_angles_in_radians_are_named(tmp_path, turns, expected):
    """Read as degrees, the body would stand in its rest pose, half a metre away from where the hands are."""
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES["mixamo"], turns)
    head, _, numbers = path.read_text().partition("Frame Time")
    first, *rows = numbers.strip("\n").split("\n")
    values = np.array([row.split() for row in rows], float)
    values[:, 3:] = np.radians(values[:, 3:])
    path.write_text("\n".join([f"{head}Frame Time{first}", *(" ".join(f"{v:.6f}" for v in row) for row in values), ""]))
    with pytest.raises(UserError, match=r"no rotation is larger than \d\.\d\d: the angles look like radians"):
        import_motion_file(path)


def test_normalised_poses_are_named(tmp_path):
    poses = np.cumsum(0.01 * np.random.default_rng(0).normal(size=(200, 165)), 0)
    import_motion_file(beat2(tmp_path / "a.npz", poses))
    scores = (poses - poses.mean(0)) / poses.std(0)
    with pytest.raises(UserError, match="which no body can; they look normalised"):
        import_motion_file(beat2(tmp_path / "b.npz", scores))


@pytest.mark.parametrize("name", ["dt", "frame_time", "frametime"])
def test_a_rate_may_be_stated_as_the_time_of_a_frame(tmp_path, name):
    poses = np.cumsum(0.01 * np.random.default_rng(0).normal(size=(200, 165)), 0)
    np.savez(tmp_path / "a.npz", poses=poses, trans=np.zeros((200, 3)), **{name: np.array(1 / 60)})
    found = import_motion_file(tmp_path / "a.npz")
    assert found.motion.fps == 60 and not any("assumed" in note for note in found.notes)
