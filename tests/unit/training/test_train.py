"""Training as a user runs it, on a study of a few stories; and what must never happen."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.decoding.nearest import heard_in_training
from fmri2ges.decoding.session import Session
from fmri2ges.demo.study import write_bold, write_clip, write_study_file, write_truth, write_words
from fmri2ges.demo.world import CLIPS, TEST, TRAIN, World
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.storage import models as store
from fmri2ges.storage.decoded import read_decoded, write_decoded
from fmri2ges.training.presets import TrainConfig
from fmri2ges.training.train import train_study
from fmri2ges.work import Work

TINY = TrainConfig(t2g_steps=6, f2g_steps=4, renditions=1, roi_choices=1, penalties=(3000.0, 10_000.0), lm="bigram")


def write_small(world: World, root, n_train: int = 3):
    train, test, clips = TRAIN[:n_train], TEST[:1], CLIPS[:4]
    for story in (*train, *test):
        write_words(world, story, root)
        write_bold(world, "sub-01", story, root)
    for clip in clips:
        write_clip(world, clip, root)
    write_truth(world, test[0], root)
    write_study_file(world, root, test=test, train=train, validation=(), clips=clips)
    return root / "study.toml"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_small(World(7), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    seen = []
    out = tmp_path_factory.mktemp("runs") / "run"
    train_study(study, out, device="cpu", config=TINY, work=Work(lambda f, m: seen.append(f)))
    assert seen == sorted(seen) and 0 <= seen[0] and seen[-1] == pytest.approx(1.0)
    return out


def test_run_folder_is_complete_and_says_where_it_comes_from(run):
    names = {p.name for p in run.iterdir()}
    assert {
        "manifest.json",
        "status.json",
        "log.txt",
        "t2g.safetensors",
        "f2g-0.safetensors",
        "f2t-0-0.safetensors",
    } <= names
    session = Session.open(run, device="cpu")
    manifest = session.manifest
    assert manifest["simulated"] is True and manifest["world"]["seed"] == 7
    assert manifest["config"]["t2g_steps"] == 6
    assert {"study.toml", "words/train-01.tsv", "gesture/clip-01.npz"} <= manifest["digests"].keys()


def test_decode_both_branches_writes_and_reads_back(run, tmp_path):
    session = Session.open(run, device="cpu")
    decoded = session.decode("sub-01", "test-1", rois=("Broca", "AC"), samples=2, start=20, stop=34, seed=3)
    for motion in (decoded.text, decoded.direct):
        assert motion.samples.shape == (2, 210, 10, 3) and motion.start == 20
    assert len(decoded.texts) == 2 and all(20 <= t < 34 for t in decoded.words.start)
    again = read_decoded(write_decoded(decoded, tmp_path / "out"))
    np.testing.assert_array_equal(again.direct.samples, decoded.direct.samples)
    assert again.words.text == decoded.words.text and again.manifest["simulated"] is True
    np.testing.assert_allclose(again.rate, decoded.rate, atol=1e-3)


def test_bayesian_f2t_decodes_from_the_same_run(run):
    session = Session.open(run, device="cpu")
    options = dict(samples=3, start=20, stop=40, f2t="bayes", branch="text", beam=8)
    decoded = session.decode("sub-01", "test-1", **options)
    assert len(decoded.texts) == 3 and all(20 <= t < 40 for t in decoded.words.start)
    fast = session.decode("sub-01", "test-1", samples=1, start=20, stop=40, branch="text")
    assert len(decoded.words) == pytest.approx(len(fast.words), abs=1)  # the same word rate
    assert set(decoded.words.text) <= set(session.statistics(0).language.vocabulary)
    other = session.decode("sub-01", "test-1", rois=("V1",), **options)
    assert other.words.text != decoded.words.text
    assert decoded.manifest["f2t"] == "bayes" and session.forms == ("fast", "bayes")


TEXTS = {"decoded", "true word times (oracle)", "nearest training segment", "word rate only"}


@pytest.mark.slow
def test_text_table_holds_the_decoded_text_against_the_language_model_and_null_bold(run, tmp_path):
    from fmri2ges.evaluation.report import format_report
    from fmri2ges.reports.evaluate import evaluate_path

    session = Session.open(run, device="cpu")
    for form in ("fast", "bayes"):
        write_decoded(session.decode("sub-01", "test-1", samples=1, stop=80, branch="text", f2t=form), tmp_path / form)
        report = evaluate_path(tmp_path / form, null_decodings=2)
        (table,) = report["texts"]
        rows = {(r["text"], r["metric"]): r for r in table["rows"]}
        assert table["f2t"] == form and {t for t, _ in rows} == TEXTS
        null = rows["decoded", "WER"]["null"]
        # One story only: there is no other BOLD to swap.
        assert {k: v["n"] for k, v in null.items()} == {
            "language model only": 200,
            "shifted BOLD": 2,
            "phase-randomised BOLD": 2,
        }
        assert "text against nulls" in format_report(report)
        assert len(table["timeline"]["q"]) == 61


@pytest.mark.slow
def test_texts_of_several_stories_have_one_table_of_their_mean(run, tmp_path):
    from fmri2ges.evaluation.report import format_report
    from fmri2ges.reports.evaluate import evaluate_path

    session = Session.open(run, device="cpu")
    for k, stop in enumerate((60, 80)):  # the study has one test story: two stretches of it stand for two
        write_decoded(
            session.decode("sub-01", "test-1", samples=1, stop=stop, branch="text"), tmp_path / "decoded" / f"s{k}"
        )
    report = evaluate_path(tmp_path)
    assert [t["story"] for t in report["texts"]] == ["test-1", "test-1", "mean of 2 stories"]
    first, second, mean = ({(r["text"], r["metric"]): r["value"] for r in t["rows"]} for t in report["texts"])
    assert mean == {k: pytest.approx((first[k] + second[k]) / 2) for k in first}
    assert "mean of 2 stories" in format_report(report)


def test_what_was_heard_in_training_goes_with_its_features(run):
    session = Session.open(run, device="cpu")
    columns = session.columns(("all",), "sub-01")
    for source, heard in zip(session.study.recordings, heard_in_training(session, "sub-01", 0, columns)):
        recording = session.study.read_recording(source)
        np.testing.assert_array_equal(heard.features, session.features(recording, "sub-01")[:, columns])
        np.testing.assert_allclose(heard.volume_times, recording.volume_times)
        assert heard.words.text == recording.words.text


def test_same_seed_same_result_and_other_seed_another(run):
    session = Session.open(run, device="cpu")

    def decode(seed):
        return session.decode("sub-01", "test-1", samples=1, start=0, stop=10, seed=seed).direct.positions

    np.testing.assert_array_equal(decode(1), decode(1))
    assert np.abs(decode(1) - decode(2)).max() > 1e-3


def test_a_stored_run_decodes_as_trained(run):
    """Quantised features and half-precision targets are what training itself used or close to it."""
    session = Session.open(run, device="cpu")
    f2t = session.f2t("sub-01", 0)
    np.testing.assert_array_equal(store.dequantise(store.quantise(f2t.readout.features)), f2t.readout.features)


def test_absent_rois_are_never_read(run):
    session = Session.open(run, device="cpu")
    recording = session.recording("sub-01", "test-1")
    columns = session.columns(("AC",), "sub-01")
    from fmri2ges.brain.atlas import load_atlas

    other = recording.bold.copy()
    other[:, ~load_atlas().vertices(("AC",))] = np.random.default_rng(0).standard_normal((len(other), 1))
    one = session.read(recording, "sub-01", columns)[0][3]
    two = session.read(replace(recording, bold=other), "sub-01", columns)[0][3]
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_decoding_takes_no_transcript(run):
    """With other words in the recording the decoded words and gestures are the same."""
    from fmri2ges.types import Words

    session = Session.open(run, device="cpu")
    first = session.decode("sub-01", "test-1", samples=2, start=0, stop=20)
    recording = session.recording("sub-01", "test-1")
    session._recordings["sub-01", "test-1"] = replace(recording, words=Words(("nothing",), np.zeros(1), np.ones(1)))
    second = session.decode("sub-01", "test-1", samples=2, start=0, stop=20)
    assert first.words.text == second.words.text
    np.testing.assert_array_equal(first.text.samples, second.text.samples)


def test_wrong_requests_are_one_clear_line(run):
    session = Session.open(run, device="cpu")
    for options, message in (
        ({"story": "train-01"}, "was used in training; allowed: test-1"),
        ({"story": "nope"}, "has no recording of 'nope'"),
        ({"subject": "sub-99"}, "'sub-99' is not in study"),
        ({"rois": ("Brocca",)}, "did you mean Broca"),
        ({"rois": ()}, "choose at least one ROI"),
        ({"start": 290, "stop": 400}, "recorded from 0 to 300 s"),
        ({"branch": "both?"}, "branch: 'both\\?' is not known"),
        ({"samples": 0}, "samples: must be a number above 0"),
    ):
        with pytest.raises(UserError, match=message) as error:
            session.decode(**{"subject": "sub-01", "story": "test-1"} | options)
        assert "\n" not in str(error.value)


def test_stop_leaves_nothing_behind(study, tmp_path):
    calls = []

    def should_stop():
        calls.append(1)
        return len(calls) > 3

    with pytest.raises(Cancelled):
        train_study(study, tmp_path / "run", device="cpu", config=TINY, work=Work(should_stop=should_stop))
    assert not any(tmp_path.iterdir())


def test_weights_of_another_version_are_one_clear_line(run, tmp_path):
    import shutil

    broken = tmp_path / "run"
    shutil.copytree(run, broken)
    (broken / "t2g.safetensors").write_bytes((broken / "f2t-0-0.safetensors").read_bytes())
    with pytest.raises(UserError, match="written by another version"):
        Session.open(broken, device="cpu")
    (broken / "t2g.safetensors").write_bytes(b"not weights")
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        Session.open(broken, device="cpu")


@pytest.mark.slow
def test_null_bold_is_not_predicted_out_of_fold(tmp_path):
    """The leak that a whole-sample fit would show: r of about .4 on a brain without signal."""
    null = write_small(World(8, null=True), tmp_path / "null", n_train=6)
    run = train_study(null, tmp_path / "run", device="cpu", config=TINY)
    f2t = Session.open(run, device="cpu").f2t("sub-01", 0)
    solution = f2t.readout.solve(np.arange(f2t.readout.features.shape[1]))
    inside = f2t.readout.predict(solution, f2t.readout.features[:150])
    y = f2t.readout.targets
    assert np.corrcoef(inside.ravel(), y[:150].ravel())[0, 1] > 0.3
    assert np.corrcoef(solution.crossfit.ravel(), y.ravel())[0, 1] < 0.05
