"""Word signatures: what the decoded quantities look like while a word is heard, and the evidence for words from them.

A normal-normal model, fitted to the cross-fitted tokens of the training stories. The tokens of a word in one story
lie around the signature of the word, and the signatures of all words around a prior mean that a Bayesian ridge predicts
from the word's vector; so a word that was heard once has a signature too. The variance between words, against that
between stories, decides in each direction how far a signature follows what was heard of the word. All are found by EM,
that is by marginal likelihood (Dempster, Laird and Rubin 1977). Stories and not occurrences are counted: a word comes
in bouts, and neighbouring volumes share their noise. Evidence for a word is the linear discriminant score of its
signature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Words

SHRINKAGES = (0.01, 0.03, 0.1, 0.3)  # shares of the mean variance in the shared covariance, to choose from
N_FOLDS = 3  # folds of whole stories on which the share is chosen
N_JUDGED = 1000  # words of each fold by which it is judged
EM_STEPS = 12
FLOOR = 1e-3  # least variance of a direction, as a share of the mean


@dataclass(frozen=True)
class Heard:
    """Which words were heard in which training volumes.

    Parameters
    ----------
    row : array (n_heard,), int; training volume, counted over all stories
    word : array (n_heard,), int; index into the vocabulary
    """

    row: np.ndarray
    word: np.ndarray

    def where(self, keep: np.ndarray) -> Heard:
        """Some of the words; `keep` is a mask or an index of them."""
        return Heard(self.row[keep], self.word[keep])


def words_heard(volumes: list[np.ndarray], texts: list[Words], lengths, vocabulary: tuple[str, ...]) -> Heard:
    """The words of the training stories as pairs of volume and word.

    Parameters
    ----------
    volumes : arrays (n_words,), int; volume of each word of a story, -1 outside (`text.timing.words_of_volumes`)
    texts : the words of each story
    lengths : volumes of each story
    vocabulary : words of the language model; others are left out
    """
    index = {word: k for k, word in enumerate(vocabulary)}
    rows, words, first = [], [], 0
    for volume, text, length in zip(volumes, texts, lengths, strict=True):
        word = np.array([index.get(w, -1) for w in text.text], int)
        inside = (volume >= 0) & (word >= 0)
        rows.append(volume[inside] + first)
        words.append(word[inside])
        first += length
    return Heard(np.concatenate(rows).astype(np.int32), np.concatenate(words).astype(np.int32))


@dataclass(frozen=True)
class Signatures:
    """Linear discriminant scores of all words.

    Parameters
    ----------
    centre : array (n_tokens,), mean token while a word is heard
    weights : array (n_tokens, n_vocabulary)
    offset : array (n_vocabulary,)
    """

    centre: np.ndarray
    weights: np.ndarray
    offset: np.ndarray

    def evidence(self, tokens: np.ndarray) -> np.ndarray:
        """Log likelihood ratio of every word against a word without a signature, array (n_volumes, n_vocabulary).

        Parameters
        ----------
        tokens : array (n_volumes, n_tokens), see `f2t.F2T.tokens`
        """
        return (tokens - self.centre) @ self.weights - self.offset


@dataclass(frozen=True)
class Fitted:
    """Signatures before the shared covariance is shrunk.

    Parameters
    ----------
    centre : array (n_tokens,), mean token while a word is heard
    means : array (n_vocabulary, n_tokens), signature of each word, relative to the centre
    covariance : array (n_tokens, n_tokens), of the tokens of all words
    """

    centre: np.ndarray
    means: np.ndarray
    covariance: np.ndarray

    def discriminant(self, shrinkage: float) -> Signatures:
        """The scores of all words.

        Parameters
        ----------
        shrinkage : share of the mean variance in the shared covariance, see `choose_shrinkage`
        """
        weights = np.linalg.solve(_shrunk(self.covariance, shrinkage), self.means.T)
        offset = 0.5 * np.einsum("vt,tv->v", self.means, weights)
        return Signatures(*(a.astype(np.float32) for a in (self.centre, weights, offset)))


def fit_signatures(tokens: np.ndarray, bounds: np.ndarray, heard: Heard, vectors: np.ndarray) -> Fitted:
    """Signatures of the words of a vocabulary.

    Parameters
    ----------
    tokens : array (n_train, n_tokens), cross-fitted
    bounds : array (n_stories + 1,), first row of each story, and the end
    heard : at least one word
    vectors : array (n_vocabulary, dim), word vectors that predict signatures
    """
    said = np.bincount(heard.row, minlength=len(tokens)).astype(float)  # words heard in each volume
    centre = said @ tokens.astype(float) / len(heard.row)
    x = tokens - centre
    story = np.searchsorted(bounds, heard.row, side="right") - 1
    # Words that tell little are spread over all that is told, so the covariance that all words share is the total one.
    covariance = (x.T * said) @ x / len(heard.row)
    return Fitted(centre, _signature_means(x, story, heard, vectors), covariance)


def choose_shrinkage(tokens: np.ndarray, bounds: np.ndarray, heard: Heard, vectors: np.ndarray) -> float:
    """The share of `SHRINKAGES` under which the words of left-out training stories are most probable.

    Parameters
    ----------
    tokens, bounds, heard, vectors : as in `fit_signatures`
    """
    story = np.searchsorted(bounds, heard.row, side="right") - 1
    n_folds = min(N_FOLDS, len(bounds) - 1)
    score = np.zeros(len(SHRINKAGES))
    for fold in range(n_folds):
        out = np.flatnonzero(story % n_folds == fold)
        rest = heard.where(story % n_folds != fold)
        if not len(out) or not len(rest.row):
            continue
        judged = heard.where(out[np.linspace(0, len(out) - 1, min(N_JUDGED, len(out))).astype(int)])
        fitted = fit_signatures(tokens, bounds, rest, vectors)
        prior = np.log(np.bincount(rest.word, minlength=len(vectors)) + 0.5)
        for k, share in enumerate(SHRINKAGES):
            log_p = fitted.discriminant(share).evidence(tokens[judged.row]) + prior
            total = np.logaddexp.reduce(log_p, axis=1)
            score[k] += (log_p[np.arange(len(total)), judged.word] - total).sum()
    return SHRINKAGES[int(score.argmax())]


def _signature_means(x: np.ndarray, story: np.ndarray, heard: Heard, vectors: np.ndarray) -> np.ndarray:
    """Posterior mean of each word's signature, array (n_vocabulary, n_tokens), by EM of the normal-normal model.

    Parameters
    ----------
    x : array (n_train, n_tokens), tokens of the volumes, centred
    story : array (n_heard,), int; the story of each word heard
    heard, vectors : as in `fit_signatures`
    """
    units, unit_word = _means_by_story(x, story, heard, len(vectors))
    n, means = _means_by_word(units, unit_word, len(vectors))
    left = units - means[unit_word]
    total = units.T @ units / len(units)
    # With few words heard in several stories the variance between stories is not known, and the total stands for it.
    within = (left.T @ left + total) / (len(units) - np.count_nonzero(n) + 1)
    whiten = np.linalg.inv(np.linalg.cholesky(_shrunk(within, FLOOR))).T
    # Words heard in as many stories are trusted alike, and stand one after the other.
    order = np.argsort(n, kind="stable")
    often, alike = np.unique(n, return_counts=True)
    ends = np.concatenate([[0], np.cumsum(alike)])
    kinds = [slice(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    z = (means @ whiten)[order]  # here the variance between stories is 1 in every direction
    prior = Prior.of(np.concatenate([vectors, np.ones((len(vectors), 1))], 1)[order], z, kinds)
    alike = np.where(often > 0, alike, 0)[:, None]
    between, turn = np.ones(z.shape[1]), np.eye(z.shape[1])
    for step in range(EM_STEPS + 1):
        coefficients = prior.coefficients(often / (1 + often * between.mean()))
        predicted = prior.design @ coefficients
        share = between / (1 + often[:, None] * between)
        deviation = (z - predicted) @ turn
        for own, trust in zip(kinds, often[:, None] * share, strict=True):
            deviation[own] *= trust  # zero where a word was not heard
        if step == EM_STEPS:
            break
        moment = (_squares(deviation) + np.diag((alike * share).sum(0))) / alike.sum()
        between, axes = np.linalg.eigh(moment)
        between = np.maximum(between, 1e-9)
        turn = turn @ axes
    found = np.empty_like(z)
    found[order] = (predicted + deviation @ turn.T) @ np.linalg.inv(whiten)
    return found


def _squares(x: np.ndarray) -> np.ndarray:
    """x'x; half of a symmetric product is computed."""
    from scipy.linalg.blas import dsyrk

    lower = dsyrk(1.0, x.T, lower=1)
    return np.tril(lower) + np.tril(lower, -1).T


