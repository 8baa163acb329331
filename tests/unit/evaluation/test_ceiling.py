"""The noise ceiling from two halves of the repeats, on signals whose ceiling is known in closed form."""

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.evaluation.ceiling import split_half_ceiling


def halves(rng, n, repeats, noise, columns=3):
    """What is common to the repeats, their mean, and the means of two halves that share no repeat."""
    signal = rng.standard_normal((n, columns))
    each = signal + noise * rng.standard_normal((repeats, n, columns))
    even = each[: 2 * (repeats // 2)]
    return signal, each.mean(0), even[::2].mean(0), even[1::2].mean(0)


@pytest.mark.parametrize("repeats", [2, 3, 5, 10])
@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
def test_it_is_the_correlation_of_the_mean_of_all_repeats_with_what_they_share(repeats, noise):
    signal, mean, one, other = halves(np.random.default_rng(repeats), 40_000, repeats, noise)
    known = 1 / np.sqrt(1 + noise**2 / repeats)
    assert split_half_ceiling(one, other, repeats) == pytest.approx(known, abs=0.03)
    r = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(signal.T, mean.T, strict=True)])
    assert r == pytest.approx(known, abs=0.02)


def test_the_share_is_the_r_that_there_would_be_without_noise():
    """Whatever else makes a prediction wrong stays: only the noise of the repeats is taken out."""
    rng = np.random.default_rng(0)
    signal, mean, one, other = halves(rng, 8000, 4, 2.0)
    truth = 0.6 * signal + 0.8 * rng.standard_normal(signal.shape)  # r .6 with the signal
    r = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(truth.T, mean.T, strict=True)])
    assert r < 0.5 and r / split_half_ceiling(one, other, 4) == pytest.approx(0.6, abs=0.03)


def test_repeats_that_share_nothing_have_none():
    found = [split_half_ceiling(*halves(np.random.default_rng(k), 500, 4, 1e6)[2:], 4) for k in range(20)]
    assert np.median(found) < 0.2 and min(found) == 0.0


def test_constant_predictions_have_none_and_one_repeat_is_refused():
    still = np.ones((100, 2))
    assert split_half_ceiling(still, still, 4) == 0.0
    with pytest.raises(UserError, match="at least 2"):
        split_half_ceiling(still, still, 1)
