"""Scores of one story that many choices of ROIs are compared by: cheap, and kept in blocks of 40 to 60 s.

Every score is the mean of its blocks, so that differences between choices, their intervals and their means over
stories follow from the blocks alone. A correlation is written as the mean of its first-order contributions over time
(its value plus the influence function of each frame), which is exact for the value and, to first order, for how it
varies from sample to sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Words
from . import metrics
from .gesture import FPS, SEGMENT, rank_curve, segment_ranks
from .intervals import block_edges, count_blocks
from .metrics import Metric
from .nulls import allowed_shifts, correlation_at_shifts
from .text import WINDOW, Embed, window_edges, window_vectors

SHIFT_STEP = 2.0  # seconds between the shifts that are kept of the null


@dataclass(frozen=True)
class StoryScore:
    """A score of one story.

    Parameters
    ----------
    metric : what is measured
    branch : 'text' or 'direct'
    blocks : array (n_blocks,), contributions of the blocks, whose mean is the score
    shifted : array (n_shifts,), the score at circular shifts of the prediction; empty where no null is wanted
    ceiling : the highest value that noise in the BOLD allows, from repeats of the story; None without repeats
    """

    metric: Metric
    branch: str
    blocks: np.ndarray
    shifted: np.ndarray
    ceiling: float | None = None

    @property
    def value(self) -> float:
        """The score."""
        return float(self.blocks.mean())


def in_blocks(values: np.ndarray, blocks: int) -> np.ndarray:
    """Contributions of equal blocks, array (blocks,), whose mean is the mean of `values`, array (n,)."""
    edges = block_edges(len(values), blocks)
    return np.add.reduceat(values, edges[:-1]) * (blocks / len(values))


def correlation_in_time(reference: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Contribution of each frame to the variance-weighted r of `nulls.correlation_at_shifts`, array (n,).

    Parameters
    ----------
    reference, predicted : arrays (n, n_columns)

    Returns
    -------
    array (n,) whose mean is r; each is r plus the influence of its frame on r, that is, with z the standardised
    columns and w the variances of the reference, sum_d w_d (z_a z_b - r_d (z_a^2 + z_b^2) / 2 + r_d) / sum_d w_d, and
    the influence of the frame on the weights
    """
    a, b = reference - reference.mean(0), predicted - predicted.mean(0)
    w, v = (a**2).mean(0), (b**2).mean(0)
    total = w.sum()
    alive = (v > 1e-12 * total) & (w > 0)
    if total <= 0 or not alive.any():
        return np.zeros(len(a))
    za, zb = a[:, alive] / np.sqrt(w[alive]), b[:, alive] / np.sqrt(v[alive])
    r = (za * zb).mean(0)
    each = za * zb - r * (za**2 + zb**2) / 2 + r
    weighted = each @ w[alive] / total
    r_of_all = np.zeros(len(w))
    r_of_all[alive] = r
    mean = float(w @ r_of_all / total)
    return weighted + ((a**2 - w) @ (r_of_all - mean)) / total


def _correlation(metric: Metric, branch: str, reference, predicted, rate: float, null: bool) -> StoryScore:
    """r of two series (n, n_columns) with `rate` samples a second."""
    blocks = count_blocks(len(reference) / rate)
    step = max(1, int(round(SHIFT_STEP * rate)))
    shifts = allowed_shifts(len(reference), rate)[::step] if null else np.zeros(0, int)
    shifted = correlation_at_shifts(reference, predicted, shifts) if len(shifts) else np.zeros(0)
    return StoryScore(metric, branch, in_blocks(correlation_in_time(reference, predicted), blocks), shifted)


@dataclass(frozen=True)
class GestureMetrics:
    """Under which metrics a gesture is scored against one kind of reference.

    Parameters
    ----------
    r : correlation of the expected gesture
    rank : identification of segments of 10 s
    """

    r: Metric
    rank: Metric


REAL = GestureMetrics(metrics.R_EXPECTED, metrics.SEGMENT_RANK)
HEARD = GestureMetrics(metrics.HEARD_R_EXPECTED, metrics.HEARD_RANK)


