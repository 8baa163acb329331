"""Scores of one whole story for the screen Compare: every branch against the reference, and against the heard words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decoding.heard import gestures_of_words, mean_gesture
from ..decoding.run import Run
from ..decoding.stories import joins_of
from ..evaluation.gesture import LEAST_SHARED, against_reference, pair
from ..evaluation.measure import Measure, row
from ..evaluation.rows import Row
from ..evaluation.text import against_transcript
from ..request import DecodeRequest
from ..results import Decoded
from ..work import QUIET, Work
from .heard import against_words


@dataclass(frozen=True)
class Score:
    """A measure of one branch, and its row with null and interval."""

    measure: Measure
    row: Row


@dataclass(frozen=True)
class StoryScores:
    """Scores of what was decoded from a whole story.

    Parameters
    ----------
    story : name of the story
    seconds : its length
    reference : decoded branches against the gesture that was recorded; empty where none was
    heard : decoded branches against T2G of the heard words, under metrics of their own
    words : decoded words against heard ones
    transcript : T2G of the heard words against the recorded gesture; it reads the transcript and no brain
    """

    story: str
    seconds: float
    reference: tuple[Score, ...] = ()
    heard: tuple[Score, ...] = ()
    words: tuple[Score, ...] = ()
    transcript: tuple[Score, ...] = ()


def story_scores(run: Run, request: DecodeRequest, decoded: Decoded | None = None, work: Work = QUIET) -> StoryScores:
    """Decode a whole story and score it.

    Parameters
    ----------
    run : the opened run
    request : complete, over the whole story
    decoded : its result where it is at hand
    work : progress and cancel
    """
    from ..text.embeddings import load_vectors

    if decoded is None:
        decoded = run.decode(request, work.part(0.0, 0.6))
    start, stop = request.span
    words, reference = run.recording(request.subject, request.story).words, run.reference(request.story)
    if reference is not None and not reference.shares(start, stop, LEAST_SHARED):
        reference = None
    joins = joins_of(decoded, words)
    rng = np.random.default_rng(request.seed)

    def scored(measures: list[Measure]) -> tuple[Score, ...]:
        return tuple(Score(m, row(m, rng, request.story)) for m in measures)

    heard: list[Measure] = []
    transcript: list[Measure] = []
    if len(words.slice(start, stop)):
        told = {"speaker": request.speaker, "seed": request.seed}
        made = gestures_of_words(run.t2g, words, start, stop, **told, work=work.part(0.6, 0.9))
        heard = against_words(mean_gesture(made), decoded.motions, joins)
        if reference is not None:
            transcript = against_reference(pair(reference, made), "heard")
    work.report(0.9, "scoring")
    gestures: list[Measure] = []
    if reference is not None:
        for branch, motion in decoded.motions.items():
            gestures += against_reference(pair(reference, motion, joins), branch)
            work.check()
    texts: list[Measure] = []
    if decoded.words is not None and len(words.slice(start, stop)):
        texts = against_transcript(words, decoded.words, start, stop, load_vectors().matrix)
    return StoryScores(request.story, stop - start, scored(gestures), scored(heard), scored(texts), scored(transcript))
