"""Decoded words against heard words: word errors, words in common, likeness of meaning.

The story is cut into windows of 20 s. Under the null the decoded words keep their order and
spacing but move circularly along the story by at least 20 s, in steps of 1 s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..types import Words
from . import metrics
from .gesture import ranks
from .intervals import block_edges, block_means, count_blocks
from .measure import Measure, mean_statistic
from .metrics import Metric
from .nulls import allowed_shifts

WINDOW = 20.0  # seconds
Embed = Callable[[tuple[str, ...]], np.ndarray]  # words -> their vectors, array (n_words, n_dims)


def wer_counts(reference: list[str], decoded: list[str]) -> np.ndarray:
    """Number of edits and of heard words in each window (jiwer), array (n_windows, 2)."""
    import jiwer

    counts = []
    for true, guess in zip(reference, decoded, strict=True):
        if not true:  # jiwer refuses an empty reference; every decoded word is an insertion
            counts.append((len(guess.split()), 0))
            continue
        out = jiwer.process_words(true, guess)
        counts.append((out.substitutions + out.deletions + out.insertions, len(true.split())))
    return np.array(counts, float)


def wer_of(counts: np.ndarray) -> np.ndarray:
    """Word error rate of counts (..., 2) that were summed: edits for each heard word; it may exceed 1."""
    return counts[..., 0] / np.maximum(counts[..., 1], 1)


def bleu_counts(reference: list[str], decoded: list[str]) -> np.ndarray:
    """Matched words, decoded words and reference words of each window (sacrebleu), array (n, 3)."""
    from sacrebleu.metrics import BLEU

    metric = BLEU(max_ngram_order=1, effective_order=True, tokenize="none", smooth_method="none")
    scores = [metric.corpus_score([guess], [[true]]) for true, guess in zip(reference, decoded, strict=True)]
    return np.array([(s.counts[0], s.sys_len, s.ref_len) for s in scores], float)


def bleu_of(counts: np.ndarray) -> np.ndarray:
    """BLEU-1 of summed counts (..., 3), 0 to 1: precision times the penalty for being too short."""
    matched, guessed, true = np.moveaxis(counts, -1, 0)
    safe = np.maximum(guessed, 1)
    return matched / safe * np.exp(np.minimum(0, 1 - true / safe)) * (guessed > 0)


def rotate(words: Words, shift: float, start: float, stop: float) -> Words:
    """Words of [start, stop) moved circularly by `shift` seconds."""
    moved = start + (words.start - start + shift) % (stop - start)
    order = np.argsort(moved, kind="stable")
    return Words(tuple(words.text[i] for i in order), moved[order], words.duration[order])


def window_edges(start: float, stop: float, seconds: float = WINDOW) -> np.ndarray:
    """Edges of whole windows from `start`; a remainder at the end is left out. Array (n + 1,), s."""
    return start + seconds * np.arange(int((stop - start + 1e-6) // seconds) + 1)


def window_texts(words: Words, edges: np.ndarray) -> list[str]:
    """The words of each window, joined by spaces."""
    place = np.searchsorted(words.start, edges)
    return [" ".join(words.text[a:b]) for a, b in zip(place[:-1], place[1:], strict=True)]


def window_vectors(words: Words, edges: np.ndarray, embed: Embed) -> np.ndarray:
    """Mean word vector of each window, zero for an empty one, array (n_windows, n_dims).

    Parameters
    ----------
    words : on the story's clock
    edges : array (n_windows + 1,), seconds
    embed : vectors of words; rows of NaN or zero mark unknown words
    """
    vectors = np.nan_to_num(np.asarray(embed(words.text), float))
    return _window_means(vectors, words.start, edges)


def _window_means(vectors: np.ndarray, start: np.ndarray, edges: np.ndarray) -> np.ndarray:
    place = np.searchsorted(start, edges)
    total = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, 0)])
    return (total[place[1:]] - total[place[:-1]]) / np.maximum(np.diff(place), 1)[:, None]


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of each row of `a` with each row of `b`, after the mean row of `b` is removed from both.

    Frequent words are in every window; with their mean removed, the likeness is about the topic.
    """
    a, b = a - b.mean(0), b - b.mean(0)
    a = a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-9)
    b = b / np.maximum(np.linalg.norm(b, axis=1, keepdims=True), 1e-9)
    return a @ b.T


