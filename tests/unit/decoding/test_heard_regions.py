"""Regions scored against T2G of the heard words: a planted region is found, a null brain stays at chance."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.decoding.heard import HeardGestures
from fmri2ges.decoding.regions import Choice, RegionDecoder
from fmri2ges.decoding.run import open_run
from fmri2ges.demo.world import TEST
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.region_effects import Scored, shift_null

SUBJECT, STORIES, BRANCHES = "sub-01", TEST[:2], ("text", "direct")


@pytest.fixture(scope="module")
def heard():
    return HeardGestures()  # made once for all tests


def nulls(run, rois, heard):
    """For each branch the r against the heard words over all stories, with its null."""
    decoder = RegionDecoder(run, SUBJECT, STORIES, heard)
    found = decoder.scores(Choice(run.columns(rois, SUBJECT), BRANCHES))
    result = {}
    for branch in BRANCHES:
        own = [
            s for scores in found.values() for s in scores if (s.metric, s.branch) == (metrics.HEARD_R_EXPECTED, branch)
        ]
        scored = Scored(tuple(s.blocks for s in own), tuple(s.shifted for s in own))
        result[branch] = scored.value, shift_null(scored, metrics.HEARD_R_EXPECTED, 0)
    return result


def test_all_regions_agree_with_the_heard_words_and_an_unplanted_one_does_not(heard):
    run = open_run("demo", device="cpu")
    for branch, (value, null) in nulls(run, ("all",), heard).items():
        assert value > 2 * null.q95 and null.p < 0.01, branch
    for branch, (value, null) in nulls(run, ("Visual",), heard).items():
        assert abs(value) < 0.1 and null.p > 0.01, branch


def test_a_null_brain_is_at_chance(heard, monkeypatch):
    """The models read noise in the place of the BOLD; the words, and so the reference, are those of the story."""
    run = open_run("demo", device="cpu")
    read = run.recording

    def noise(subject, story):
        recording = read(subject, story)
        made = np.random.default_rng(STORIES.index(story)).standard_normal(recording.bold.shape)
        return replace(recording, bold=made.astype(np.float32))

    monkeypatch.setattr(run, "recording", noise)
    for branch, (value, null) in nulls(run, ("all",), heard).items():
        assert abs(value) < 0.1 and null.p > 0.01, branch
