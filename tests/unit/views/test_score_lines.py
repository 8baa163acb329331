"""Scores as lines of text: what they say, and when they are grey."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fmri2ges.evaluation.gesture import against_reference, pair
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.measure import row
from fmri2ges.evaluation.metrics import HEARD_R, HEARD_RANK, R_MEAN, SEGMENT_RANK
from fmri2ges.evaluation.rows import Null, NullKind, Row
from fmri2ges.motion.features import from_bones
from fmri2ges.types import Motion
from fmri2ges.views.score_lines import TO_REFERENCE, difference_lines, lines_of, score_line, short
from fmri2ges.views.tracks import Track


def null(p):
    return Null(NullKind.SHIFT, 1000, -0.02, -0.1, 0.07, p, 20.0)


def scored(metric, value, p=0.001, branch="text", n=40):
    return Row(metric, branch, "s", value, n, metric.n_unit, interval=Interval(0.13, 0.35, 7, ""), null=null(p))


@given(st.floats(-1, 1))
@example(0.995)  # as a binary number a little less
@example(-0.995)
def test_a_number_has_two_decimals_and_no_leading_zero(x):
    text = short(x)
    assert abs(float(text) - x) <= 0.00501 and not text.startswith(("0.", "-0.")) or text == "0.00"
    assert not text.startswith("-.00")


def test_a_score_line_says_value_interval_null_and_rank():
    line = score_line(scored(R_MEAN.of(8), 0.26), scored(SEGMENT_RANK, 1 - 1 / 39), "reference")
    assert line.text == "reference: r .26 [.13, .35], null .07, rank 2.0 of 40" and not line.weak


@pytest.mark.parametrize(
    "p, told", [(0.05, "not above chance"), (0.6, "not above chance"), (None, "too short for a p"), (0.049, "")]
)
def test_a_score_at_chance_is_grey_and_says_so(p, told):
    line = score_line(scored(R_MEAN.of(8), 0.26, p))
    assert line.text.endswith(told) and line.weak == bool(told)


def test_without_a_null_it_is_said():
    bare = Row(R_MEAN, "text", "s", 0.3, 40, "frames")
    assert score_line(bare).text == "r .30, no null: the story is too short" and score_line(bare).weak


def test_every_decoded_track_has_a_line_to_the_reference_and_one_to_the_heard_words():
    rows = [scored(m, 0.3) for m in (R_MEAN.of(8), SEGMENT_RANK, HEARD_R.of(8), HEARD_RANK)]
    spoken = [scored(R_MEAN.of(8), 0.5, branch="heard")]
    texts = [line.text for line in lines_of(Track("text"), rows, spoken, True)]
    assert [t.split(":")[0] for t in texts] == ["reference", "heard words"] and all("null" in t for t in texts)
    assert lines_of(Track("direct"), rows, spoken, True) == []
    assert [line.text[:16] for line in lines_of(Track("heard"), rows, spoken, True)] == ["reference: r .50"]
    without = lines_of(Track("text"), rows[2:], [], False)
    assert without[0].weak and "no gesture was recorded" in without[0].text and "heard words" in without[1].text
    assert lines_of(Track("heard"), rows, [], False) == []


@pytest.fixture(scope="module")
def measures():
    """Branch -> measures over 300 s: direct follows the truth closely, text hardly."""
    from scipy.ndimage import gaussian_filter1d

    rng = np.random.default_rng(0)

    def smooth():
        return gaussian_filter1d(rng.normal(size=(4500, 27)), 6, axis=0) * 6

    middle, truth = rng.normal(size=27) * 2, smooth()
    true = Motion(from_bones(middle + truth))
    found = {}
    for branch, share in (("text", 0.2), ("direct", 0.9)):
        motion = Motion(from_bones(middle + share * truth + (1 - share) * smooth()))
        found[branch] = against_reference(pair(true, motion), branch)
    return found


def test_a_clear_difference_is_told_from_none(measures):
    tracks = [Track("text"), Track("direct"), Track("heard"), Track("reference")]
    lines = difference_lines(tracks, {"": [*measures["text"], *measures["direct"]]}, TO_REFERENCE, "s")
    assert len(lines) == 1 and lines[0].text.startswith("direct \u2212 text: +.") and not lines[0].weak
    assert "null -" in lines[0].text
    compared = [Track("text", "A"), Track("text", "B"), Track("direct", "A")]
    both = {"A": [*measures["text"], *measures["direct"]], "B": measures["text"]}
    lines = difference_lines(compared, both, TO_REFERENCE, "s")
    assert [line.text.split(":")[0] for line in lines] == ["text A \u2212 text B", "direct A \u2212 text A"]
    assert lines[0].weak and lines[0].text.endswith("the interval includes 0")  # the same motion twice


def test_the_rank_is_that_of_the_identification(measures):
    rank = next(m for m in measures["direct"] if m.metric == SEGMENT_RANK)
    found = row(rank, np.random.default_rng(0), "s")
    assert found.n == 30 and found.value > 0.9
    told = score_line(scored(R_MEAN.of(1), 0.9), found).text
    assert f"rank {1 + (1 - found.value) * 29:.1f} of 30" in told
