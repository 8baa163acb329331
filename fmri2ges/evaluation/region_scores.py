"""Scores of one story that many choices of ROIs are compared by: cheap, and kept in blocks of 40 to 60 s.

Every score is the mean of its blocks, so that differences between choices, their intervals and their means over
stories follow from the blocks alone. A correlation is written as the mean of its first-order contributions over time
(its value plus the influence function of each frame), which is exact for the value and, to first order, for how it
varies from sample to sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..motion.features import BONE_LENGTHS, bones_to_joints, normalise
from ..types import Words
from . import metrics
from .gesture import ELBOWS, FACE, FPS, NECK, SEGMENT, WRISTS, rank_curve, ranks, unit_segments
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


class Course:
    """A series that is held against others: what depends on it alone is computed once.

    Parameters
    ----------
    values : array (n, n_columns)
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self._first: dict[int, Course] = {}

    def __len__(self) -> int:
        return len(self.values)

    def first(self, n: int) -> Course:
        """Its first n samples."""
        if n == len(self):
            return self
        if n not in self._first:
            self._first[n] = Course(self.values[:n])
        return self._first[n]

    @cached_property
    def centred(self) -> np.ndarray:
        """Without the mean of each column, array (n_columns, n)."""
        return np.ascontiguousarray((self.values - self.values.mean(0)).T)

    @cached_property
    def segments(self) -> np.ndarray:
        """See `gesture.unit_segments`."""
        return unit_segments(self.values, int(SEGMENT * FPS))


def correlation_in_blocks(reference: Course, predicted: Course, blocks: int) -> np.ndarray:
    """Contribution of each of equal blocks to the variance-weighted r of `nulls.correlation_at_shifts`.

    Returns
    -------
    array (blocks,) whose mean is r. With as many blocks as samples, each is r plus the influence of its sample on r,
    that is, with z the standardised columns and w the variances of the reference,
    sum_d w_d (z_a z_b - r_d (z_a^2 + z_b^2) / 2 + r_d) / sum_d w_d, and the influence of the sample on the weights
    """
    a, b, n = reference.centred, predicted.centred, len(reference)
    edges = block_edges(n, blocks)
    parts = [slice(i, j) for i, j in zip(edges[:-1], edges[1:], strict=True)]
    aa, bb, ab = (
        np.stack([np.einsum("dt,dt->d", x[:, part], y[:, part]) for part in parts]) for x, y in ((a, a), (b, b), (a, b))
    )  # (blocks, columns)
    w, v = aa.sum(0) / n, bb.sum(0) / n
    total = w.sum()
    alive = (v > 1e-12 * total) & (w > 0)
    if total <= 0 or not alive.any():
        return np.zeros(blocks)
    spread_a, spread_b = np.where(alive, np.sqrt(w), 1.0), np.where(alive, np.sqrt(v), 1.0)
    r = np.where(alive, ab.sum(0) / n / (spread_a * spread_b), 0.0)
    size = np.diff(edges)[:, None]
    each = ab / (spread_a * spread_b) - r * (aa / spread_a**2 + bb / spread_b**2) / 2 + r * size
    mean = float(w @ r / total)
    found = each @ (w * alive) / total + ((aa - w * size) @ (r - mean)) / total
    return found * (blocks / n)


def _correlation(
    metric: Metric, branch: str, reference: Course, predicted: Course, rate: float, null: bool
) -> StoryScore:
    """r of two series with `rate` samples a second."""
    blocks = count_blocks(len(reference) / rate)
    step = max(1, int(round(SHIFT_STEP * rate)))
    shifts = allowed_shifts(len(reference), rate)[::step] if null else np.zeros(0, int)
    shifted = np.zeros(0)
    if len(shifts):
        shifted = correlation_at_shifts(reference.values, predicted.values, shifts)
    return StoryScore(metric, branch, correlation_in_blocks(reference, predicted, blocks), shifted)


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
    reference: Course, predicted: Course, branch: str, null: bool, measures: GestureMetrics = REAL
) -> list[StoryScore]:
    """Correlation and identification of an expected gesture.

    Parameters
    ----------
    reference, predicted : of `gesture.features`, 15 per second
    branch : which branch made it
    null : whether the shifted scores are wanted
    measures : `REAL` where the reference is recorded motion, `HEARD` where T2G made it of the words heard
    """
    found = [_correlation(measures.r, branch, reference, predicted, FPS, null)]
    n = len(reference.segments)
    if n >= 3:
        table = ranks(predicted.segments @ reference.segments.T)
        shifts = allowed_shifts(n, 1 / SEGMENT) if null else np.zeros(0, int)
        blocks = in_blocks(np.diag(table), count_blocks(n * SEGMENT))
        found.append(StoryScore(measures.rank, branch, blocks, rank_curve(table, shifts)))
    return found


def rate_score(true: np.ndarray, decoded: np.ndarray, tr: float, null: bool) -> StoryScore:
    """Correlation of decoded and heard words per volume, arrays (n_volumes,)."""
    return _correlation(metrics.WORD_RATE_R, "text", Course(true[:, None]), Course(decoded[:, None]), 1 / tr, null)


def features_of_bones(bones: np.ndarray) -> np.ndarray:
    """`gesture.features` of bones (..., 27) of `motion.features`, which stand for a pose on the standard body."""
    return normalise(bones).astype(float) @ _features_of_bones()


@lru_cache(maxsize=1)
def _features_of_bones() -> np.ndarray:
    """Matrix (27, 18) from unit bone vectors to them: the bones that lead from the neck to each joint."""
    paths = bones_to_joints() * BONE_LENGTHS[:, None]
    return np.kron(paths[:, WRISTS + ELBOWS + FACE] - paths[:, [NECK]], np.eye(3))


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
