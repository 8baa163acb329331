"""SMPL-X motion as BEAT2 ships it, and .npz files that cannot be trusted."""

import io
import zipfile

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fmri2ges.data.motion.npz import read_motion
from fmri2ges.data.motion.smplx import BODY, import_smplx, pose
from fmri2ges.data.npz import npz_arrays
from fmri2ges.errors import UserError
from fmri2ges.motion.features import to_bones
from fmri2ges.types import TED10_JOINTS
from tests.fuzz import survives

LEFT_SHOULDER, LEFT_ELBOW = 16, 18


def beat2(path, poses, **more):
    """The arrays of a BEAT2 file."""
    n = len(poses)
    arrays = {
        "betas": np.zeros(300),
        "poses": poses,
        "expressions": np.zeros((n, 100)),
        "trans": np.zeros((n, 3)),
        "model": np.array("smplx2020"),
        "gender": np.array("neutral"),
        "mocap_frame_rate": np.array(30),
    }
    np.savez(path, **{**arrays, **more})
    return path


def joints(motion):
    return dict(zip(TED10_JOINTS, motion.positions.transpose(1, 0, 2), strict=True))


def test_the_rest_pose_is_a_t_pose_that_faces_the_viewer(tmp_path):
    got = import_smplx(beat2(tmp_path / "a.npz", np.zeros((5, 165))))
    at = joints(got.motion)
    assert got.motion.fps == 30 and got.axes.up == "+y" and abs(got.axes.yaw) < 1e-6
    assert at["left_wrist"][0, 0] > 0.6 and at["right_wrist"][0, 0] < -0.6
    assert at["nose"][0, 2] > at["neck"][0, 2] + 0.05 and at["head"][0, 1] > at["neck"][0, 1] > at["spine"][0, 1]
    np.testing.assert_allclose(at["left_wrist"][0] * [-1, 1, 1], at["right_wrist"][0], atol=1e-6)


def test_a_raised_left_arm_is_the_left_arm(tmp_path):
    poses = np.zeros((3, 165))
    poses[:, 3 * LEFT_SHOULDER + 2] = [0, np.pi / 4, np.pi / 2]  # about z: the left arm, along +x, goes up
    at = joints(read_motion(beat2(tmp_path / "a.npz", poses)))
    rise = at["left_wrist"][:, 1] - at["left_shoulder"][:, 1]
    np.testing.assert_allclose(rise, [0, 0.52 * np.sin(np.pi / 4), 0.52], atol=1e-6)
    np.testing.assert_allclose(at["right_wrist"], at["right_wrist"][:1].repeat(3, 0), atol=1e-6)


def test_forward_kinematics_follows_the_chain():
    """Against a walk down the chain with 4 x 4 matrices."""
    rng = np.random.default_rng(0)
    turns, trans = rng.normal(size=(4, 22, 3)), rng.normal(size=(4, 3))
    places, head = pose(turns, trans)
    for joint in BODY:
        chain = [joint]
        while BODY[chain[-1]][1]:
            chain.append(BODY[chain[-1]][1])
        for frame in range(4):
            world = np.eye(4)
            for name in reversed(chain):
                number, parent, offset = BODY[name]
                step = np.eye(4)
                step[:3, :3] = Rotation.from_rotvec(turns[frame, number]).as_matrix()
                step[:3, 3] = trans[frame] if parent is None else offset
                world = world @ step
            np.testing.assert_allclose(places[joint][frame], world[:3, 3], atol=1e-12)
            if joint == "head":
                np.testing.assert_allclose(head[frame], world[:3, :3], atol=1e-12)


def test_z_up_files_and_other_rates_are_brought_to_ours(tmp_path):
    rng = np.random.default_rng(1)
    poses = rng.normal(size=(20, 165)) * 0.1
    turned = poses.copy()
    up = Rotation.from_euler("x", 90, degrees=True)
    turned[:, :3] = (up * Rotation.from_rotvec(poses[:, :3])).as_rotvec()
    straight = import_smplx(beat2(tmp_path / "a.npz", poses, mocap_frame_rate=np.array(120.0)), fps=60)
    tipped = import_smplx(beat2(tmp_path / "b.npz", turned[:, :156], mocap_frame_rate=np.array(120.0)), fps=60)
    assert tipped.axes.up == "+z" and tipped.motion.fps == 60
    np.testing.assert_allclose(to_bones(tipped.motion.positions), to_bones(straight.motion.positions), atol=1e-5)


