"""BOLD and motion against the length of their words: shares decide, and the likely cause is named."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.data.study.check import check_study
from fmri2ges.data.study.lengths import BOLD, MOTION, Stretch, Verdict, bold_cause, compare, motion_cause
from fmri2ges.types import Words


def speech(seconds: float, start: float = 0.0) -> Words:
    onsets = start + np.arange(0, seconds, 0.5)
    return Words.from_lists([f"w{k}" for k in range(len(onsets))], onsets, np.full(len(onsets), 0.4))


def verdict(seconds: float, words: Words, limits=BOLD, start: float = 0.0) -> Verdict:
    return compare("x", Stretch("BOLD", start, start + seconds, limits), words, "cause").verdict


@given(scale=st.floats(0.5, 60), pad=st.floats(0, 0.4))
def test_the_same_shares_give_the_same_verdict(scale, pad):
    words = speech(60 * scale)
    assert verdict(60 * scale * (1 + pad) + 1, words) is Verdict.FINE
    assert verdict(60 * scale * 2, words) is Verdict.NOTE
    assert verdict(60 * scale * 3.2, words) is Verdict.PROBLEM
    assert verdict(60 * scale * 0.9, words) is Verdict.NOTE
    assert verdict(60 * scale * 0.7, words) is Verdict.PROBLEM
    assert verdict(60 * scale * 0.7, words, MOTION) is Verdict.NOTE
    assert verdict(60 * scale * 0.4, words, MOTION) is Verdict.PROBLEM


def test_a_word_that_begins_where_the_recording_ends_lies_outside():
    words = Words.from_lists(list("abcd"), [10.0, 20.0, 30.0, 40.0], [0.5] * 4)
    assert "1 of 4 words lie outside" in compare("x", Stretch("BOLD", 10.0, 40.0, BOLD), words, "cause").line
    assert compare("x", Stretch("BOLD", 10.0, 40.5, BOLD), words, "cause").verdict is Verdict.FINE
    assert "1 of 4 words lie outside" in compare("x", Stretch("BOLD", 10.5, 41.0, BOLD), words, "cause").line


def test_a_long_story_may_lack_a_minute_at_its_end():
    """Thirty seconds were an error before, in a story of any length."""
    assert verdict(3600, speech(3660)) is Verdict.NOTE
    assert verdict(3600, speech(3600, start=3000)) is Verdict.PROBLEM  # another clock


@pytest.mark.parametrize(
    "n_volumes, n_columns, tr, cause",
    [
        (300, 6, 2000.0, "tr = 2000 looks like milliseconds: write tr = 2"),
        (300, 6, 1500.0, "write tr = 1.5"),
        (300, 6, 0.002, "tr = 0.002 looks a thousand times too small: write tr = 2"),
        (7, 300, 2.0, r"7 rows and 300 columns and looks transposed \(300 x 2 s = 600 s\)"),
        (20484, 300, 2.0, "looks transposed"),
        (300, 6, 1.0, "a TR of 2 s would fit"),
        (600, 6, 2.0, "a TR of 1 s would fit"),
        (4000, 6, 2.0, "the scan may hold more than this story"),
        (30, 6, 2.0, "check tr, first_volume_at and words"),
        (300, 6, 500.0, "no repetition time in seconds"),
    ],
)
def test_the_likely_cause_is_named(n_volumes, n_columns, tr, cause):
    assert re.search(cause, bold_cause(speech(600), n_volumes, n_columns, tr))


def test_a_frame_rate_that_would_fit_is_named():
    assert "at 120 frames per second both would be equally long" in motion_cause(speech(30), 3600, 30.0)
    assert "at 60 frames per second" in motion_cause(speech(30), 1800, 120.0)
    assert "frames per second" not in motion_cause(speech(30), 900, 30.0)
    assert "frames per second" not in motion_cause(speech(30), 400, 30.0)


def test_check_names_both_lengths_of_motion_and_words(toy):
    text = (toy.parent / "g.tsv").read_text().splitlines()
    (toy.parent / "g.tsv").write_text("\n".join(text[:50]) + "\n")
    (note,) = check_study(toy).notes
    assert "gesture g: motion (900 frames at 15 per second) covers 0.0 to 60.0 s, the words 0.0 to 24.4 s" in note
    assert "it lasts 2.5 times as long as the words" in note


def test_check_refuses_a_tr_in_milliseconds(toy):
    toy.write_text(toy.read_text().replace("tr = 2.0", "tr = 2000", 1))
    other_tr, problem = check_study(toy).problems
    assert "subject s1: b and 1 more has TR 2 s, but a has 2000 s" in other_tr
    assert "recording s1/a: BOLD (30 volumes x 2000 s)" in problem and "(1000.0 minutes)" in problem
    assert problem.endswith("tr = 2000 looks like milliseconds: write tr = 2")
    (toy.parent / "a.tsv").write_text("word\tstart\tduration\n")
    problems = check_study(toy).problems
    assert any(p.startswith("recording s1/a: tr = 2000 is no repetition time in seconds") for p in problems)