def against_transcript(
    heard: Words, decoded: Words, start: float, stop: float, embed: Embed | None = None
) -> list[Measure]:
    """All text scores of one story.

    Parameters
    ----------
    heard, decoded : Words of the stretch
    start, stop : the stretch, seconds on the story's clock
    embed : word vectors; without them the likeness of meaning is left out
    """
    edges = window_edges(start, stop)
    if len(edges) < 2:
        return []
    # Whole windows only, so that score, null and interval are made from the same words.
    heard, decoded = heard.slice(start, edges[-1]), decoded.slice(start, edges[-1])
    if not len(heard) or not len(decoded):
        return []
    stop = float(edges[-1])
    shifts = allowed_shifts(int(stop - start), 1.0)
    moved = [rotate(decoded, float(s), start, stop) for s in shifts]
    true = window_texts(heard, edges)
    found = [_counted(score, true, decoded, moved, edges) for score in COUNTED]
    if embed is not None:
        found += _meaning(heard, decoded, moved, edges, embed)
    return found


@dataclass(frozen=True)
class Counted:
    """A score that is a ratio of counts, which are summed over windows before they are divided.

    Parameters
    ----------
    metric : what it is
    count : takes the heard and the decoded texts of all windows, returns counts (n_windows, n_counts)
    score : takes summed counts (..., n_counts), returns scores (...)
    floor, ceiling : the worst and the best score, or None
    """

    metric: Metric
    count: Callable[[list[str], list[str]], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray]
    floor: float | None
    ceiling: float | None


COUNTED = (
    Counted(metrics.WER, wer_counts, wer_of, None, 0.0),
    Counted(metrics.BLEU1, bleu_counts, bleu_of, 0.0, 1.0),
)


def _counted(by: Counted, true: list[str], decoded: Words, moved: list[Words], edges: np.ndarray) -> Measure:
    per_window = by.count(true, window_texts(decoded, edges))
    shifted = [float(by.score(by.count(true, window_texts(m, edges)).sum(0))) for m in moved]
    blocks = _blocks(edges)
    parts = block_edges(len(true), blocks)
    sums = np.array([per_window[a:b].sum(0) for a, b in zip(parts[:-1], parts[1:], strict=True)])
    return Measure(
        by.metric,
        "text",
        float(by.score(per_window.sum(0))),
        shifted=np.array(shifted),
        statistic=lambda w: by.score(w @ sums),
        blocks=blocks,
        n=len(true),
        floor=by.floor,
        ceiling=by.ceiling,
        note="best text, windows of 20 s",
    )


def _blocks(edges: np.ndarray) -> int:
    return count_blocks(edges[-1] - edges[0])


def _meaning(heard: Words, decoded: Words, moved: list[Words], edges: np.ndarray, embed: Embed) -> list[Measure]:
    """Likeness of mean word vectors in the windows in which words were heard, and the rank of the true window."""
    spoken = np.diff(np.searchsorted(heard.start, edges)) > 0
    if spoken.sum() < 3:
        return []
    lookup = {word: k for k, word in enumerate(dict.fromkeys(decoded.text))}
    table = np.nan_to_num(np.asarray(embed(tuple(lookup)), float))
    true, blocks = window_vectors(heard, edges, embed)[spoken], count_blocks(spoken.sum() * WINDOW)

    def cosines(words: Words) -> np.ndarray:
        rows = table[[lookup[w] for w in words.text]]
        return _cosines(_window_means(rows, words.start, edges)[spoken], true)

    def measure(metric: Metric, score, floor) -> Measure:
        diagonal = score(cosines(decoded))
        return Measure(
            metric,
            "text",
            float(diagonal.mean()),
            shifted=np.array([score(cosines(m)).mean() for m in moved]),
            statistic=mean_statistic(block_means(diagonal, blocks)),
            blocks=blocks,
            n=len(true),
            floor=floor,
            ceiling=1.0,
            note="best text, mean word vectors in windows of 20 s",
        )

    return [
        measure(metrics.WORD_VECTORS, np.diag, 0.0),
        measure(metrics.TEXT_RANK, lambda c: np.diag(ranks(c)), 0.5),
    ]
