"""Texts of a whole recording from its stretches: one, or one for each fold inside a story."""

from __future__ import annotations

import numpy as np

from ..types import Recording, Words
from ..work import Work


def fast_texts(parts, tr: float, n: int, rng: np.random.Generator, rate: np.ndarray | None = None) -> tuple[Words, ...]:
    """n posterior texts of the fast F2T.

    Parameters
    ----------
    parts : of `Session.read`
    rate : array (n_volumes,), words per volume of all parts; by default the decoded rate
    """
    rates = _rates(parts, rate)
    return _join([f2t.decode_texts(d, p, times, tr, n, rng, r) for (_, f2t, d, p, times), r in zip(parts, rates)], n)


def _rates(parts, rate: np.ndarray | None) -> list[np.ndarray]:
    """Words per volume of each part."""
    if rate is None:
        return [f2t.rate(decoder, p) for _, f2t, decoder, p, _ in parts]
    return np.split(rate, np.cumsum([len(part[-1]) for part in parts])[:-1])


def bayes_texts(
    parts,
    recording: Recording,
    parcels: np.ndarray,
    stretch: tuple[float, float],
    n: int,
    rng: np.random.Generator,
    beam: int,
    progress,
    should_stop,
    rate: np.ndarray | None = None,
) -> tuple[Words, ...]:
    """Texts of the Bayesian F2T for a stretch of time: the best one first, see `models.bayes.Search.draw`.

    Parameters
    ----------
    parts : list of (part of `Session.read`, `BayesDecoder`, language model)
    parcels : array of int, the chosen parcels
    stretch : start and stop, seconds
    rate : as in `fast_texts`
    """
    lead = 2 * recording.tr  # words just outside the stretch share volumes with those inside
    drawn = []
    for ((*_, times), bayes, lm), own_rate in zip(parts, _rates([part for part, *_ in parts], rate)):
        inside = (times >= stretch[0] - lead) & (times < stretch[1] + lead)
        if not inside.any():
            continue
        rows = np.isin(recording.volume_times, times)  # all of them: the response comes after the words
        rate_inside = np.where(inside, own_rate, 0.0)
        search = bayes.search(recording.bold[rows], parcels, rate_inside, times, recording.tr, lm)
        found = search.draw(n, rng, beam, Work(progress, should_stop))
        drawn.append([text.slice(*stretch) for text in found])
    return _join(drawn, n)


def _join(drawn: list[list[Words]], n: int) -> tuple[Words, ...]:
    """n texts of consecutive stretches."""
    return tuple(joined([part[k] for part in drawn]) for k in range(n))


def joined(parts: list[Words]) -> Words:
    """Texts of consecutive stretches, one after the other."""
    text = tuple(w for part in parts for w in part.text)
    onset = np.concatenate([np.zeros(0), *(part.start for part in parts)])
    length = np.concatenate([np.zeros(0), *(part.duration for part in parts)])
    order = np.argsort(onset, kind="stable")  # the lead of a fold's first word may cross the border
    return Words(tuple(text[i] for i in order), onset[order], length[order])
