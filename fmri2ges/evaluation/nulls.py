"""What scores look like when prediction and truth do not belong together.

The main null moves the prediction in time, in a circle and by at least 20 s: it keeps its autocorrelation and no
longer belongs to the truth. Every story gets its own shift; with one common shift for all stories, p could not become
smaller than one over the number of shifts. Neighbouring shifts score alike, so that thousands of them are worth few
independent draws: these are counted (`independent_draws`), p allows for them (`shift_p`), and a story with too few of
them gets no p. The story-swap null pairs each prediction with the truth of another story.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

import numpy as np

from ..errors import UserError
from .metrics import Better

MIN_SHIFT = 20.0  # seconds; longer than gesture, speech and BOLD are correlated with themselves
N_NULL = 1000
# Independent draws of a story, on average; benchmarks/calibration.py: with fewer, p is too small too often.
MIN_DRAWS = 8.0
ALIKE = 0.05  # autocorrelation of a null curve below which neighbours count as independent


def allowed_shifts(n: int, rate: float, min_shift: float = MIN_SHIFT) -> np.ndarray:
    """Circular shifts, in samples, that move a series by at least `min_shift` seconds both ways.

    Parameters
    ----------
    n : number of samples of the series
    rate : samples per second
    min_shift : seconds

    Returns
    -------
    shifts : array (n_shifts,), int; empty when the series is shorter than twice `min_shift`
    """
    first = math.ceil(min_shift * rate - 1e-9)
    return np.arange(first, n - first + 1)


def correlation_at_shifts(reference: np.ndarray, predicted: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Variance-weighted Pearson r for circular shifts of the prediction, all at once by FFT.

    r = sum_d w_d r_d / sum_d w_d, with w_d the variance of column d of the reference. A constant
    column of the prediction scores 0.

    Parameters
    ----------
    reference, predicted : arrays (n, n_columns)
    shifts : array of int; 0 is the unshifted pair

    Returns
    -------
    r : array (n_shifts,)
    """
    from scipy import fft

    a = reference - reference.mean(0)
    b = predicted - predicted.mean(0)
    spread_a, spread_b = np.sqrt((a**2).sum(0)), np.sqrt((b**2).sum(0))
    # w_d r_d = |a_d|^2 (a_d . b_d) / (|a_d| |b_d|), up to the common factor 1 / n
    gain = np.divide(spread_a, spread_b, out=np.zeros_like(spread_a), where=spread_b > 1e-9)
    total = (spread_a**2).sum()
    if total <= 0:
        return np.zeros(len(shifts))
    n = len(a)
    spectrum = (fft.rfft(a, axis=0) * np.conj(fft.rfft(b, axis=0)) * gain).sum(1)
    return fft.irfft(spectrum, n)[np.asarray(shifts) % n] / total


def independent_draws(curve: np.ndarray) -> float:
    """How many independent draws the scores at neighbouring shifts are worth.

    n / (1 + 2 sum of r_k), with r_k the autocorrelation of the curve up to the lag where it first falls below .05: the
    initial sequence of Geyer (1992, Statistical Science 7, 473-483).

    Parameters
    ----------
    curve : array (n_shifts,), scores at shifts in order

    Returns
    -------
    draws : float, between 1 and n_shifts; 0 for an empty curve
    """
    from scipy import fft

    centred = np.asarray(curve, float) - np.mean(curve) if len(curve) else np.zeros(0)
    n = len(centred)
    if n < 3 or not np.ptp(centred) > 1e-12:
        return float(min(n, 1))
    power = np.abs(fft.rfft(centred, 2 * n)) ** 2
    products = fft.irfft(power, 2 * n)[:n] / np.arange(n, 0, -1)
    r = products / products[0]
    below = np.flatnonzero(r < ALIKE)
    last = int(below[0]) if len(below) else n
    return float(min(n, max(1.0, n / (1 + 2 * r[1:last].sum()))))


