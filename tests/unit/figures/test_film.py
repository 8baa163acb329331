"""The MP4: bodies as on screen, in their order and colours, with both lines of words and the sound of the stimulus."""

import re
import subprocess

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest
from scipy.io import wavfile

from fmri2ges.errors import Cancelled, UserError
from fmri2ges.figures.bodies import Body, Camera, Panel, poses_at
from fmri2ges.figures.canvas import Canvas
from fmri2ges.figures.video import HEIGHT, LINE, TOP, WIDTH, Film, Sound, write_video
from fmri2ges.types import Motion, Words
from fmri2ges.work import Work

HEARD = Words.from_lists(["once", "upon"], [10.1, 10.3], [0.1, 0.1])
SAID = Words.from_lists(["hello"], [10.5], [0.2])
RATE = 16_000


@pytest.fixture(scope="module")
def motions(synthetic):
    rng = np.random.default_rng(0)
    return {name: synthetic.gesture(rng, 1.0, start=10.0)[0] for name in ("reference", "direct", "text")}


@pytest.fixture(scope="module")
def film(motions):
    return Film(motions, SAID, HEARD, mark="SIMULATED")


@pytest.fixture(scope="module")
def made(film, tmp_path_factory):
    """The film of one second as a file."""
    return write_video(film, tmp_path_factory.mktemp("film") / "f.mp4")


@pytest.fixture(scope="module")
def pictures(made):
    """Its pictures, array (n_frames, 1080, 1920, 3), uint8."""
    return iio.imread(made)


