"""The varied family: laws drawn from the number of a world, written as a user's study, with the truth beside it."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.cli import main
from fmri2ges.data.atomic import read_json
from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.study.check import check_study
from fmri2ges.demo.varied import brain, gestures, stories
from fmri2ges.demo.varied.laws import FRAME_RATES, PLACES, RIGS, Place
from fmri2ges.demo.varied.rigs import RIGS as NAMINGS
from fmri2ges.demo.varied.rigs import rig_text
from fmri2ges.demo.varied.study import simulate_varied
from fmri2ges.demo.varied.world import Sizes, VariedWorld
from fmri2ges.errors import UserError
from fmri2ges.evaluation.gesture import features, on_body, weighted_r
from fmri2ges.motion.features import resample
from tests.test_architecture import FILES, ROOT, imported_files, module_of

SMALL = Sizes(stories=1, minutes=1.0)
TABLE, SURFACE, VOXELS = 0, 1, 2  # worlds that have such columns


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_the_number_of_a_world_fixes_every_byte(tmp_path):
    one, again, other = (
        contents(simulate_varied(tmp_path / name, number, sizes=SMALL).parent)
        for name, number in (("one", VOXELS), ("again", VOXELS), ("other", VOXELS + 3))
    )
    assert one == again
    assert one["study.toml"] != other["study.toml"] and one["words/new-01.tsv"] != other["words/new-01.tsv"]


def test_it_shares_nothing_with_the_world_of_the_demo():
    own = [f for f in FILES if "varied" in f.relative_to(ROOT).parts]
    found = {name for f in own for name in imported_files(f) if name.startswith("fmri2ges.demo")}
    assert found <= {module_of(f) for f in own} | {"fmri2ges.demo.varied"}
    others = [f for f in (ROOT / "fmri2ges" / "demo").glob("*.py")]
    assert not [name for f in others for name in imported_files(f) if "varied" in name]


def test_laws_differ_between_worlds_and_cover_what_they_may_be():
    laws = [VariedWorld(k).laws for k in range(120)]
    assert [law.brain.place for law in laws[:6]] == [*PLACES, *PLACES]
    assert {law.gesture.rig for law in laws} == set(RIGS) == set(NAMINGS)
    assert {law.gesture.fps for law in laws} == set(FRAME_RATES)
    tr = [law.brain.tr for law in laws]
    assert 0.7 <= min(tr) < 0.9 and 2.5 < max(tr) <= 3.0
    assert (
        len({law.brain for law in laws}) == len({law.text for law in laws}) == len({law.gesture for law in laws}) == 120
    )


@pytest.mark.parametrize(
    "rig, up, order",
    [(r, "yz"[k % 2], o) for k, (r, o) in enumerate(zip(RIGS, itertools.cycle(("ZXY", "XYZ", "ZYX", "YXZ"))))],
)
def test_every_rig_is_read_back_as_the_motion_that_was_performed(tmp_path, rig, up, order):
    world = VariedWorld(TABLE, sizes=SMALL)
    laws = replace(world.laws.gesture, rig=rig, up=up, order=order, spine=RIGS.index(rig) % 4, yaw=70.0)
    performed = gestures.perform(laws, world.habits, world.script("talk-01"), 0, world.rng("a"), 10.0)
    (tmp_path / "a.bvh").write_text(rig_text(laws, performed))
    found = import_motion_file(tmp_path / "a.bvh")
    assert found.axes.up == f"+{up}" and not found.axes.notes
    assert found.motion.fps == laws.fps and found.motion.n_frames == int(10 * laws.fps)
    got, true = (m.positions - m.positions[:, :1] for m in (found.motion, performed.motion))
    assert np.abs(got - true).max() < 0.002  # metres
    lengths = np.linalg.norm(np.diff(true[:, [4, 5, 6]], axis=1), axis=2)
    assert np.ptp(lengths, axis=0).max() < 1e-4


@given(st.floats(3.5, 9), st.floats(1, 4), st.floats(0, 0.3))
def test_a_response_peaks_when_and_lasts_as_long_as_it_says(peak, width, undershoot):
    t = np.arange(0, brain.RESPONSE, brain.BIN)
    alone = brain.response(peak, width, 0.0)
    assert abs(t[alone.argmax()] - peak) <= brain.BIN
    if peak + 4 * width < brain.RESPONSE:
        mean = (t * alone).sum() / alone.sum()
        assert np.sqrt(((t - mean) ** 2 * alone).sum() / alone.sum()) == pytest.approx(width, rel=0.05)
    whole = brain.response(peak, width, undershoot)
    assert whole.min() >= -undershoot - 1e-9 and abs(t[whole.argmax()] - peak) < 1


@pytest.mark.parametrize("number", [3, 5, 6])
def test_noise_has_the_drawn_colour_rank_and_size(number):
    world = VariedWorld(number, null=True, sizes=Sizes(stories=1, minutes=20))
    laws, body = world.laws.brain, world.listener("listener-01").body
    noise = (
        world.bold("listener-01", "heard-01")[:, body.area >= 0] - world.listener("listener-01").level
    ) / brain.NOISE
    assert noise.std() == pytest.approx(1, abs=0.12)
    f = np.fft.rfftfreq(len(noise), laws.tr)[1:]
    power = (np.abs(np.fft.rfft(noise, axis=0)[1:]) ** 2).mean(1)
    part = (f > 0.02) & (f < 0.8 * f.max())
    assert np.polyfit(np.log(f[part]), np.log(power[part]), 1)[0] == pytest.approx(-laws.colour, abs=0.15)


@pytest.mark.parametrize("number", [TABLE, VOXELS])
def test_signal_lies_where_it_is_planted_and_is_as_strong_as_drawn(number):
    world, silent = VariedWorld(number), VariedWorld(number, null=True)
    body = world.listener("listener-01").body
    planted = (world.bold("listener-01", "new-01") - silent.bold("listener-01", "new-01")) / brain.NOISE
    carries = body.carries[body.area]
    np.testing.assert_array_equal(np.abs(planted).max(0) > 1e-3, carries)
    assert 0 < carries.mean() < 0.8
    assert planted[:, carries].std(0).mean() == pytest.approx(world.laws.brain.signal, rel=0.35)


def test_listeners_differ_and_share_where_areas_lie():
    one, other = (VariedWorld(TABLE).listener(f"listener-0{k}") for k in (1, 2))
    np.testing.assert_array_equal(one.body.carries, other.body.carries)
    assert not np.allclose(one.peak, other.peak) and not np.allclose(one.loading, other.loading)
    sizes = {VariedWorld(VOXELS).listener(f"listener-0{k}").body.mask.sum() for k in (1, 2)}
    assert len(sizes) == 2


def test_stories_have_the_drawn_words_in_order_and_end_in_time():
    world = VariedWorld(TABLE)
    script, language = world.script("heard-01"), world.language
    assert (np.diff(script.words.start) >= 0).all() and (script.words.start + script.words.duration).max() < 300
    function = {w for words in language.classes for w in words}
    for word, topic, content in zip(script.words.text, script.topic, script.content, strict=True):
        assert word in ({*language.topics[topic], *language.general} if content else function)
    assert script.content.mean() == pytest.approx(world.laws.text.content, abs=0.15)
    assert not set(stories.FUNCTION) & {w for words in stories.TOPICS for w in words}


def test_two_performances_of_a_text_agree_and_those_of_two_texts_do_not():
    world = VariedWorld(TABLE)
    tracks = [("new-01", 0), ("new-01", 1), ("new-02", 0)]
    true, again, strange = (features(on_body(resample(world.truth(*t), 15.0).positions)) for t in tracks)
    assert weighted_r(true, again) > 0.3 and abs(weighted_r(true, strange)) < 0.15


@pytest.mark.parametrize("number", [TABLE, SURFACE, VOXELS])
def test_a_study_of_each_space_is_in_order(tmp_path, number):
    path = simulate_varied(tmp_path / "study", number, sizes=replace(SMALL, subjects=2))
    checked = check_study(path)
    assert checked.problems == () and checked.study is not None and checked.study.simulated
    wall = [note for note in checked.notes if "do not vary" in note]
    assert len(wall) == (number == SURFACE) and len(checked.notes) == len(wall)  # one note for all six recordings
    world = VariedWorld(number, sizes=replace(SMALL, subjects=2))
    recording = checked.study.read_recording(checked.study.recording("listener-02", "new-01"))
    assert recording.tr == world.laws.brain.tr and recording.bold.shape[0] == world.n_volumes
    assert recording.start == pytest.approx(-world.laws.brain.lead)
    original = world.bold("listener-02", "new-01")
    assert (
        np.mean(
            [
                np.corrcoef(a, b)[0, 1]
                for a, b in zip(recording.bold.T[5::50], original.T[5::50], strict=True)
                if b.std()
            ]
        )
        > 0.6
    )
    assert read_json(tmp_path / "study" / "truth" / "planted.json")["laws"]["brain"]["place"] == PLACES[number]
    with np.load(tmp_path / "study" / "truth" / "brain-listener-02.npz") as truth:
        np.testing.assert_array_equal(truth["carries"], world.listener("listener-02").body.carries)
        assert len(truth["area"]) == recording.bold.shape[1] and len(truth["peak"]) == len(truth["carries"])
    motion = checked.study.truth("new-01")
    assert motion is not None and motion.duration == pytest.approx(60, abs=0.1)


def test_the_surface_is_planted_outside_the_medial_wall():
    body = VariedWorld(SURFACE).listener("listener-01").body
    np.testing.assert_array_equal(body.area >= 0, load_atlas().labels > 0)
    assert VariedWorld(SURFACE).laws.brain.place is Place.SURFACE


@pytest.mark.parametrize(
    "options, said",
    [
        (["--family", "other"], "--family"),
        (["--stories", "3"], "only for --family varied"),
        (["--family", "varied", "--planted", "AC"], "only for --family demo"),
        (["--family", "varied", "--stories", "0"], "stories: allowed are 1 to 99"),
        (["--family", "varied", "--minutes", "nan"], "minutes: allowed are 0.5 to 60"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, capsys, options, said):
    assert main(["simulate", str(tmp_path / "study"), *options]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0] and not list(tmp_path.iterdir())


def test_the_command_writes_a_null_brain(tmp_path, capsys):
    options = ["--family", "varied", "--world", "3", "--stories", "1", "--minutes", "0.5", "--null-brain"]
    assert main(["simulate", str(tmp_path / "study"), *options]) == 0
    assert read_json(tmp_path / "study" / "truth" / "planted.json")["world"]["null"]
    with np.load(tmp_path / "study" / "truth" / "brain-listener-01.npz") as truth:
        assert not truth["carries"].any()


def test_what_is_out_of_range_is_refused():
    with pytest.raises(UserError, match="world: must be 0 or more"):
        VariedWorld(-1)
    with pytest.raises(UserError, match="subjects: allowed are 1 to 99"):
        Sizes(subjects=0)


def test_a_repetition_time_can_be_chosen_and_changes_nothing_else():
    drawn, chosen = VariedWorld(TABLE, sizes=SMALL), VariedWorld(TABLE, sizes=replace(SMALL, tr=0.72))
    assert chosen.laws == replace(drawn.laws, brain=replace(drawn.laws.brain, tr=0.72)) != drawn.laws
    assert chosen.script("train-1").words.text == drawn.script("train-1").words.text
    assert chosen.n_volumes == pytest.approx(drawn.n_volumes * drawn.laws.brain.tr / 0.72, abs=3)
    with pytest.raises(UserError, match=r"tr: allowed are 0.5 to 3 s; got 0.3"):
        Sizes(tr=0.3)
