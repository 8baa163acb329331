"""A small language model: an interpolated Kneser-Ney bigram over the words of training stories.

Kneser and Ney 1995; absolute discount D = n1 / (n1 + 2 n2) (Ney, Essen and Kneser 1994).
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..errors import UserError


class Bigram:
    """Bigram probabilities; the vocabulary is that of a few stories.

    Products take the few pairs that were seen, and what is left of each row at once: a story is filtered in a
    twentieth of the time that a dense table takes.

    Parameters
    ----------
    vocabulary : tuple of str
    pairs : array (n_pairs, 3), int32; previous word, word, count
    counts : array (n_words,), int32; unigram counts
    """

    def __init__(self, vocabulary: tuple[str, ...], pairs: np.ndarray, counts: np.ndarray):
        self.vocabulary = tuple(vocabulary)
        self.pairs = np.asarray(pairs, np.int32).reshape(-1, 3)
        self.counts = np.asarray(counts, np.int32)

    @classmethod
    def fit(cls, stories) -> Bigram:
        """Count the words of `stories`, an iterable of sequences of str."""
        stories = [list(s) for s in stories]
        unigrams = Counter(w for s in stories for w in s)
        if not unigrams:
            raise UserError("language model: the training stories hold no words; check their transcripts")
        vocabulary = tuple(sorted(unigrams))
        index = {w: i for i, w in enumerate(vocabulary)}
        bigrams = Counter((index[a], index[b]) for s in stories for a, b in pairwise(s))
        pairs = np.array([(a, b, n) for (a, b), n in sorted(bigrams.items())], np.int32).reshape(-1, 3)
        return cls(vocabulary, pairs, np.array([unigrams[w] for w in vocabulary], np.int32))

    def __len__(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def unigram(self) -> np.ndarray:
        """Relative frequency, array (n_words,)."""
        return (self.counts / self.counts.sum()).astype(np.float32)

    @cached_property
    def transition(self) -> np.ndarray:
        """P(word | previous), array (n_words, n_words), float32; each row sums to 1."""
        table, left, lower = self.parts
        return table + left[:, None] * lower[None, :]

    @cached_property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Discounted frequencies of the pairs that were seen, what they leave of each row, and who shares in that."""
        v = len(self)
        table = np.zeros((v, v), np.float32)
        prev, word, n = self.pairs.T
        seen = np.maximum(np.bincount(prev, n, v), 1e-9)
        n1, n2 = (n == 1).sum(), (n == 2).sum()
        discount = n1 / (n1 + 2 * n2) if n1 else 0.5
        table[prev, word] = np.maximum(n - discount, 0) / seen[prev]
        # Continuation: in how many contexts a word was seen, with a little of the unigram so that
        # words which only open a story keep some mass.
        contexts = np.bincount(word, minlength=v).astype(np.float32)
        lower = 0.9 * contexts / max(1.0, contexts.sum()) + 0.1 * self.unigram
        lower /= lower.sum()
        return table, 1.0 - table.sum(1), lower

    @cached_property
    def _by_next(self) -> np.ndarray:
        """The transpose of `transition`, so that a row holds what can stand before a word."""
        table, left, lower = self.parts
        return np.ascontiguousarray((table + left[:, None] * lower[None, :]).T)

    @cached_property
    def seen(self):
        """The pairs that were seen, a few in a hundred of all, as a sparse array and as its transpose."""
        from scipy.sparse import csr_array

        seen = csr_array(self.parts[0])
        return seen, seen.T.tocsr()

    def after(self, state: np.ndarray) -> np.ndarray:
        """Probability of the next word, array (n_words,), when `state` (n_words,) is that of the previous one."""
        _, left, lower = self.parts
        return self.seen[1] @ state + (state @ left) * lower

    def into(self, words: np.ndarray) -> np.ndarray:
        """P(word | previous) for some words and every previous one, array (n, n_words)."""
        return self._by_next[words]

    def expected(self, values: np.ndarray) -> np.ndarray:
        """Mean over the next word of `values` (n_words,), for every previous word, array (n_words,)."""
        _, left, lower = self.parts
        return self.seen[0] @ values + left * (lower @ values)
