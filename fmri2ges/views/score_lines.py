"""Scores as lines of plain text: under the name of each track, and for the difference of two tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import metrics
from ..evaluation.measure import Measure, difference, row
from ..evaluation.rows import Row
from .own_motion import NOT_SCORED
from .tracks import HEARD, OWN, READS, REFERENCE, Track

ALPHA = 0.05  # p from which on a score is told apart from chance


@dataclass(frozen=True)
class ScoreLine:
    """A line of text.

    Parameters
    ----------
    text : what it says
    weak : whether it says that nothing was found; it is grey then
    """

    text: str
    weak: bool = False


@dataclass(frozen=True)
class Kind:
    """What a track is scored against: ids of r and of the rank, how it is called, and how it reads in a title."""

    r: str
    rank: str
    name: str
    title: str


TO_REFERENCE = Kind(metrics.R_MEAN.id, metrics.SEGMENT_RANK.id, "reference", "with the reference")
TO_HEARD = Kind(metrics.HEARD_R.id, metrics.HEARD_RANK.id, "heard words", f"with {metrics.HEARD}, which {READS}")


def short(x: float) -> str:
    """Two decimals without a leading zero: .26, -.03, 1.00."""
    text = f"{0.0 if abs(x) < 5e-3 else x:.2f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def score_line(found: Row, rank: Row | None = None, name: str = "") -> ScoreLine:
    """A correlation with interval, 95 % point of its null, and the mean rank of the true segment.

    Parameters
    ----------
    found : the row of r
    rank : the row of the identification rank of the same branch
    name : what it is scored against
    """
    parts = [f"r {short(found.value)}" + _interval(found)]
    if found.null is None:
        parts.append("no null: the story is too short")
    else:
        parts.append(f"null {short(found.null.q95)}")
    if rank is not None:
        parts.append(f"rank {1 + (1 - rank.value) * (rank.n - 1):.1f} of {rank.n}")
    if found.null is not None and found.p is None:
        parts.append("too short for a p")
    weak = found.p is None or found.p >= ALPHA
    if found.p is not None and weak:
        parts.append("not above chance")
    return ScoreLine(f"{name}: ".lstrip(": ") + ", ".join(parts), weak)


def draft_line(samples: int) -> ScoreLine:
    """What stands under the name of a draft, which has no scores.

    Parameters
    ----------
    samples : how many the full result will have
    """
    return ScoreLine(f"draft: the first of {samples} samples; scores follow", True)


def lines_of(track: Track, rows: list[Row], transcript: list[Row], has_reference: bool) -> list[ScoreLine]:
    """What stands under the name of a track.

    Parameters
    ----------
    track : the track
    rows : scores of its ROI selection, all branches
    transcript : scores of the gesture of the heard words against the reference
    has_reference : whether a gesture was recorded with the story
    """
    if track.branch == REFERENCE:
        return [ScoreLine("a speaker of this story; what r is measured against")]
    if track.branch == OWN:
        return [ScoreLine(NOT_SCORED, True)]
    if track.branch == HEARD:
        found = _line(transcript, HEARD, TO_REFERENCE)
        return [found] if found else []
    lines = [_line(rows, track.branch, TO_REFERENCE), _line(rows, track.branch, TO_HEARD)]
    missing = [] if has_reference else [ScoreLine("no gesture was recorded with this story", True)]
    return missing + [line for line in lines if line is not None]


def _line(rows: list[Row], branch: str, kind: Kind) -> ScoreLine | None:
    by = {r.id: r for r in rows if r.branch == branch}
    return score_line(by[kind.r], by.get(kind.rank), kind.name) if kind.r in by else None


def difference_line(first: Measure, second: Measure, name: str, story: str) -> ScoreLine:
    """The paired difference of two scores, with interval and the middle 90 % of its null.

    Parameters
    ----------
    first, second : measures of one metric on one stretch
    name : of the difference, such as "direct - text"
    story : name of the story
    """
    found = row(difference(first, second), np.random.default_rng(0), story)
    sign = "+" if found.value >= 5e-3 else ""
    parts = [f"{sign}{short(found.value)}{_interval(found)}"]
    if found.null is not None:
        parts.append(f"null {short(found.null.q05)} to {short(found.null.q95)}")
    if found.interval is None:
        return ScoreLine(f"{name}: {', '.join([*parts, 'no interval: the story is too short'])}", True)
    weak = found.interval.low <= 0 <= found.interval.high
    if weak:
        parts.append("the interval includes 0")
    return ScoreLine(f"{name}: {', '.join(parts)}", weak)


def difference_lines(
    tracks: list[Track], measures: dict[str, list[Measure]], kind: Kind, story: str
) -> list[ScoreLine]:
    """Differences of tracks that differ in one thing: the branch, or the ROI selection.

    Parameters
    ----------
    tracks : those on screen
    measures : letter of an ROI selection (empty where there is one) -> its measures
    kind : what they are scored against
    story : name of the story
    """
    of = {
        track: m
        for track in tracks
        if track.is_decoded
        for m in measures.get(track.letter, [])
        if (m.metric.id, m.branch) == (kind.r, track.branch)
    }
    pairs = [
        (a, b) for i, a in enumerate(of) for b in list(of)[i + 1 :] if (a.branch == b.branch) != (a.letter == b.letter)
    ]
    return [
        # Text stands before direct and A before B: direct minus text, A minus B.
        difference_line(of[b], of[a], f"{b.name} \u2212 {a.name}", story)
        if a.letter == b.letter
        else difference_line(of[a], of[b], f"{a.name} \u2212 {b.name}", story)
        for a, b in pairs
    ]


def _interval(found: Row) -> str:
    return f" [{short(found.interval.low)}, {short(found.interval.high)}]" if found.interval else ""
