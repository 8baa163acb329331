"""FGD and KID of decoded stories: how many stories stand behind a row."""

from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.rows import ALL_STORIES
from fmri2ges.reports.distribution import distribution_rows, motion_windows

SECONDS = 370.0  # 163 windows, more than the 160 that a distance needs


@pytest.fixture(scope="module")
def stories(synthetic):
    """Two stories that the direct branch decoded, one of them also by the text branch."""
    rng = np.random.default_rng(4)
    motions = {name: synthetic.gesture(rng, SECONDS)[0] for name in ("one", "two")}
    split = SimpleNamespace(test_stories=tuple(motions), validation_stories=())
    study = SimpleNamespace(split=split, truth=motions.get, gestures=())
    return [
        SimpleNamespace(
            story=name, study=study, motions={"direct": motion, **({"text": motion} if name == "two" else {})}
        )
        for name, motion in motions.items()
    ]


@pytest.fixture(scope="module")
def rows(stories):
    """The rows by branch and metric."""
    return {(r.branch, r.metric): r for r in distribution_rows(stories, np.random.default_rng(0), [])}


def test_a_row_counts_the_stories_that_its_branch_decoded(stories, rows):
    assert {branch for branch, _ in rows} == {"text", "direct"}
    for metric in (metrics.FGD, metrics.KID):
        text, direct = rows["text", metric], rows["direct", metric]
        assert (text.stories, text.story) == (1, "two") and (direct.stories, direct.story) == (2, ALL_STORIES)
        assert text.n == len(motion_windows(stories[1].motions["text"])) and direct.n == 2 * text.n


def test_the_same_motion_is_near_and_a_held_pose_is_far(rows):
    row = rows["direct", metrics.FGD]
    assert abs(row.value) < 0.05 * row.floor


def test_too_little_motion_is_told_and_gives_no_row(stories, synthetic):
    short = synthetic.gesture(np.random.default_rng(5), 60.0)[0]
    notes: list[str] = []
    few = [SimpleNamespace(story="one", study=stories[0].study, motions={"direct": short})]
    assert distribution_rows(few, np.random.default_rng(0), notes) == []
    assert len(notes) == 1 and notes[0].startswith("direct branch: FGD: 26 and ") and "at least 160" in notes[0]
