"""Moments and spectra of generated codes."""

import numpy as np
import pytest
import torch
from scipy.signal import welch

from fmri2ges.models.calibration import SEGMENT, fit_calibration
from fmri2ges.models.conditions import TokenTrack
from fmri2ges.models.denoiser import Denoiser, DenoiserConfig
from fmri2ges.models.generator import GestureGenerator, calibrate
from fmri2ges.motion.codec import fit_codec


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def cloud(rng, n: int = 400, width: int = 5, keep: float = 0.0) -> np.ndarray:
    """A stretch of correlated codes; each takes over `keep` of the one before."""
    x = rng.standard_normal((n, width))
    for k in range(1, n):
        x[k] = keep * x[k - 1] + np.sqrt(1 - keep**2) * x[k]
    return x @ rng.standard_normal((width, width)) + rng.standard_normal(width)


def test_calibrated_codes_have_the_mean_and_the_covariance_of_the_real_ones(rng):
    made, real = [cloud(rng), cloud(rng, 200)], [2 * cloud(rng, keep=0.8), cloud(rng, 300)]
    f = fit_calibration(made, real)
    out, wanted = np.concatenate([f(x) for x in made]), np.concatenate(real)
    assert np.allclose(out.mean(0), wanted.mean(0), atol=0.05)
    assert np.allclose(np.cov(out.T), np.cov(wanted.T), rtol=1e-3, atol=1e-3)


def test_trembling_codes_become_as_slow_as_the_real_ones(rng):
    mix = rng.standard_normal((5, 5))
    made, real = (rng.standard_normal((4000, 5)) @ mix, np.zeros((4000, 5)))
    real[0] = rng.standard_normal(5)
    for k in range(1, 4000):
        real[k] = 0.8 * real[k - 1] + 0.6 * rng.standard_normal(5)
    real = real @ mix
    fitted = fit_calibration([made[:2000]], [real[:2000]])
    out = fitted(made[2000:])  # codes that it was not fitted on

    def spectrum(x):
        return welch(x, nperseg=SEGMENT, axis=0)[1].T

    before, after = (np.abs(np.log(spectrum(x) / spectrum(real[2000:]))).mean() for x in (made[2000:], out))
    assert before > 1 and after < 0.2


def test_nothing_is_moved_in_time(rng):
    made, real = cloud(rng, 2000), cloud(rng, 2000, keep=0.8)
    fitted = fit_calibration([made], [real])
    impulse = np.zeros((41, 5)) + fitted.made
    impulse[20] += 1
    out = fitted(impulse) - fitted.real
    np.testing.assert_allclose(out[:20], out[:20:-1], atol=1e-4)
    assert (np.abs(out).argmax(0) == 20).all()


def test_codes_without_a_time_course_are_moved_as_little_as_a_map_with_these_moments_can(rng):
    """Then the filter is one matrix, and its mean squared move the Wasserstein distance of two Gaussians."""
    from fmri2ges.evaluation.fgd import frechet_distance

    made, real = cloud(rng, 20_000, 3), cloud(rng, 20_000, 3)
    moved = fit_calibration([made], [real])(made) - made
    assert (moved**2).sum(1).mean() == pytest.approx(frechet_distance(made, real), rel=0.02)


def test_equal_moments_leave_codes_as_they_are_and_dead_directions_stay_finite(rng):
    x = cloud(rng)
    assert np.allclose(fit_calibration([x], [x])(x), x, atol=1e-3)
    flat = x.copy()
    flat[:, 2] = 1.0
    out = fit_calibration([flat], [x])(flat)
    assert np.isfinite(out).all() and np.allclose(out.mean(0), x.mean(0), atol=0.05)


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_short_stretches_and_several_samples_go_through(rng, n):
    fitted = fit_calibration([cloud(rng)], [cloud(rng, keep=0.5)])
    several = rng.standard_normal((3, n, 5)).astype(np.float32)
    out = fitted(several)
    assert out.shape == several.shape and out.dtype == np.float32
    np.testing.assert_allclose(out[1], fitted(several[1]), atol=1e-5)


def test_a_generator_is_calibrated_on_its_own_samples(rng):
    bones = rng.standard_normal((300, 9, 3))
    bones = (bones / np.linalg.norm(bones, axis=2, keepdims=True)).reshape(300, 27)
    codec = fit_codec([bones])
    torch.manual_seed(0)
    raw = GestureGenerator(
        Denoiser(DenoiserConfig(token_width=5, width=16, blocks=1, heads=2, hidden=16, refine=8)).eval(), codec, 1.0
    )
    track = TokenTrack(np.ones((20, 3), np.float32), np.arange(20.0), 1.0, 1.0)
    parts = [(track, 0.0, 16.0, 0), (track, 4.0, 12.0, 1)]
    real = [3 + rng.standard_normal((120, 14)), 3 + rng.standard_normal((90, 14))]
    fitted = calibrate(raw, parts, real, torch.Generator().manual_seed(1))
    assert raw.calibration is None and fitted.denoiser is raw.denoiser
    again = torch.Generator().manual_seed(1)
    codes = np.concatenate([fitted.sample_codes([t], a, s, k, again)[0] for t, a, s, k in parts])
    wanted = np.concatenate(real)
    assert np.allclose(codes.mean(0), wanted.mean(0), atol=0.05)
    assert np.allclose(np.cov(codes.T), np.cov(wanted.T), atol=1e-2)
