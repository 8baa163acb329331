"""Null texts for a decoded text: by the language model alone, and decoded from BOLD that belongs to another moment.

All have the word times of the decoded text, so that only the words differ. They serve evaluation only: one of them,
the oracle, is told the true word times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..evaluation.bold_nulls import phase_randomised, shifted_bold, swapped_bold
from ..evaluation.rows import NullKind
from ..models.beam import sample_prior
from ..models.f2t import sample_prior_texts
from ..results import Decoded
from ..text.timing import word_counts
from ..types import Recording, Words
from ..work import QUIET, Work
from .nearest import heard_in_training, nearest_segments
from .readings import decoded_rate
from .run import Run
from .text_branch import TextSearch, decode_texts, joined


class TextNulls:
    """Null texts of one decoded story.

    Parameters
    ----------
    run : the run that decoded it
    decoded : the result; its text gives the null texts their times
    """

    def __init__(self, run: Run, decoded: Decoded):
        self.run, self.words, self.request = run, decoded.words, decoded.request
        self.search = TextSearch.of(self.request, n=1)
        self.columns = run.columns(self.request.rois, self.request.subject)
        self.recording = run.recording(self.request.subject, self.request.story)
        self.readings = run.read(self.recording, self.columns)

    def language_model(self, n: int, rng: np.random.Generator) -> list[Words]:
        """`n` texts by the language model alone; in a study with folds, by that of the first fold."""
        first = self.readings[0]
        assert self.words is not None, "null texts take their times from the decoded text"
        start, duration = self.words.start, self.words.duration
        if self.request.f2t == "bayes":
            lm = self.run.bayes(self.request.subject, first.fold)[1]
            return sample_prior(lm, start, duration, n, rng)
        language = first.f2t.language
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

    def from_bold(self, n: int, rng: np.random.Generator, work: Work = QUIET) -> dict[NullKind, list[Words]]:
        """`n` decodings each of shifted, swapped and phase-randomised BOLD.

        Swapped BOLD needs another story of the subject; without one it is left out.
        """
        rate = decoded_rate(self.readings)
        out: dict[NullKind, list[Words]] = {}
        for kind, make in self._makers(self.recording.bold, rng).items():
            out[kind] = []
            for k in range(n):
                work.check()
                out[kind].append(self._decode(replace(self.recording, bold=make()), rate, rng))
                work.report((len(out) - 1 + (k + 1) / n) / 3, f"{kind.label}: {k + 1} of {n}")
        return out

    def _makers(self, bold: np.ndarray, rng: np.random.Generator) -> dict[NullKind, Callable[[], np.ndarray]]:
        makers = {
            NullKind.SHIFTED_BOLD: lambda: shifted_bold(bold, self.recording.tr, rng)[0],
            NullKind.PHASE_RANDOMISED_BOLD: lambda: phase_randomised(bold, rng),
        }
        others = [s for s in self.run.stories if s != self.request.story and self._heard_by_subject(s)]
        if others:

            def swapped() -> np.ndarray:
                other = self.run.recording(self.request.subject, others[int(rng.integers(len(others)))])
                return swapped_bold(other.bold, len(bold), rng)

            makers[NullKind.SWAPPED_BOLD] = swapped
        return makers

    def _heard_by_subject(self, story: str) -> bool:
        return any(r.story == story and r.subject == self.request.subject for r in self.run.study.recordings)

    def _decode(self, recording: Recording, rate: np.ndarray, rng: np.random.Generator) -> Words:
        readings = self.run.read(recording, self.columns)
        (text,) = decode_texts(self.run, recording, readings, self.search, rng, rate)
        return text.slice(self.search.start, self.search.stop)


def heard_rate(heard: Words, recording: Recording) -> np.ndarray:
    """Heard words per volume, array (n_volumes,)."""
    return word_counts(heard, recording.volume_times, recording.tr)
