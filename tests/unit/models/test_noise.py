"""Residuals of left-out stories and their covariance, against refits and scikit-learn."""

import numpy as np
import pytest
from sklearn.covariance import oas
from sklearn.linear_model import Ridge

from fmri2ges.errors import UserError
from fmri2ges.models.noise import NoiseModel, fit_noise, left_out_residuals

LENGTHS = [30, 41, 25, 30]
STORY = np.repeat(range(4), LENGTHS)


@pytest.mark.parametrize("n_features", [9, 200])
def test_residuals_are_those_of_refits_without_the_story(n_features):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(126, n_features)), rng.normal(size=(126, 6)) + 3 * rng.normal(size=6)
    penalty = np.array([1.0, 50.0, 1.0, 50.0, 7.0, 1.0])
    residuals = left_out_residuals(x, y, LENGTHS, penalty)
    for k in range(4):
        fit = Ridge(alpha=penalty, fit_intercept=False).fit(x[STORY != k], y[STORY != k])
        np.testing.assert_allclose(residuals[STORY == k], y[STORY == k] - fit.predict(x[STORY == k]), atol=2e-5)


def test_shrinkage_of_white_noise_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(126, 30)) @ rng.normal(size=(30, 30))
    noise = noise.astype(np.float32)
    model = NoiseModel((noise.T @ noise) / 126, 126.0)
    expected, shrinkage = oas(noise, assume_centered=True)
    assert model.shrinkage == pytest.approx(shrinkage, rel=1e-4)
    np.testing.assert_allclose(model.shrunk(), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_slow_noise_counts_as_fewer_volumes_and_is_shrunk_more():
    """The shrinkage that minimises the true error is found only when autocorrelation is counted."""
    rng = np.random.default_rng(2)
    root = rng.normal(size=(40, 40)) / 6
    white = rng.normal(size=(4, 400, 40)) @ root
    slow = np.zeros_like(white)
    for t in range(400):
        slow[:, t] = 0.7 * slow[:, t - 1] * (t > 0) + np.sqrt(1 - 0.49) * white[:, t]
    model = fit_noise(slow.reshape(1600, 40).astype(np.float32), [400] * 4)
    assert model.n_effective == pytest.approx(1600 * 0.51 / 1.49, rel=0.1)
    truth = root.T @ root

    def error(n):
        return np.linalg.norm(NoiseModel(model.covariance, n).shrunk() - truth)

    assert error(model.n_effective) < error(1600.0)


def test_a_choice_of_voxels_gets_its_own_shrinkage_and_can_be_inverted():
    rng = np.random.default_rng(3)
    residuals = (rng.normal(size=(126, 300)) * rng.uniform(0.3, 2, 300)).astype(np.float32)
    residuals[:, 5] = 0  # a voxel without data
    model = fit_noise(residuals, LENGTHS)
    roi = np.array([1, 5, 8])
    part = model.select(roi)
    assert part.shrinkage < model.shrinkage
    np.testing.assert_allclose(part.covariance, fit_noise(residuals[:, roi], LENGTHS).covariance, rtol=1e-5)
    for m in (model, part):
        assert np.linalg.eigvalsh(m.shrunk()).min() > 0
    again = NoiseModel.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.shrunk(), model.shrunk())


def test_bad_input_is_one_clear_line():
    with pytest.raises(UserError, match="1 story; residuals come from left-out stories"):
        left_out_residuals(np.ones((9, 2)), np.ones((9, 1)), [9], np.ones(1))
    with pytest.raises(UserError, match="choose voxels that hold data"):
        fit_noise(np.zeros((9, 2), np.float32), [9])
