"""Agreement of decoded motion with T2G of the heard words: a score where no gesture was recorded.

The reference reads the transcript, so it is no decoding. It is what a perfect text branch would give on average; its
scores have metrics of their own and never stand for scores against real motion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..decoding.heard import N_SAMPLES, HeardGestures
from ..decoding.run import Run
from ..decoding.stories import DecodedStory
from ..evaluation import metrics
from ..evaluation.gesture import against_heard, pair
from ..evaluation.measure import Measure
from ..types import Motion
from ..work import QUIET, Work

NOTE = f"reference: mean of {N_SAMPLES} gestures that T2G makes of the transcript; it reads the words heard"


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
    request = story.decoded.request
    mean = gestures.mean(run, story.heard, story.span, speaker=request.speaker, seed=request.seed, work=work)
    return against_words(mean, story.motions, story.joins)


def against_words(mean: Motion, motions: Mapping[str, Motion], joins: Sequence[float] = ()) -> list[Measure]:
    """Scores of each branch against the mean of gestures that T2G made of the heard words.

    Parameters
    ----------
    mean : from `mean_gesture`
    motions : branch -> decoded motion
    joins : where models of one fold hand over to those of the next, seconds
    """
    found = [m for branch, motion in motions.items() for m in against_heard(pair(mean, motion, joins), branch)]
    return [replace(m, note=NOTE) for m in found]
