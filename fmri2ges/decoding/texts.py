"""Texts of a whole recording from its stretches: one, or one for each fold inside a story."""

from __future__ import annotations

import numpy as np

from ..types import Recording, Words


def fast_texts(parts, tr: float, n: int, rng: np.random.Generator) -> tuple[Words, ...]:
    """n posterior texts of the fast F2T.

    Parameters
    ----------
    parts : of `Session.read`
    """
    return _join([f2t.decode_texts(decoder, p, times, tr, n, rng) for _, f2t, decoder, p, times in parts], n)


def bayes_texts(
    parts, recording: Recording, parcels: np.ndarray, stretch: tuple[float, float], n: int, beam: int, progress, should_stop
) -> tuple[Words, ...]:
    """The n best texts of the Bayesian F2T for a stretch of time; a beam that holds fewer gives some twice.

    Parameters
    ----------
    parts : list of (part of `Session.read`, `BayesDecoder`, language model)
    parcels : array of int, the chosen parcels
    stretch : start and stop, seconds
    """
    lead = 2 * recording.tr  # words just outside the stretch share volumes with those inside
    drawn = []
    for (_, f2t, decoder, prediction, times), bayes, lm in parts:
        inside = (times >= stretch[0] - lead) & (times < stretch[1] + lead)
        if not inside.any():
            continue
        rows = np.isin(recording.volume_times, times)  # all of them: the response comes after the words
        rate = np.where(inside, f2t.rate(decoder, prediction), 0.0)
        found = bayes.decode(
            recording.bold[rows], parcels, rate, times, recording.tr, lm, width=beam, k=n, progress=progress, should_stop=should_stop
        )
        drawn.append([found[i % len(found)][0] for i in range(n)])
    return _join(drawn, n)


def _join(drawn: list[list[Words]], n: int) -> tuple[Words, ...]:
    """Texts of consecutive stretches, one after the other."""
    joined = []
    for k in range(n):
        text = tuple(w for part in drawn for w in part[k].text)
        onset = np.concatenate([np.zeros(0), *(part[k].start for part in drawn)])
        length = np.concatenate([np.zeros(0), *(part[k].duration for part in drawn)])
        order = np.argsort(onset, kind="stable")  # the lead of a fold's first word may cross the border
        joined.append(Words(tuple(text[i] for i in order), onset[order], length[order]))
    return tuple(joined)
