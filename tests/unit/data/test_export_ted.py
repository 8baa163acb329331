"""The pure functions of docs/examples/export_ted.py; the lmdb of pyarrow 0.14 itself cannot be opened here."""

import importlib.util

import numpy as np
import pytest

from fmri2ges.data.motion.npz import read_motion
from fmri2ges.data.words.files import read_words
from fmri2ges.types import TED10_JOINTS, TED10_PARENTS, Skeleton
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def ted():
    spec = importlib.util.spec_from_file_location("export_ted", ROOT / "docs" / "examples" / "export_ted.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# A speaker in canonical axes: facing +z, the left wrist raised.
POSE = np.array(
    [
        [0, 0, 0],
        [0, 0.5, 0],
        [0, 0.65, 0.1],
        [0, 0.78, 0],
        [0.19, 0.5, 0],
        [0.45, 0.5, 0.1],
        [0.5, 0.8, 0.2],
        [-0.19, 0.5, 0],
        [-0.25, 0.25, 0],
        [-0.25, 0.1, 0.2],
    ]
)


def test_ted_axes(ted, tmp_path):
    """x to the speaker's right, y down, z to the viewer."""
    theirs = np.stack([-POSE[:, 0], -POSE[:, 1], POSE[:, 2]], 1)
    clip = {"skeletons_3d": np.repeat(theirs[None], 90, 0), "start_time": 100.0, "end_time": 106.0}
    arrays = ted.convert(clip, "ted")
    np.savez(tmp_path / "a.npz", **arrays)
    motion = read_motion(tmp_path / "a.npz")
    assert motion.skeleton == Skeleton() and motion.fps == 15 and motion.start == 0
    np.testing.assert_allclose(motion.positions, np.repeat(POSE[None], 90, 0), atol=1e-6)
    flat = ted.convert({**clip, "skeletons_3d": np.repeat(theirs.reshape(1, 30), 90, 0)}, "ted")
    np.testing.assert_array_equal(flat["positions"], arrays["positions"])


def test_ted_expressive_axes_and_joints(ted):
    """TED turned by 180 degrees about y: x to the speaker's left, y down, z away from the viewer."""
    places = np.zeros((43, 3))
    index = {name: k for k, name in enumerate(ted.EXPRESSIVE)}
    for joint, place in zip(TED10_JOINTS, POSE, strict=True):
        if joint != "head":
            places[index[joint]] = place
    places[index["left_ear"]], places[index["right_ear"]] = [0.08, 0.68, 0], [-0.08, 0.68, 0]
    theirs = np.repeat((places * [1, -1, -1])[None], 60, 0)
    clip = {"skeletons_3d": theirs, "start_time": 0.0, "end_time": 4.0}
    arrays = ted.convert(clip, "ted-expressive")
    assert tuple(arrays["joints"]) == TED10_JOINTS and tuple(arrays["parents"]) == TED10_PARENTS
    shown = [k for k, joint in enumerate(TED10_JOINTS) if joint != "head"]
    np.testing.assert_allclose(arrays["positions"][0][shown], POSE[shown], atol=1e-6)
    assert arrays["positions"][0, 3, 1] == pytest.approx(0.788, abs=1e-3)
    every = ted.convert(clip, "ted-expressive", all_joints=True)
    Skeleton(tuple(every["joints"]), tuple(int(p) for p in every["parents"]))  # parents come before their children
    assert len(set(every["joints"])) == 43 and every["positions"].shape == (60, 43, 3)
    for child, parent in (
        ("left_index1", "left_wrist"),
        ("left_index3", "left_index2"),
        ("right_thumb1", "right_wrist"),
        ("right_thumb3", "right_thumb2"),
        ("right_ear", "right_eye"),
        ("left_eye", "nose"),
        ("left_elbow", "left_shoulder"),
    ):
        assert every["joints"][every["parents"][index[child]]] == parent


def test_both_rotations_are_proper(ted):
    for matrix in ted.TO_CANONICAL.values():
        assert np.linalg.det(matrix) == 1
    np.testing.assert_array_equal(ted.TO_CANONICAL["ted-expressive"], ted.TO_CANONICAL["ted"] @ np.diag([-1, 1, -1]))


def test_words_are_moved_to_the_clip_and_do_not_overlap(ted, tmp_path):
    clip = {
        "words": [["late", 107.0, 108.0], ["well", 99.5, 100.4], ["so", 100.3, 101.2], ["oh yes", 101.0, 101.5]],
        "start_time": 100.0,
        "end_time": 106.0,
    }
    (tmp_path / "a.tsv").write_text(ted.words_tsv(ted.words_of(clip)))
    words = read_words(tmp_path / "a.tsv")
    assert words.text == ("well", "so", "oh", "yes")
    np.testing.assert_allclose(words.start, [0, 0.3, 1.0, 1.25])
    np.testing.assert_allclose(words.duration, [0.3, 0.7, 0.25, 0.25], atol=1e-6)


def test_short_and_broken_clips_are_left_out(ted):
    still = np.zeros((90, 10, 3))
    assert ted.convert({"skeletons_3d": still[:10], "start_time": 0, "end_time": 0.7}, "ted") is None
    broken = still.copy()
    broken[3, 2, 1] = np.nan
    assert ted.convert({"skeletons_3d": broken, "start_time": 0, "end_time": 6}, "ted") is None
    with pytest.raises(ValueError, match="10 joints"):
        ted.convert({"skeletons_3d": np.zeros((90, 43, 3)), "start_time": 0, "end_time": 6}, "ted")
