"""Words on the grid of fMRI volumes, and words as timed tokens."""

from __future__ import annotations

import numpy as np

from ..types import Words


def words_of_volumes(words: Words, volume_times: np.ndarray, tr: float) -> np.ndarray:
    """Index of the volume during which each word's midpoint falls, array (n_words,); -1 = outside."""
    middle = words.start + words.duration / 2
    index = np.floor((middle - volume_times[0]) / tr + 0.5).astype(int) if len(words) else np.zeros(0, int)
    index[(index < 0) | (index >= len(volume_times))] = -1
    return index


def word_counts(words: Words, volume_times: np.ndarray, tr: float) -> np.ndarray:
    """Words per volume, array (n_volumes,), float32."""
    index = words_of_volumes(words, volume_times, tr)
    return np.bincount(index[index >= 0], minlength=len(volume_times)).astype(np.float32)


def spread_words(
    rate: np.ndarray, volume_times: np.ndarray, tr: float, lead: float = 0.15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Word slots from a decoded word rate.

    The rate is accumulated, so fractions are not lost to rounding; the words of a volume are spread
    evenly over it and moved a little earlier, where the stroke of a gesture begins.

    Parameters
    ----------
    rate : array (n_volumes,), words per volume
    lead : seconds

    Returns
    -------
    volume : array (n_slots,), int
    start, duration : arrays (n_slots,), seconds
    """
    total = np.cumsum(np.maximum(rate, 0.0))
    edges = np.floor(np.concatenate([[0.0], total]) + 0.5).astype(int)
    counts = np.diff(edges)
    volume = np.repeat(np.arange(len(rate)), counts)
    rank = np.arange(len(volume)) - np.repeat(np.cumsum(counts) - counts, counts)
    step = tr / counts[volume] if len(volume) else np.zeros(0)
    start = volume_times[volume] - tr / 2 + rank * step - lead
    return volume, start, np.minimum(0.8 * step, 0.6)
