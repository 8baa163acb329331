"""F2T: words and their times from fMRI, the fast form.

1. A FIR ridge (`Readout`) predicts per volume: the mean word vector, its slow course (topic), the
   number of words, and a few numbers of the gesture that T2G gives the text (for F2G).
2. Cross-fitted predictions calibrate it: an uninformative choice of ROIs predicts the mean, not noise.
3. The decoded word rate gives word slots; a bigram language model and the evidence of the decoded
   quantities for each word (`signatures.py`) give posterior texts, sampled forward-backward. Decoding
   runs free: it never sees a transcript.

Words come out mostly wrong and topics right: that is what BOLD at TR 2 s carries.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..errors import UserError
from ..text.ngram import Bigram
from ..text.timing import spread_words, word_counts, words_of_volumes
from ..types import Words
from .kept import LastFew
from .readout import Readout, Solution
from .signatures import Heard, Signatures, fit_signatures
from .word_rate import WordRate

KEPT = 8  # choices of ROIs that stay solved
SLOW_SECONDS = 6.0  # sd of the Gaussian that makes the topic course
SILENT_RATE = 0.1  # words per second of the topic course; where fewer are said, it goes to zero
# Runs from before word signatures: evidence of decoded word vectors, which counted double.
COVARIANCE_SHRINK = 0.3
EVIDENCE_WEIGHT = 2.0
SLOPE_PRIOR = 16.0  # a calibration slope is believed to be .5 with an sd of 1 / 4


@dataclass(frozen=True)
class Blocks:
    """Where each kind of target stands in the readout's columns."""

    dim: int
    n_gesture: int

    @property
    def fast(self) -> slice:
        """Columns of the word vectors of each volume."""
        return slice(0, self.dim)

    @property
    def slow(self) -> slice:
        """Columns of the word vectors smoothed over time, the topic course."""
        return slice(self.dim, 2 * self.dim)

    @property
    def rate(self) -> slice:
        """Column of the words per volume."""
        return slice(2 * self.dim, 2 * self.dim + 1)

    @property
    def gesture(self) -> slice:
        """Columns of the gesture codes."""
        return slice(2 * self.dim + 1, 2 * self.dim + 1 + self.n_gesture)

    @property
    def width(self) -> int:
        """Number of columns."""
        return 2 * self.dim + 1 + self.n_gesture


def text_targets(words: Words, vectors: np.ndarray, volume_times: np.ndarray, tr: float) -> np.ndarray:
    """Targets of one story from its transcript.

    Parameters
    ----------
    words : the words heard
    vectors : array (n_words, dim), centred on the training words
    volume_times : array (n_volumes,), seconds

    Returns
    -------
    array (n_volumes, 2 * dim + 1): mean word vector of the volume (zero without words), its slow
    course, and the number of words
    """
    index = words_of_volumes(words, volume_times, tr)
    inside = index >= 0
    total = np.zeros((len(volume_times), vectors.shape[1]), np.float32)
    np.add.at(total, index[inside], vectors[inside])
    count = word_counts(words, volume_times, tr)
    width = SLOW_SECONDS / tr
    slow = gaussian_filter1d(total, width, axis=0, mode="nearest")
    slow_count = gaussian_filter1d(count, width, mode="nearest")
    fast = total / np.maximum(count, 1)[:, None]
    return np.concatenate([fast, slow / np.maximum(slow_count, SILENT_RATE * tr)[:, None], count[:, None]], 1)


@dataclass(frozen=True, eq=False)
class Decoder:
    """A readout solved and calibrated for one choice of ROIs.

    Parameters
    ----------
    gains : array (n_targets,); slope of the truth on the cross-fitted prediction, one per block
    """

    solution: Solution
    gains: np.ndarray


