import json
import shutil

import numpy as np
import pytest

from fmri2ges.data.motion.npz import read_motion, write_motion
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.evaluation.report import format_report
from fmri2ges.reports.evaluate import evaluate_path


@pytest.fixture(scope="module")
def report(scored_run):
    return evaluate_path(scored_run)


def rows(report, branch, metric, story="all stories"):
    return [r for r in report["rows"] if (r["branch"], r["metric"], r["story"]) == (branch, metric, story)]


def test_the_branch_that_knows_something_is_found_and_the_other_is_not(report):
    (text,), (direct,) = (rows(report, b, "r, mean of 3") for b in ("text", "direct"))
    assert direct["value"] > 0.5 and direct["null"]["p"] < 0.005
    assert abs(text["value"]) < 0.1 and text["null"]["p"] > 0.01
    assert direct["swap_null"]["n"] == 2 and direct["swap_null"]["q95"] < direct["value"]


def test_a_second_performance_is_the_ceiling(report):
    (one,) = rows(report, "direct", "r, one sample")
    assert one["value"] < one["ceiling"] < 1
    assert rows(report, "direct", "r, mean of 3")[0]["ceiling"] is None  # one performance is not a mean of three


def test_every_story_and_their_mean_are_reported_and_written(report, scored_run):
    assert {r["story"] for r in report["rows"]} == {"one", "two", "three", "all stories"}
    assert report == json.loads((scored_run / "report.json").read_text())
    assert report["simulated"] and report["manifest"]["kind"] == "evaluate"
    assert max(map(len, format_report(report).splitlines())) <= 120


def test_scores_against_a_reference_have_a_null_and_few_stories_have_no_interval(report):
    for line in report["rows"]:
        if line["unit"] in ("", "cosine", "share") and "FGD" not in line["metric"] and "KID" not in line["metric"]:
            assert line["null"] is not None
    # Three stories of two blocks each: neither is enough for an interval.
    assert all(line["ci"] is None for line in report["rows"])


def test_too_few_windows_are_named_in_the_notes(report):
    assert any("at least 160" in note for note in report["notes"])
    assert not any("FGD" in r["metric"] for r in report["rows"])


def test_the_same_seed_gives_the_same_report(report, scored_run):
    again = evaluate_path(scored_run / "decoded" / "one")
    assert again["rows"] == evaluate_path(scored_run / "decoded" / "one")["rows"]
    here = {(r["branch"], r["metric"]): r["value"] for r in again["rows"]}
    there = {(r["branch"], r["metric"]): r["value"] for r in report["rows"] if r["story"] == "one"}
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
    assert {r["metric"] for r in report["rows"]} == {"L1 spread", "acceleration", "jerk", "diversity"}
    assert any("not there" in note for note in report["notes"])


def test_a_recording_without_gesture_is_scored_on_its_words(story, scored_run, tmp_path):
    folder, change = story
    root = scored_run.parent
    text = (root / "study.toml").read_text().replace("simulated = true", "simulated = false")
    for story_name in ("one", "two", "three"):
        text = text.replace(f'"{story_name}.', f'"{(root / story_name).as_posix()}.')
    (tmp_path / "study.toml").write_text(text)
    change(study=str(tmp_path / "study.toml"), simulated=False)
    report = evaluate_path(folder)
    metrics = {r["metric"] for r in report["rows"]}
    assert {"WER", "BLEU-1", "word rate r, placed words", "BC-word minus null"} <= metrics
    assert not any(m.startswith(("r,", "MPJPE", "PCK")) for m in metrics)
    assert any("no gesture was recorded" in note for note in report["notes"])
    assert not report["simulated"] and "SIMULATED" not in format_report(report)


def test_a_story_of_the_training_set_is_called_out(story, scored_run):
    folder, change = story
    root = scored_run.parent
    text = (root / "study.toml").read_text().replace('["one", "two", "three"]', '["two", "three"]')
    (root / "leaky.toml").write_text(text)
    change(study=str(root / "leaky.toml"))
    assert any("WAS IN TRAINING" in note for note in evaluate_path(folder)["notes"])


def test_a_part_of_a_story_is_compared_with_the_same_part_of_the_truth(story):
    folder, _ = story
    whole = {b: read_motion(folder / f"{b}.npz") for b in ("text", "direct")}
    for branch, motion in whole.items():
        write_motion(folder / f"{branch}.npz", motion.slice(30.0, 90.0))
    (found,) = rows(evaluate_path(folder), "direct", "r, one sample", "one")
    assert found["value"] > 0.4 and found["n"] == 900


def test_the_decoded_rate_is_scored_on_the_volumes_of_the_stretch(story, scored_run):
    from fmri2ges.data.words.files import read_words_tsv
    from fmri2ges.evaluation.wordrate import words_per_volume

    folder, _ = story
    times = 1 + 2.0 * np.arange(50)
    heard = words_per_volume(read_words_tsv(scored_run.parent / "one.tsv"), times, 2.0)
    lines = "".join(f"{t}\t{n}\n" for t, n in zip(times, heard))
    (folder / "rate.tsv").write_text("volume_time\twords_per_volume\n" + lines)
    for branch in ("text", "direct"):
        write_motion(folder / f"{branch}.npz", read_motion(folder / f"{branch}.npz").slice(21.0, 90.0))
    (found,) = rows(evaluate_path(folder), "text", "word rate r", "one")
    assert found["value"] == pytest.approx(1) and found["n"] == 34


def test_an_empty_run_says_which_command_makes_a_decode_folder(tmp_path):
    with pytest.raises(UserError, match="fmri2ges decode"):
        evaluate_path(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        evaluate_path(tmp_path / "nothing")


def test_cancelling_leaves_no_report(story):
    folder, _ = story
    with pytest.raises(Cancelled):
        evaluate_path(folder, should_stop=lambda: True)
    assert not (folder / "report.json").exists()


def test_progress_runs_up_to_the_end(story):
    folder, _ = story
    seen = []
    evaluate_path(folder, progress=lambda fraction, message: seen.append(fraction))
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
    found = {r["metric"]: r for r in distribution_rows([Story], rng, notes)}
    assert not notes
    assert abs(found["FGD, N -> infinity"]["value"]) < 0.05 * found["FGD, N -> infinity"]["floor"]
    assert abs(found["KID"]["value"]) < 0.1 * found["KID"]["floor"]
    assert found["KID"]["n"] == 176