def probe(path) -> str:
    """What ffmpeg says about a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True).stderr


def sound_of(path, tmp_path) -> np.ndarray:
    """The sound of a film, array (n_samples,), at 16 kHz."""
    out = tmp_path / "sound.wav"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-i", str(path), "-ar", str(RATE), str(out)]
    subprocess.run(command, check=True)
    return wavfile.read(out)[1].astype(float)


def test_it_has_1080_lines_and_30_frames_a_second(made, pictures):
    assert "1920x1080" in probe(made) and "30 fps" in probe(made) and "Audio" not in probe(made)
    frames = pictures
    assert frames.shape == (30, HEIGHT, WIDTH, 3)
    moved = np.abs(frames[0, TOP : -2 * LINE].astype(int) - frames[-1, TOP : -2 * LINE].astype(int)) > 60
    third = WIDTH // 3
    assert all(moved[:, k * third : (k + 1) * third].any() for k in range(3))  # every body moves


def test_text_direct_and_reference_stand_from_left_to_right_in_their_colours(pictures):
    frame = pictures[15, TOP : -2 * LINE].astype(int)
    red, green, blue = frame.transpose(2, 0, 1)
    place = {
        "text": (blue - red) > 90,
        "direct": (red - blue) > 90,
        "reference": (np.abs(red - blue) < 12) & (np.abs(red - green) < 12) & (red < 140),
    }
    middles = [np.flatnonzero(mask.any(0)).mean() / WIDTH for mask in place.values()]
    np.testing.assert_allclose(middles, [1 / 6, 1 / 2, 5 / 6], atol=0.06)


def test_words_heard_and_decoded_have_a_line_each(pictures, motions, tmp_path):
    frames = pictures.astype(int)
    heard, decoded = (frames[:, -k * LINE : HEIGHT - (k - 1) * LINE, 230:] < 110 for k in (2, 1))
    ink = np.stack([heard.any(-1).sum((1, 2)), decoded.any(-1).sum((1, 2))])
    assert (ink[:, 0] < 30).all()  # at 10.0 s nobody has said a word
    assert ink[0, 5] > 300 > ink[1, 5] and ink[0, 12] > ink[0, 5] and ink[1, 20] > 300
    labels = frames[0, -2 * LINE :, 30:225]
    assert (labels[:LINE] < 110).any() and (
        (labels[LINE:, :, 2] - labels[LINE:, :, 0]) > 60
    ).any()  # "decoded:" is blue
    wordless = iio.imread(write_video(Film(motions), tmp_path / "g.mp4", fps=1))
    assert (wordless[0, -LINE:] > 250).all()


def test_the_mark_of_simulated_data_is_burnt_in(pictures, motions, tmp_path):
    plain = iio.imread(write_video(Film(motions), tmp_path / "f.mp4", fps=1))
    assert (pictures[0, :TOP, -200:] < 128).any() and not (plain[0, :TOP, -200:] < 128).any()


# Sound


def clicks(path, at, seconds=30.0):
    """A file of silence with a tone of .1 s at each of some moments."""
    wave = np.zeros(int(RATE * seconds), np.int16)
    for second in at:
        first = int(second * RATE)
        wave[first : first + RATE // 10] = 12_000 * np.sin(2 * np.pi * 880 * np.arange(RATE // 10) / RATE)
    wavfile.write(path, RATE, wave)
    return path


@pytest.mark.parametrize("begins, expected", [(0.0, 0.4), (5.0, 0.4), (10.25, 0.65)])
def test_the_sound_is_on_the_clock_of_the_story(motions, tmp_path, begins, expected):
    """The film shows 10 to 11 s of the story; the file begins `begins` seconds into it."""
    first = 10.0 + expected - begins
    sound = Sound(clicks(tmp_path / "a.wav", [first]), begins)
    out = write_video(Film({"text": motions["text"]}, sound=sound), tmp_path / "f.mp4", fps=4)
    assert len(iio.imread(out)) == 4 and re.search(r"Duration: 00:00:01\.0", probe(out))
    loud = np.flatnonzero(np.abs(sound_of(out, tmp_path)) > 4000)
    # The tone may begin before the film does; aac smears a few milliseconds.
    assert loud[0] / RATE == pytest.approx(expected, abs=0.03) and (loud[-1] - loud[0]) / RATE < 0.15


def test_sound_that_cannot_be_used_is_one_clear_line(motions, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound at all")
    (tmp_path / "b.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    for file, message in (
        ("a.wav", "audio: .*a.wav cannot be used as sound"),
        ("b.m3u8", "audio: .*b.m3u8 cannot be used as sound"),
        ("none.wav", "audio: no such file"),
    ):
        with pytest.raises(UserError, match=message) as error:
            write_video(Film(motions, sound=Sound(tmp_path / file)), tmp_path / "f.mp4", fps=1)
        assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="audio: a GIF has no sound"):
        write_video(Film(motions, sound=Sound(tmp_path / "a.wav")), tmp_path / "f.gif")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "b.m3u8"]


@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_a_film_that_is_stopped_leaves_nothing(film, tmp_path, ending):
    asked = []
    with pytest.raises(Cancelled):
        write_video(film, tmp_path / f"f.{ending}", work=Work(should_stop=lambda: asked.append(1) or len(asked) > 1))
    assert not list(tmp_path.iterdir())


# The bodies


def test_poses_between_frames_follow_the_curve_of_the_player():
    """Catmull-Rom: exact on the frames and on a parabola between inner frames, still outside."""
    times = np.arange(9) / 15
    positions = np.zeros((9, 10, 3))
    positions[:, 3, 1] = 2 * times**2 - times
    motion = Motion(positions.astype(np.float32), start=3.0)
    np.testing.assert_allclose(poses_at(motion, 3.0 + times), positions, atol=1e-6)
    between = np.linspace(1 / 15, 7 / 15, 40)
    np.testing.assert_allclose(poses_at(motion, 3.0 + between)[:, 3, 1], 2 * between**2 - between, atol=1e-6)
    np.testing.assert_allclose(poses_at(motion, np.array([0.0, 99.0])), positions[[0, -1]], atol=1e-6)
    one = Motion(motion.positions[:1])
    np.testing.assert_allclose(poses_at(one, np.array([0.0, 0.4])), positions[[0, 0]], atol=1e-6)


def test_the_camera_is_that_of_the_player():
    """The maths of timeline.js, written out: yaw about the vertical, then pitch, then perspective."""
    camera = Camera(yaw=0.3, pitch=0.12, distance=3.2)
    x, y, z = 0.2, -0.4, 0.5
    across, towards = x * np.cos(0.3) - z * np.sin(0.3), x * np.sin(0.3) + z * np.cos(0.3)
    seen = [across, y * np.cos(0.12) - towards * np.sin(0.12), y * np.sin(0.12) + towards * np.cos(0.12)]
    np.testing.assert_allclose(camera.view(np.array([x, y, z])), seen, atol=1e-12)
    np.testing.assert_allclose(Camera(yaw=0, pitch=0).view(np.array([x, y, z])), [x, y, z], atol=1e-12)


def test_left_and_right_near_and_far_on_the_picture(synthetic):
    """Seen from the front the speaker's left is on the right; what is nearer is larger."""
    motion = synthetic.gesture(np.random.default_rng(0), 1.0)[0]
    front = Camera(yaw=0.0, pitch=0.0)
    for name, rgb in (("left_wrist", (255, 0, 0)), ("right_wrist", (0, 0, 255))):
        body = Body(motion, rgb, Panel(100, 100, 100), front)
        pixel, scale = body._pixels(front.view(body._centred(motion.positions[0, body.at[name]])))
        assert (pixel[0] > 100) == (name == "left_wrist")
    near, far = (body._pixels(np.array([0.0, 0.0, z]))[1] for z in (0.5, -0.5))
    assert near > 100 > far


