"""One real take of BEAT2 (SMPL-X, 63.5 s) with its words, as users have it."""

import numpy as np
import pytest

from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.motion.smplx import BODY
from fmri2ges.data.study.check import check_study
from fmri2ges.data.study.load import load_study
from fmri2ges.motion.features import to_bones
from fmri2ges.types import TED10_JOINTS

TAKE = "2_scott_0_1_1"


@pytest.fixture(scope="module")
def take(shared):
    return shared / "beat2" / f"{TAKE}.npz"


@pytest.fixture(scope="module")
def imported(take):
    return import_motion_file(take)


def test_the_take_is_understood(imported):
    assert imported.motion.fps == 30 and imported.motion.n_frames == 1906
    assert (imported.axes.units, imported.axes.up) == ("metres", "+y") and abs(imported.axes.yaw + 3) < 0.5
    assert imported.all_notes == ()


def test_positions_agree_with_a_walk_down_the_chain(take, imported):
    """Against 4 x 4 matrices made from Rodrigues' formula, to .01 mm, up to where the body stands and faces."""
    with np.load(take) as file:
        poses, trans = file["poses"].astype(np.float64), file["trans"].astype(np.float64)
    roles = [j for j in TED10_JOINTS if j not in ("nose", "head", "spine")]
    for frame in (0, 400, 1111, 1905):
        world = {}
        for joint, (number, parent, offset) in BODY.items():
            step = np.eye(4)
            step[:3, :3] = rodrigues(poses[frame, 3 * number : 3 * number + 3])
            step[:3, 3] = trans[frame] if parent is None else offset
            world[joint] = step if parent is None else world[parent] @ step
        theirs = np.array([world["spine1" if j == "spine" else j][:3, 3] for j in ("spine", *roles)])
        turn = rodrigues([0, np.radians(imported.axes.yaw), 0])
        ours = imported.motion.positions[frame][[TED10_JOINTS.index(j) for j in ("spine", *roles)]]
        np.testing.assert_allclose(ours, theirs @ turn.T, atol=1e-5)


def rodrigues(vector) -> np.ndarray:
    angle = float(np.linalg.norm(vector))
    x, y, z = np.asarray(vector) / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def test_bones_keep_their_length_and_the_speaker_looks_like_one(imported):
    at = dict(zip(TED10_JOINTS, imported.motion.positions.transpose(1, 0, 2), strict=True))
    for side in ("left", "right"):
        for a, b, length in (("shoulder", "elbow", 0.27), ("elbow", "wrist", 0.25)):
            found = np.linalg.norm(at[f"{side}_{a}"] - at[f"{side}_{b}"], axis=-1)
            np.testing.assert_allclose(found, length, atol=1e-5)
        # Hands that gesture are in front of the body and below the head, most of the time.
        assert (at[f"{side}_wrist"][:, 2] > at["spine"][:, 2]).mean() > 0.9
        assert (at[f"{side}_wrist"][:, 1] < at["neck"][:, 1]).mean() > 0.9
    assert at["left_wrist"][:, 0].mean() > at["right_wrist"][:, 0].mean()
    assert to_bones(imported.motion.positions).std(0).max() > 0.1


def test_a_study_of_real_takes_is_checked(shared, tmp_path):
    folder = shared / "beat2"
    entry = (
        f'clip = "a"\nmotion = "{folder / TAKE}.npz"\nwords = "{folder / TAKE}.TextGrid"\nspeaker = "2"\ntier = "words"'
    )
    path = tmp_path / "study.toml"
    path.write_text(f'name = "beat2"\n[[gesture]]\n{entry}\n'.replace("\\", "/"))
    checked = check_study(path)
    assert checked.problems == ()
    (clip,) = checked.clips
    assert clip.n_words == 199 and clip.seconds == pytest.approx(63.53, abs=0.01)
    assert any("SMPL-X, metres, +y up, turned by -3 degrees to face +z (1)" in line for line in checked.summary)
    study = load_study(path)
    assert len(study.read_clip(study.gestures[0]).words) == 199
