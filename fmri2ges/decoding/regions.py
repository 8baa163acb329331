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
    Course,
    GestureMetrics,
    StoryScore,
    TimedVectors,
    features_of_bones,
    gesture_scores,
    meaning_scores,
    rate_score,
)
from ..models.conditions import slot_track
from ..models.f2t import F2T, Decoder
from ..models.region_readout import RegionReadout, chosen_penalty
from ..models.word_posterior import word_posteriors
from ..text.embeddings import load_vectors
from ..text.timing import unit_rate, word_counts
from ..types import Motion, Recording
from .expected import SPEAKER, ExpectedGestures
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
        self._heard, self._gestures = heard or HeardGestures(), ExpectedGestures(run)
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
        stories = [self._story(name) for name in self.stories]
        made = self._made([(story, story.features) for story in stories], decoders, choice)
        found = {}
        for name, story, one in zip(self.stories, stories, made, strict=True):
            found[name] = self._scored(story, one, choice)
            if choice.null and story.halves is not None:
                found[name] = self._with_ceilings(found[name], story, story.halves, decoders, choice)
        return found

    def _scored(self, story: _Story, made: _Made, choice: Choice) -> list[StoryScore]:
        recording, (start, stop) = story.recording, story.span
        found: list[StoryScore] = []
        if "text" in choice.branches:
            found += _against(story.references, made.gestures.get("text"), "text", choice.null)
            said = [TimedVectors(text.vectors, text.start) for text in made.slots]
            found += meaning_scores(recording.words, said, start, stop, load_vectors().matrix, choice.null)
            true = word_counts(recording.words, made.times, recording.tr).astype(float)
            found.append(rate_score(true, made.rate, recording.tr, choice.null))
        if "direct" in choice.branches:
            found += _against(story.references, made.gestures.get("direct"), "direct", choice.null)
        return found

    def _made(self, several: list[tuple[_Story, np.ndarray]], decoders: list[Decoder], choice: Choice) -> list[_Made]:
        """What is decoded from features of some stories, arrays (n_volumes, n_features)."""
        f2ts = [fold.f2t for fold in self._folds]
        readings = [self.run.readings(story.recording, features, f2ts, decoders) for story, features in several]
        slots: list[list[_Slots]] = [[] for _ in several]
        if "text" in choice.branches:
            trs = [story.recording.tr for story, _ in several]
            slots = self._drawn(readings, trs, choice) if choice.texts else self._expected(readings, trs)
        return [
            self._made_of(story, reads, texts, choice)
            for (story, _), reads, texts in zip(several, readings, slots, strict=True)
        ]

    def _made_of(self, story: _Story, readings: list[Reading], slots: list[_Slots], choice: Choice) -> _Made:
        start, stop = story.span
        folds = _first_frames(readings, start, story.recording.tr)
        bones: dict[str, np.ndarray] = {}
        if "text" in choice.branches and story.references:
            tracks = [slot_track(text.vectors, text.start, text.duration) for text in slots]
            bones["text"] = self._gestures.text(tracks, start, stop)
        if "direct" in choice.branches and story.references:
            bones["direct"] = self._gestures.direct(readings, start, stop)
        gestures = {branch: Course(at_own_means(features_of_bones(b), folds)) for branch, b in bones.items()}
        times = np.concatenate([reading.times for reading in readings])
        rate = np.concatenate([unit_rate(reading.rate) for reading in readings])
        return _Made(gestures, slots, times, rate)

    def _with_ceilings(
        self, found: list[StoryScore], story: _Story, halves: _Halves, decoders: list[Decoder], choice: Choice
    ) -> list[StoryScore]:
        """The scores with the ceiling of every r: how alike the decodings of two halves of the repeats are."""
        one, other = self._made([(story, halves.first), (story, halves.second)], decoders, choice)
        rate = split_half_ceiling(one.rate[:, None], other.rate[:, None], halves.repeats)
        ceiling = {(metrics.WORD_RATE_R, "text"): rate}
        for branch, gesture in one.gestures.items():
            highest = split_half_ceiling(gesture.values, other.gestures[branch].values, halves.repeats)
            ceiling |= {(metric, branch): highest for metric in (metrics.R_EXPECTED, metrics.HEARD_R_EXPECTED)}
        return [replace(score, ceiling=ceiling.get((score.metric, score.branch))) for score in found]

    def _drawn(self, readings: list[list[Reading]], trs: list[float], choice: Choice) -> list[list[_Slots]]:
        """The word slots of each drawn text of each story."""
        vectors, found = load_vectors(), []
        for reads, tr in zip(readings, trs, strict=True):
            rng = np.random.default_rng([choice.seed, 1])
            parts = [x.f2t.decode_texts(x.decoder, x.prediction, x.times, tr, choice.texts, rng, x.rate) for x in reads]
            texts = [joined(list(several)) for several in zip(*parts, strict=True)]
            found.append([_Slots(vectors.matrix(text.text), text.start, text.duration) for text in texts])
        return found

    def _expected(self, readings: list[list[Reading]], trs: list[float]) -> list[list[_Slots]]:
        """The word slots of the one expected text of each story; the stories of a fold are decoded side by side."""
        parts: list[list[_Slots]] = [[] for _ in readings]
        for k, fold in enumerate(self._folds):
            whose = [(n, read) for n, reads in enumerate(readings) for read in reads if read.fold == k]
            slots = [fold.f2t.word_slots(x.decoder, x.prediction, x.times, trs[n], x.rate) for n, x in whose]
            posteriors = word_posteriors(fold.f2t.language, slots)
            for (n, _), one, p in zip(whose, slots, posteriors, strict=True):
                parts[n].append(_Slots(p @ fold.vectors, one.start, one.duration))
        return [[_one_after_the_other(several)] for several in parts]


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
    """A gesture that decoded ones are held against: `gesture.features` at 15 fps."""

    course: Course
    measures: GestureMetrics

    @classmethod
    def of(cls, motion: Motion, measures: GestureMetrics) -> _Reference:
        """The features of a motion."""
        return cls(Course(features(on_body(at_times(motion.positions, motion, motion_clock(motion))))), measures)


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

    gestures: dict[str, Course]
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


def _against(references: tuple[_Reference, ...], gesture: Course | None, branch: str, null: bool) -> list[StoryScore]:
    found: list[StoryScore] = []
    if gesture is not None:
        for one in references:
            n = min(len(one.course), len(gesture))
            found += gesture_scores(one.course.first(n), gesture.first(n), branch, null, one.measures)
    return found
