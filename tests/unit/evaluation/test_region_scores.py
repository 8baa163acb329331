"""Scores kept in blocks are the scores of `evaluate`; intervals of differences cover; nulls are nulls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.fold_means import at_own_means
from fmri2ges.evaluation.gesture import block_sums, r_of_sums, weighted_r
from fmri2ges.evaluation.region_effects import Scored, interval_of, shift_null, size_null
from fmri2ges.evaluation.region_scores import (
    Course,
    TimedVectors,
    correlation_in_blocks,
    gesture_scores,
    meaning_scores,
    rate_score,
)
from fmri2ges.evaluation.text import against_transcript
from fmri2ges.types import Words


@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(1, 4), st.floats(0, 2))
def test_contributions_in_time_have_the_correlation_as_their_mean(seed, n, columns, share):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, columns)) * rng.uniform(0.1, 5, columns)
    b = share * a + rng.standard_normal((n, columns)) + 3
    assert correlation_in_blocks(Course(a), Course(b), n).mean() == pytest.approx(weighted_r(a, b), abs=1e-9)
    for blocks in (1, 3, 7):
        assert correlation_in_blocks(Course(a), Course(b), blocks).mean() == pytest.approx(weighted_r(a, b), abs=1e-9)


def test_a_prediction_that_does_not_move_scores_nothing():
    a = np.random.default_rng(0).standard_normal((100, 3))
    assert not correlation_in_blocks(Course(a), Course(np.ones((100, 3))), 7).any()
    assert not correlation_in_blocks(Course(np.ones((100, 3))), Course(a), 7).any()


def test_blocks_vary_as_a_bootstrap_of_the_correlation_itself_does():
    rng = np.random.default_rng(1)
    a = rng.standard_normal((30_000, 4)) * (1, 2, 3, 1)
    b = 0.6 * a + rng.standard_normal((30_000, 4))
    counts = rng.multinomial(60, np.full(60, 1 / 60), size=3000).astype(float)
    exact = r_of_sums(counts, block_sums(a, b, 60)).std()
    linear = (counts @ correlation_in_blocks(Course(a), Course(b), 60) / 60).std()
    assert linear == pytest.approx(exact, rel=0.05)


def without(words: Words, start: float, stop: float) -> Words:
    keep = (words.start < start) | (words.start >= stop)
    return Words(tuple(np.array(words.text)[keep].tolist()), words.start[keep], words.duration[keep])


@pytest.mark.parametrize("silence", ["", "ends", "middle"])
def test_scores_of_words_are_those_of_evaluate_also_where_nothing_is_heard_for_a_while(silence):
    rng = np.random.default_rng(2)
    vocabulary = {f"w{k}": rng.standard_normal(5) for k in range(20)}

    def embed(text):
        return np.array([vocabulary[w] for w in text]).reshape(-1, 5)

    def speech(seed):
        own = np.random.default_rng(seed)
        start = np.sort(own.uniform(0, 200, 300))
        return Words(tuple(own.choice(list(vocabulary), 300).tolist()), start, np.full(300, 0.1))

    heard, decoded = speech(0), speech(1)
    if silence:  # a scan that begins before its story, and a pause
        heard = heard.slice(45.0, 125.0) if silence == "ends" else without(heard, 60.0, 105.0)
    text = TimedVectors(embed(decoded.text), decoded.start)
    quick = {s.metric.id: s for s in meaning_scores(heard, [text], 0.0, 200.0, embed, True)}
    for measure in against_transcript(heard, decoded, 0.0, 200.0, embed):
        if measure.metric.id in quick:
            score = quick.pop(measure.metric.id)
            assert score.value == pytest.approx(measure.value, abs=1e-9)
            np.testing.assert_allclose(score.shifted, measure.shifted[::2], atol=1e-9)
            assert measure.n == {"": 10, "ends": 5, "middle": 8}[silence]
            assert len(score.blocks) == measure.blocks
    assert not quick


def test_shifts_of_gestures_and_rates_begin_at_20_s():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 1500, 3))
    r, rank = gesture_scores(Course(a), Course(b), "direct", True)
    rolled = [weighted_r(a, np.roll(b, k, axis=0)) for k in range(300, 1201, 30)]
    np.testing.assert_allclose(r.shifted, rolled, atol=1e-9)
    assert (r.metric, rank.metric) == (metrics.R_EXPECTED, metrics.SEGMENT_RANK)
    x, y = rng.standard_normal((2, 60))
    assert rate_score(x, y, 2.0, True).value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert not len(gesture_scores(Course(a), Course(b), "direct", False)[0].shifted)


def test_folds_that_expect_the_mean_of_their_training_part_are_no_evidence_against_a_region():
    """A model that reads nothing gives in each fold the mean of the others: r is well below 0, and 0 at own means."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng([9, seed])
        true = np.cumsum(rng.standard_normal((3000, 3)), 0) * 0.1 + rng.standard_normal((3000, 3))
        edges = [0, 600, 1200, 1800, 2400]
        noise = 0.3 * rng.standard_normal((3000, 3))
        made = np.concatenate([np.tile(np.delete(true, np.s_[a : a + 600], 0).mean(0), (600, 1)) for a in edges])
        found.append((weighted_r(true, made + noise), weighted_r(true, at_own_means(made + noise, edges))))
    plain, own = np.mean(found, 0)
    assert plain < -0.5 and abs(own) < 0.02


