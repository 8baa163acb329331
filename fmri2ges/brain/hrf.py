"""The haemodynamic response and its finite-impulse-response (FIR) delays."""

from __future__ import annotations

import numpy as np

from ..errors import check_positive

RESPONSE_SECONDS = 10.0  # the response to a word is over its peak and half of its fall
DELAY_SPACING = 1.5  # seconds; the response changes slowly, and closer delays repeat each other


def double_gamma(t: np.ndarray, peak: float = 6.0, undershoot: float = 16.0, ratio: float = 1 / 6) -> np.ndarray:
    """Canonical double-gamma response (Friston et al. 1998), scaled to a maximum of about 1.

    Parameters
    ----------
    t : array, seconds after the event
    peak : shape of the first gamma density, which at unit rate has its maximum at `peak` - 1 seconds: at 5 s for 6
    undershoot : shape of the second one where `peak` is 6; it moves with `peak`
    ratio : weight of the second density
    """
    shift = peak - 6.0
    response = _gamma_density(t, peak) - ratio * _gamma_density(t, undershoot + shift)
    return response / _gamma_density(peak - 1, peak)


def _gamma_density(t, shape: float):
    """Density of the gamma distribution with unit rate (scipy.stats takes two seconds to import)."""
    from scipy.special import gammaln, xlogy  # the first screen needs this file, and not scipy

    t = np.maximum(t, 0.0)
    return np.exp(xlogy(shape - 1, t) - t - gammaln(shape))


def fir_delays(tr: float, last: float = RESPONSE_SECONDS) -> tuple[int, ...]:
    """Delays of a FIR model: multiples of one step of volumes, up to `last` seconds after the words.

    At a TR above 1 s the step is one volume: (1, 2, 3, 4, 5) at 2 s, (1, 2, 3) at 3 s. At shorter ones it is the number
    of volumes nearest to 1.5 s: neighbouring volumes show nearly the same state of a response that takes seconds, and
    each delay more costs as many coefficients as there are features. So delays are 1 to 2 s apart at any TR up to 2 s,
    and 5 to 10 of them reach 10 s. The volumes between two delays are not thrown away: the prediction for the next
    volume uses them, and the mean of neighbouring predictions all of them.

    Parameters
    ----------
    tr : repetition time, seconds
    last : how far after the words the delays reach, seconds; the nearest multiple is taken

    Returns
    -------
    tuple of int, volumes, rising, at least one

    Raises
    ------
    UserError
        For a TR that is not above zero.
    """
    check_positive("tr", tr, "seconds")
    step = max(1, round(DELAY_SPACING / tr))
    n = max(1, round(last / (step * tr)))
    return tuple(step * k for k in range(1, n + 1))


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
        if abs(d) < n:  # otherwise nothing of the story is left
            rows = slice(max(0, -d), min(n, n - d))
            out[rows, k * width : (k + 1) * width] = features[max(0, d) : min(n, n + d)]
    return out
