"""Null texts for a decoded text: by the language model alone, and decoded from BOLD that belongs to another moment.

All have the word times of the decoded text, so that only the words differ. They serve evaluation only: one of them,
the oracle, is told the true word times.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..evaluation.bold_nulls import phase_randomised, shifted_bold, swapped_bold
from ..evaluation.rows import NullKind
from ..models.beam import sample_prior
from ..models.f2t import sample_prior_texts
from ..provenance import digest_json
from ..request import DecodeRequest
from ..text.timing import word_counts
from ..types import Recording, Words
from .nearest import heard_in_training, nearest_segments
from .readings import Reading, decoded_rate
from .run import Run
from .text_branch import TextSearch, decode_texts, joined


class TextNulls:
    """Null texts of one decoded story.

    Parameters
    ----------
    run : the run that decoded it
    request : the complete request
    words : the decoded text, which gives texts of the language model their times; None where none are drawn
    """

    def __init__(self, run: Run, request: DecodeRequest, words: Words | None = None):
        self.run, self.words, self.request = run, words, request
        self.search = TextSearch.of(self.request, n=1)
        self.columns = run.columns(self.request.rois, self.request.subject)
        self.recording = run.recording(self.request.subject, self.request.story)
        self.readings = run.read(self.recording, self.columns)

    def language_model(self, n: int, rng: np.random.Generator) -> list[Words]:
        """`n` texts by the language model alone; each part of a story by that of its fold, which has not seen it."""
        assert self.words is not None, "null texts take their times from the decoded text"
        begins = [reading.times[0] - self.recording.tr / 2 for reading in self.readings[1:]]
        fold = np.searchsorted(begins, self.words.start, side="right")
        parts = [self._without_brain(x, fold == k, n, rng) for k, x in enumerate(self.readings)]
        return [joined(list(several)) for several in zip(*parts, strict=True)]

    def _without_brain(self, reading: Reading, own: np.ndarray, n: int, rng: np.random.Generator) -> list[Words]:
        """`n` texts by the language model of a fold, at the word times that `own` (n_words,) says."""
        assert self.words is not None, "null texts take their times from the decoded text"
        start, duration = self.words.start[own], self.words.duration[own]
        if self.request.f2t == "bayes":
            return sample_prior(self.run.bayes(self.request.subject, reading.fold)[1], start, duration, n, rng)
        language = reading.f2t.language
        drawn = sample_prior_texts(language, len(start), n, rng)
        return [Words(tuple(language.vocabulary[i] for i in text), start, duration) for text in drawn]

    def oracle(self, heard: Words, rng: np.random.Generator) -> Words:
        """The story decoded with the heard number of words in each volume."""
        return self._decode(self.recording, heard_rate(heard, self.recording), rng)

    def nearest(self) -> Words | None:
        """For each 20 s the words of the most similar training BOLD of these ROIs; None where those are not known."""
        features = self.run.features(self.recording)[:, self.columns]
        half, texts = self.recording.tr / 2, []
        for reading in self.readings:
            times = reading.times
            span = max(self.search.start, times[0] - half), min(self.search.stop, times[-1] + half)
            training = heard_in_training(self.run, self.request.subject, reading.fold, self.columns)
            if not training:
                return None
            texts.append(nearest_segments(features[reading.rows], times, span, training))
        return joined(texts)

    @property
    def kinds(self) -> tuple[NullKind, ...]:
        """The kinds of null BOLD that there are; swapped BOLD needs another story of the subject."""
        kinds = (NullKind.SHIFTED_BOLD, NullKind.PHASE_RANDOMISED_BOLD)
        return (*kinds, NullKind.SWAPPED_BOLD) if other_stories(self.run, self.request) else kinds

    def from_bold(self, kind: NullKind, rng: np.random.Generator) -> Words:
        """A decoding of null BOLD with the decoded number of words in each volume."""
        return self._decode(replace(self.recording, bold=self._null(kind, rng)), decoded_rate(self.readings), rng)

    def _null(self, kind: NullKind, rng: np.random.Generator) -> np.ndarray:
        bold = self.recording.bold
        if kind == NullKind.SHIFTED_BOLD:
            return shifted_bold(bold, self.recording.tr, rng)[0]
        if kind == NullKind.PHASE_RANDOMISED_BOLD:
            return phase_randomised(bold, rng)
        assert kind == NullKind.SWAPPED_BOLD, f"{kind} is no null BOLD"
        others = other_stories(self.run, self.request)
        other = others[int(rng.integers(len(others)))]
        return swapped_bold(self.run.recording(self.request.subject, other).bold, len(bold), rng)

    def _decode(self, recording: Recording, rate: np.ndarray, rng: np.random.Generator) -> Words:
        readings = self.run.read(recording, self.columns)
        (text,) = decode_texts(self.run, recording, readings, self.search, rng, rate)
        return text.slice(self.search.start, self.search.stop)


def other_stories(run: Run, request: DecodeRequest) -> list[str]:
    """Other held-out stories that the subject of a request heard; their BOLD is swapped with its own."""
    heard = {r.story for r in run.study.recordings if r.subject == request.subject}
    return [story for story in run.stories if story != request.story and story in heard]


def digest_of_null_bold(run: Run, request: DecodeRequest) -> str:
    """SHA-256 of the recordings from which null BOLD of a request is made."""
    stories = (request.story, *other_stories(run, request))
    return digest_json([run.digest_of_recording(request.subject, story) for story in stories])


def heard_rate(heard: Words, recording: Recording) -> np.ndarray:
    """Heard words per volume, array (n_volumes,)."""
    return word_counts(heard, recording.volume_times, recording.tr)
