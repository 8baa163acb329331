"""Word rate in the report: each fold at its own mean and scale, and several listeners of one story together."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.decoding.stories import DecodedStory
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.report import format_report
from fmri2ges.reports.evaluate import evaluate_stories
from fmri2ges.reports.null_texts import NullTexts
from fmri2ges.reports.word_rate import listeners_rows, rate_measures, rate_notes
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.text.timing import word_counts
from fmri2ges.types import Words
from fmri2ges.work import QUIET
from tests.conftest import make_motion

N, FOLDS = 300, 5
TIMES = 1.0 + 2.0 * np.arange(N)


def make_study(folder, stories, split: str):
    """Five listeners of stories of ten minutes, in tables of two ROIs."""
    lines = ['name = "five"']
    for k, story in enumerate(stories):
        start = np.cumsum(0.1 + np.random.default_rng(k).exponential(0.29, 1500))
        words = Words((f"word{k}",) * 1500, start, np.full(1500, 0.1))
        write_words_tsv(folder / f"{story}.tsv", words)
        for subject in "12345":
            np.save(folder / f"{subject}.npy", np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32) + 100)
            lines += ["[[recording]]", f'subject = "{subject}"', f'story = "{story}"', f'bold = "{subject}.npy"']
            lines += ["tr = 2.0", "first_volume_at = 1.0", 'columns = ["A", "B"]', f'words = "{story}.tsv"']
    (folder / "study.toml").write_text("\n".join([*lines, "[split]", split, ""]))
    return load_study(folder / "study.toml")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """One story, split into folds."""
    return make_study(tmp_path_factory.mktemp("one"), ("tale",), f"within_story_folds = {FOLDS}\ngap = 16.0")


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Three stories, two of them held out."""
    return make_study(tmp_path_factory.mktemp("three"), ("yarn", "tale", "song"), 'test_stories = ["tale", "song"]')


def decoded(study, subject: str, story: str = "tale", share: float = 0.3, seed: int = 0) -> DecodedStory:
    """A result whose rate follows the words heard with r of about `share`; fifths of it differ in mean and scale."""
    rng = np.random.default_rng([seed, int(subject), len(story), ord(story[0])])
    request = DecodeRequest("run", subject, story, ("all",), samples=1, start=0.0, stop=2.0 * N)
    result = DecodedStory(Decoded(request, text=make_motion(rng, int(2 * N * 15))), study)
    counts = word_counts(result.heard, TIMES, 2.0)
    z = share * (counts - counts.mean()) / counts.std() + np.sqrt(1 - share**2) * rng.normal(size=N)
    fold = np.concatenate([np.full(len(rows), k) for k, rows in enumerate(np.array_split(TIMES, FOLDS))])
    rate = 5 + 0.5 * rng.normal(size=FOLDS)[fold] + rng.uniform(0.1, 1, FOLDS)[fold] * z
    manifest = {"rate_note": "mean of four forms", "simulated": True, "study": str(study.path)}
    return replace(result, decoded=replace(result.decoded, rate=np.stack([TIMES, rate], 1), manifest=manifest))


