"""What a decoder asks of a language model, and the small one that is fitted on training stories.

A language model proposes next words and turns a word in its context into the features of the encoding
model. `BigramLM` (here) needs nothing but the training stories and the public word vectors; `CausalLM`
(causal_lm.py) reads any causal model of transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..work import QUIET, Work
from .ngram import Bigram

CONTEXT = 8  # words whose vectors are averaged by the small model


class LanguageModel(Protocol):
    """Contexts are opaque values of the model: one row per hypothesis, all with the same number of words.

    Attributes
    ----------
    name : str, printed with every score
    vocabulary : tuple of str, the words that can be proposed
    n_features : int
    """

    name: str
    vocabulary: tuple[str, ...]
    n_features: int

    def start(self) -> Any:
        """Contexts of one hypothesis without words."""

    def next_words(self, contexts: Any) -> np.ndarray:
        """P(next word), array (n_hypotheses, n_vocabulary); rows sum to 1."""

    def features(self, contexts: Any, rows: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Features of candidate words, array (n, n_features), float32.

        Parameters
        ----------
        rows : array (n,), int; the hypothesis that each candidate extends
        words : array (n,), int; index into the vocabulary
        """

    def extend(self, contexts: Any, rows: np.ndarray, words: np.ndarray) -> Any:
        """Contexts of new hypotheses: hypothesis `rows[k]` and then word `words[k]`."""

    def story_features(self, words: Sequence[str], work: Work = QUIET) -> np.ndarray:
        """Features of each word of a text, array (n_words, n_features), float32.

        The same numbers as `features` gives when the text is built word by word. A model that takes long tells
        `work` how far it is.
        """


@dataclass(frozen=True)
class RecentWords:
    """Contexts of the small model.

    Parameters
    ----------
    last : array (n_hypotheses,), int; -1 before the first word
    vectors : array (n_hypotheses, n_words, dim); vectors of the last few words, fewer at the start
    """

    last: np.ndarray
    vectors: np.ndarray


class BigramLM:
    """A bigram of the training stories; features are the word's vector and the mean over its context.

    Parameters
    ----------
    language : bigram of the training stories
    vectors : word vectors with `dim` and `matrix(words) -> (n_words, dim)`; unknown words are zero
    context : words that the mean covers, the word itself included
    """

    most_candidates = 256  # the whole nucleus: words of a topic stand far down in it, each as rare as the others

    def __init__(self, language: Bigram, vectors, context: int = CONTEXT):
        self.language, self.embed, self.context = language, vectors, context
        self.name = f"bigram of the training stories, {vectors.dim}-d word vectors"
        self.vocabulary = language.vocabulary
        self.table = np.asarray(vectors.matrix(self.vocabulary), np.float32)
        self.n_features = 2 * vectors.dim

    def start(self) -> RecentWords:
        """Contexts of one hypothesis without words."""
        return RecentWords(np.full(1, -1), np.zeros((1, 0, self.table.shape[1]), np.float32))

    def next_words(self, contexts: RecentWords) -> np.ndarray:
        """P(next word), array (n_hypotheses, n_vocabulary); rows sum to 1."""
        if contexts.last[0] < 0:
            return np.repeat(self.language.unigram[None], len(contexts.last), axis=0)
        return self.language.transition[contexts.last]

    def features(self, contexts: RecentWords, rows: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Features of candidate words, array (n, n_features), float32; see `LanguageModel.features`."""
        before = contexts.vectors[:, -(self.context - 1) :] if self.context > 1 else contexts.vectors[:, :0]
        own = self.table[words]
        mean = (before.sum(1)[rows] + own) / (before.shape[1] + 1)
        return np.concatenate([own, mean], 1)

    def extend(self, contexts: RecentWords, rows: np.ndarray, words: np.ndarray) -> RecentWords:
        """Contexts of new hypotheses: hypothesis `rows[k]` and then word `words[k]`."""
        grown = np.concatenate([contexts.vectors[rows], self.table[words][:, None]], 1)
        return RecentWords(np.asarray(words), grown[:, -self.context :])

    def story_features(self, words: Sequence[str], work: Work = QUIET) -> np.ndarray:
        """Features of each word of a text, array (n_words, n_features), float32."""
        own = np.asarray(self.embed.matrix(tuple(words)), np.float32)
        total = np.concatenate([np.zeros((1, own.shape[1])), np.cumsum(own, 0, dtype=np.float64)])
        stop = np.arange(1, len(own) + 1)
        first = np.maximum(stop - self.context, 0)
        return np.concatenate([own, (total[stop] - total[first]) / (stop - first)[:, None]], 1).astype(np.float32)
