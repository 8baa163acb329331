"""A motion that a user drops: whatever its format, it stands beside the decoded one on one clock and one skeleton."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.data.motion.bvh_write import write_bvh
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import TED10_JOINTS, Motion, Skeleton
from fmri2ges.views.own_motion import AS_IT_IS, read_own_motion
from fmri2ges.views.player import player_data
from fmri2ges.views.tracks import OWN, Material
from tests.conftest import make_motion


@pytest.fixture
def motion() -> Motion:
    return make_motion(np.random.default_rng(1), 90, fps=30.0)


@pytest.mark.parametrize("write", [write_bvh, write_motion])
@pytest.mark.parametrize("offset", [0.0, 12.5, -1.0])
def test_it_stands_at_its_offset_at_the_frame_rate_of_the_player(tmp_path, motion, write, offset):
    path = tmp_path / ("m.bvh" if write is write_bvh else "m.npz")
    write(path, motion)
    own = read_own_motion(path)
    there = own.at(offset, 15.0)
    assert own.name == path.name and there.skeleton == Skeleton()
    assert (there.fps, there.start, there.n_frames) == (15.0, offset, 45)
    again = own.at(offset, 30.0).positions
    assert np.abs((again - again[:, :1]) - (motion.positions - motion.positions[:, :1])).max() < 0.02  # metres


def test_a_file_outside_the_stretch_begins_with_it_at_first(tmp_path, motion):
    own = read_own_motion(write_motion(tmp_path / "m.npz", motion))
    assert own.first_offset(1.0, 9.0) == 0.0
    assert own.first_offset(30.0, 60.0) == 30.0
    late = read_own_motion(write_motion(tmp_path / "late.npz", replace(motion, start=100.0)))
    assert late.first_offset(30.0, 60.0) == -70.0 and late.at(-70.0, 15.0).start == 30.0


def test_of_more_joints_the_ten_of_the_upper_body_are_shown(tmp_path, motion):
    finger = motion.positions[:, [TED10_JOINTS.index("left_wrist")]] + 0.05
    skeleton = Skeleton((*TED10_JOINTS, "left_thumb"), (*motion.skeleton.parents, TED10_JOINTS.index("left_wrist")))
    more = Motion(np.concatenate([motion.positions, finger], 1), 30.0, skeleton=skeleton)
    own = read_own_motion(write_motion(tmp_path / "m.npz", more))
    assert own.motion.skeleton == Skeleton()


@pytest.mark.parametrize(("name", "content"), [("a.bvh", b"HIERARCHY\nROOT"), ("a.npz", b"PK"), ("a.txt", b"walk")])
def test_a_damaged_or_foreign_file_is_one_line_that_names_the_file_and_not_its_folder(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        read_own_motion(tmp_path / name)
    assert str(error.value).startswith(name) and str(tmp_path) not in str(error.value) and "\n" not in str(error.value)


def test_it_is_a_track_of_the_player_inside_the_stretch_only(motion):
    request = DecodeRequest(subject="S1", story="t", start=2.0, stop=8.0)
    decoded = Decoded(request, replace(make_motion(np.random.default_rng(2), 90), start=2.0))
    own = replace(make_motion(np.random.default_rng(3), 90), start=5.0)
    view = player_data(decoded, Material(decoded, own=own).motions(ids=("text", OWN)))["views"][1]
    assert (view["name"], view["detail"], view["start"], view["frames"]) == ("own motion", AS_IT_IS, 5.0, 45)
    away = replace(own, start=50.0)
    assert [t.id for t in Material(decoded, own=away).motions(ids=("text", OWN))] == ["text"]
