"""Moments of generated motion codes, brought to those of real ones.

A denoiser of this size gives codes whose mean and covariance are somewhat off: the first components
too wide under guidance, the last ones too narrow. One affine map, fitted on training data, corrects
that: the optimal transport map between two Gaussians (Peyre and Cuturi 2019, Computational Optimal
Transport, remark 2.31), which moves every code as little as possible. It sees no condition and no
time, so it cannot add information about the words or the brain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """The map codes -> (codes - made) @ matrix + real.

    Parameters
    ----------
    matrix : array (n_codes, n_codes), symmetric and positive
    made, real : arrays (n_codes,), means of the generated and of the real codes
    """

    matrix: np.ndarray
    made: np.ndarray
    real: np.ndarray

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Calibrated codes (..., n_codes), float32."""
        return ((codes - self.made) @ self.matrix + self.real).astype(np.float32)


def fit_calibration(made: np.ndarray, real: np.ndarray) -> Calibration:
    """The map that gives generated codes the mean and the covariance of real ones.

    Parameters
    ----------
    made, real : arrays (n_frames, n_codes), of the same texts and speakers
    """
    made, real = np.asarray(made, float), np.asarray(real, float)
    root, inverse = _roots(np.cov(made, rowvar=False))
    middle, _ = _roots(root @ np.cov(real, rowvar=False) @ root)
    return Calibration(
        *(x.astype(np.float32) for x in (inverse @ middle @ inverse, made.mean(0), real.mean(0)))
    )


def _roots(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric square root of a covariance and its inverse; directions without variance stay out of both."""
    values, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(values, 0))
    alive = roots > 1e-6 * roots.max()
    inverse = np.divide(1, roots, out=np.zeros_like(roots), where=alive)
    return (vectors * roots * alive) @ vectors.T, (vectors * inverse) @ vectors.T
