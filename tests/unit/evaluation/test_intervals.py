import numpy as np
import pytest
from scipy import stats

from fmri2ges.evaluation.intervals import (
    block_edges,
    block_means,
    bootstrap,
    bootstrap_mean,
    count_blocks,
    jackknife,
    share_interval,
    t_interval,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_blocks_are_40_to_60_s_and_cover_everything():
    for seconds in range(80, 1000, 7):
        assert 40 <= seconds / count_blocks(seconds) <= 60
    assert count_blocks(79) == 1
    assert block_edges(103, 5)[0] == 0 and block_edges(103, 5)[-1] == 103
    assert np.allclose(block_means(np.arange(6.0), 3), [0.5, 2.5, 4.5])


def test_a_few_blocks_give_no_interval(rng):
    assert bootstrap_mean(np.arange(4.0), rng) is None
    assert jackknife(lambda k: float(k.mean()), 4) is None
    assert t_interval(np.array([1.0])) is None


def test_bootstrap_of_a_mean_comes_close_to_the_t_interval(rng):
    x = rng.standard_normal(40)
    ours, t = bootstrap_mean(x, rng, n=20000), t_interval(x)
    assert (ours.low, ours.high) == pytest.approx((t.low, t.high), abs=0.03)


def test_t_interval_agrees_with_scipy(rng):
    x = rng.standard_normal(6)
    theirs = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    ours = t_interval(x, "worlds")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert ours.method == "t over 6 worlds"


def test_the_jackknife_of_a_mean_is_the_t_interval(rng):
    x = rng.standard_normal(8)
    ours, t = jackknife(lambda k: float(x[k].mean()), 8), t_interval(x)
    assert (ours.low, ours.high) == pytest.approx((t.low, t.high))


def test_the_interval_contains_an_estimate_that_the_draws_miss(rng):
    # The number of distinct blocks drawn is always below the estimate.
    interval = bootstrap(lambda w: (w > 0).sum(1).astype(float), 30, rng, n=500)
    assert interval.low <= 30 <= interval.high


def test_the_interval_of_a_share_is_wilsons_and_never_empty():
    hits = np.zeros(40)
    hits[::10] = 1  # no more alike within blocks than chance
    found, theirs = share_interval(hits, 8), stats.binomtest(4, 40).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    none, every = share_interval(np.zeros(40), 8), share_interval(np.ones(40), 8)
    assert (none.low, round(none.high, 3)) == (0, 0.088) and (round(every.low, 3), every.high) == (0.912, 1)
    assert share_interval(hits, 4) is None


def test_hits_that_come_in_blocks_widen_the_interval_of_their_share():
    spread, lumped = np.tile([1, 0, 0, 0], 10), np.repeat([1, 0, 0, 0], 10)
    a, b = share_interval(spread, 8), share_interval(lumped, 8)
    assert b.high - b.low > 1.5 * (a.high - a.low)
