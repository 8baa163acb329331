"""Beam search: the texts that explain the BOLD best, one word of the language model at a time.

Each hypothesis is a text at known word times. Its score is log P(BOLD | text), exact (`likelihood.py`),
plus `prior_weight` times log P(text) of the language model, which also proposes the words (Tang et al.
2023 rank by the likelihood alone: `prior_weight=0`). Decoding runs free: nothing here takes a transcript.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from ..errors import UserError, check_shape
from ..text.lm import LanguageModel
from ..text.proposals import PerturbedProposals, Proposals
from ..types import Words
from ..work import QUIET, Work

WIDTH = 20


class TextLikelihood(Protocol):
    """What the search needs of `likelihood.Likelihood`: the word times are known to it."""

    def start(self):
        """One hypothesis without a word."""

    def step(self, hypotheses, word: int):
        """A step with `score(features, parents)`, array (n,), and `extend(features, parents)`, the new hypotheses."""


# NumPy's products are small here; its idle threads would spin on the cores that the language model needs.
_one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")


@_one_blas_thread
def decode_beam(
    likelihood: TextLikelihood,
    lm: LanguageModel,
    start: np.ndarray,
    duration: np.ndarray,
    width: int = WIDTH,
    prior_weight: float = 1.0,
    proposals: Proposals | PerturbedProposals | None = None,
    work: Work = QUIET,
) -> list[tuple[Words, float]]:
    """All texts of the last beam of a search, most probable first.

    Parameters
    ----------
    likelihood : likelihood of the story's BOLD, made with the same word times (their middles)
    lm : language model with the features that the encoding model was trained on
    start, duration : arrays (n_words,), seconds; decoded word times (`text.timing.spread_words`)
    width : hypotheses kept after each word
    prior_weight : weight of the language model's log probability
    proposals : next-word rules over `lm.vocabulary`; by default `text.proposals.Proposals.of(lm)`
    work : told after each word how far the search is

    Returns
    -------
    list of at most `width` pairs (text, log probability); the probabilities sum to 1, and different entries are
    different texts. Without word times: one empty text.

    Raises
    ------
    UserError
        For a width below 1, or start and duration of different lengths.
    Cancelled
        When the work shall stop.
    """
    check_shape("word durations", duration, (len(start),))
    check_count("beam width", width)
    proposals = proposals or Proposals.of(lm)
    texts, prior = np.zeros((1, 0), int), np.zeros(1)
    score = np.zeros(1)
    contexts, hypotheses = lm.start(), likelihood.start()
    n = len(start)
    for word in range(n):
        parents, words, log_p = proposals.propose(lm.next_words(contexts), texts)
        features = lm.features(contexts, parents, words)
        step = likelihood.step(hypotheses, word)
        grown = prior[parents] + log_p
        total = step.score(features, parents) + prior_weight * grown
        # A text has one parent and one last word, so no text can be in the beam twice.
        best = np.argsort(-total, kind="stable")[:width]
        texts = np.concatenate([texts[parents[best]], words[best, None]], 1)
        prior, score = grown[best], total[best]
        if word + 1 < n:
            hypotheses = step.extend(features[best], parents[best])
            contexts = lm.extend(contexts, parents[best], words[best])
        work.report((word + 1) / n, f"beam search: word {word + 1} of {n}")
    log_probability = score - np.logaddexp.reduce(score)
    return [(_words(lm, t, start, duration), float(p)) for t, p in zip(texts, log_probability, strict=True)]


@_one_blas_thread
def sample_prior(
    lm: LanguageModel,
    start: np.ndarray,
    duration: np.ndarray,
    n: int,
    rng: np.random.Generator,
    proposals: Proposals | None = None,
    work: Work = QUIET,
) -> list[Words]:
    """Texts that know the word times but not the BOLD: the language model's own, under the same proposal rules.

    Parameters
    ----------
    start, duration : arrays (n_words,), the word times of the decoded text, seconds
    n : number of independent texts
    rng : random generator that draws the words
    work : told after each word how far the drawing is

    Raises
    ------
    Cancelled
        When the work shall stop.
    """
    proposals = proposals or Proposals.of(lm)
    texts = np.zeros((n, 0), int)
    contexts, rows = lm.start(), np.zeros(n, int)  # all begin as the one empty hypothesis
    for word in range(len(start)):
        parents, words, log_p = proposals.propose(lm.next_words(contexts)[rows], texts)
        # Gumbel maximum: one draw from each hypothesis's proposals, renormalised.
        drawn = log_p + rng.gumbel(size=len(log_p))
        order = np.lexsort((-drawn, parents))
        chosen = words[order[np.searchsorted(parents[order], np.arange(n))]]
        texts = np.concatenate([texts, chosen[:, None]], 1)
        if word + 1 < len(start):
            contexts, rows = lm.extend(contexts, rows, chosen), np.arange(n)
        work.report((word + 1) / len(start), f"texts without BOLD: word {word + 1} of {len(start)}")
    return [_words(lm, text, start, duration) for text in texts]


def check_count(name: str, value: int) -> None:
    """Refuse a number below 1 by a `UserError` that begins with its name."""
    if value < 1:
        raise UserError(f"{name}: must be a whole number of 1 or more; got {value!r}")


def _words(lm: LanguageModel, text: np.ndarray, start: np.ndarray, duration: np.ndarray) -> Words:
    return Words(tuple(lm.vocabulary[i] for i in text), np.asarray(start, float), np.asarray(duration, float))
