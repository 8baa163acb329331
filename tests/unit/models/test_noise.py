"""Residuals of left-out stories and their covariance, against refits and scikit-learn."""

import numpy as np
import pytest
from sklearn.covariance import oas
from sklearn.linear_model import Ridge

from fmri2ges.errors import UserError
from fmri2ges.models.noise import NoiseModel, fit_noise, least_shrinkage, left_out_residuals

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


def heard(weights_error: float, n_voxels: int = 60, n_volumes: int = 200, seed: int = 4):
    """Data, residuals and their covariance's axes: noise along 6 axes, predictions wrong alike along all."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(n_voxels, n_voxels)))[0]
    sd = np.where(np.arange(n_voxels) < 6, 6.0, 0.2)
    truth = 0.3 * rng.normal(size=(n_volumes, 3)) @ rng.normal(size=(3, n_voxels))
    wrong = weights_error * rng.normal(size=(n_volumes, n_voxels))
    bold = truth + (rng.normal(size=(n_volumes, n_voxels)) * sd) @ axes.T
    return bold.astype(np.float32), (bold - truth - wrong).astype(np.float32)


def written_out(bold, residuals, lengths, s):
    """Signal over noise of the matched filter, squared, with the precision of the other half of the stories."""
    story, total = np.repeat(range(len(lengths)), lengths), 0.0
    for k in (0, 1):
        other, own = residuals[story % 2 != k].astype(float), story % 2 == k
        s_other = other.T @ other / len(other)
        sphere = np.trace(s_other) / len(s_other) * np.eye(len(s_other))
        precision = np.linalg.inv((1 - s) * s_other + s * sphere)
        y, x = bold[own].astype(float), (bold - residuals)[own].astype(float)
        a = np.sum(x @ precision * y) / np.sum(x @ precision * x)
        total += np.sum(x @ precision * y) ** 2 / np.sum(np.sum(x @ precision * (y - a * x), 1) ** 2)
    return total


def test_the_chosen_shrinkage_is_the_best_of_the_written_out_criterion():
    bold, residuals = heard(0.3)
    grid = (0.1, 0.4, 0.7, 1.0)
    best = max(grid, key=lambda s: written_out(bold, residuals, [50] * 4, s))
    assert least_shrinkage(bold, residuals, [50] * 4, grid) == best


def test_unsure_weights_ask_for_more_shrinkage_than_sure_ones():
    """Small axes of the noise are worth most to sure weights, and ruin unsure ones."""
    chosen = [np.mean([least_shrinkage(*heard(e, seed=k), [50] * 4) for k in range(5)]) for e in (0.02, 1.0)]
    assert chosen[1] > chosen[0] + 0.1


def test_without_any_prediction_the_strongest_is_chosen_and_it_holds_for_every_choice_of_voxels():
    rng = np.random.default_rng(6)
    bold = rng.normal(size=(126, 5)).astype(np.float32)
    assert least_shrinkage(bold, bold, LENGTHS) == 1.0
    model = NoiseModel(np.diag(np.arange(1.0, 6)).astype(np.float32), 1e6, least=0.6)
    assert model.shrinkage == model.select(np.array([0, 3])).shrinkage == 0.6
    assert NoiseModel.from_arrays(model.to_arrays()).shrinkage == 0.6
    old = {k: v for k, v in model.to_arrays().items() if k != "least"}
    assert NoiseModel.from_arrays(old).least == 0.0


def test_bad_input_is_one_clear_line():
    with pytest.raises(UserError, match="1 story; residuals come from left-out stories"):
        left_out_residuals(np.ones((9, 2)), np.ones((9, 1)), [9], np.ones(1))
    with pytest.raises(UserError, match="choose voxels that hold data"):
        fit_noise(np.zeros((9, 2), np.float32), [9])