class Prior:
    """A Bayesian ridge that predicts signatures from word vectors (MacKay, Neural Computation 4, 1992).

    Parameters
    ----------
    design : array (n_vocabulary, dim + 1), word vectors and ones
    grams : array (n_kinds, dim + 1, dim + 1), design'design of each kind of word
    moments : array (n_kinds, dim + 1, n_tokens), design'z of each kind, z the whitened means of the words
    """

    def __init__(self, design: np.ndarray, grams: np.ndarray, moments: np.ndarray):
        self.design, self.grams, self.moments = design, grams, moments
        self.precision = float(design.size / np.sum(design**2))  # of the normal prior of the coefficients

    @classmethod
    def of(cls, design: np.ndarray, z: np.ndarray, kinds: list[slice]) -> Prior:
        """The ridge of words whose kinds are consecutive rows."""
        grams = np.stack([design[own].T @ design[own] for own in kinds])
        return cls(design, grams, np.stack([design[own].T @ z[own] for own in kinds]))

    def coefficients(self, weight: np.ndarray) -> np.ndarray:
        """The coefficients, array (dim + 1, n_tokens); the precision then takes one step of EM.

        Parameters
        ----------
        weight : array (n_kinds,), one over the variance of the mean of a word of each kind around the prediction
        """
        gram = np.tensordot(weight, self.grams, 1) + self.precision * np.eye(self.design.shape[1])
        inverse = np.linalg.inv(gram)
        found = inverse @ np.tensordot(weight, self.moments, 1)
        spread = np.sum(found**2) + found.shape[1] * np.trace(inverse)
        self.precision = float(found.size / spread)
        return found


