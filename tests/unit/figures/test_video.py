import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from fmri2ges.errors import UserError
from fmri2ges.figures.gif import frames_of
from fmri2ges.figures.video import Film, write_video
from fmri2ges.types import Motion, Words

WORDS = Words.from_lists(["hello", "there"], [0.2, 1.0], [0.3, 0.3])


@pytest.fixture
def motions(synthetic):
    rng = np.random.default_rng(0)
    return {"text": synthetic.gesture(rng, 2)[0], "direct": synthetic.gesture(rng, 2)[0]}


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_the_film_has_every_frame_and_lasts_as_long(suffix, motions, tmp_path):
    out = write_video(Film(motions, WORDS), tmp_path / f"f.{suffix}", fps=15)
    frames = iio.imread(out)
    assert len(frames) == 30
    assert frames.shape[1:3] == (1080, 1920) if suffix == "mp4" else frames.shape[2] == 640
    assert np.abs(frames[0].astype(int) - frames[-1].astype(int)).max() > 100  # something moved
    if suffix == "gif":
        picture = Image.open(out)
        durations = []
        for k in range(picture.n_frames):
            picture.seek(k)
            durations.append(picture.info["duration"])
        assert sum(durations) == 2000


def test_both_branches_keep_their_side_and_colour(motions, tmp_path):
    frame = iio.imread(write_video(Film(motions), tmp_path / "f.gif"))[0].astype(int)
    blue = (frame[:, :, 2] - frame[:, :, 0]) > 100
    orange = (frame[:, :, 0] - frame[:, :, 2]) > 100
    assert blue.any() and orange.any()
    assert np.flatnonzero(blue.any(0)).max() < 320 <= np.flatnonzero(orange.any(0)).min()


def test_words_appear_when_they_are_said_and_the_mark_is_burnt_in(motions, tmp_path):
    frames = iio.imread(write_video(Film(motions, WORDS, mark="SIMULATED"), tmp_path / "f.gif")).astype(int)
    below = (frames[:, -50:] < 128).any(-1).sum((1, 2))
    assert below[0] == 0 < below[8] < below[20]  # nothing, one word, two words
    plain = iio.imread(write_video(Film(motions, WORDS), tmp_path / "g.gif")).astype(int)
    assert (frames[0][:32] < 200).sum() > (plain[0][:32] < 200).sum()


def test_the_common_stretch_is_shown(motions, tmp_path):
    late = Motion(motions["direct"].positions, start=1.0)
    frames = iio.imread(write_video(Film({"text": motions["text"], "direct": late}), tmp_path / "f.gif"))
    assert len(frames) == 15


@pytest.mark.parametrize(
    "change, message",
    [
        ({"out": "f.avi"}, "allowed: .gif, .mp4"),
        ({"motions": {}}, "at least one branch"),
        ({"fps": 0}, "fps: must be above 0 and at most 120"),
        ({"fps": 1e9}, "fps: must be above 0 and at most 120"),
        ({"fps": float("nan")}, "fps: must be above 0"),
    ],
)
def test_wrong_options_are_one_clear_line(change, message, motions, tmp_path):
    options = {"motions": motions, "out": "f.gif", "fps": 15, **change}
    with pytest.raises(UserError, match=message):
        write_video(Film(options["motions"]), tmp_path / options["out"], options["fps"])
    assert not list(tmp_path.iterdir())


def test_motions_without_a_common_moment_are_refused(motions, tmp_path):
    with pytest.raises(UserError, match="no moment in common"):
        late = Motion(motions["direct"].positions, start=9.0)
        write_video(Film({"text": motions["text"], "direct": late}), tmp_path / "f.gif")


def test_a_film_of_one_still_picture_and_equal_pictures(motions, tmp_path):
    still = Motion(np.repeat(motions["text"].positions[:1], 15, 0))
    one = iio.imread(write_video(Film({"text": Motion(still.positions[:1])}), tmp_path / "one.gif"))
    many = iio.imread(write_video(Film({"text": still}, WORDS), tmp_path / "many.gif"))
    assert len(one) == 1 and len(many) == 15
    np.testing.assert_array_equal(many[0, 32:200], many[1, 32:200])  # below the clock, nothing moves


def test_the_gif_shows_what_the_frames_hold(motions, tmp_path):
    """One palette for the film: the colours of every picture stay within a step of those that were drawn."""
    gif = iio.imread(write_video(Film(motions, WORDS, mark="SIMULATED"), tmp_path / "f.gif"))[..., :3].astype(int)
    drawn = list(frames_of(Film(motions).shown, WORDS, np.arange(30) / 15, "SIMULATED"))
    for k in (0, 13, 29):
        difference = np.abs(gif[k] - drawn[k].astype(int))
        assert difference.max() <= 40 and difference.mean() < 1
