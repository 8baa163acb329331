"""Moments of generated codes."""

import numpy as np
import pytest
import torch

from fmri2ges.models.calibration import fit_calibration
from fmri2ges.models.conditions import TokenTrack
from fmri2ges.models.denoiser import Denoiser, DenoiserConfig
from fmri2ges.models.generator import Generator, calibrate
from fmri2ges.motion.codec import fit_codec


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def cloud(rng, n: int = 400, width: int = 5) -> np.ndarray:
    return rng.standard_normal((n, width)) @ rng.standard_normal((width, width)) + rng.standard_normal(width)


def test_calibrated_codes_have_the_mean_and_the_covariance_of_the_real_ones(rng):
    made, real = cloud(rng), 2 * cloud(rng)
    out = fit_calibration(made, real)(made)
    assert np.allclose(out.mean(0), real.mean(0), atol=1e-4)
    assert np.allclose(np.cov(out.T), np.cov(real.T), rtol=1e-3, atol=1e-3)


def test_the_map_moves_codes_as_little_as_a_map_with_these_moments_can(rng):
    """Its mean squared move is the Wasserstein distance of two Gaussians; any rotation of it moves more."""
    from fmri2ges.evaluation.fgd import frechet_distance

    made, real = cloud(rng), cloud(rng)
    moved = fit_calibration(made, real)(made) - made
    # numpy's covariance divides by n - 1, a mean square by n.
    gap = made.mean(0) - real.mean(0)
    n = len(made)
    assert (moved**2).sum(1).mean() == pytest.approx(gap @ gap + (frechet_distance(made, real) - gap @ gap) * (n - 1) / n, rel=1e-3)


def test_equal_moments_leave_codes_as_they_are_and_dead_directions_stay_finite(rng):
    x = cloud(rng)
    assert np.allclose(fit_calibration(x, x[::-1])(x), x, atol=1e-3)
    flat = x.copy()
    flat[:, 2] = 1.0
    out = fit_calibration(flat, x)(flat)
    assert np.isfinite(out).all() and np.allclose(out.mean(0), x.mean(0), atol=1e-3)


def test_a_generator_is_calibrated_on_its_own_samples(rng):
    bones = rng.standard_normal((300, 9, 3))
    bones = (bones / np.linalg.norm(bones, axis=2, keepdims=True)).reshape(300, 27)
    codec = fit_codec([bones])
    torch.manual_seed(0)
    raw = Generator(Denoiser(DenoiserConfig(token_width=5, width=16, blocks=1, heads=2, hidden=16, refine=8)).eval(), codec, 1.0)
    track = TokenTrack(np.ones((20, 3), np.float32), np.arange(20.0), 1.0, 10)
    parts = [(track, 0.0, 16.0, 0), (track, 4.0, 12.0, 1)]
    real = [3 + rng.standard_normal((120, 14)), 3 + rng.standard_normal((90, 14))]
    fitted = calibrate(raw, parts, real, torch.Generator().manual_seed(1))
    assert raw.calibration is None and fitted.denoiser is raw.denoiser
    again = torch.Generator().manual_seed(1)
    codes = np.concatenate([fitted.sample_codes([t], a, s, k, again)[0] for t, a, s, k in parts])
    wanted = np.concatenate(real)
    assert np.allclose(codes.mean(0), wanted.mean(0), atol=1e-3)
    assert np.allclose(np.cov(codes.T), np.cov(wanted.T), atol=1e-2)
