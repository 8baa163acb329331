"""Words on the grid of fMRI volumes, and words as timed tokens."""

from __future__ import annotations

import numpy as np

from ..types import Words

FINE = 32  # points per volume between which a word's time is interpolated


def words_of_volumes(words: Words, volume_times: np.ndarray, tr: float) -> np.ndarray:
    """Index of the volume during which each word's midpoint falls, array (n_words,); -1 = outside.

    BOLD answers the whole word. The mean of the response h over a word of duration d that is centred at m is h(t - m)
    + d^2 h''(t - m) / 24: an impulse at the midpoint stands for it to first order, one at the onset is d / 2 too early.
    """
    middle = words.start + words.duration / 2
    index = np.floor((middle - volume_times[0]) / tr + 0.5).astype(int) if len(words) else np.zeros(0, int)
    index[(index < 0) | (index >= len(volume_times))] = -1
    return index


def word_counts(words: Words, volume_times: np.ndarray, tr: float) -> np.ndarray:
    """Words per volume, array (n_volumes,), float32."""
    index = words_of_volumes(words, volume_times, tr)
    return np.bincount(index[index >= 0], minlength=len(volume_times)).astype(np.float32)


def unit_rate(rate: np.ndarray) -> np.ndarray:
    """Words per volume of one story or fold at mean 0 and variance 1, array (n_volumes,); zeros if they are constant.

    Every fold has models of its own. What they expect without any BOLD is the mean of their training part, which has
    many words just where the test block has few: folds at their own means, one after the other, go against what was
    heard. And how far they move differs by chance. So folds are compared with what was heard at one mean and scale.

    Parameters
    ----------
    rate : array (n_volumes,)
    """
    sd = rate.std()
    return (rate - rate.mean()) / sd if sd > 1e-9 else np.zeros(len(rate))


def spread_words(
    rate: np.ndarray, volume_times: np.ndarray, tr: float, lead: float = 0.15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Word slots from a decoded word rate.

    The rate is accumulated, so fractions are not lost to rounding: word k is where k + 1/2 words are reached. Within a
    volume the sum follows a monotone cubic (Fritsch and Carlson 1980): words stand closer towards a neighbour with
    a higher rate. They are moved a little earlier, where the stroke of a gesture begins.

    Parameters
    ----------
    rate : array (n_volumes,), words per volume
    lead : seconds

    Returns
    -------
    volume : array (n_slots,), int
    start, duration : arrays (n_slots,), seconds
    """
    total = np.concatenate([[0.0], np.cumsum(np.maximum(rate, 0.0))])
    counts = np.diff(np.floor(total + 0.5).astype(int))
    volume = np.repeat(np.arange(len(rate)), counts)
    if not len(volume):
        return volume, np.zeros(0), np.zeros(0)
    from scipy.interpolate import pchip_interpolate  # a fifth of a second to import

    edges = np.arange(len(total), dtype=float)  # in volumes
    fine = np.linspace(0.0, len(rate), len(rate) * FINE + 1)
    reached = np.maximum.accumulate(pchip_interpolate(edges, total, fine))
    place = np.interp(np.arange(len(volume)) + 0.5, reached, fine)
    middle = volume_times[0] + (np.clip(place, volume, volume + 1) - 0.5) * tr
    gap = np.diff(middle, prepend=-np.inf, append=np.inf)
    duration = np.minimum(0.8 * np.minimum(gap[:-1], gap[1:]), 0.6)
    return volume, middle - duration / 2 - lead, duration