def test_a_single_stretch_stays_as_it_is():
    a = np.random.default_rng(0).standard_normal((100, 2)) + 3
    assert at_own_means(a, [0]) is a


@pytest.mark.parametrize("stories", [6, 2])
def test_intervals_of_a_difference_cover_it(stories):
    covered = 0
    for k in range(400):
        rng = np.random.default_rng([7, k])
        common = rng.standard_normal((stories, 7))  # what is hard for one choice is hard for the other
        one = Scored(tuple(0.3 + common + 0.3 * rng.standard_normal((stories, 7))), ())
        two = Scored(tuple(common + 0.3 * rng.standard_normal((stories, 7))), ())
        interval = interval_of(one - two, rng)
        covered += interval.low <= 0.3 <= interval.high
    assert 0.91 <= covered / 400 <= 0.98  # 6 units undercover a little, see `evaluation.intervals`


def test_p_is_uniform_when_nothing_is_there():
    p = []
    for k in range(200):
        rng = np.random.default_rng([8, k])
        curves = rng.standard_normal((4, 131)) / np.sqrt(4)
        scored = Scored(tuple(np.full(5, c) for c in rng.standard_normal(4) / np.sqrt(4)), tuple(curves))
        p.append(shift_null(scored, metrics.R_EXPECTED, k).p)
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.1
    assert abs(np.mean(p) - 0.5) < 0.06


def test_p_knows_how_few_shifts_are_independent():
    curve = np.repeat(np.random.default_rng(4).standard_normal(40), 25)  # a thousand shifts, worth forty draws or so
    null = shift_null(Scored((np.full(7, 4.0),), (curve,)), metrics.R_EXPECTED, 0)
    assert 15 < null.draws < 100 and null.p > 2 * 6e-5  # what a normal distribution of known width would give twice
    few = shift_null(Scored((np.full(7, 9.0),), (np.repeat(curve[::200], 200),)), metrics.R_EXPECTED, 0)
    assert few.p is None
    assert shift_null(Scored((np.ones(1),), (np.zeros(0),)), metrics.R_EXPECTED, 0) is None


def test_a_prediction_that_does_not_move_has_p_1():
    still = Scored((np.zeros(7), np.zeros(7)), (np.zeros(50), np.zeros(50)))
    assert shift_null(still, metrics.R_EXPECTED, 0).p == 1


def test_a_large_empty_region_does_not_beat_a_small_planted_one():
    """Scores of random regions grow with their size; only the comparison with their own size is fair."""
    rng = np.random.default_rng(9)

    def others(size):  # what random regions of a size carry in a brain where much is planted
        return 0.02 * size + 0.03 * rng.standard_normal(50)

    small = size_null(0.12, metrics.R_EXPECTED, others(2))  # planted
    large = size_null(0.2, metrics.R_EXPECTED, others(20))  # empty itself, and still the larger score
    assert small.p < 0.05 < 0.9 < large.p
    assert size_null(0.1, metrics.R_EXPECTED, np.zeros(0)) is None
