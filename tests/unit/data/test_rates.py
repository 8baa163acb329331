"""Frames per second as files state them: rounded, under other names, as text, absent, impossible."""

import numpy as np
import pytest

from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.motion.rates import FPS, rate_of, rate_of_frame_time
from fmri2ges.data.motion.smplx import import_smplx
from fmri2ges.errors import UserError
from tests.conftest import make_motion
from tests.unit.data.test_smplx import beat2


def poses(n: int = 240) -> np.ndarray:
    out = np.zeros((n, 165))
    out[:, 3 * 16 + 2] = np.sin(np.arange(n) / 20)
    return out


@pytest.mark.parametrize(
    "text, fps, said",
    [
        ("0.0333333", 30, False),
        ("0.033333", 30, False),
        ("0.0333", 30, True),
        ("0.033", 30, True),
        ("0.03", 30, True),
        ("0.0083333", 120, False),
        ("0.0083", 120, True),
        ("0.00833", 120, False),
        ("0.017", 60, True),
        ("0.016", 60, True),  # cut off
        ("0.0417", 24, True),
        ("0.04", 25, False),
        ("0.02", 50, False),
        ("0.08", 12.5, True),
        ("0.0333667", 30000 / 1001, True),
        ("0.008", 125, True),
        ("4e-2", 25, False),
    ],
)
def test_a_rounded_frame_time_means_a_common_rate_and_is_said(text, fps, said):
    rate = rate_of_frame_time(text, "Frame Time")
    assert rate.fps == pytest.approx(fps, rel=1e-9) and bool(rate.notes) == said
    assert all(note.startswith(f"Frame Time: {text} s is") for note in rate.notes)


@pytest.mark.parametrize(
    "stated, fps, said",
    [(30, 30, 0), (120.00000732, 120, 0), (59.999, 60, 0), (1 / 0.033, 30, 1), (29.97, 29.97, 1), (15.02, 15.02, 0)],
)
def test_a_stated_rate_means_the_whole_number_beside_it(stated, fps, said):
    rate = rate_of(stated, "fps")
    assert rate.fps == pytest.approx(fps, rel=1e-12) and len(rate.notes) == said


@pytest.mark.parametrize(
    "text, cause",
    [
        ("33.3333", "looks like milliseconds: write 0.0333333"),
        ("8.33333", "looks like milliseconds: write 0.00833333"),
        ("33333.3", "looks like microseconds: write 0.0333333"),
        ("30", "if it is frames per second, write 0.033333; if milliseconds, 0.03"),
        ("0,0333333", "has a decimal comma; write 0.0333333"),
        ("0", "is no frame time in seconds"),
        ("-0.1", "is no frame time in seconds"),
        ("nan", "is no frame time in seconds"),
        ("x", "is no frame time in seconds"),
    ],
)
def test_what_is_no_frame_time_in_seconds_is_refused_with_its_cause(text, cause):
    with pytest.raises(UserError, match=cause):
        rate_of_frame_time(text, "Frame Time")


@pytest.mark.parametrize("key", ["mocap_frame_rate", "mocap_framerate", "mocap_fps", "fps", "frame_rate", "FrameRate"])
@pytest.mark.parametrize("value", [np.array(120), np.array(120.0), np.array([120]), np.array("120"), np.array(b"120")])
def test_a_rate_is_found_under_its_usual_names_as_number_or_text(tmp_path, key, value):
    np.savez(tmp_path / "a.npz", poses=poses(), **{key: value})
    got = import_smplx(tmp_path / "a.npz")
    assert got.motion.fps == 120 and got.motion.duration == 2 and got.notes == ()


def test_a_rate_that_is_not_stated_is_assumed_and_said(tmp_path):
    np.savez(tmp_path / "a.npz", poses=poses())
    got = import_smplx(tmp_path / "a.npz")
    assert got.motion.fps == 30
    assert got.all_notes[0] == (
        "states no frame rate (such as mocap_frame_rate): 30 per second assumed, which gives 8.0 s of motion"
    )


def test_a_stated_length_gives_the_rate_or_contradicts_it(tmp_path):
    np.savez(tmp_path / "a.npz", poses=poses(), mocap_time_length=2.0)
    assert import_smplx(tmp_path / "a.npz").motion.fps == 120
    np.savez(tmp_path / "b.npz", poses=poses(), mocap_time_length=2.0, mocap_frame_rate=30)
    got = import_smplx(tmp_path / "b.npz")
    assert got.motion.fps == 30
    assert got.notes == ("240 frames at 30 per second are 8.0 s, but mocap_time_length is 2.0 s",)


@pytest.mark.parametrize(
    "more, message",
    [
        ({"mocap_frame_rate": np.array("fast")}, "must be one number, frames per second; got .'fast'"),
        ({"mocap_frame_rate": np.array([30, 60])}, "must be one number"),
        ({"mocap_frame_rate": np.array(np.nan)}, "must be between 0.5 and 2000"),
        ({"mocap_frame_rate": np.array(1e-3)}, "must be between 0.5 and 2000"),
        ({"fps": np.array(60)}, "mocap_frame_rate states 30 and fps 60 frames per second; keep the right one"),
    ],
)
def test_rates_that_cannot_be_are_one_clear_line(tmp_path, more, message):
    beat2(tmp_path / "a.npz", poses(), **more)
    with pytest.raises(UserError, match=message) as error:
        import_smplx(tmp_path / "a.npz")
    assert str(error.value).startswith(f"{tmp_path / 'a.npz'}: ")


@pytest.mark.parametrize("fps", [FPS[0] / 2, FPS[1] * 2, 1e12, np.nan, -15.0, 0.0])
def test_our_own_files_keep_to_the_same_bounds(tmp_path, fps):
    motion = make_motion(np.random.default_rng(0), 60)
    arrays = dict(np.load(write_motion(tmp_path / "a.npz", motion)))
    np.savez(tmp_path / "a.npz", **{**arrays, "fps": fps})
    with pytest.raises(UserError, match="fps: must be between 0.5 and 2000 frames per second"):
        import_motion_file(tmp_path / "a.npz")


def test_a_clip_of_more_than_a_day_has_a_wrong_rate(tmp_path):
    motion = make_motion(np.random.default_rng(0), 44_000, fps=0.5)
    with pytest.raises(UserError, match=r"44000 frames at 0.5 per second are 24 hours; .*correct the frame rate"):
        import_motion_file(write_motion(tmp_path / "a.npz", motion))
