"""Reliability of decoded words: whether a word that the texts say so often is also heard so often.

Several texts of one story are draws of the posterior. If it is right, what was heard is one more draw: among words
that the other texts say in a window about as often, one text says them as often as they were heard there. That holds
for any number of texts. Words that are heard less often than said show a decoder that is too sure (reliability curves:
DeGroot and Fienberg, The Statistician 32, 1983).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..types import Words
from .text_scores import word_ranges

SECONDS = 4.0  # about as far as decoded words miss the time at which they were heard
EDGES = (0.15, 0.3, 0.5, 1.0)  # mean number of times that the other texts say a word, between one bin and the next
LEAST_TEXTS = 4  # fewer texts do not tell how sure the decoder was


@dataclass(frozen=True)
class Bin:
    """Words and windows in which the other texts say the word about as often.

    Parameters
    ----------
    others : times that one of the other texts says the word in the window, on average
    said : times that a text says it there, on average
    heard : times that it was heard there, on average
    n : pairs of a word and a window
    """

    others: float
    said: float
    heard: float
    n: int


def reliability(stories: Iterable[tuple[Sequence[Words], Words, float, float]]) -> list[Bin]:
    """The curve of one or several stories; bins without a word are left out.

    Parameters
    ----------
    stories : for each story its decoded texts (at least two), the words heard, and start and stop of the decoded
        stretch in seconds
    """
    tables = [_counts(*story) for story in stories]
    rows = np.concatenate([np.zeros((0, 3)), *(_left_out(said, heard) for said, heard in tables)])
    rows = rows[rows[:, 0] > 0]
    which = np.digitize(rows[:, 0], EDGES, right=True)
    found = []
    for k in np.unique(which).tolist():
        others, said, heard = rows[which == k].mean(0).tolist()
        found.append(Bin(others, said, heard, int((which == k).sum())))
    return found


def _counts(texts: Sequence[Words], heard: Words, start: float, stop: float) -> tuple[np.ndarray, np.ndarray]:
    """How often each text says a word in a window, array (n_pairs, n_texts), and how often it was heard there.

    A pair is a word and a whole window in which any text says it.
    """
    edges = start + SECONDS * np.arange(int((stop - start) / SECONDS + 1e-6) + 1)
    windows = np.stack([edges[:-1], edges[1:]], 1)

    def by_window(text: Words) -> list[Counter[str]]:
        return [Counter(text.text[first:last]) for first, last in word_ranges(text, windows)]

    said, true = [by_window(text) for text in texts], by_window(heard)
    pairs = [(k, word) for k in range(len(windows)) for word in sorted(set().union(*(text[k] for text in said)))]
    counts = np.array([[text[k][word] for text in said] for k, word in pairs], float).reshape(-1, len(texts))
    return counts, np.array([true[k][word] for k, word in pairs], float)


def _left_out(said: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Each text in turn against the others: rows of their mean, of the text and of what was heard."""
    n = said.shape[1]
    others = (said.sum(1, keepdims=True) - said) / (n - 1)
    return np.stack([others.ravel(), said.ravel(), np.repeat(heard, n)], 1)


def describe(curve: list[Bin], n_texts: int) -> str:
    """The curve in one line, for the notes of a report."""
    points = "; ".join(f"said {b.said:.2f}, heard {b.heard:.2f}" for b in curve)
    return (
        f"reliability of decoded words: times that a word is said and heard in windows of {SECONDS:g} s, "
        f"by how often {n_texts - 1} other texts say it: {points}"
    )
