"""p values and intervals mean what they say, on data whose truth is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter
from scipy.stats import binom

from fmri2ges.evaluation.gesture import block_sums, r_of_sums
from fmri2ges.evaluation.intervals import bootstrap, bootstrap_mean
from fmri2ges.evaluation.measure import Measure, pool, row
from fmri2ges.evaluation.metrics import R_ONE
from fmri2ges.evaluation.nulls import allowed_shifts, correlation_at_shifts

RATE = 15.0


def smooth_noise(rng, n, columns=3, seconds=1.0):
    """Noise with a memory of about a second, like gesture."""
    return gaussian_filter1d(rng.standard_normal((n, columns)), seconds * RATE, axis=0)


def posture(rng, n, columns=3):
    """Noise that moves within half a second, and drifts over 12 s as posture does."""
    total = np.zeros((n, columns))
    for seconds, share in ((0.5, 1.0), (2.0, 0.7), (12.0, 0.7)):
        keep = np.exp(-1 / (seconds * RATE))
        lead = int(5 * seconds * RATE)
        total += (
            share * lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal((n + lead, columns)), axis=0)[lead:]
        )
    return total


def null_p(rng, stories, seconds, noise=smooth_noise):
    """p of the row that `evaluate` makes of stories in which nothing is to be found."""
    n = int(seconds * RATE)
    everything = np.append(0, allowed_shifts(n, RATE))
    measures = []
    for _ in range(stories):
        curve = correlation_at_shifts(noise(rng, n), noise(rng, n), everything)
        measures.append(Measure(R_ONE, "direct", float(curve[0]), shifted=curve[1:], n=n))
    line = row(measures[0], rng, "one") if stories == 1 else pool(measures, rng)
    return 1.0 if line.p is None else line.p


@pytest.mark.slow
@pytest.mark.parametrize("stories, seconds", [(1, 300), (6, 120)])
def test_p_is_uniform_when_there_is_nothing_to_find(stories, seconds):
    rng = np.random.default_rng(11)
    n = 400
    p = np.array([null_p(rng, stories, seconds) for _ in range(n)])
    for level in (0.05, 0.25, 0.5):
        low, high = binom.ppf([0.0025, 0.9975], n, level) / n
        assert low <= (p < level).mean() <= high


@pytest.mark.parametrize("stories, seconds", [(1, 60), (1, 120), (1, 300), (6, 60), (3, 120)])
def test_slow_movements_do_not_make_p_too_small(stories, seconds):
    """With every shift counted as independent, p < .05 came in 7 to 22 % of such recordings, p < .01 in 2 to 16 %."""
    rng = np.random.default_rng(12)
    n = 150
    p = np.array([null_p(rng, stories, seconds, posture) for _ in range(n)])
    assert (p < 0.05).mean() <= binom.ppf(0.999, n, 0.05) / n
    assert (p < 0.01).mean() <= binom.ppf(0.999, n, 0.01) / n


def coverage(rng, draw, truth, repetitions=400):
    hits = [interval.low <= truth <= interval.high for interval in (draw(rng) for _ in range(repetitions))]
    return float(np.mean(hits))


@pytest.mark.slow
@pytest.mark.parametrize("stories, least", [(6, 0.92), (12, 0.93), (30, 0.93)])
def test_intervals_over_stories_cover_93_to_97_percent(stories, least):
    """With 6 stories a little less: `evaluation.intervals` lists what was measured."""
    rng = np.random.default_rng(12)

    def draw(rng):
        return bootstrap_mean(0.2 + 0.05 * rng.standard_normal(stories), rng, n=2000)

    assert least <= coverage(rng, draw, 0.2, 1500) <= 0.97


@pytest.mark.slow
def test_intervals_over_blocks_of_one_long_story_cover_the_true_r():
    rng = np.random.default_rng(13)
    n, blocks = int(600 * RATE), 15
    share = 0.3

    def draw(rng):
        a = smooth_noise(rng, n)
        b = share * a + np.sqrt(1 - share**2) * smooth_noise(rng, n)
        sums = block_sums(a, b, blocks)
        return bootstrap(lambda w: r_of_sums(w, sums), blocks, rng, n=2000)

    assert 0.92 <= coverage(rng, draw, share) <= 0.975
