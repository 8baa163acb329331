"""What may stand in each word slot, over all texts at once: forward-backward, several stories side by side.

A step takes the probability of the previous word through the pairs of words that were seen (a sparse matrix) and
through what is left of each row (`text.ngram.Bigram`). Steps follow one another and are short: as array operations,
most of their time went into the calls. Here the loops are compiled, and the stories of one language model are the lanes
of a vector, so that eight take hardly longer than one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import njit

from ..text.ngram import Bigram
from .f2t import WordSlots, likelihood_of

LANES = 8
MOST_BYTES = 256 * 2**20  # of the posteriors that are made side by side; a long story is made alone
NOTHING = np.float32(1e-30)  # beside probabilities that sum to 1; smaller numbers would be slow to compute with
compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "nsz", "nnan", "contract"})


def word_posteriors(language: Bigram, stories: list[WordSlots]) -> Iterator[np.ndarray]:
    """Posterior probability of each word in each slot, for every story an array (n_slots, n_vocabulary), float32.

    Parameters
    ----------
    language : the bigram model of all of them
    stories : what each says

    Yields
    ------
    p : array (n_slots, n_vocabulary), float32, of each story in turn; each row sums to 1
    """
    longest = max((len(story.volume) for story in stories), default=0)
    together = max(1, min(LANES, MOST_BYTES // max(1, 4 * longest * len(language))))
    for first in range(0, len(stories), together):
        yield from _side_by_side(language, stories[first : first + together])


def _side_by_side(language: Bigram, stories: list[WordSlots]) -> list[np.ndarray]:
    n_slots = np.array([len(story.volume) for story in stories])
    likelihood = np.zeros((len(stories), max(len(s.evidence) for s in stories), len(language)), np.float32)
    volume = np.zeros((len(stories), n_slots.max()), np.int64)
    for k, story in enumerate(stories):
        likelihood[k, : len(story.evidence)] = likelihood_of(story.evidence)
        volume[k, : n_slots[k]] = story.volume
    posterior = np.empty((len(stories), n_slots.max(), len(language)), np.float32)
    _, left, lower = language.parts
    seen, transposed = (_unsigned(matrix) for matrix in language.seen)
    state = np.empty((2, len(language) * LANES), np.float32)
    _filter(likelihood, volume, n_slots, seen, (left, lower), language.unigram, state, posterior)
    _smooth(likelihood, volume, n_slots, transposed, (left, lower), state, posterior)
    return [posterior[k, :n] for k, n in enumerate(n_slots)]


def _unsigned(matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row ends, columns and values of a sparse array; numba counts from the end where an index has a sign."""
    return matrix.indptr.astype(np.uint64), matrix.indices.astype(np.uint64), matrix.data.astype(np.float32)


@compiled
def _add_product(matrix, x, out):
    """Add to every lane of `out` what the transpose of a sparse matrix makes of the lane of `x`."""
    ends, columns, values = matrix
    for row in range(len(ends) - 1):
        at = row * LANES
        x0, x1, x2, x3 = x[at], x[at + 1], x[at + 2], x[at + 3]
        x4, x5, x6, x7 = x[at + 4], x[at + 5], x[at + 6], x[at + 7]
        for k in range(ends[row], ends[row + 1]):
            value, to = values[k], columns[k] * np.uint64(LANES)
            out[to] += value * x0
            out[to + np.uint64(1)] += value * x1
            out[to + np.uint64(2)] += value * x2
            out[to + np.uint64(3)] += value * x3
            out[to + np.uint64(4)] += value * x4
            out[to + np.uint64(5)] += value * x5
            out[to + np.uint64(6)] += value * x6
            out[to + np.uint64(7)] += value * x7


@compiled
def _spread(weights, x, shares, out):
    """out = shares times the weighted sum of each lane of `x`."""
    total = np.zeros(LANES, np.float32)
    for w in range(len(weights)):
        for lane in range(LANES):
            total[lane] += weights[w] * x[w * LANES + lane]
    for w in range(len(shares)):
        for lane in range(LANES):
            out[w * LANES + lane] = shares[w] * total[lane]


@compiled
def _filter(likelihood, volume, n_slots, seen, rest, unigram, state, posterior):
    """Probability of each word given the slots up to its own, into `posterior`; `rest` as in `Bigram.parts`."""
    left, lower = rest
    n, n_words = posterior.shape[0], posterior.shape[2]
    old, new = state[0], state[1]
    new[:] = 0
    for w in range(n_words):
        for lane in range(n):
            new[w * LANES + lane] = unigram[w]
    for t in range(posterior.shape[1]):
        if t > 0:
            _spread(left, old, lower, new)
            _add_product(seen, old, new)
        total = np.zeros(LANES, np.float32)
        for w in range(n_words):
            for lane in range(n):
                value = new[w * LANES + lane] * likelihood[lane, volume[lane, t], w]
                new[w * LANES + lane] = value
                total[lane] += value
        for lane in range(n):
            total[lane] = np.float32(1) / total[lane] if t < n_slots[lane] else np.float32(0)
        for w in range(n_words):
            for lane in range(n):
                value = new[w * LANES + lane] * total[lane]
                value = value if value > NOTHING else np.float32(0)
                new[w * LANES + lane] = value
                posterior[lane, t, w] = value
        old, new = new, old


@compiled
def _smooth(likelihood, volume, n_slots, transposed, rest, state, posterior):
    """Bring what later slots say into `posterior`, from the last slot to the first."""
    left, lower = rest
    n, n_words = posterior.shape[0], posterior.shape[2]
    later, weighted = state[0], state[1]
    later[:], weighted[:] = 0, 0
    for t in range(posterior.shape[1] - 2, -1, -1):
        for lane in range(n):
            if t + 2 == n_slots[lane]:
                for w in range(n_words):
                    later[w * LANES + lane] = 1  # nothing comes behind the last slot
        for w in range(n_words):
            for lane in range(n):
                weighted[w * LANES + lane] = later[w * LANES + lane] * likelihood[lane, volume[lane, t + 1], w]
        _spread(lower, weighted, left, later)
        _add_product(transposed, weighted, later)
        most, total = np.zeros(LANES, np.float32), np.zeros(LANES, np.float32)
        for w in range(n_words):
            for lane in range(n):
                most[lane] = max(most[lane], later[w * LANES + lane])
        for lane in range(n):
            most[lane] = np.float32(1) / most[lane] if t + 1 < n_slots[lane] else np.float32(0)
        for w in range(n_words):
            for lane in range(n):
                value = later[w * LANES + lane] * most[lane]
                value = value if value > NOTHING else np.float32(0)
                later[w * LANES + lane] = value
                total[lane] += value * posterior[lane, t, w]
        for lane in range(n):
            if t + 1 < n_slots[lane]:
                scale = np.float32(1) / total[lane]
                for w in range(n_words):
                    posterior[lane, t, w] *= later[w * LANES + lane] * scale
