"""The haemodynamic response and its finite-impulse-response (FIR) delays."""

from __future__ import annotations

import numpy as np


def double_gamma(t: np.ndarray, peak: float = 6.0, undershoot: float = 16.0, ratio: float = 1 / 6) -> np.ndarray:
    """Canonical double-gamma response (Friston et al. 1998), scaled to a peak of about 1.

    Parameters
    ----------
    t : array, seconds after the event
    peak : time of the peak, seconds
    undershoot : time of the undershoot for a 6 s peak; it moves with the peak
    ratio : depth of the undershoot
    """
    shift = peak - 6.0
    response = _gamma_density(t, peak) - ratio * _gamma_density(t, undershoot + shift)
    return response / _gamma_density(peak - 1, peak)


def _gamma_density(t, shape: float):
    """Density of the gamma distribution with unit rate (scipy.stats takes two seconds to import)."""
    from scipy.special import gammaln, xlogy  # the first screen needs this file, and not scipy

    t = np.maximum(t, 0.0)
    return np.exp(xlogy(shape - 1, t) - t - gammaln(shape))


def delayed(features: np.ndarray, delays) -> np.ndarray:
    """FIR design of one story: features at t + delay side by side.

    Parameters
    ----------
    features : array (n_volumes, n_features)
    delays : iterable of int, volumes; positive ones take later volumes, as decoding does

    Returns
    -------
    array (n_volumes, n_delays * n_features); outside the story there are zeros
    """
    n, width = features.shape
    delays = list(delays)
    out = np.zeros((n, len(delays) * width), features.dtype)
    for k, d in enumerate(delays):
        rows = slice(max(0, -d), min(n, n - d))
        out[rows, k * width : (k + 1) * width] = features[max(0, d) : min(n, n + d)]
    return out