def test_a_canvas_paints_in_order_and_covers():
    from fmri2ges.figures.bodies import Shape

    canvas = Canvas(20, 10)
    canvas.clear()
    square = np.array([[2, 2], [12, 2], [12, 8], [2, 8]], float)
    red, blue = np.array([255.0, 0, 0]), np.array([0, 0, 255.0])
    canvas.paint([Shape(square, fill=red), Shape(square + [4, 0], fill=blue, alpha=0.5)])
    picture = canvas.pixels()
    assert picture.shape == (10, 20, 3)
    np.testing.assert_array_equal(picture[5, 4], [255, 0, 0])
    np.testing.assert_array_equal(picture[0, 0], [255, 255, 255])
    np.testing.assert_allclose(picture[5, 9], [128, 0, 128], atol=2)
    np.testing.assert_allclose(picture[5, 14], [128, 128, 255], atol=2)


def test_other_skeletons_are_drawn_as_limbs():
    from fmri2ges.types import Skeleton

    rng = np.random.default_rng(0)
    motion = Motion(rng.normal(size=(5, 4, 3)).astype(np.float32), skeleton=Skeleton(tuple("abcd"), (-1, 0, 1, 1)))
    shapes = Body(motion, (10, 20, 30), Panel(50, 50, 40)).shapes(0.1)
    assert shapes and all(np.isfinite(s.points).all() for s in shapes)


# From a decoded result


def test_an_exported_film_holds_the_reference_and_the_words_heard_of_the_study(scored_run, monkeypatch):
    from fmri2ges.figures import export as exports
    from fmri2ges.results import Decoded

    films = []
    monkeypatch.setattr(exports, "write_video", lambda film, out, work: films.append(film) or out)
    decoded = Decoded.load(scored_run / "decoded" / "one").window(20.0, 24.0)
    sound = Sound(scored_run / "a.wav", 1.5)
    assert exports.export(decoded, "mp4", "f.mp4", film=exports.FilmOptions(sound=sound))[0].name == "f.mp4"
    exports.export(decoded, "gif", "f.gif", film=exports.FilmOptions(words=False))
    full, quiet = films
    assert [who.name for who in full.shown] == ["text", "direct", "reference"] and full.mark == "SIMULATED"
    assert full.about.startswith("T2G: ")
    assert all(m.start == 20.0 and m.duration == pytest.approx(4.0) for m in full.motions.values())
    assert len(full.heard) > 0 and full.decoded.text == decoded.words.text and full.sound == sound
    assert quiet.heard is None and quiet.decoded is None and "reference" in quiet.motions


def test_options_of_other_formats_are_refused(scored_run, tmp_path):
    from fmri2ges.figures.export import FilmOptions, export
    from fmri2ges.results import Decoded

    decoded = Decoded.load(scored_run / "decoded" / "one")
    for format, options, message in (
        ("npz", {"scale": 0.01}, "scale: only for bvh"),
        ("mp4", {"scale": 0.01}, "scale: only for bvh"),
        ("gif", {"film": FilmOptions(sound=Sound(tmp_path / "a.wav"))}, "audio: only for mp4"),
        ("bvh", {"film": FilmOptions(sound=Sound(tmp_path / "a.wav"))}, "audio: only for mp4"),
    ):
        with pytest.raises(UserError, match=message):
            export(decoded, format, tmp_path / f"m.{format}", **options)
    assert not list(tmp_path.iterdir())


def test_a_film_of_a_and_b_shows_each_branch_of_both_side_by_side(motions):
    second = {name: motions[name] for name in ("text", "direct")}
    film = Film(motions, SAID, HEARD, other=second, other_decoded=SAID)
    assert [(who.name, who.letter) for who in film.shown] == [
        ("text", "A"),
        ("text", "B"),
        ("direct", "A"),
        ("direct", "B"),
        ("reference", ""),
    ]
    assert [who.label for who in film.shown][:2] == ["text branch A", "text branch B"]
    assert len({who.colour for who in film.shown}) == 5  # nobody is taken for somebody else
    assert [label for label, _, _ in film.lines] == ["heard", "decoded A", "decoded B"]


def test_only_films_of_one_story_show_two_results(motions, tmp_path):
    from fmri2ges.figures.export import FilmOptions, export
    from fmri2ges.request import DecodeRequest
    from fmri2ges.results import Decoded

    both = {name: motions[name] for name in ("text", "direct")}
    first, second = (Decoded(DecodeRequest(subject="s", story=story), **both) for story in "ab")
    with pytest.raises(UserError, match="of story 'b', this one of 'a'"):
        export(first, "gif", tmp_path / "f.gif", film=FilmOptions(other=second))
    with pytest.raises(UserError, match="only gif, mp4, glb"):
        export(first, "bvh", tmp_path / "f.bvh", film=FilmOptions(other=second))


def test_a_playlist_that_calls_itself_a_sound_is_not_followed(motions, tmp_path):
    clicks(tmp_path / "secret.wav", [0.1], 2.0)
    (tmp_path / "a.wav").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.wav\n#EXT-X-ENDLIST\n")
    with pytest.raises(UserError, match="cannot be used as sound"):
        write_video(Film({"text": motions["text"]}, sound=Sound(tmp_path / "a.wav")), tmp_path / "f.mp4", fps=1)
