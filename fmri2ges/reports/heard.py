"""Agreement of decoded motion with T2G of the heard words: a score where no gesture was recorded.

The reference reads the transcript, so it is no decoding. It is what a perfect text branch would give on average; its
scores have metrics of their own and never stand for scores against real motion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..decoding.heard import N_SAMPLES, gestures_of_words
from ..decoding.run import Run
from ..decoding.stories import DecodedStory
from ..evaluation import metrics
from ..evaluation.gesture import against_heard, all_samples, pair
from ..evaluation.measure import Measure
from ..types import Motion
from ..work import QUIET, Work

NOTE = f"reference: mean of {N_SAMPLES} gestures that T2G makes of the transcript; it reads the words heard"


class HeardGestures:
    """Mean gestures of heard words, each made once: several listeners of one story heard the same."""

    def __init__(self) -> None:
        self._made: dict[tuple, Motion] = {}

    def mean(self, story: DecodedStory, run: Run, work: Work = QUIET) -> Motion:
        """The mean of what T2G of a run makes of the words of a decoded story, over its stretch."""
        assert story.heard is not None, "the words come from the study's recording"
        words, request, (start, stop) = story.heard, story.decoded.request, story.span
        times = words.start.tobytes(), words.duration.tobytes()
        key = (run.path, start, stop, request.speaker, request.seed, words.text, times)
        if key not in self._made:
            made = gestures_of_words(run.t2g, words, start, stop, speaker=request.speaker, seed=request.seed, work=work)
            self._made[key] = mean_gesture(made)
        return self._made[key]


def heard_measures(
    story: DecodedStory, run: Run | None, gestures: HeardGestures, notes: list[str], work: Work = QUIET
) -> list[Measure]:
    """Scores of each branch of a story; an empty list, with the reason in `notes`, where they cannot be had.

    Parameters
    ----------
    story : a decoded story
    run : whose T2G made the text branch; None where it is not there any more
    gestures : keeps what was made for another listener
    notes : a line is added for each reason
    work : progress and cancel
    """
    start, stop = story.span
    if story.heard is None or not len(story.heard.slice(start, stop)):
        return []
    if run is None:
        notes.append(f"{story.story}: its run is not there, so nothing is compared with {metrics.HEARD}")
        return []
    return against_words(gestures.mean(story, run, work), story.motions)


def against_words(mean: Motion, motions: Mapping[str, Motion]) -> list[Measure]:
    """Scores of each branch against the mean of gestures that T2G made of the heard words.

    Parameters
    ----------
    mean : from `mean_gesture`
    motions : branch -> decoded motion
    """
    found = [m for branch, motion in motions.items() for m in against_heard(pair(mean, motion), branch)]
    return [replace(m, note=NOTE) for m in found]


def mean_gesture(made: Motion) -> Motion:
    """The mean over the samples of a motion."""
    return Motion(all_samples(made).mean(0), fps=made.fps, start=made.start)