class F2T:
    """Text decoder of one subject.

    Parameters
    ----------
    readout : FIR ridge with the targets described by `blocks`
    blocks : which targets are which
    language : bigram of the training texts
    vectors : array (n_vocabulary, dim), word vectors of the vocabulary centred on the training words
    covariance : array (dim, dim) of word vectors over the running training words
    heard : the words of the training stories; None in runs of earlier versions, which have no word signatures
    shrinkage : of the covariance of word signatures, see `signatures.choose_shrinkage`
    word_rate : the word-rate model; None in runs of earlier versions, whose rate is the readout's
    """

    def __init__(
        self,
        readout: Readout,
        blocks: Blocks,
        language: Bigram,
        vectors: np.ndarray,
        covariance: np.ndarray,
        heard: Heard | None = None,
        shrinkage: float = 0.1,
        word_rate: WordRate | None = None,
    ):
        self.readout, self.blocks, self.language = readout, blocks, language
        self.vectors = vectors
        self.covariance = covariance
        self.heard, self.shrinkage, self.word_rate = heard, shrinkage, word_rate
        shrunk = covariance + COVARIANCE_SHRINK * np.eye(len(covariance))
        self.evidence_of = np.linalg.solve(shrunk, vectors.T).astype(np.float32)  # (dim, n_vocabulary)
        self._decoders: LastFew[Decoder] = LastFew(KEPT)
        self._signatures: LastFew[Signatures] = LastFew(KEPT)

    def decoder(self, columns: np.ndarray) -> Decoder:
        """The readout solved for some feature columns; the last few are kept."""
        key = tuple(int(c) for c in columns)
        return self._decoders.get(key, lambda: self.calibrated(self.readout.solve(columns)))

    def calibrated(self, solution: Solution) -> Decoder:
        """A solution of the readout with its calibration, which its cross-fitted predictions give."""
        y, p, b = self.readout.targets, solution.crossfit, self.blocks
        gains = np.zeros(b.width, np.float32)
        for block in (b.fast, b.slow, b.rate, b.gesture):
            # Ridge towards .5: with little data a slope is mostly noise, with much data this vanishes.
            pull = SLOPE_PRIOR * (y[:, block] ** 2).mean() if y[:, block].size else 1.0
            slope = ((p[:, block] * y[:, block]).sum() + 0.5 * pull) / ((p[:, block] ** 2).sum() + pull + 1e-9)
            gains[block] = np.clip(slope, 0.0, 1.5)
        return Decoder(solution, gains)

    def word_vectors_from_tokens(self, decoder: Decoder) -> np.ndarray:
        """Weights from tokens to the expected word vector, array (n_targets, dim): runs without signatures decode so.

        A small ridge, weighted by the words of each volume.
        """
        y, b = self.readout.targets, self.blocks
        x = self.tokens(decoder, decoder.solution.crossfit)
        xw = x * (y[:, b.rate] + self.readout.mean[b.rate]).clip(0)
        gram = xw.T @ x
        gram += (0.02 * np.trace(gram) / len(gram) + 1e-3) * np.eye(len(gram))
        return np.linalg.solve(gram, xw.T @ y[:, b.fast]).astype(np.float32)

    def tokens(self, decoder: Decoder, prediction: np.ndarray) -> np.ndarray:
        """Calibrated, standardised predictions per volume: what F2G attends to.

        Parameters
        ----------
        prediction : array (n_volumes, n_targets), centred

        Returns
        -------
        array (n_volumes, n_targets), float32; near zero where nothing can be decoded
        """
        return (prediction * decoder.gains / self.target_sd).astype(np.float32)

    def evidence(self, decoder: Decoder, prediction: np.ndarray) -> np.ndarray:
        """Evidence for every word of the vocabulary, log likelihood ratios, array (n_volumes, n_vocabulary).

        Parameters
        ----------
        prediction : array (n_volumes, n_targets), centred
        """
        tokens = self.tokens(decoder, prediction)
        if self.heard is None:
            return EVIDENCE_WEIGHT * (tokens @ self.word_vectors_from_tokens(decoder) @ self.evidence_of)
        return self.signatures(decoder).evidence(tokens)

    def signatures(self, decoder: Decoder) -> Signatures:
        """Word signatures in the tokens of a decoder; they are fitted at the first call and kept.

        Another decoder of the same ROIs, solved with another penalty, has signatures of its own.
        """
        return self._signatures.get(decoder, lambda: self._signed(decoder))

    def _signed(self, decoder: Decoder) -> Signatures:
        assert self.heard is not None, "asked only where the words of training are known"
        tokens = self.tokens(decoder, decoder.solution.crossfit)
        try:
            return fit_signatures(tokens, self.readout.bounds, self.heard, self.vectors).discriminant(self.shrinkage)
        except np.linalg.LinAlgError as error:  # numbers that no training stores
            raise UserError(f"text decoder: its weights are damaged ({error}); train the run again") from error

    def without_story(self, story: int) -> F2T:
        """The same decoder with word signatures that have not seen a training story, to decode that story.

        Parameters
        ----------
        story : its number among the training stories
        """
        other = copy(self)
        other._signatures = LastFew(KEPT)
        if self.heard is not None:
            first, stop = self.readout.bounds[story : story + 2]
            other.heard = self.heard.where((self.heard.row < first) | (self.heard.row >= stop))
        return other

    @cached_property
    def target_sd(self) -> np.ndarray:
        """Standard deviation that each target is divided by, one per kind of target; array (n_targets,), float32."""
        sd = np.empty(self.blocks.width, np.float32)
        y, b = self.readout.targets, self.blocks
        for block in (b.fast, b.slow, b.rate, b.gesture):
            sd[block] = np.sqrt((y[:, block] ** 2).mean()) + 1e-6 if y[:, block].size else 1.0
        return sd

    def rate(
        self, decoder: Decoder, prediction: np.ndarray, features: np.ndarray, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Decoded words per volume of some volumes of a recording, array (n_rows,).

        Parameters
        ----------
        prediction : array (n_rows, n_targets), centred, of the readout
        features : array (n_volumes, n_features), of the whole recording
        rows : array (n_rows,), int; the volumes; None = all
        """
        if self.word_rate is None:
            return self._rate_of_readout(decoder, prediction)
        every = np.arange(len(features)) if rows is None else rows
        return self.word_rate.predict(decoder.solution.columns, features, every)

    def crossfit_rate(self, decoder: Decoder) -> np.ndarray:
        """Words per volume of the training stories, each decoded by what the others taught, array (n_train,)."""
        if self.word_rate is None:
            return self._rate_of_readout(decoder, decoder.solution.crossfit)
        return self.word_rate.crossfit(decoder.solution.columns)

    def _rate_of_readout(self, decoder: Decoder, prediction: np.ndarray) -> np.ndarray:
        b = self.blocks
        return np.maximum(self.readout.mean[b.rate] + decoder.gains[b.rate] * prediction[:, b.rate], 0)[:, 0]

    def decode_texts(
        self,
        decoder: Decoder,
        prediction: np.ndarray,
        volume_times: np.ndarray,
        tr: float,
        n_texts: int,
        rng: np.random.Generator,
        rate: np.ndarray,
    ) -> list[Words]:
        """Posterior texts of one story, most probable first.

        Parameters
        ----------
        prediction : array (n_volumes, n_targets), centred
        n_texts : number of independent posterior samples
        rate : array (n_volumes,), words per volume, see `rate`
        """
        volume, start, duration = spread_words(rate, volume_times, tr)
        if not len(volume):
            return [Words((), np.zeros(0), np.zeros(0)) for _ in range(n_texts)]
        evidence = self.evidence(decoder, prediction)[volume]  # (n_slots, n_vocabulary)
        samples, score = sample_texts(self.language, evidence, n_texts, rng)
        names = self.language.vocabulary
        return [Words(tuple(names[i] for i in samples[k]), start, duration) for k in np.argsort(-score, kind="stable")]

    def word_slots(
        self, decoder: Decoder, prediction: np.ndarray, volume_times: np.ndarray, tr: float, rate: np.ndarray
    ) -> WordSlots:
        """The word slots of one story and what may stand in them, for `word_posterior.word_posteriors`.

        Parameters are those of `decode_texts`.
        """
        volume, start, duration = spread_words(rate, volume_times, tr)
        return WordSlots(self.evidence(decoder, prediction), volume, start, duration)


@dataclass(frozen=True)
class WordSlots:
    """Word slots of one story, and the evidence for what stands in them.

    Parameters
    ----------
    evidence : array (n_volumes, n_vocabulary), log likelihood ratios
    volume : array (n_slots,), int; the volume of each slot
    start, duration : arrays (n_slots,), seconds
    """

    evidence: np.ndarray
    volume: np.ndarray
    start: np.ndarray
    duration: np.ndarray


def likelihood_of(evidence: np.ndarray) -> np.ndarray:
    """Likelihood of each word, array like `evidence`, float32; the best one of each row has 1."""
    return np.exp(evidence - evidence.max(1, keepdims=True)).astype(np.float32)


def _filtered(language: Bigram, likelihood: np.ndarray) -> np.ndarray:
    """Probability of each word in each slot given the slots up to it, array (n_slots, n_vocabulary)."""
    forward = np.empty_like(likelihood)
    state = language.unigram
    for t in range(len(likelihood)):
        state = (state if t == 0 else language.after(state)) * likelihood[t]
        state = state / state.sum()
        forward[t] = state
    return forward


def sample_prior_texts(language: Bigram, n_slots: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Texts of the bigram alone: word indices, array (n, n_slots)."""
    texts = np.empty((n, n_slots), int)
    for t in range(n_slots):
        p = language.transition[texts[:, t - 1]] if t else np.broadcast_to(language.unigram, (n, len(language.unigram)))
        edges = np.cumsum(p, axis=1)
        texts[:, t] = np.minimum((edges < rng.random((n, 1)) * edges[:, -1:]).sum(1), p.shape[1] - 1)
    return texts


def sample_texts(
    language: Bigram, evidence: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Texts from the posterior of a bigram model with evidence per slot.

    Forward filtering, backward sampling (Fruehwirth-Schnatter 1994): exact, no search errors.

    Parameters
    ----------
    evidence : array (n_slots, n_vocabulary), log likelihood ratios

    Returns
    -------
    texts : array (n, n_slots), int, word indices
    score : array (n,), log posterior up to one constant
    """
    forward = _filtered(language, likelihood_of(evidence))
    texts = np.empty((n, len(forward)), int)
    score = np.zeros(n)
    rows = np.arange(n)
    for t in range(len(forward) - 1, -1, -1):
        last = t == len(forward) - 1
        incoming = None if last else language.into(texts[:, t + 1])
        weight = forward[t][None, :] if incoming is None else forward[t] * incoming
        edges = np.cumsum(np.broadcast_to(weight, (n, len(language))), axis=1)
        draw = rng.random(n) * edges[:, -1]
        texts[:, t] = np.minimum((edges < draw[:, None]).sum(1), len(language) - 1)
        score += evidence[t, texts[:, t]]
        if incoming is not None:
            score += np.log(incoming[rows, texts[:, t]])
    return texts, score + np.log(language.unigram[texts[:, 0]])
