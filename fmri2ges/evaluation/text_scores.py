"""Scores of a decoded text in windows: word errors, words in common, matches by stem, matches by meaning.

Each score is an object that is called as ``score(heard, decoded, windows)`` and returns an array (n_windows,); its
attribute `metric` says what it measures. A window without decoded words scores worst; one without heard words is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import check_shape
from ..text.stems import stem
from ..types import Words
from . import metrics
from .text import Embed, bleu_counts, bleu_of, wer_counts, wer_of


def word_ranges(words: Words, windows: np.ndarray) -> np.ndarray:
    """First and one past the last word whose onset lies in each window, array (n_windows, 2), int."""
    return np.searchsorted(words.start, np.asarray(windows, float))


def _texts(words: Words, windows: np.ndarray) -> list[tuple[str, ...]]:
    return [words.text[a:b] for a, b in word_ranges(words, windows)]


class WordErrorRate:
    """Edits per heard word (jiwer)."""

    metric = metrics.WER

    def __call__(self, heard: Words, decoded: Words, windows: np.ndarray) -> np.ndarray:
        """Score of each window, array (n_windows,); NaN where nothing was heard."""
        true, guess = _texts(heard, windows), _texts(decoded, windows)
        score = wer_of(wer_counts([" ".join(t) for t in true], [" ".join(g) for g in guess]))
        return _without_empty(score, true)


class Bleu1:
    """Words in common (sacrebleu, effective order, no tokenizer)."""

    metric = metrics.BLEU1

    def __call__(self, heard: Words, decoded: Words, windows: np.ndarray) -> np.ndarray:
        """Score of each window, array (n_windows,); NaN where nothing was heard."""
        true, guess = _texts(heard, windows), _texts(decoded, windows)
        return _without_empty(bleu_of(bleu_counts([" ".join(t) for t in true], [" ".join(g) for g in guess])), true)


class Meteor:
    """METEOR of nltk with exact and stem matches only: without WordNet there are no synonyms.

    Banerjee and Lavie 2005; alpha .9, beta 3, gamma .5; nltk aligns words that occur twice greedily from the
    end, which can give more chunks than the fewest possible. Not comparable with METEOR that knows synonyms.
    """

    metric = metrics.METEOR

    def __call__(self, heard: Words, decoded: Words, windows: np.ndarray) -> np.ndarray:
        """Score of each window, array (n_windows,); NaN where nothing was heard."""
        true, guess = _texts(heard, windows), _texts(decoded, windows)
        return _without_empty(np.array([meteor(t, g) for t, g in zip(true, guess, strict=True)]), true)


def meteor(true: Sequence[str], guess: Sequence[str]) -> float:
    """METEOR (exact+stem) of one pair of texts, 0 to 1."""
    from nltk.translate.meteor_score import single_meteor_score

    if not len(true) or not len(guess):
        return 0.0
    return float(single_meteor_score(list(true), list(guess), stemmer=_Stemmer, wordnet=_NoSynonyms))


class _Stemmer:
    @staticmethod
    def stem(word: str) -> str:
        return stem(word)


class _NoSynonyms:
    @staticmethod
    def synsets(word: str) -> list:
        return []


class GreedyMatch:
    """Greedy matches of word vectors, F1.

    The formula is that of BERTScore (Zhang et al., ICLR 2020) without baseline rescaling. With vectors that do not
    depend on the words around it is not BERTScore, and is not called so.

    Parameters
    ----------
    name : the model behind the vectors; it becomes the metric's variant, because scores by different models cannot be
        compared
    embed : vectors of the words of a text, array (n_words, n_dims)
    idf : weight of each word (`window_frequency_weights`); None weighs all words alike
    unseen : weight of words that are not in `idf`
    """

    kind = metrics.GREEDY_MATCH

    def __init__(self, name: str, embed: Embed, idf: dict[str, float] | None = None, unseen: float = 1.0):
        self.metric = self.kind.of(name)
        self.embed, self.idf, self.unseen = embed, idf, unseen
        self._known: tuple[tuple[str, ...], np.ndarray] | None = (
            None  # the heard text is scored against many decoded ones
        )

    def __call__(self, heard: Words, decoded: Words, windows: np.ndarray) -> np.ndarray:
        """Score of each window, array (n_windows,); NaN where nothing was heard."""
        if not len(heard) or not len(decoded):
            return _without_empty(np.zeros(len(windows)), _texts(heard, windows))
        if self._known is None or self._known[0] != heard.text:
            self._known = (heard.text, self._vectors(heard.text))
        likeness = self._known[1] @ self._vectors(decoded.text).T
        true, guess = word_ranges(heard, windows), word_ranges(decoded, windows)
        weights = self._weights(heard.text), self._weights(decoded.text)
        scores = np.array(
            [
                f1_of_matches(likeness[a:b, c:d], weights[0][a:b], weights[1][c:d]) if b > a and d > c else 0.0
                for (a, b), (c, d) in zip(true, guess, strict=True)
            ]
        )
        return np.where(true[:, 1] > true[:, 0], scores, np.nan)

    def _vectors(self, text: tuple[str, ...]) -> np.ndarray:
        vectors = np.nan_to_num(np.asarray(self.embed(text), float))
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def _weights(self, text: tuple[str, ...]) -> np.ndarray:
        if self.idf is None:
            return np.ones(len(text))
        return np.array([self.idf.get(w, self.unseen) for w in text])


class BertScore(GreedyMatch):
    """BERTScore F1 (Zhang et al., ICLR 2020), without baseline rescaling: greedy matches of vectors in context.

    The parameters are those of `GreedyMatch`; `embed` gives hidden states of a language model, one for each word, which
    depend on the words around. They are of the whole text, of which a window is a part.
    """

    kind = metrics.BERT_SCORE


def f1_of_matches(likeness: np.ndarray, true_weights: np.ndarray, guess_weights: np.ndarray) -> float:
    """F1 of greedy matches: for recall each heard word takes its best match, for precision each decoded word.

    Parameters
    ----------
    likeness : array (n_true, n_guess), cosines
    true_weights : array (n_true,), weight of each heard word
    guess_weights : array (n_guess,), weight of each decoded word
    """
    check_shape("likeness", likeness, (len(true_weights), len(guess_weights)))
    recall = likeness.max(1) @ true_weights / max(true_weights.sum(), 1e-9)
    precision = likeness.max(0) @ guess_weights / max(guess_weights.sum(), 1e-9)
    return float(2 * precision * recall / (precision + recall)) if precision + recall > 1e-9 else 0.0


class Likeness:
    """Cosine of the mean word vectors of heard and decoded windows.

    The mean over the windows with heard words is removed first; the rest is about the topic, no longer about frequent
    words.

    Parameters
    ----------
    embed : vectors of words, array (n_words, n_dims)
    """

    metric = metrics.WORD_VECTORS

    def __init__(self, embed: Embed):
        self.embed = embed

    def __call__(self, heard: Words, decoded: Words, windows: np.ndarray) -> np.ndarray:
        """Score of each window, array (n_windows,); NaN where nothing was heard."""
        true, guess = self._means(heard, windows), self._means(decoded, windows)
        first, stop = word_ranges(heard, windows).T
        if not (stop > first).any():
            return np.full(len(windows), np.nan)
        centre = true[stop > first].mean(0)
        true, guess = true - centre, guess - centre
        scale = np.linalg.norm(true, axis=1) * np.linalg.norm(guess, axis=1)
        return np.where(stop > first, (true * guess).sum(1) / np.maximum(scale, 1e-9), np.nan)

    def _means(self, words: Words, windows: np.ndarray) -> np.ndarray:
        vectors = np.nan_to_num(np.asarray(self.embed(words.text), float))
        total = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, 0)])
        first, stop = word_ranges(words, windows).T
        return (total[stop] - total[first]) / np.maximum(stop - first, 1)[:, None]


def window_frequency_weights(probability: dict[str, float], words: int = 45) -> tuple[dict[str, float], float]:
    """Weight of each word, -log P(it occurs in a window), and the weight of words that are not listed.

    This is the inverse document frequency of BERTScore, with windows as documents. P follows from the frequency of the
    word in the training texts: P = 1 - (1 - p)^words.

    Parameters
    ----------
    probability : share of each word among the running words of the training texts
    words : number of words in a window; 20 s of speech have about 45
    """
    weights = {w: -math.log1p(-((1 - p) ** words)) for w, p in probability.items() if p > 0}
    return weights, max(weights.values(), default=1.0)


def _without_empty(score: np.ndarray, true: list[tuple[str, ...]]) -> np.ndarray:
    return np.where([len(t) > 0 for t in true], score, np.nan)
