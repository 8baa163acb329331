import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.data.motion.npz import read_motion, write_motion
from fmri2ges.decoding.stories import load_stories
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.report import format_report
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.evaluation.text_rows import TextTable
from fmri2ges.reports.evaluate import _r_of_mean, evaluate_path, evaluate_stories
from fmri2ges.reports.null_texts import NullTexts
from fmri2ges.storage.report import read_report
from fmri2ges.work import QUIET, Work


@pytest.fixture(scope="module")
def report(scored_run):
    return evaluate_path(scored_run)


def mean(report, branch, metric):
    """The row of the mean over stories."""
    (row,) = [r for r in report.rows if (r.branch, r.id) == (branch, metric.id) and r.stories > 1]
    return row


def own(report, branch, metric):
    """The row of the only story."""
    (row,) = [r for r in report.rows if (r.branch, r.id) == (branch, metric.id)]
    return row


def test_the_branch_that_knows_something_is_found_and_the_other_is_not(report):
    text, direct = (mean(report, b, metrics.R_MEAN) for b in ("text", "direct"))
    assert text.metric == direct.metric == metrics.R_MEAN.of(3)
    assert direct.value > 0.5 and direct.p < 0.01
    assert abs(text.value) < 0.1 and text.p > 0.01


def test_the_story_swap_stands_at_the_mean_of_samples_only(report):
    with_swap = [r for r in report.rows if r.swap_null]
    assert {(r.id, r.branch, r.stories) for r in with_swap} == {("r_mean", "text", 3), ("r_mean", "direct", 3)}
    swap = mean(report, "direct", metrics.R_MEAN).swap_null
    assert swap.kind == NullKind.STORY_SWAP and swap.n == 2
    assert swap.q95 < mean(report, "direct", metrics.R_MEAN).value


def test_a_second_performance_is_the_ceiling(report):
    one = mean(report, "direct", metrics.R_ONE)
    assert one.value < one.ceiling < 1
    assert mean(report, "direct", metrics.R_MEAN).ceiling is None  # one performance is not a mean of three


def test_every_story_and_their_mean_are_reported_and_written(report, scored_run):
    assert {(r.story, r.stories) for r in report.rows} == {("one", 1), ("two", 1), ("three", 1), ("all stories", 3)}
    assert report.stories == ("one", "three", "two")
    assert report == read_report(scored_run)
    assert report.simulated and report.manifest["kind"] == "evaluate"
    assert max(map(len, format_report(report).splitlines())) <= 120


def test_scores_against_a_reference_have_a_null_and_few_stories_have_no_interval(report):
    for line in report.rows:
        if line.metric.unit.dimensionless:
            assert line.null.kind == NullKind.SHIFT
    # Three stories of two blocks each: neither is enough for an interval.
    assert all(line.interval is None for line in report.rows)


def test_too_few_windows_are_named_in_the_notes(report):
    assert any("at least 160" in note for note in report.notes)
    assert not {metrics.FGD.id, metrics.KID.id} & {r.id for r in report.rows}


def test_the_same_seed_gives_the_same_report(report, scored_run):
    again = evaluate_path(scored_run / "decoded" / "one")
    assert again.rows == evaluate_path(scored_run / "decoded" / "one").rows
    here = {(r.branch, r.metric): r.value for r in again.rows}
    there = {(r.branch, r.metric): r.value for r in report.rows if r.story == "one"}
    assert here == there


@pytest.fixture
def story(scored_run, tmp_path):
    """A copy of one decode folder, to be changed; and a function that changes its manifest."""
    folder = tmp_path / "one"
    shutil.copytree(scored_run / "decoded" / "one", folder, ignore=shutil.ignore_patterns("report.json"))

    def change(**entries):
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**manifest, **entries}))

    return folder, change


def test_without_its_study_only_the_motion_itself_is_described(story):
    folder, change = story
    change(study="moved/study.toml")
    report = evaluate_path(folder)
    assert {r.metric for r in report.rows} == {
        metrics.L1_SPREAD,
        metrics.ACCELERATION,
        metrics.JERK,
        metrics.DIVERSITY,
    }
    assert any("not there" in note for note in report.notes)


def test_a_recording_without_gesture_is_scored_on_its_words(story, scored_run, tmp_path):
    folder, change = story
    root = scored_run.parent
    text = (root / "study.toml").read_text().replace("simulated = true", "simulated = false")
    for story_name in ("one", "two", "three"):
        text = text.replace(f'"{story_name}.', f'"{(root / story_name).as_posix()}.')
    (tmp_path / "study.toml").write_text(text)
    change(study=str(tmp_path / "study.toml"), simulated=False)
    report = evaluate_path(folder)
    found = {r.metric for r in report.rows}
    assert {metrics.WER, metrics.BLEU1, metrics.PLACED_WORD_RATE_R, metrics.BC_WORD} <= found
    assert not {metrics.R_ONE, metrics.R_MEAN.of(3), metrics.MPJPE, metrics.PCK} & found
    assert any("no gesture was recorded" in note for note in report.notes)
    assert not report.simulated and "SIMULATED" not in format_report(report)


def test_a_story_of_the_training_set_is_called_out(story, scored_run):
    folder, change = story
    root = scored_run.parent
    text = (root / "study.toml").read_text().replace('["one", "two", "three"]', '["two", "three"]')
    (root / "leaky.toml").write_text(text)
    change(study=str(root / "leaky.toml"))
    assert any("WAS IN TRAINING" in note for note in evaluate_path(folder).notes)