def combine_stories(curves: list[np.ndarray], rng: np.random.Generator, n: int = N_NULL) -> np.ndarray:
    """Null values of the mean score over stories, each story shifted on its own.

    Parameters
    ----------
    curves : one array (n_shifts,) per story: its score at every permitted shift
    rng : random generator
    n : number of null draws when there are several stories

    Returns
    -------
    null : array; one story gives all of its shifts, each once
    """
    if any(len(curve) == 0 for curve in curves):
        raise UserError(
            f"shift null: a story is shorter than {2 * MIN_SHIFT:g} s, the least that a shift of "
            f"{MIN_SHIFT:g} s needs; decode a longer stretch"
        )
    if len(curves) == 1:
        return np.asarray(curves[0], float)
    return np.mean([curve[rng.integers(len(curve), size=n)] for curve in curves], axis=0)


def swap_null(scores: np.ndarray, rng: np.random.Generator, n: int = N_NULL) -> np.ndarray:
    """Mean score when each prediction meets the truth of another story.

    Parameters
    ----------
    scores : array (n_stories, n_stories); [i, j] = prediction of story i against the truth of j
    rng : random generator
    n : number of draws when there are too many pairings to list

    Returns
    -------
    null : array; up to 7 stories every pairing without a match is used once
    """
    stories = len(scores)
    if stories < 2:
        raise UserError("story-swap null: needs at least 2 stories; decode another held-out story")
    rows = np.arange(stories)
    if stories <= 7:
        orders = [p for p in permutations(range(stories)) if not (np.array(p) == rows).any()]
        return scores[rows, np.array(orders)].mean(1)
    draws: list[float] = []
    while len(draws) < n:
        order = rng.permutation(stories)
        if not (order == rows).any():
            draws.append(float(scores[rows, order].mean()))
    return np.array(draws)


def p_value(observed: float, null: np.ndarray, better: Better = Better.HIGHER) -> float:
    """One-sided p = (1 + k) / (1 + n), k = null values at least as good as the observed one.

    Parameters
    ----------
    observed : score
    null : array (n,), scores under the null, independent of each other
    better : which scores are good; a metric that should be near real motion is taken as higher
    """
    sign = -1.0 if better == Better.LOWER else 1.0
    k = int((sign * np.asarray(null) >= sign * observed - 1e-12).sum())
    return (1 + k) / (1 + len(null))


def shift_p(
    observed: float, curves: Sequence[np.ndarray], null: np.ndarray, better: Better = Better.HIGHER
) -> float | None:
    """One-sided p against circular shifts, where neighbouring shifts score alike.

    Counting shifts alone gives too small a p, because the width of the null is known from few independent draws. So p
    is also that of Student's t for one more draw beside those of the curves: the variance of each story's curve is
    widened by n / (n - 1) (1 + 1 / n) for its n independent draws, and degrees of freedom follow Satterthwaite (1946,
    Biometrics Bulletin 2, 110-114). The larger of both is returned.

    Parameters
    ----------
    observed : score, the mean over stories
    curves : for each story its scores at the permitted shifts, in order, arrays (n_shifts,)
    null : array (n,), scores of the mean under the null; see `combine_stories`
    better : which scores are good

    Returns
    -------
    p : float, or None where the stories have fewer than `MIN_DRAWS` independent shifts on average: too short for a p
    """
    from scipy import stats

    draws = np.array([independent_draws(curve) for curve in curves])
    if draws.mean() < MIN_DRAWS:
        return None
    counted = p_value(observed, null, better)
    n = np.maximum(draws, 2.0)
    variance = np.array([np.var(curve) for curve in curves]) * n / (n - 1) * (1 + 1 / n)
    if not variance.sum() > 0:
        return counted
    above = observed - float(np.mean([np.mean(curve) for curve in curves]))
    freedom = variance.sum() ** 2 / (variance**2 / (n - 1)).sum()
    t = (-above if better == Better.LOWER else above) / (np.sqrt(variance.sum()) / len(curves))
    return max(counted, float(stats.t.sf(t, freedom)))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjusted p values (family-wise error), array like `p`."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg adjusted p values (false discovery rate), array like `p`."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")[::-1]
    steps = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
