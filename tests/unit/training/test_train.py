"""Training as a user runs it, on a study of a few stories; and what must never happen."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.decoding.nearest import heard_in_training
from fmri2ges.decoding.run import open_run
from fmri2ges.demo.world import World
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.evaluation.metrics import WER
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.evaluation.text_rows import TextKind
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.storage import models as store
from fmri2ges.storage.tensors import read_tensors, write_tensors
from fmri2ges.training.train import train_study
from fmri2ges.work import Work
from tests.small_study import TINY, write_small


def ask(**changes) -> DecodeRequest:
    """A request for the test story of the small study."""
    return DecodeRequest(**{"subject": "sub-01", "story": "test-1"} | changes)


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
    trained = open_run(run, device="cpu")
    manifest = trained.manifest
    assert manifest["simulated"] is True and manifest["world"]["seed"] == 7
    assert manifest["config"]["t2g_steps"] == 6
    assert manifest["f2g_guidance"] == [{"guidance": 1.5, "tried": []}], "it was given"
    assert manifest["t2g"] == "study" and "trained on 20.0 minutes of gesture" in manifest["t2g_note"]
    assert {"study.toml", "words/train-01.tsv", "gesture/clip-01.npz"} <= manifest["digests"].keys()


def test_decode_both_branches_writes_and_reads_back(run, tmp_path):
    trained = open_run(run, device="cpu")
    decoded = trained.decode(ask(rois=("Broca", "AC"), samples=2, start=20, stop=34, seed=3))
    for motion in (decoded.text, decoded.direct):
        assert motion.samples.shape == (2, 210, 10, 3) and motion.start == 20
    assert len(decoded.texts) == 2 and all(20 <= t < 34 for t in decoded.words.start)
    again = Decoded.load(decoded.save(tmp_path / "out"))
    np.testing.assert_array_equal(again.direct.samples, decoded.direct.samples)
    assert again.words.text == decoded.words.text and again.manifest["simulated"] is True
    np.testing.assert_allclose(again.rate, decoded.rate, atol=1e-3)


def test_bayesian_f2t_decodes_from_the_same_run(run):
    trained = open_run(run, device="cpu")
    options = dict(samples=3, start=20, stop=40, f2t="bayes", branch="text", beam=8)
    decoded = trained.decode(ask(**options))
    assert len(decoded.texts) == 3 and all(20 <= t < 40 for t in decoded.words.start)
    fast = trained.decode(ask(samples=1, start=20, stop=40, branch="text"))
    assert len(decoded.words) == pytest.approx(len(fast.words), abs=1)  # the same word rate
    assert set(decoded.words.text) <= set(trained.statistics(0).language.vocabulary)
    other = trained.decode(ask(rois=("V1",), **options))
    assert other.words.text != decoded.words.text
    assert decoded.request.f2t == "bayes" and trained.forms == ("fast", "bayes")


@pytest.mark.slow
def test_text_table_holds_the_decoded_text_against_the_language_model_and_null_bold(run, tmp_path):
    from fmri2ges.evaluation.report import format_report
    from fmri2ges.reports.evaluate import evaluate_path

    trained = open_run(run, device="cpu")
    for form in ("fast", "bayes"):
        trained.decode(ask(samples=1, stop=80, branch="text", f2t=form)).save(tmp_path / form)
        report = evaluate_path(tmp_path / form, null_decodings=2)
        (table,) = report.texts
        rows = {(r.text, r.metric.id): r for r in table.rows}
        assert table.f2t == form and {t for t, _ in rows} == set(TextKind)
        nulls = rows[TextKind.DECODED, WER.id].nulls
        # One story only: there is no other BOLD to swap.
        assert {k: v.n for k, v in nulls.items()} == {
            NullKind.LANGUAGE_MODEL: 200,
            NullKind.SHIFTED_BOLD: 2,
            NullKind.PHASE_RANDOMISED_BOLD: 2,
        }
        assert "text against nulls" in format_report(report)
        assert len(table.timeline.q) == 61


@pytest.mark.slow
def test_two_stretches_of_one_story_count_once(run, tmp_path):
    from fmri2ges.reports.evaluate import evaluate_path

    trained = open_run(run, device="cpu")
    for k, stop in enumerate((60, 80)):
        trained.decode(ask(samples=1, stop=stop, branch="text")).save(tmp_path / "decoded" / f"s{k}")
    report = evaluate_path(tmp_path)
    assert [t.stories for t in report.texts] == [1]  # two stretches of one story count once
    assert any("0 to 80 s of it are scored" in note for note in report.notes)


def test_what_was_heard_in_training_goes_with_its_features(run):
    trained = open_run(run, device="cpu")
    columns = trained.columns(("Broca", "AC"), "sub-01")
    sources = [r for r in trained.study.recordings if r.story in trained.study.train_stories]
    assert len(sources) == 3 and 0 < len(columns) < trained.f2t("sub-01", 0).readout.features.shape[1]
    for source, heard in zip(sources, heard_in_training(trained, "sub-01", 0, columns), strict=True):
        recording = trained.study.read_recording(source)
        np.testing.assert_array_equal(heard.bold, trained.features(recording)[:, columns])
        np.testing.assert_allclose(heard.volume_times, recording.volume_times)
        assert heard.words.text == recording.words.text


def test_same_seed_same_result_and_other_seed_another(run):
    trained = open_run(run, device="cpu")

    def decode(seed):
        return trained.decode(ask(samples=1, start=0, stop=10, seed=seed)).direct.positions

    np.testing.assert_array_equal(decode(1), decode(1))
    assert np.abs(decode(1) - decode(2)).max() > 1e-3


def test_a_stored_run_decodes_as_trained(run):
    """The features that a run keeps are those of its BOLD, to half a step, with the rare large ones cut off."""
    trained = open_run(run, device="cpu")
    sources = [r for r in trained.study.recordings if r.story in trained.study.train_stories]
    bold = [trained.study.read_recording(source).bold for source in sources]
    exact = np.concatenate([trained.basis("sub-01").transform(b) for b in bold])
    stored = trained.f2t("sub-01", 0).readout.features
    limit = 127 * store.FEATURE_STEP
    cut = np.abs(exact) > limit
    assert np.abs(stored - np.clip(exact, -limit, limit)).max() <= store.FEATURE_STEP / 2 + 1e-6
    assert cut.mean() < 1e-3 and np.abs(stored - exact).mean() > store.FEATURE_STEP / 8  # the steps are really there


def test_absent_rois_are_never_read(run):
    trained = open_run(run, device="cpu")
    recording = trained.recording("sub-01", "test-1")
    columns = trained.columns(("AC",), "sub-01")
    from fmri2ges.brain.atlas import load_atlas

    other = recording.bold.copy()
    other[:, ~load_atlas().vertices(("AC",))] = np.random.default_rng(0).standard_normal((len(other), 1))
    one = trained.read(recording, columns)[0].prediction
    two = trained.read(replace(recording, bold=other), columns)[0].prediction
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_decoding_takes_no_transcript(run):
    """With other words in the recording the decoded words and gestures are the same."""
    from fmri2ges.types import Words

    trained = open_run(run, device="cpu")
    first = trained.decode(ask(samples=2, start=0, stop=20))
    recording = trained.recording("sub-01", "test-1")
    trained._recordings["sub-01", "test-1"] = replace(recording, words=Words(("nothing",), np.zeros(1), np.ones(1)))
    second = trained.decode(ask(samples=2, start=0, stop=20))
    assert first.words.text == second.words.text
    np.testing.assert_array_equal(first.text.samples, second.text.samples)


def test_wrong_requests_are_one_clear_line(run):
    trained = open_run(run, device="cpu")
    for options, message in (
        ({"story": "train-01"}, "was used in training; allowed: test-1"),
        ({"story": "nope"}, "has no recording of 'nope'"),
        ({"subject": "sub-99"}, "'sub-99' is not in study"),
        ({"rois": ("Brocca",)}, "did you mean Broca"),
        ({"rois": ()}, "choose at least one ROI"),
        ({"start": 290, "stop": 400}, "recorded from 0 to 300 s"),
        ({"branch": "both?"}, "branch: 'both\\?' is not known"),
        ({"samples": 0}, "samples: must be a whole number from 1"),
    ):
        with pytest.raises(UserError, match=message) as error:
            trained.decode(ask(**options))
        assert "\n" not in str(error.value)


def test_stop_leaves_nothing_behind(study, tmp_path):
    calls = []

    def should_stop():
        calls.append(1)
        return len(calls) > 3

    with pytest.raises(Cancelled):
        train_study(study, tmp_path / "run", device="cpu", config=TINY, work=Work(should_stop=should_stop))
    assert not any(tmp_path.iterdir())


def test_a_result_proves_where_it_comes_from(run):
    """The same request on the same run has the same digest; other weights, inputs or wishes have another."""
    trained = open_run(run, device="cpu")
    request = ask(samples=1, start=0, stop=10, branch="text")
    one, two = trained.decode(request), open_run(run, device="cpu").decode(replace(request, run=str(run)))
    assert one.manifest["digest"] == two.manifest["digest"]
    assert trained.decode(replace(request, seed=1)).manifest["digest"] != one.manifest["digest"]
    assert {"bold/sub-01/test-1.npy", "words/test-1.tsv"} == one.manifest["digests"].keys()
    assert one.manifest["weights"].keys() == {f"{n}.safetensors" for n in ("basis-0", "text-0", "f2t-0-0", "t2g")}
    assert one.manifest["versions"]["numpy"] and one.manifest["device"] == "cpu"


def test_the_text_branch_alone_never_reads_the_weights_of_the_direct_branch(run, tmp_path):
    import shutil

    lame = shutil.copytree(run, tmp_path / "run")
    arrays, values = read_tensors(lame / "f2g-0.safetensors", "generator")
    arrays["net.out.bias"][:] = np.nan  # found as soon as it is read
    write_tensors(lame / "f2g-0.safetensors", arrays, **values)
    trained = open_run(lame, device="cpu")
    decoded = trained.decode(ask(samples=1, start=0, stop=10, branch="text"))
    assert decoded.direct is None and decoded.text is not None
    with pytest.raises(UserError, match="f2g-0.safetensors: net.out.bias holds 42 values that are NaN"):
        trained.decode(ask(samples=1, start=0, stop=10, branch="direct"))


def test_a_run_keeps_the_results_of_its_own_weights_only(run, tmp_path):
    import shutil

    copy = shutil.copytree(run, tmp_path / "run")
    trained = open_run(copy, device="cpu")
    request = trained.complete(ask(samples=1, start=0, stop=10, branch="text"))
    assert trained.kept(request) is None
    made = trained.decode(request)
    made.save(copy / "decoded" / "first")
    kept = trained.kept(request)
    np.testing.assert_array_equal(kept.text.positions, made.text.positions)
    assert trained.kept(replace(request, seed=1)) is None
    arrays, values = read_tensors(copy / "f2g-0.safetensors", "generator")
    write_tensors(copy / "f2g-0.safetensors", arrays, **values | {"guidance": 2.5})  # stands for another training
    again = open_run(copy, device="cpu")
    assert again.digest != trained.digest and again.kept(request) is None


def test_weights_of_another_version_are_one_clear_line(run, tmp_path):
    import shutil

    broken = tmp_path / "run"
    shutil.copytree(run, broken)
    (broken / "t2g.safetensors").write_bytes((broken / "f2t-0-0.safetensors").read_bytes())
    with pytest.raises(UserError, match="written by another version"):
        open_run(broken, device="cpu").decode(ask(samples=1, stop=10))
    (broken / "t2g.safetensors").write_bytes(b"not weights")
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        open_run(broken, device="cpu").decode(ask(samples=1, stop=10))


@pytest.mark.slow
def test_null_bold_is_not_predicted_out_of_fold(tmp_path):
    """The leak that a whole-sample fit would show: r of about .4 on a brain without signal."""
    null = write_small(World(8, null=True), tmp_path / "null", n_train=6)
    run = train_study(null, tmp_path / "run", device="cpu", config=TINY)
    f2t = open_run(run, device="cpu").f2t("sub-01", 0)
    solution = f2t.readout.solve(np.arange(f2t.readout.features.shape[1]))
    inside = f2t.readout.predict(solution, f2t.readout.features[:150])
    y = f2t.readout.targets
    assert np.corrcoef(inside.ravel(), y[:150].ravel())[0, 1] > 0.3
    assert np.corrcoef(solution.crossfit.ravel(), y.ravel())[0, 1] < 0.05
