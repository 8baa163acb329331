"""Moments and spectra of generated motion codes, brought to those of real ones.

A denoiser of this size gives codes whose mean and covariance are somewhat off, and that tremble:
too little of their variance is slow. A linear filter without delay, fitted on training data,
corrects both. At each frequency it is the optimal transport map between two Gaussians (Peyre and
Cuturi 2019, Computational Optimal Transport, remark 2.31), which moves codes as little as possible.
It sees no condition, so it cannot add information about the words or the brain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SEGMENT = 16  # codes, 2.1 s: longer ones change nothing but the cost


@dataclass(frozen=True)
class Calibration:
    """The filter codes -> kernel * (codes - made) + real.

    Parameters
    ----------
    kernel : array (n_lags, n_codes, n_codes); n_lags is odd and the middle one is lag 0
    made, real : arrays (n_codes,), means of the generated and of the real codes
    """

    kernel: np.ndarray
    made: np.ndarray
    real: np.ndarray

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Calibrated codes (..., n_latent, n_codes), float32; a stretch is continued by its mirror image."""
        reach = len(self.kernel) // 2
        pad = [(0, 0)] * (codes.ndim - 2) + [(reach, reach), (0, 0)]
        around = sliding_window_view(np.pad(codes - self.made, pad, mode="symmetric"), len(self.kernel), axis=-2)
        return (np.einsum("...cl,lcd->...d", around, self.kernel, optimize=True) + self.real).astype(np.float32)


def fit_calibration(made: list[np.ndarray], real: list[np.ndarray]) -> Calibration:
    """The filter that gives generated codes the mean, the covariance and, up to its length, the spectra of real ones.

    Parameters
    ----------
    made, real : stretches (n_latent, n_codes) of the same texts and speakers
    """
    center, goal = np.concatenate(made).mean(0), np.concatenate(real).mean(0)
    gains = [_transport(a, b) for a, b in zip(_spectra(made, center), _spectra(real, goal), strict=True)]
    kernel = np.fft.fftshift(np.fft.irfft(gains, n=SEGMENT, axis=0), axes=0)[1:]  # lags -7 to 7
    kernel *= np.hanning(SEGMENT + 1)[1:-1, None, None]
    # A filter this short meets the spectra nearly; the covariance is then met exactly.
    nearly = np.concatenate([Calibration(kernel, center, goal)(x) for x in made])
    last = _transport(_covariance(nearly), _covariance(np.concatenate(real)))
    return Calibration(*(x.astype(np.float32) for x in (kernel @ last, center, goal)))


def _covariance(codes: np.ndarray) -> np.ndarray:
    return np.cov(codes, rowvar=False)


def _spectra(stretches: list[np.ndarray], mean: np.ndarray) -> np.ndarray:
    """Cross-spectra (n_frequencies, n_codes, n_codes) by Welch's method.

    Their real part alone: a filter made of it has no delay.
    """
    window = np.hanning(SEGMENT + 1)[:-1, None]
    padded = [np.pad(x - mean, ((0, max(0, SEGMENT - len(x))), (0, 0))) for x in stretches]
    cut = [sliding_window_view(x, SEGMENT, axis=0)[:: SEGMENT // 2].swapaxes(1, 2) for x in padded]
    waves = np.fft.rfft(np.concatenate(cut) * window, axis=1)  # (n_segments, n_frequencies, n_codes)
    return np.einsum("sfi,sfj->fij", waves, waves.conj(), optimize=True).real / len(waves)


def _transport(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The optimal transport map between Gaussians of these covariances, a symmetric positive matrix."""
    root, inverse = _roots(made)
    middle, _ = _roots(root @ real @ root)
    return inverse @ middle @ inverse


def _roots(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric square root of a covariance and its inverse; directions without variance stay out of both."""
    values, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(values, 0))
    alive = roots > 1e-6 * roots.max()
    inverse = np.divide(1, roots, out=np.zeros_like(roots), where=alive)
    return (vectors * roots * alive) @ vectors.T, (vectors * inverse) @ vectors.T
