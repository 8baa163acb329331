import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.stats import false_discovery_control

from fmri2ges.errors import UserError
from fmri2ges.evaluation.metrics import Better
from fmri2ges.evaluation.nulls import (
    allowed_shifts,
    benjamini_hochberg,
    combine_stories,
    correlation_at_shifts,
    holm,
    independent_draws,
    p_value,
    shift_p,
    swap_null,
)
from tests.counting import calls


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_shifts_stay_20_s_away_from_the_truth_in_both_directions():
    shifts = allowed_shifts(900, 15.0)
    assert shifts[0] == 300 and shifts[-1] == 600
    assert len(allowed_shifts(500, 15.0)) == 0


def test_fft_gives_the_correlation_of_every_shift(rng):
    a, b = rng.standard_normal((61, 4)) * [1, 5, 2, 1], rng.standard_normal((61, 4))
    shifts = np.array([0, 1, 20, 40])
    direct = [
        np.average([np.corrcoef(a[:, d], np.roll(b, s, axis=0)[:, d])[0, 1] for d in range(4)], weights=a.var(0))
        for s in shifts
    ]
    assert np.allclose(correlation_at_shifts(a, b, shifts), direct)


def test_a_story_alone_uses_each_shift_once_and_several_are_shifted_independently(rng):
    curve = np.arange(10.0)
    assert np.array_equal(combine_stories([curve], rng), curve)
    both = combine_stories([curve, curve], rng, 5000)
    # A common shift could only give the ten integers.
    assert len(np.unique(both)) > 10
    assert both.var() == pytest.approx(curve.var() / 2, rel=0.1)


def test_a_short_story_is_refused_with_the_length_it_needs(rng):
    with pytest.raises(UserError, match="40 s"):
        combine_stories([np.arange(3.0), np.array([])], rng)


def test_p_counts_the_observed_value_itself():
    null = np.arange(99)
    assert p_value(200, null) == pytest.approx(1 / 100)
    assert p_value(-1, null) == 1
    assert p_value(-1, null, better="lower") == pytest.approx(1 / 100)
    assert p_value(98, null) == pytest.approx(2 / 100)  # a tie counts against us


def test_swap_never_pairs_a_story_with_itself(rng):
    table = np.where(np.eye(5, dtype=bool), 1.0, 0.0)
    assert len(swap_null(table, rng)) == 44 and swap_null(table, rng).max() == 0
    assert swap_null(np.where(np.eye(9, dtype=bool), 1.0, 0.0), rng, 50).max() == 0
    with pytest.raises(UserError, match="2 stories"):
        swap_null(np.ones((1, 1)), rng)


def test_holm_by_its_definition(rng):
    p = rng.uniform(0, 0.1, 12)
    order = np.argsort(p)
    for alpha in (0.01, 0.03, 0.05, 0.2):
        rejected = set()
        for step, k in enumerate(order):
            if p[k] > alpha / (12 - step):
                break
            rejected.add(int(k))
        assert rejected == set(np.flatnonzero(holm(p) <= alpha).tolist())


def test_benjamini_hochberg_agrees_with_scipy(rng):
    p = rng.uniform(0, 1, 30) ** 2
    assert np.allclose(benjamini_hochberg(p), false_discovery_control(p))


def test_a_thousand_independent_shifts_of_six_stories_take_the_work_of_ten(rng):
    stories = [(rng.standard_normal((4500, 18)), rng.standard_normal((4500, 18))) for _ in range(6)]
    shifts = allowed_shifts(4500, 15.0)
    found = {}

    def null(n: int) -> None:
        curves = [correlation_at_shifts(a, b, shifts[:n]) for a, b in stories]
        found[n] = combine_stories(curves, np.random.default_rng(0), n)

    assert calls(lambda: null(1000)) < 1.1 * calls(lambda: null(10))
    assert len(found[1000]) == 1000


def test_neighbours_that_are_alike_count_as_one_draw(rng):
    """An autoregressive series of coefficient a is worth n (1 - a) / (1 + a) draws: a law of its integrated time."""
    from scipy.signal import lfilter

    for a in (0.0, 0.5, 0.9, 0.98):
        found = [independent_draws(lfilter([1], [1, -a], rng.standard_normal(20_000))) for _ in range(5)]
        assert np.mean(found) == pytest.approx(20_000 * (1 - a) / (1 + a), rel=0.25)


def test_draws_lie_between_one_and_the_number_of_shifts(rng):
    assert independent_draws(np.zeros(0)) == 0
    assert independent_draws(np.ones(50)) == 1
    assert independent_draws(np.arange(50.0)) < 5
    assert independent_draws(rng.permutation(50)) <= 50


def test_p_of_shifts_allows_for_how_few_of_them_are_independent(rng):
    curve = gaussian_filter1d(rng.standard_normal(3000), 30, mode="wrap")
    sd = curve.std()
    found = [shift_p(k * sd, [curve], curve) for k in (-3, 0, 1, 2, 3, 6)]
    assert found == sorted(found, reverse=True) and found[1] == pytest.approx(0.5, abs=0.2)
    assert found[3] > p_value(2 * sd, curve) and found[-1] >= 1 / 3001
    assert shift_p(-2 * sd, [-curve], -curve, Better.LOWER) == pytest.approx(found[3])
    assert shift_p(6 * sd, [curve[:100]], curve[:100]) is None  # a few seconds of one smooth curve
    several = [gaussian_filter1d(rng.standard_normal(3000), 30, mode="wrap") for _ in range(4)]
    mean = combine_stories(several, rng, 20_000)
    assert shift_p(1.5 * sd, several, mean) < 0.02  # 3 sd of the mean of four
    assert shift_p(0.1, [np.zeros(500)] * 2, np.zeros(900)) is None
