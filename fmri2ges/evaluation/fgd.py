"""Distances between sets of motion windows: Frechet gesture distance and kernel distance.

The Frechet distance of small sets is too large, by about a constant over the number N of windows, even when both
sets come from one distribution. Therefore both sides have the same N, the distance is extrapolated to 1/N -> 0
(Chong and Forsyth, arXiv 1911.07023), an unbiased distance stands beside it (KID; Binkowski et al., arXiv
1801.01401), and the distance of real motion to other real motion says how low it can get. Below 160 windows nothing
is reported. Windows do not overlap, and no frame of them was given to the generator. Values compare only within one
encoder, which its digest names.
"""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from .windows import WINDOW

MIN_WINDOWS = 160
REPEATS = 8  # random subsets per size of the extrapolation


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|mu_a - mu_b|^2 + Tr(S_a + S_b - 2 (S_a S_b)^(1/2)) of two feature sets.

    The trace of the root is the sum of the singular values of S_a^(1/2) S_b^(1/2): symmetric
    eigenproblems only, so rank-deficient covariances need no ridge and give no complex parts.

    Parameters
    ----------
    a, b : arrays (n_windows, n_features)
    """
    root_a, root_b = _root(np.cov(a, rowvar=False)), _root(np.cov(b, rowvar=False))
    cross = np.linalg.svd(root_a @ root_b, compute_uv=False).sum()
    gap = a.mean(0) - b.mean(0)
    return float(gap @ gap + (root_a**2).sum() + (root_b**2).sum() - 2 * cross)


def _root(covariance: np.ndarray) -> np.ndarray:
    """Symmetric square root of a covariance matrix."""
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def fgd(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> float:
    """Frechet distance extrapolated to infinitely many windows.

    The distance is measured on random subsets of four sizes between N/3 and N, equal on both
    sides, and a straight line in 1/N is read off at 0. The value of two equal distributions
    scatters around 0 and may be slightly negative.

    Parameters
    ----------
    a, b : arrays (n_windows, n_features) of the encoder; each at least 160 windows
    rng : random generator that draws the subsets
    """
    n = check_windows(a, b)
    sizes = np.linspace(n / 3, n, 4).round().astype(int)
    scores = [
        np.mean([frechet_distance(_draw(a, size, rng), _draw(b, size, rng)) for _ in range(REPEATS)]) for size in sizes
    ]
    _, intercept = np.polyfit(1 / sizes, scores, 1)
    return float(intercept)


def _draw(x: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return x[rng.permutation(len(x))[:size]]


def check_windows(a: np.ndarray, b: np.ndarray) -> int:
    """The number of windows used on each side.

    Raises
    ------
    UserError
        Below 160 windows on either side.
    """
    n = min(len(a), len(b))
    if n < MIN_WINDOWS:
        raise UserError(
            f"FGD: {len(a)} and {len(b)} windows of {WINDOW / 15:.1f} s; at least {MIN_WINDOWS} on both sides "
            f"({MIN_WINDOWS * WINDOW / 15 / 60:.0f} min of motion) are needed; decode and evaluate more stories "
            "together"
        )
    return n


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """KID: unbiased squared maximum mean discrepancy with the kernel (x . y / d + 1)^3.

    Parameters
    ----------
    a, b : arrays (n_windows, n_features)

    Returns
    -------
    mmd2 : float; scatters around 0 for equal distributions and may be negative
    """

    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x):
        k = kernel(x, x)
        return (k.sum() - np.trace(k)) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())


def real_floor(real: np.ndarray, clips: np.ndarray, rng: np.random.Generator) -> float | None:
    """FGD of one half of the real clips against the other half.

    Parameters
    ----------
    real : array (n_windows, n_features)
    clips : array (n_windows,), which clip each window comes from; no clip is in both halves
    rng : random generator that deals the clips

    Returns
    -------
    floor : float or None
        None when a half has fewer than 160 windows.
    """
    names = rng.permutation(np.unique(clips))
    first = np.isin(clips, names[: len(names) // 2])
    if min(first.sum(), (~first).sum()) < MIN_WINDOWS:
        return None
    return fgd(real[first], real[~first], rng)
