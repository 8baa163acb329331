"""Word rate: words per volume, decoded against heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..text.timing import word_counts
from ..types import Words
from . import metrics
from .gesture import block_sums, r_of_sums
from .intervals import count_blocks
from .measure import Measure
from .metrics import Metric
from .nulls import allowed_shifts, correlation_at_shifts


def word_rate(
    heard: Words,
    decoded: Words | None,
    volume_times: np.ndarray,
    tr: float,
    rate: np.ndarray | None = None,
    note: str = "",
) -> list[Measure]:
    """Pearson r of decoded and heard words per volume, for one story (nothing below 10 volumes).

    Parameters
    ----------
    heard : the words of the recording
    decoded : the best decoded text, or None
    volume_times : array (n_volumes,), seconds
    tr : seconds
    rate : array (n_volumes,) or None
        Decoded words per volume, before words are placed in time; it is smoother than a count of placed words.
        Where a story is split into folds, each of them as `timing.unit_rate` gives it.
    note : how the rate was decoded
    """
    if len(volume_times) < 10:
        return []
    true = word_counts(heard, volume_times, tr)
    found = []
    if rate is not None:
        note = "decoded words per volume" + (f": {note}" if note else "")
        found.append(_measure(metrics.WORD_RATE_R, true, np.asarray(rate, float), tr, note))
    if decoded is not None:
        guess = word_counts(decoded, volume_times, tr)
        found.append(_measure(metrics.PLACED_WORD_RATE_R, true, guess, tr, "words of the best text per volume"))
    return found


def listeners_rate(heard: Words, volume_times: np.ndarray, tr: float, rates: np.ndarray) -> list[Measure]:
    """Pearson r of several listeners' decoded and heard words per volume, for one story (nothing below 10 volumes).

    Null and interval move or draw all listeners together: they heard the same words at the same time.

    Parameters
    ----------
    heard, volume_times, tr : as in `word_rate`
    rates : array (n_listeners, n_volumes), decoded words per volume of each listener, as `timing.unit_rate` gives them

    Returns
    -------
    r of the mean of the rates, and the mean over listeners of r
    """
    if len(volume_times) < 10:
        return []
    n, true = len(rates), word_counts(heard, volume_times, tr)
    note = f"mean of the words per volume decoded from {n} listeners"
    mean = _measure(metrics.WORD_RATE_OF_MEAN.of(n), true, rates.mean(0), tr, note)
    singles = [_measure(metrics.WORD_RATE_R, true, rate, tr, "") for rate in rates]
    single = replace(
        mean,
        metric=metrics.WORD_RATE_SINGLE.of(n),
        value=float(np.mean([m.value for m in singles])),
        shifted=np.mean([m.shifted for m in singles if m.shifted is not None], axis=0),
        statistic=lambda w: np.mean([m.statistic(w) for m in singles if m.statistic], axis=0),
        note=f"mean over {n} listeners of the r of each",
    )
    return [mean, single]


def _measure(metric: Metric, true: np.ndarray, guess: np.ndarray, tr: float, note: str) -> Measure:
    true, guess = true[:, None].astype(float), guess[:, None].astype(float)
    blocks = count_blocks(len(true) * tr)
    sums = block_sums(true, guess, blocks)
    scores = correlation_at_shifts(true, guess, np.append(0, allowed_shifts(len(true), 1 / tr)))
    return Measure(
        metric,
        "text",
        float(scores[0]),
        shifted=scores[1:],
        statistic=lambda w: r_of_sums(w, sums),
        blocks=blocks,
        n=len(true),
        floor=0.0,
        ceiling=1.0,
        note=note,
    )