def _means_by_story(x: np.ndarray, story: np.ndarray, heard: Heard, n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean token of each word in each story that has it, and the word of each mean."""
    key, which = np.unique(story * n_words + heard.word, return_inverse=True)
    return _sums(x, heard.row, which, len(key)) / np.bincount(which)[:, None], key % n_words


def _sums(x: np.ndarray, row: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Sum of the rows of each group, array (n_groups, n_columns); a sparse product takes a tenth of `np.add.at`.

    Parameters
    ----------
    x : array (n, n_columns)
    row, group : arrays (n_entries,), int; which row belongs to which group, some to several
    """
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(row)), (group, row)), shape=(n_groups, len(x))) @ x


def _means_by_word(units: np.ndarray, word: np.ndarray, n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """In how many stories each word was heard, and the mean over them; zero where there is none."""
    n = np.bincount(word, minlength=n_words).astype(float)
    return n, _sums(units, np.arange(len(units)), word, n_words) / np.maximum(n, 1)[:, None]


def _shrunk(covariance: np.ndarray, share: float) -> np.ndarray:
    """A covariance with a share of its mean variance in every direction, so that it can be inverted."""
    level = np.trace(covariance) / len(covariance)
    return (1 - share) * covariance + (share * level + 1e-9) * np.eye(len(covariance))
