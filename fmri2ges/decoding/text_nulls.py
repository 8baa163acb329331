"""Texts to hold a decoded text against: of the language model alone, and decoded from BOLD that knows nothing.

All have the word times of the decoded text, so that only the words differ. Evaluation only: the
oracle is told the heard word times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import Cancelled
from ..evaluation.bold_nulls import phase_randomised, shifted_bold, swapped_bold
from ..models.beam import sample_prior
from ..models.f2t import sample_prior_texts
from ..text.timing import word_counts
from ..types import Recording, Words
from .nearest import heard_in_training, nearest_segments
from .session import Session
from .texts import bayes_texts, fast_texts, joined

LM_ONLY = "language model only"
ORACLE = "true word times (oracle)"
RATE_ONLY = "word rate only"
NEAREST = "nearest training segment"


class TextNulls:
    """Null texts of one decoded story.

    Parameters
    ----------
    session : the run that decoded it
    manifest : of the decoded result
    words : the decoded text, whose times the null texts get
    """

    def __init__(self, session: Session, manifest: dict[str, Any], words: Words):
        self.session, self.words = session, words
        self.form, self.beam = manifest.get("f2t", "fast"), manifest.get("beam") or 20
        self.subject, self.story = manifest["subject"], manifest["story"]
        self.span = float(manifest["start"]), float(manifest["stop"])
        self.columns = session.columns(tuple(manifest["rois"]), self.subject)
        self.recording = session.recording(self.subject, self.story)
        self.parts = session.read(self.recording, self.subject, self.columns)

    def language_model(self, n: int, rng: np.random.Generator) -> list[Words]:
        """n texts that never saw BOLD. Inside a story the language model of the first fold is used."""
        fold, f2t = self.parts[0][:2]
        start, duration = self.words.start, self.words.duration
        if self.form == "bayes":
            return sample_prior(self.session.bayes(self.subject, fold)[1], start, duration, n, rng)
        names = f2t.language.vocabulary
        return [
            Words(tuple(names[i] for i in t), start, duration)
            for t in sample_prior_texts(f2t.language, len(start), n, rng)
        ]

    def oracle(self, heard: Words, rng: np.random.Generator) -> Words:
        """The story decoded with the heard number of words in each volume."""
        return self._decode(self.recording, heard_rate(heard, self.recording), rng)

    def nearest(self) -> Words | None:
        """The words of the training BOLD most like each 20 s of the story, from the same ROIs; None without those words."""
        features = self.session.features(self.recording, self.subject)[:, self.columns]
        texts = []
        for fold, *_, times in self.parts:
            rows, half = np.isin(self.recording.volume_times, times), self.recording.tr / 2
            span = max(self.span[0], times[0] - half), min(self.span[1], times[-1] + half)
            training = heard_in_training(self.session, self.subject, fold, self.columns)
            if not training:
                return None
            texts.append(nearest_segments(features[rows], times, span, training))
        return joined(texts)

    def from_bold(
        self, n: int, rng: np.random.Generator, progress: Callable | None = None, should_stop: Callable | None = None
    ) -> dict[str, list[Words]]:
        """n decodings of shifted, of swapped and of phase-randomised BOLD, by kind.

        A kind that the study cannot give (one story only) is left out.
        """
        rate = np.concatenate([f2t.rate(decoder, p) for _, f2t, decoder, p, _ in self.parts])
        bold, out = self.recording.bold, {}
        for kind, make in self._makers(bold, rng).items():
            out[kind] = []
            for k in range(n):
                if should_stop is not None and should_stop():
                    raise Cancelled
                out[kind].append(self._decode(replace(self.recording, bold=make()), rate, rng))
                if progress is not None:
                    progress((len(out) - 1 + (k + 1) / n) / 3, f"{kind}: {k + 1} of {n}")
        return out

    def _makers(self, bold: np.ndarray, rng: np.random.Generator) -> dict[str, Callable[[], np.ndarray]]:
        makers = {
            "shifted BOLD": lambda: shifted_bold(bold, self.recording.tr, rng)[0],
            "phase-randomised BOLD": lambda: phase_randomised(bold, rng),
        }
        others = [s for s in self.session.stories if s != self.story and self._heard_by_subject(s)]
        if others:

            def swapped() -> np.ndarray:
                other = self.session.recording(self.subject, others[int(rng.integers(len(others)))])
                return swapped_bold(other.bold, len(bold), rng)

            makers["swapped BOLD"] = swapped
        return makers

    def _heard_by_subject(self, story: str) -> bool:
        return any(r.story == story and r.subject == self.subject for r in self.session.study.recordings)

    def _decode(self, recording: Recording, rate: np.ndarray, rng: np.random.Generator) -> Words:
        parts = self.session.read(recording, self.subject, self.columns)
        if self.form == "fast":
            return fast_texts(parts, recording.tr, 1, rng, rate)[0].slice(*self.span)
        found = [(part, *self.session.bayes(self.subject, part[0])) for part in parts]
        parcels = np.unique(self.session.basis(self.subject).parcel[self.columns])
        return bayes_texts(found, recording, parcels, self.span, 1, rng, self.beam, None, None, rate)[0].slice(
            *self.span
        )


def heard_rate(heard: Words, recording: Recording) -> np.ndarray:
    """Heard words per volume, array (n_volumes,)."""
    return word_counts(heard, recording.volume_times, recording.tr)
