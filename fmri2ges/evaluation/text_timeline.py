"""Where in a story the decoded text is closer to the heard one than null texts are: window by window, and as a whole.

Null texts come from the language model alone with the same word times, or from BOLD that does not belong to the
story (`evaluation.bold_nulls`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError, check_positive
from ..types import Words
from .metrics import Metric
from .nulls import benjamini_hochberg, p_value
from .text import WINDOW
from .text_rows import TextScorer

N_TEXTS = 200  # the fewest texts of a language model for a claim


@dataclass(frozen=True)
class Timeline:
    """One score along a story.

    Parameters
    ----------
    metric : what was measured
    windows : array (n_windows, 2), seconds
    value : array (n_windows,); NaN where nothing was heard
    null : array (n_texts, n_windows), score of each null text in each window
    p : array (n_windows,); one-sided against the null texts, NaN where nothing was heard
    q : array (n_windows,); after Benjamini-Hochberg over the windows
    story_value : mean over the windows
    story_null : array (n_texts,), mean over the windows
    story_p : one-sided p of `story_value`; claims rest on it, because neighbouring windows overlap
    """

    metric: Metric
    windows: np.ndarray
    value: np.ndarray
    null: np.ndarray
    p: np.ndarray
    q: np.ndarray
    story_value: float
    story_null: np.ndarray
    story_p: float


def sliding_windows(start: float, stop: float, seconds: float = WINDOW, step: float = 1.0) -> np.ndarray:
    """Windows every `step` seconds that lie inside the stretch, array (n_windows, 2), seconds.

    Raises
    ------
    UserError
        When the stretch is shorter than one window.
    """
    check_positive("window", seconds, "seconds")
    check_positive("step", step, "seconds")
    n = int((stop - start - seconds) / step + 1e-6) + 1 if stop - start >= seconds - 1e-6 else 0
    if n < 1:
        raise UserError(
            f"text timeline: {stop - start:g} s are shorter than a window of {seconds:g} s; decode a longer stretch"
        )
    first = start + step * np.arange(n)
    return np.stack([first, first + seconds], 1)


def timeline(
    score: TextScorer, heard: Words, decoded: Words, null_texts: Sequence[Words], windows: np.ndarray
) -> Timeline:
    """A score in every window against null texts.

    Parameters
    ----------
    score : a callable of `evaluation.text_scores`
    heard, decoded : words of the stretch
    null_texts : all of one kind
    windows : array (n_windows, 2), seconds

    Raises
    ------
    UserError
        Without a null text, or when nothing was heard.
    """
    if not null_texts:
        raise UserError(f"text null: no null texts were given; make at least {N_TEXTS} with the language model alone")
    value = score(heard, decoded, windows)
    if np.isnan(value).all():
        raise UserError("text scores: no word was heard in this stretch; choose another start and stop")
    null = np.array([score(heard, text, windows) for text in null_texts])
    spoken = ~np.isnan(value)
    p, q = np.full(len(value), np.nan), np.full(len(value), np.nan)
    p[spoken] = [p_value(v, n, score.metric.better) for v, n in zip(value[spoken], null[:, spoken].T, strict=True)]
    q[spoken] = benjamini_hochberg(p[spoken])
    story_value, story_null = float(value[spoken].mean()), null[:, spoken].mean(1)
    return Timeline(
        score.metric,
        np.asarray(windows),
        value,
        null,
        p,
        q,
        story_value,
        story_null,
        p_value(story_value, story_null, score.metric.better),
    )