def gesture_scores(
    reference: np.ndarray, predicted: np.ndarray, branch: str, null: bool, measures: GestureMetrics = REAL
) -> list[StoryScore]:
    """Correlation and identification of an expected gesture.

    Parameters
    ----------
    reference, predicted : arrays (n_frames, n_columns) of `gesture.features`, 15 per second
    branch : which branch made it
    null : whether the shifted scores are wanted
    measures : `REAL` where the reference is recorded motion, `HEARD` where T2G made it of the words heard
    """
    found = [_correlation(measures.r, branch, reference, predicted, FPS, null)]
    per_segment = int(SEGMENT * FPS)
    n = len(reference) // per_segment
    if n >= 3:
        table = segment_ranks(reference, predicted, per_segment)
        shifts = allowed_shifts(n, 1 / SEGMENT) if null else np.zeros(0, int)
        blocks = in_blocks(np.diag(table), count_blocks(n * SEGMENT))
        found.append(StoryScore(measures.rank, branch, blocks, rank_curve(table, shifts)))
    return found


def rate_score(true: np.ndarray, decoded: np.ndarray, tr: float, null: bool) -> StoryScore:
    """Correlation of decoded and heard words per volume, arrays (n_volumes,)."""
    return _correlation(metrics.WORD_RATE_R, "text", true[:, None], decoded[:, None], 1 / tr, null)


@dataclass(frozen=True)
class TimedVectors:
    """Vectors of decoded words: of drawn ones, or the mean over the words that may stand in a slot.

    Parameters
    ----------
    vectors : array (n_slots, dim)
    start : array (n_slots,), seconds, in order
    """

    vectors: np.ndarray
    start: np.ndarray


def meaning_scores(
    heard: Words, texts: list[TimedVectors], start: float, stop: float, embed: Embed, null: bool
) -> list[StoryScore]:
    """Likeness of word vectors in windows of 20 s, and the rank of the true window: means over the texts.

    Parameters
    ----------
    heard : the words of the story
    texts : what was decoded
    start, stop : the stretch, seconds on the story's clock
    embed : word vectors
    null : whether the shifted scores are wanted
    """
    edges = window_edges(start, stop)
    heard = heard.slice(start, edges[-1])
    if len(edges) < 4:
        return []
    seconds = edges[-1] - edges[0]
    shifts = allowed_shifts(int(seconds), 1.0)[:: int(SHIFT_STEP)] if null else np.zeros(0, int)
    spoken = np.diff(np.searchsorted(heard.start, edges)) > 0
    if spoken.sum() < 3:
        return []
    true = window_vectors(heard, edges, embed)
    like, rank = np.mean([_shifted_likeness(text, true, edges, shifts, spoken) for text in texts], axis=0)
    blocks = count_blocks(spoken.sum() * WINDOW)
    return [
        StoryScore(metrics.WORD_VECTORS, "text", in_blocks(like[0], blocks), like[1:].mean(1)),
        StoryScore(metrics.TEXT_RANK, "text", in_blocks(rank[0], blocks), rank[1:].mean(1)),
    ]


def _shifted_likeness(
    text: TimedVectors, true: np.ndarray, edges: np.ndarray, shifts: np.ndarray, spoken: np.ndarray
) -> np.ndarray:
    """Likeness and rank of each window with heard words, for the text as it is and for each shift.

    Parameters
    ----------
    true : array (n_windows, dim), mean vectors of the heard words
    spoken : array (n_windows,), bool

    Returns
    -------
    array (2, 1 + n_shifts, n_spoken)
    """
    true, n, everything = true[spoken], int(spoken.sum()), np.append(0, shifts)
    inside = (text.start >= edges[0]) & (text.start < edges[-1])
    if not inside.any():
        return np.stack([np.zeros((len(everything), n)), np.full((len(everything), n), 0.5)])
    vectors, said = np.nan_to_num(text.vectors[inside].astype(float)), text.start[inside]
    # A text moved by s in a circle has in the window [a, b) the words of [a - s, b - s).
    times = np.concatenate([said - (edges[-1] - edges[0]), said])
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(np.concatenate([vectors, vectors]), 0)])
    place = np.searchsorted(times, edges[None] - everything[:, None])  # (1 + n_shifts, n + 1)
    counts = np.maximum(np.diff(place, axis=1), 1)[..., None]
    means = ((sums[place[:, 1:]] - sums[place[:, :-1]]) / counts)[:, spoken]
    # Frequent words are in every window; with their mean removed, the likeness is about the topic.
    cosines = _unit(means - true.mean(0)) @ _unit(true - true.mean(0)).T  # a row for each decoded window
    own = np.diagonal(cosines, axis1=1, axis2=2)
    below = (cosines < own[..., None] - 1e-12).sum(2)
    ties = (np.abs(cosines - own[..., None]) <= 1e-12).sum(2) - 1
    return np.stack([own, (below + 0.5 * ties) / max(1, n - 1)])


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
