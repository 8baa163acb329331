"""Draws of the true posterior lie on the diagonal, surer ones below it, and counts are those of a small example."""

import numpy as np
import pytest

from fmri2ges.evaluation.reliability import Bin, Reliability, describe, reliability
from fmri2ges.evaluation.rows import Setting
from fmri2ges.types import Words


def text(words: str, at) -> Words:
    return Words(tuple(words.split()), np.asarray(at, float), np.full(len(at), 0.1))


def test_counts_of_a_small_example():
    heard = text("a b b", [1, 2, 6])
    texts = [text("a c", [1, 2]), text("a a", [1, 5])]
    # The other text says a once in window 1, twice; c there once, and a in window 2 once: nobody else does.
    assert reliability([(texts, heard, 0.0, 8.0)]) == [Bin(1.0, 0.5, 0.5, 4)]
    assert reliability([(texts, heard, 0.0, 3.0)]) == []  # no whole window


def draws(sharpness: float, rng=None):
    """Stories whose words are drawn from known odds; the texts are drawn from these odds to a power."""
    rng, at, names = np.random.default_rng(0), 1.0 + 4.0 * np.arange(400), np.array(list("abcdef"))
    stories = []
    for _ in range(10):
        odds = rng.dirichlet(np.full(6, 0.5), 400)
        sharp = odds**sharpness / (odds**sharpness).sum(1, keepdims=True)

        def drawn(p):
            which = (np.cumsum(p, 1) < rng.random((400, 1))).sum(1).clip(0, 5)
            return Words(tuple(names[which]), at, np.full(400, 0.1))

        stories.append(([drawn(sharp) for _ in range(8)], drawn(odds), 0.0, 1600.0))
    return reliability(stories, rng)


def test_draws_of_the_posterior_lie_on_the_diagonal_and_surer_ones_below():
    curve = draws(1.0)
    assert len(curve) == 4
    for point in curve:
        assert point.heard == pytest.approx(point.said, abs=0.03)
    sure = draws(3.0)
    assert sure[-1].heard < sure[-1].said - 0.1


def test_the_line_of_the_report_says_both_numbers():
    line = describe([Bin(0.3, 0.25, 0.1, 7)], 8)
    assert "said 0.25, heard 0.10" in line and "7 other texts" in line


def test_intervals_over_stories_hold_the_diagonal_of_a_right_posterior_and_not_of_a_sure_one():
    right, sure = (draws(sharpness, np.random.default_rng(1)) for sharpness in (1.0, 3.0))
    for point in right:
        assert point.interval.n == 10 and point.interval.low <= point.heard <= point.interval.high
        assert point.interval.low - 0.02 <= point.said <= point.interval.high + 0.02
    assert sure[-1].said > sure[-1].interval.high
    few = reliability([([text("a", [1]), text("a", [1])], text("a", [1]), 0.0, 4.0)], np.random.default_rng(1))
    assert few[0].interval is None


def test_the_expected_calibration_error_weighs_bins_by_their_pairs():
    found = Reliability(Setting("one", ("all",), 8), 8, 6, (Bin(0.1, 0.2, 0.1, 30), Bin(0.6, 0.7, 0.4, 10)))
    assert found.error == pytest.approx((30 * 0.1 + 10 * 0.3) / 40)
