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
from .intervals import Interval, bootstrap
from .rows import Setting
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
    n : pairs of a word and a window, each counted once for every text that is left out
    interval : of `heard`, over stories; None where they are too few
    """

    others: float
    said: float
    heard: float
    n: int
    interval: Interval | None = None


@dataclass(frozen=True)
class Reliability:
    """The curve of one setting.

    Parameters
    ----------
    setting : subject, ROIs and samples
    n_texts : texts of each story
    stories : number of stories
    curve : from words that texts agree on least to those that they agree on most
    """

    setting: Setting
    n_texts: int
    stories: int
    curve: tuple[Bin, ...]

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of said and heard, over pairs of a word and a window."""
        n = sum(b.n for b in self.curve)
        return sum(b.n * abs(b.said - b.heard) for b in self.curve) / n if n else 0.0


def reliability(
    stories: Iterable[tuple[Sequence[Words], Words, float, float]], rng: np.random.Generator | None = None
) -> list[Bin]:
    """The curve of one or several stories; bins without a word are left out.

    Parameters
    ----------
    stories : for each story its decoded texts (at least two), the words heard, and start and stop of the decoded
        stretch in seconds
    rng : draws stories for the intervals; None makes none
    """
    tables = [_left_out(*_counts(*story)) for story in stories]
    of_story = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    rows = np.concatenate([np.zeros((0, 3)), *tables])
    of_story, rows = of_story[rows[:, 0] > 0], rows[rows[:, 0] > 0]
    which = np.digitize(rows[:, 0], EDGES, right=True)
    found = []
    for k in np.unique(which).tolist():
        mine = which == k
        others, said, heard = rows[mine].mean(0).tolist()
        interval = None if rng is None else _over_stories(rows[mine, 2], of_story[mine], rng)
        found.append(Bin(others, said, heard, int(mine.sum()), interval))
    return found


def _over_stories(heard: np.ndarray, of_story: np.ndarray, rng: np.random.Generator) -> Interval | None:
    """Interval of the mean of `heard`; stories without a pair in this bin have no say in it."""
    _, story = np.unique(of_story, return_inverse=True)
    n, total = np.bincount(story), np.bincount(story, heard)
    return bootstrap(lambda w: w @ total / (w @ n), len(n), rng, name="stories")


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