@pytest.mark.parametrize(
    "more, message",
    [
        ({"poses": np.zeros((4, 30))}, "poses must be frames x"),
        ({"poses": np.array(["a"])}, "poses must be numbers"),
        ({"poses": np.full((4, 165), np.nan)}, "values are NaN"),
        ({"poses": np.zeros((0, 165))}, "poses must be frames x"),
        ({"trans": np.zeros((3, 3))}, r"trans must be \(4, 3\)"),
        ({"mocap_frame_rate": np.array(-1)}, "mocap_frame_rate: must be between 0.5 and 2000"),
        ({"mocap_frame_rate": np.array(1e9)}, "mocap_frame_rate: must be between"),
    ],
)
def test_wrong_arrays_are_one_clear_line(tmp_path, more, message):
    path = beat2(tmp_path / "a.npz", **{"poses": np.zeros((4, 165)), **more})
    with pytest.raises(UserError, match=message) as error:
        read_motion(path)
    assert str(error.value).startswith(str(path))


def npz_with(path, header: bytes, body: bytes = b""):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("poses.npy", header + body)
    return path


def npy_header(text: str) -> bytes:
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "header, message",
    [
        (npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 165), }"), "its header claims"),
        (npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 165), }"), "its header claims"),
        (npy_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), "pickled objects"),
        (npy_header("{'descr': '<f8', 'shape': "), "cannot be read"),
        (b"\x93NUMPY\x09\x00", "version"),
        (b"", "cannot be read"),
    ],
)
def test_no_header_is_believed(tmp_path, header, message):
    with pytest.raises(UserError, match=message):
        read_motion(npz_with(tmp_path / "a.npz", header))


def test_arrays_come_back_as_numpy_reads_them(tmp_path):
    rng = np.random.default_rng(2)
    arrays = {
        "a": rng.normal(size=(3, 4)),
        "b": np.asfortranarray(rng.normal(size=(5, 2)).astype(np.float32)),
        "c": np.array("text"),
        "d": np.array(7),
        "e": np.zeros((0, 3)),
        "f": np.array(["", "ab"]),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    (tmp_path / "a.npz").write_bytes(buffer.getvalue())
    back = npz_arrays(tmp_path / "a.npz", [*arrays, "absent"])
    assert back.keys() == arrays.keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(back[name], value)
        assert back[name].dtype == value.dtype and back[name].flags.writeable


# Small files that unpack to much


def zeros(path, shape, dtype=np.float32):
    """A file of SMPL-X whose poses compress a thousand times."""
    np.savez_compressed(path, poses=np.zeros(shape, dtype), mocap_frame_rate=30)
    return path


def test_a_small_file_that_unpacks_to_much_is_refused_before_it_does(tmp_path):
    path = zeros(tmp_path / "a.npz", (100_000, 165))
    assert path.stat().st_size < 2**18
    with pytest.raises(UserError, match="unpacks to far more than measured numbers of its size"):
        import_smplx(path)


def test_what_is_read_takes_memory_in_proportion(tmp_path):
    """30 MB of half precision are 95,000 frames; all their matrices at once would take 100 times as much."""
    path = zeros(tmp_path / "a.npz", (95_000, 165), np.float16)
    assert survives(import_smplx, path.read_bytes(), ".npz", tmp_path)


def test_real_values_are_read_however_well_they_compress(tmp_path):
    poses = np.zeros((3000, 165))
    poses[:, :66] = np.round(0.3 * np.random.default_rng(0).normal(size=(3000, 66)), 2)  # hands at rest, two digits
    np.savez_compressed(tmp_path / "a.npz", poses=poses, mocap_frame_rate=30)
    assert import_smplx(tmp_path / "a.npz").motion.n_frames == 3000


def test_our_own_format_has_the_same_budget(tmp_path):
    arrays = {"fps": 15.0, "start": 0.0, "joints": np.array(["a"]), "parents": np.array([-1])}
    np.savez_compressed(tmp_path / "a.npz", positions=np.zeros((5_000_000, 1, 3), np.float32), **arrays)
    with pytest.raises(UserError, match="unpacks to far more than measured numbers of its size"):
        read_motion(tmp_path / "a.npz")


def test_many_rates_are_refused_before_they_are_read(tmp_path):
    np.savez(tmp_path / "a.npz", poses=np.zeros((4, 165)), **{f"fps{k}": np.array(30) for k in range(50)})
    with pytest.raises(UserError, match="50 arrays state a frame rate, such as fps0, fps1, fps2; keep one"):
        import_smplx(tmp_path / "a.npz")
