"""Lanczos resampling against the formula written out, sample by sample."""

import math

import numpy as np
import pytest

from fmri2ges.brain.lanczos import lanczos_matrix
from fmri2ges.errors import UserError


def written_out(distance: float, cutoff: float, window: int) -> float:
    t = distance * cutoff
    if t == 0:
        return 1.0
    if abs(t) > window:
        return 0.0
    return window * math.sin(math.pi * t) * math.sin(math.pi * t / window) / (math.pi**2 * t**2)


@pytest.mark.parametrize("window, mult", [(3, 1.0), (2, 0.7)])
def test_equals_the_formula(window, mult):
    words = np.sort(np.random.default_rng(0).uniform(-5, 45, 60))
    words[7] = 10.0  # on a volume
    volumes = 2.0 * np.arange(20)
    expected = [[written_out(v - w, mult / 2.0, window) for w in words] for v in volumes]
    np.testing.assert_allclose(lanczos_matrix(words, volumes, window, mult), expected, atol=1e-14)


def test_a_word_on_a_volume_goes_to_that_volume_alone():
    weights = lanczos_matrix(np.array([6.0]), 2.0 * np.arange(9))[:, 0]
    np.testing.assert_allclose(weights, np.arange(9) == 3, atol=1e-15)


def test_one_volume_is_one_clear_line():
    with pytest.raises(UserError, match="at least 2 volumes; got 1"):
        lanczos_matrix(np.zeros(1), np.zeros(1))
