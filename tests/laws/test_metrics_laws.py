"""What must hold of the scores for any data."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fmri2ges.evaluation.fgd import frechet_distance
from fmri2ges.evaluation.gesture import ranks, weighted_r
from fmri2ges.evaluation.intervals import bootstrap_mean
from fmri2ges.evaluation.nulls import benjamini_hochberg, correlation_at_shifts, holm, p_value

NUMBERS = st.floats(-100, 100, width=32)
SERIES = arrays(np.float64, st.tuples(st.integers(8, 40), st.integers(1, 4)), elements=NUMBERS)
P_VALUES = arrays(np.float64, st.integers(1, 30), elements=st.floats(1e-6, 1))


@given(SERIES, st.integers(0, 2**31))
def test_r_lies_between_minus_one_and_one(a, seed):
    b = np.random.default_rng(seed).standard_normal(a.shape)
    assert abs(weighted_r(a, b)) <= 1 + 1e-6


@given(SERIES, st.floats(0.1, 10), st.floats(-50, 50))
def test_r_ignores_scale_and_offset_of_the_prediction(a, scale, offset):
    assume(a.std(0).min() > 1e-2)
    assert abs(weighted_r(a, scale * a + offset) - 1) < 1e-4
    assert abs(weighted_r(a, -scale * a + offset) + 1) < 1e-4


@given(SERIES, st.integers(0, 2**31), st.integers(1, 7))
def test_shifting_by_hand_is_shifting_by_fft(a, seed, shift):
    b = np.random.default_rng(seed).standard_normal(a.shape)
    by_fft = correlation_at_shifts(a, b, np.array([shift]))[0]
    assert abs(by_fft - weighted_r(a, np.roll(b, shift, axis=0))) < 1e-8


@given(arrays(np.float64, st.tuples(st.integers(2, 8), st.just(5)), elements=NUMBERS))
def test_ranks_average_to_one_half_in_every_row(likeness):
    assert np.allclose(ranks(likeness).mean(1), 0.5)


@given(st.lists(NUMBERS, min_size=1, max_size=50), NUMBERS)
def test_p_is_never_zero_and_falls_with_the_score(null, observed):
    p = p_value(observed, np.array(null))
    assert 1 / (1 + len(null)) <= p <= 1
    assert p_value(observed + 1, np.array(null)) <= p


@given(P_VALUES)
def test_corrections_only_raise_p_and_keep_the_order(p):
    for adjusted in (holm(p), benjamini_hochberg(p)):
        assert (adjusted >= p - 1e-12).all() and (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


@settings(max_examples=40)
@given(arrays(np.float64, st.integers(5, 20), elements=NUMBERS), st.integers(0, 1000))
def test_an_interval_always_contains_its_estimate(values, seed):
    interval = bootstrap_mean(values, np.random.default_rng(seed), n=200)
    assert interval.low - 1e-9 <= values.mean() <= interval.high + 1e-9


@given(st.integers(0, 2**31), st.floats(0, 5))
def test_frechet_distance_is_symmetric_and_grows_with_the_gap(seed, gap):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, 30, 5))
    assert frechet_distance(a, b) > -1e-9
    assert abs(frechet_distance(a, b) - frechet_distance(b, a)) < 1e-8
    assert abs(frechet_distance(a, a + gap) - 5 * gap**2) < 1e-6