def test_a_part_of_a_story_is_compared_with_the_same_part_of_the_truth(story):
    folder, _ = story
    whole = {b: read_motion(folder / f"{b}.npz") for b in ("text", "direct")}
    for branch, motion in whole.items():
        write_motion(folder / f"{branch}.npz", motion.slice(30.0, 90.0))
    found = own(evaluate_path(folder), "direct", metrics.R_ONE)
    assert found.value > 0.4 and (found.n, found.n_unit) == (900, "frames")


def test_the_decoded_rate_is_scored_on_the_volumes_of_the_stretch(story, scored_run):
    from fmri2ges.data.words.files import read_words_tsv
    from fmri2ges.text.timing import word_counts

    folder, _ = story
    times = 1 + 2.0 * np.arange(50)
    heard = word_counts(read_words_tsv(scored_run.parent / "one.tsv"), times, 2.0)
    lines = "".join(f"{t}\t{n}\n" for t, n in zip(times, heard, strict=True))
    (folder / "rate.tsv").write_text("volume_time\twords_per_volume\n" + lines)
    for branch in ("text", "direct"):
        write_motion(folder / f"{branch}.npz", read_motion(folder / f"{branch}.npz").slice(21.0, 90.0))
    found = own(evaluate_path(folder), "text", metrics.WORD_RATE_R)
    assert found.value == pytest.approx(1) and (found.n, found.n_unit) == (34, "volumes")


def test_an_empty_run_says_which_command_makes_a_decode_folder(tmp_path):
    with pytest.raises(UserError, match="fmri2ges decode"):
        evaluate_path(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        evaluate_path(tmp_path / "nothing")


@pytest.mark.parametrize("step", [1, 2, 3])
def test_cancelling_at_any_step_leaves_no_report(story, step):
    folder, _ = story
    asked = []

    def stop():
        asked.append(None)
        return len(asked) == step

    with pytest.raises(Cancelled):
        evaluate_path(folder, work=Work(should_stop=stop))
    assert not (folder / "report.json").exists()


def test_progress_runs_up_to_the_end(story):
    folder, _ = story
    seen = []
    evaluate_path(folder, work=Work(lambda fraction, message: seen.append(fraction)))
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_enough_motion_gets_a_distribution_score(synthetic, scored_run, tmp_path):
    from fmri2ges.data.study.load import load_study
    from fmri2ges.reports.distribution import distribution_rows

    rng = np.random.default_rng(0)
    study = load_study(scored_run.parent / "study.toml")
    truth, noise = synthetic.gesture(rng, 400)

    class Story:
        story = "one"
        motions = {"direct": synthetic.decoded(rng, noise, 0.5, samples=1)}

    Story.study = type("S", (), {"truth": lambda self, name: truth, "split": study.split, "gestures": ()})()
    notes = []
    found = distribution_rows([Story], rng, notes)
    assert not notes
    assert [(r.metric, r.n, r.n_unit) for r in found] == [(m, 176, "windows") for m in (metrics.FGD, metrics.KID)]
    fgd, kid = found
    assert abs(fgd.value) < 0.05 * fgd.floor and abs(kid.value) < 0.1 * kid.floor
    assert kid.interval is None and kid.ceiling is None


def test_a_story_that_was_decoded_twice_counts_once_with_its_longest_stretch(scored_run):
    stories = load_stories(scored_run)
    part = replace(stories[0], decoded=stories[0].decoded.window(10.0, 40.0))
    found = evaluate_stories([part, *stories], 0, NullTexts(), QUIET)
    again = evaluate_stories(stories, 0, NullTexts(), QUIET)
    assert found.rows == again.rows
    said = (
        "was decoded several times; 0 to 100 s of it are scored, F2T fast, seed 0, speaker 0; for another one evaluate"
    )
    assert any(said in note for note in found.notes) and found.stories == again.stories


def test_a_story_decoded_with_two_numbers_of_samples_counts_once_in_the_mean_of_texts(scored_run, monkeypatch):
    stories = load_stories(scored_run)[:2]
    motions = {b: replace(m, samples=None) for b, m in stories[0].motions.items()}
    fewer = replace(stories[0].decoded, **motions, request=replace(stories[0].decoded.request, samples=1))
    again = replace(stories[0], decoded=fewer)
    assert again.setting != stories[0].setting
    table, means = TextTable("s", "s1", (), "fast", ()), []

    def mean(group, scores):
        means.append([story.story for story in group])
        return table

    monkeypatch.setattr("fmri2ges.reports.evaluate.text_table", lambda *_: (table, []))
    monkeypatch.setattr("fmri2ges.reports.evaluate.pooled_table", mean)
    report = evaluate_stories([stories[0], again, stories[1]], 0, NullTexts(), QUIET)
    assert means == [[stories[0].story, stories[1].story]]
    assert len(report.texts) == 4  # the three texts, and their mean


def test_the_story_swap_compares_from_the_beginning_of_each_story(synthetic):
    """The truth of another story has a clock of its own: the same motion is found again on it."""
    truth = synthetic.gesture(np.random.default_rng(6), 60.0)[0]
    late = replace(truth, start=500.0)
    assert _r_of_mean(truth, late) == pytest.approx(1.0, abs=1e-5) == _r_of_mean(late, truth)
    assert abs(_r_of_mean(truth, synthetic.gesture(np.random.default_rng(7), 60.0)[0])) < 0.6