def test_means_and_scales_of_folds_do_not_count(study):
    story = decoded(study, "1", share=1.0)
    (row,) = rate_measures(story)
    assert row.value > 0.97 and row.note == "decoded words per volume: mean of four forms"
    bent = story.decoded.rate.copy()
    bent[: N // FOLDS, 1] = 40 - 0.01 * (40 - bent[: N // FOLDS, 1])
    (again,) = rate_measures(replace(story, decoded=replace(story.decoded, rate=bent)))
    assert again.value == pytest.approx(row.value)


def test_listeners_together_have_rows_with_null_and_interval(study):
    stories = [decoded(study, s) for s in "12345"]
    mean, single = listeners_rows(stories, np.random.default_rng(0), [])
    each = [rate_measures(s)[0].value for s in stories]
    assert (mean.metric, single.metric) == (metrics.WORD_RATE_OF_MEAN.of(5), metrics.WORD_RATE_SINGLE.of(5))
    assert single.value == pytest.approx(np.mean(each)) == pytest.approx(0.3, abs=0.06)
    assert mean.value == pytest.approx(0.3 / np.sqrt(0.09 + 0.91 / 5), abs=0.1)  # their noise is their own
    for row in (mean, single):
        assert row.p < 0.01 and row.interval.low < row.value < row.interval.high and row.null.q95 < row.value
        assert row.setting.subject == "5 listeners" and row.n == N and row.story == "tale"
    assert single.null.q95 < rate_measures(stories[0])[0].value


def test_listeners_of_different_stretches_are_scored_where_all_were_decoded(study):
    whole = [decoded(study, s) for s in "123"]
    stretches = ((0.0, 400.0), (200.0, 600.0), (100.0, 500.0))
    cut = [replace(s, decoded=s.decoded.window(*span)) for s, span in zip(whole, stretches, strict=True)]
    shared = [replace(s, decoded=s.decoded.window(200.0, 400.0)) for s in whole]
    for found, wanted in zip(*(listeners_rows(s, np.random.default_rng(0), []) for s in (cut, shared)), strict=True):
        assert found.n == 100 and found.value == wanted.value and found.null == wanted.null


def test_without_signal_both_rows_stay_within_their_null(study):
    rows = [
        listeners_rows([decoded(study, s, share=0.0, seed=k) for s in "12345"], np.random.default_rng(0), [])
        for k in range(8)
    ]
    p = np.array([[row.p for row in pair] for pair in rows])
    assert (p < 0.05).mean(0).max() <= 0.25 and np.abs(np.mean([[r.value for r in pair] for pair in rows])) < 0.06


def test_rows_of_several_stories_and_their_mean_stand_in_the_printed_report(several):
    stories = [decoded(several, s, story) for s in "123" for story in ("tale", "song")]
    report = evaluate_stories(stories, 0, NullTexts(0, "serial"), QUIET)
    found = [r for r in report.rows if r.id == metrics.WORD_RATE_OF_MEAN.id]
    assert [(r.story, r.stories, r.label) for r in found] == [
        ("tale", 1, "rate r, mean of 3 listeners"),
        ("song", 1, "rate r, mean of 3 listeners"),
        ("all stories", 2, "rate r, mean of 3 listeners"),
    ]
    text = format_report(report)
    assert "text branch, tale, subject 3 listeners, ROIs all" in text
    assert max(map(len, text.splitlines())) <= 120


def test_one_listener_or_listeners_of_other_words_have_no_row(study, several):
    assert listeners_rows([decoded(several, "1"), decoded(several, "2", "song")], np.random.default_rng(0), []) == []
    one, two = decoded(study, "1"), decoded(study, "2")
    two.__dict__["heard"] = Words(("other",), np.zeros(1), np.ones(1))
    notes: list[str] = []
    assert listeners_rows([one, two], np.random.default_rng(0), notes) == []
    assert notes == ["tale: listeners differ in words or times of volumes, so there is no row of all"]


def test_the_report_says_how_each_rate_was_decoded(study, several):
    stories = [decoded(study, s) for s in "12"]
    folds = (
        "every fold of a story has models of its own: r of gestures takes each at its own mean, r of word rates "
        "each at mean 0 and variance 1"
    )
    assert rate_notes(stories) == ["word rate: mean of four forms", folds]
    own = replace(stories[1].decoded, manifest=stories[1].decoded.manifest | {"rate_note": "mean of two forms"})
    lines = rate_notes([stories[0], replace(stories[1], decoded=own)])
    assert lines[:2] == ["word rate of 1: mean of four forms", "word rate of 2: mean of two forms"]
    assert rate_notes([decoded(several, "1")]) == ["word rate: mean of four forms"]
