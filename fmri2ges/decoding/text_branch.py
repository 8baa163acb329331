"""The text branch: words from BOLD, then the gestures that T2G makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..models.conditions import word_track
from ..request import DecodeRequest
from ..text.embeddings import load_vectors
from ..types import Motion, Recording, Words
from ..work import QUIET, Work
from .motions import TEXT_STREAM, motion_of, noise_of
from .readings import Reading, rates_of

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True)
class TextSearch:
    """How texts are decoded.

    Parameters
    ----------
    form : 'fast' or 'bayes', the form of F2T
    beam : width of the search of the Bayesian form
    n : number of texts
    start, stop : seconds on the story's clock; the Bayesian form decodes only what lies between them
    """

    form: str
    beam: int
    n: int
    start: float
    stop: float

    @classmethod
    def of(cls, request: DecodeRequest, n: int | None = None) -> TextSearch:
        """The search that a complete request asks for; `n` texts instead of one for each sample where it is given."""
        return cls(request.f2t, request.beam, request.samples if n is None else n, *request.span)


def decode_texts(
    run: Run,
    recording: Recording,
    readings: list[Reading],
    search: TextSearch,
    rng: np.random.Generator,
    rate: np.ndarray | None = None,
    work: Work = QUIET,
) -> tuple[Words, ...]:
    """Texts decoded from a recording.

    Parameters
    ----------
    run : whose models decode
    recording : held out from training
    readings : what `Run.read` returned for the chosen ROIs
    search : form of F2T, width of the beam, number of texts and stretch
    rng : draws the texts
    rate : array (n_volumes,), words per volume of the whole recording; None takes the decoded rate
    work : progress and cancel

    Returns
    -------
    texts : tuple of Words
        The fast form returns texts of the whole recording, the Bayesian form texts of the stretch.
    """
    rates = rates_of(readings, rate)
    if search.form == "fast":
        return _join(
            [_fast(reading, own, recording.tr, search.n, rng) for reading, own in zip(readings, rates, strict=True)]
        )
    lead = 2 * recording.tr  # words just outside the stretch share volumes with those inside
    parts = []
    for reading, own in zip(readings, rates, strict=True):
        inside = (reading.times >= search.start - lead) & (reading.times < search.stop + lead)
        if not inside.any():
            continue
        decoder, lm = run.bayes(recording.subject, reading.fold)
        parcels = run.basis(recording.subject).parcels_of(reading.decoder.solution.columns)
        # The BOLD of all volumes is used, because the response to a word comes after it.
        found = decoder.search(
            recording.bold[reading.rows], parcels, np.where(inside, own, 0.0), reading.times, recording.tr, lm
        )
        texts = found.draw(search.n, rng, search.beam, work=work)
        parts.append([text.slice(search.start, search.stop) for text in texts])
    return _join(parts)


def _fast(reading: Reading, rate: np.ndarray, tr: float, n: int, rng: np.random.Generator) -> list[Words]:
    return reading.f2t.decode_texts(reading.decoder, reading.prediction, reading.times, tr, n, rng, rate)


def _join(parts: list[list[Words]]) -> tuple[Words, ...]:
    """The texts of consecutive stretches, joined one by one."""
    return tuple(joined(list(texts)) for texts in zip(*parts, strict=True))


def joined(parts: list[Words]) -> Words:
    """Texts of consecutive stretches, one after the other."""
    text = tuple(w for part in parts for w in part.text)
    onset = np.concatenate([np.zeros(0), *(part.start for part in parts)])
    length = np.concatenate([np.zeros(0), *(part.duration for part in parts)])
    order = np.argsort(
        onset, kind="stable"
    )  # the first word of a fold may begin before the last one of the fold before
    return Words(tuple(text[i] for i in order), onset[order], length[order])


def text_gestures(run: Run, texts: tuple[Words, ...], request: DecodeRequest, work: Work = QUIET) -> Motion:
    """One gesture for each text.

    Parameters
    ----------
    run : whose T2G is used
    texts : all texts of the request, or the first ones of them, at least one
    request : a complete one; its stretch, number of samples, speaker and seed are used
    work : progress and cancel
    """
    start, stop = request.span
    vectors = load_vectors()
    tracks = [word_track(words, vectors.matrix(words.text)) for words in texts]
    bones = run.t2g.sample_bones(
        tracks,
        start,
        stop - start,
        request.speaker,
        noise_of(request, TEXT_STREAM),
        work=work,
    )
    return motion_of(bones, start)
