"""Many choices of ROIs decoded from the same stories, for scores: what the choices share is computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..evaluation import metrics
from ..evaluation.ceiling import split_half_ceiling
from ..evaluation.fold_means import at_own_means
from ..evaluation.gesture import FPS, at_times, features, motion_clock, on_body
from ..evaluation.region_scores import (
    HEARD,
    REAL,
    GestureMetrics,
    StoryScore,
    TimedVectors,
    gesture_scores,
    meaning_scores,
    rate_score,
)
from ..models.conditions import slot_track
from ..models.f2t import F2T, Decoder
from ..models.region_readout import RegionReadout, chosen_penalty
from ..motion.features import from_bones
from ..text.embeddings import load_vectors
from ..text.timing import unit_rate, word_counts
from ..types import Motion, Recording
from .expected import SPEAKER, expected_direct, expected_text
from .heard import HeardGestures
from .readings import Reading
from .run import Run
from .text_branch import joined


@dataclass(frozen=True)
class Choice:
    """A choice of ROIs to score, and how.

    Parameters
    ----------
    columns : array (n_columns,), int; feature columns
    branches : 'text', 'direct' or both
    texts : texts to draw for the text branch; 0 takes in each word slot the mean vector over all words that may stand
        there, of which nothing is drawn
    seed : of the texts
    refit : choose the penalty of the readout anew, on the training stories
    null : whether the scores at circular shifts are wanted
    """

    columns: np.ndarray
    branches: tuple[str, ...]
    texts: int = 0
    seed: int = 0
    refit: bool = False
    null: bool = True


class RegionDecoder:
    """A run that scores choices of ROIs on some stories of a subject.

    Parameters
    ----------
    run : the run
    subject : whose BOLD is decoded
    stories : held-out stories
    heard : keeps the gestures of heard words for other listeners of the same stories
    """

    def __init__(self, run: Run, subject: str, stories: tuple[str, ...], heard: HeardGestures | None = None):
        self.run, self.subject, self.stories = run, subject, stories
        self._heard = heard or HeardGestures()
        self._seen: dict[str, _Story] = {}

    @cached_property
    def _folds(self) -> list[_Fold]:
        return [_Fold(self.run.f2t(self.subject, k)) for k in range(self.run.n_folds)]

    def _story(self, name: str) -> _Story:
        """What every choice needs of a story, read once."""
        if name not in self._seen:
            recording = self.run.recording(self.subject, name)
            span = (recording.start, recording.start + recording.seconds)
            truth = self.run.reference(name)
            references = []
            if truth is not None:
                cut = truth.slice(*span)
                span = (max(span[0], cut.start), min(span[1], cut.start + cut.duration))
                references.append(_Reference.of(cut, REAL))
            if len(recording.words.slice(*span)):
                made = self._heard.mean(self.run, recording.words, span, speaker=SPEAKER)
                references.append(_Reference.of(made, HEARD))
            bare = replace(recording, bold=recording.bold[:, :0])
            halves = self._halves(recording)
            self._seen[name] = _Story(bare, self.run.features(recording), span, tuple(references), halves)
        return self._seen[name]

    def _halves(self, recording: Recording) -> _Halves | None:
        """The features of two halves of the repeats, where the story was heard several times."""
        found = self.run.study.recording(recording.subject, recording.story).read_halves()
        if found is None:
            return None
        first, second = (self.run.features(replace(recording, bold=half.data)) for half in found[:2])
        return _Halves(first, second, found[2])

    def scores(self, choice: Choice) -> dict[str, list[StoryScore]]:
        """The scores of each story: of the gesture, of the words and their rate.

        A gesture is held against the recorded one, where the study has it, and by metrics of their own against T2G of
        the words heard.
        """
        penalties = tuple(self.run.manifest["config"].get("penalties", ())) if choice.refit else ()
        decoders = [fold.solve(choice.columns, penalties) for fold in self._folds]
        return {name: self._score(self._story(name), decoders, choice) for name in self.stories}

    def _score(self, story: _Story, decoders: list[Decoder], choice: Choice) -> list[StoryScore]:
        recording, (start, stop) = story.recording, story.span
        made = self._made(story, story.features, decoders, choice)
        found: list[StoryScore] = []
        if "text" in choice.branches:
            found += _against(story.references, made.gestures, "text", choice.null)
            said = [TimedVectors(text.vectors, text.start) for text in made.slots]
            found += meaning_scores(recording.words, said, start, stop, load_vectors().matrix, choice.null)
            true = word_counts(recording.words, made.times, recording.tr).astype(float)
            found.append(rate_score(true, made.rate, recording.tr, choice.null))
        if "direct" in choice.branches:
            found += _against(story.references, made.gestures, "direct", choice.null)
        halves = story.halves if choice.null else None
        return found if halves is None else self._with_ceilings(found, story, halves, decoders, choice)

    def _made(self, story: _Story, features: np.ndarray, decoders: list[Decoder], choice: Choice) -> _Made:
        """What is decoded from features of a story, array (n_volumes, n_features)."""
        recording, (start, stop) = story.recording, story.span
        readings = self.run.readings(recording, features, [fold.f2t for fold in self._folds], decoders)
        folds = _first_frames(readings, start, recording.tr)
        bones: dict[str, np.ndarray] = {}
        slots: list[_Slots] = []
        if "text" in choice.branches:
            slots = self._slots(readings, recording.tr, choice)
            if story.references:
                tracks = [slot_track(text.vectors, text.start, text.duration) for text in slots]
                bones["text"] = expected_text(self.run, tracks, start, stop)
        if "direct" in choice.branches and story.references:
            bones["direct"] = expected_direct(self.run, readings, start, stop)
        gestures = {branch: at_own_means(_features(from_bones(b)), folds) for branch, b in bones.items()}
        times = np.concatenate([reading.times for reading in readings])
        rate = np.concatenate([unit_rate(reading.rate) for reading in readings])
        return _Made(gestures, slots, times, rate)

    def _with_ceilings(
        self, found: list[StoryScore], story: _Story, halves: _Halves, decoders: list[Decoder], choice: Choice
    ) -> list[StoryScore]:
        """The scores with the ceiling of every r: how alike the decodings of two halves of the repeats are."""
        one, other = (self._made(story, half, decoders, choice) for half in (halves.first, halves.second))
        rate = split_half_ceiling(one.rate[:, None], other.rate[:, None], halves.repeats)
        ceiling = {(metrics.WORD_RATE_R, "text"): rate}
        for branch, gesture in one.gestures.items():
            highest = split_half_ceiling(gesture, other.gestures[branch], halves.repeats)
            ceiling |= {(metric, branch): highest for metric in (metrics.R_EXPECTED, metrics.HEARD_R_EXPECTED)}
        return [replace(score, ceiling=ceiling.get((score.metric, score.branch))) for score in found]

    def _slots(self, readings: list[Reading], tr: float, choice: Choice) -> list[_Slots]:
        """The word slots of a story: of each drawn text, or the one expected text."""
        if not choice.texts:
            return [_one_after_the_other([self._expected(reading, tr) for reading in readings])]
        rng = np.random.default_rng([choice.seed, 1])
        parts = [x.f2t.decode_texts(x.decoder, x.prediction, x.times, tr, choice.texts, rng, x.rate) for x in readings]
        vectors = load_vectors()
        texts = [joined(list(several)) for several in zip(*parts, strict=True)]
        return [_Slots(vectors.matrix(text.text), text.start, text.duration) for text in texts]

    def _expected(self, reading: Reading, tr: float) -> _Slots:
        found = reading.f2t.word_posterior(reading.decoder, reading.prediction, reading.times, tr, reading.rate)
        vectors = found.p @ self._folds[reading.fold].vectors
        return _Slots(vectors, found.start, found.duration)


@dataclass(frozen=True)
class _Slots:
    """Word slots: their vectors (n_slots, dim), start and duration (n_slots,), seconds."""

    vectors: np.ndarray
    start: np.ndarray
    duration: np.ndarray


def _one_after_the_other(parts: list[_Slots]) -> _Slots:
    """The slots of consecutive folds in the order of time."""
    start = np.concatenate([part.start for part in parts])
    order = np.argsort(start, kind="stable")
    vectors, duration = (np.concatenate([getattr(part, name) for part in parts]) for name in ("vectors", "duration"))
    return _Slots(vectors[order], start[order], duration[order])


@dataclass(frozen=True)
class _Reference:
    """A gesture that decoded ones are held against: `gesture.features` (n_frames, 18) at 15 fps."""

    features: np.ndarray
    measures: GestureMetrics

    @classmethod
    def of(cls, motion: Motion, measures: GestureMetrics) -> _Reference:
        """The features of a motion."""
        return cls(features(on_body(at_times(motion.positions, motion, motion_clock(motion)))), measures)


@dataclass(frozen=True)
class _Story:
    """A story without its BOLD.

    `features` is array (n_volumes, n_features) as the readout sees them, `references` what gestures are held against,
    `span` the stretch that is scored, seconds, `halves` of the repeats where it was heard several times.
    """

    recording: Recording
    features: np.ndarray
    span: tuple[float, float]
    references: tuple[_Reference, ...]
    halves: _Halves | None = None


@dataclass(frozen=True)
class _Halves:
    """Features of the mean of each half of the repeats, arrays (n_volumes, n_features), and the number of repeats."""

    first: np.ndarray
    second: np.ndarray
    repeats: int


@dataclass(frozen=True)
class _Made:
    """What was decoded: features of the gesture of each branch, word slots, times of the volumes, and their rate."""

    gestures: dict[str, np.ndarray]
    slots: list[_Slots]
    times: np.ndarray
    rate: np.ndarray


class _Fold:
    """The readout of a fold, ready for many choices."""

    def __init__(self, f2t: F2T):
        rate = None if f2t.word_rate is None else f2t.word_rate.for_many_choices()
        known = (f2t.readout, f2t.blocks, f2t.language, f2t.vectors, f2t.covariance)
        self.f2t = F2T(*known, f2t.heard, f2t.shrinkage, rate)
        self._shared = {f2t.readout.penalty: RegionReadout(f2t.readout)}

    @cached_property
    def vectors(self) -> np.ndarray:
        """Word vectors of the vocabulary, array (n_vocabulary, dim)."""
        return load_vectors().matrix(self.f2t.language.vocabulary)

    def solve(self, columns: np.ndarray, penalties: tuple[float, ...]) -> Decoder:
        """The readout of some columns, at its own penalty or at the best of several ones."""
        own = self.f2t.readout.penalty
        first = self._shared[own]
        if not penalties:
            return self.f2t.calibrated(first.solve(columns))
        for penalty in penalties:
            if penalty not in self._shared:
                self._shared[penalty] = first.with_penalty(penalty)
        solutions = {penalty: self._shared[penalty].solve(columns) for penalty in penalties}
        b = self.f2t.blocks
        best = chosen_penalty(solutions, self.f2t.readout.targets, (b.fast, b.slow, b.rate, b.gesture))
        return self.f2t.calibrated(solutions[best])


def _first_frames(readings: list[Reading], start: float, tr: float) -> list[int]:
    """The first frame of each fold's stretch."""
    starts = [int(round((reading.times[0] - tr / 2 - start) * FPS)) for reading in readings]
    return [0, *(max(0, first) for first in starts[1:])]


def _features(positions: np.ndarray) -> np.ndarray:
    return features(on_body(positions))


def _against(
    references: tuple[_Reference, ...], gestures: dict[str, np.ndarray], branch: str, null: bool
) -> list[StoryScore]:
    found: list[StoryScore] = []
    for one in references:
        n = min(len(one.features), len(gestures[branch]))
        found += gesture_scores(one.features[:n], gestures[branch][:n], branch, null, one.measures)
    return found
