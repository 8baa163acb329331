"""Poses of SMPL-X files: known widths are read, other kinds of rotations are refused by name."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fmri2ges.data.motion.pose_kinds import MODELS
from fmri2ges.data.motion.smplx import import_smplx
from fmri2ges.errors import UserError
from tests.unit.data.test_smplx import beat2


def rotations(n_joints: int, n: int = 40, seed: int = 0) -> Rotation:
    """Random rotations of a body, all frames after each other."""
    return Rotation.from_rotvec(0.4 * np.random.default_rng(seed).normal(size=(n * n_joints, 3)))


KINDS = {
    "quaternions": (lambda r: r.as_quat(), 4),
    "quaternions, w first": (lambda r: np.roll(r.as_quat(), 1, axis=1), 4),
    "6D": (lambda r: r.as_matrix()[:, :, :2].swapaxes(1, 2).reshape(-1, 6), 6),
    "6D, row by row": (lambda r: r.as_matrix()[:, :, :2].reshape(-1, 6), 6),
    "matrices": (lambda r: r.as_matrix().reshape(-1, 9), 9),
}


def test_every_known_width_gives_the_same_body(tmp_path):
    full = rotations(55).as_rotvec().reshape(40, 165)
    expected = import_smplx(beat2(tmp_path / "full.npz", full)).motion.positions
    for n_joints in MODELS:
        for name, poses in (("flat", full[:, : 3 * n_joints]), ("stack", full[:, : 3 * n_joints].reshape(40, -1, 3))):
            got = import_smplx(beat2(tmp_path / f"{name}.npz", poses))
            np.testing.assert_array_equal(got.motion.positions, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_joints", [1, 11, 12, 18, 22, 24, 26, 39, 52, 55])
def test_other_rotations_are_refused_by_name(tmp_path, kind, n_joints):
    """Also where their width is that of axis-angle: 12 joints in 6D have 72 numbers, as SMPL has."""
    make, size = KINDS[kind]
    values = make(rotations(n_joints))
    said = kind.split(",")[0].replace("matrices", "rotation matrices")
    for poses in (values.reshape(40, -1), values.reshape(40, n_joints, size)):
        with pytest.raises(UserError, match=f"hold {said}.*, not axis-angle; convert them") as error:
            import_smplx(beat2(tmp_path / "a.npz", poses.astype(np.float32)))
        assert str(error.value).startswith(str(tmp_path / "a.npz")) and "\n" not in str(error.value)


def test_a_stack_of_matrices_is_refused_by_name(tmp_path):
    with pytest.raises(UserError, match="hold rotation matrices, not axis-angle"):
        import_smplx(beat2(tmp_path / "a.npz", rotations(55).as_matrix().reshape(40, 55, 3, 3)))


@pytest.mark.parametrize("n_joints", MODELS)
def test_degrees_are_refused_by_name(tmp_path, n_joints):
    poses = np.degrees(rotations(n_joints).as_rotvec()).reshape(40, -1)
    with pytest.raises(UserError, match=r"hold a rotation by .* radians: these look like degrees or Euler angles"):
        import_smplx(beat2(tmp_path / "a.npz", poses))


@pytest.mark.parametrize("width", [63, 69, 75, 78, 99, 150, 159, 162, 168, 330])
def test_other_widths_are_refused_with_those_that_are_known(tmp_path, width):
    poses = 0.1 * np.random.default_rng(0).normal(size=(20, width))
    known = r"66 \(the body alone\), 72 \(SMPL\), 156 \(SMPL-H\), 165 \(SMPL-X\)"
    with pytest.raises(UserError, match=rf"{known}; got \(20, {width}\)") as error:
        import_smplx(beat2(tmp_path / "a.npz", poses))
    assert ("55 joints in 6D rotations" in str(error.value)) == (width == 330)


def test_a_body_that_has_turned_several_times_is_read(tmp_path):
    poses = np.zeros((50, 165))
    poses[:, 1] = np.linspace(0, 5 * np.pi, 50)  # of the root, about the vertical
    poses[:, 3 * 16 + 2] = np.linspace(0, 1, 50)
    turning = import_smplx(beat2(tmp_path / "a.npz", poses))
    assert turning.axes.turns_about and turning.motion.n_frames == 50


def test_every_rotation_of_up_to_a_turn_is_axis_angle(tmp_path):
    """Some programs leave angles between half a turn and a whole one."""
    short = rotations(22, n=5).as_rotvec().reshape(5, 66)
    short[:, 48:51] = [0, 0, -0.5]
    long = short.copy()
    long[:, 48:51] = [0, 0, 2 * np.pi - 0.5]  # the same rotation of the left shoulder
    a, b = (import_smplx(beat2(tmp_path / f"{k}.npz", poses)) for k, poses in enumerate((short, long)))
    np.testing.assert_allclose(b.motion.positions, a.motion.positions, atol=1e-6)
