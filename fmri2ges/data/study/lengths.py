"""Whether BOLD or motion is as long as its words, and what may be wrong where it is not.

Shares decide, not seconds: ten seconds without BOLD are nothing in an hour and a quarter of a short story.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from ...types import Words

SLOWEST_TR = 30.0  # seconds; a larger number is no repetition time in seconds
COMMON_RATES = (24.0, 25.0, 30.0, 50.0, 60.0, 90.0, 100.0, 120.0, 240.0)  # frames per second
ALIKE = (0.75, 1.5)  # lengths whose ratio lies here may belong together


@dataclass(frozen=True)
class Limits:
    """What is a note and what is an error.

    Parameters
    ----------
    outside : share of the words outside of what was recorded from which on it is an error; any is a note
    long, too_long : how many times longer than its words a recording is where it is a note, and an error
    """

    outside: float
    long: float
    too_long: float


BOLD = Limits(outside=0.2, long=1.5, too_long=3.0)  # silence at both ends of a scan is usual
MOTION = Limits(outside=0.5, long=1.5, too_long=10.0)  # a speaker may also listen for a while


@dataclass(frozen=True)
class Stretch:
    """What was recorded while words were heard or spoken.

    Parameters
    ----------
    what : in words, with its length, such as "BOLD (30 volumes x 2 s)"
    start, stop : seconds on the words' clock
    limits : see `Limits`
    """

    what: str
    start: float
    stop: float
    limits: Limits

    @property
    def seconds(self) -> float:
        """Length of what was recorded, seconds."""
        return self.stop - self.start


class Verdict(Enum):
    """What a comparison found."""

    FINE = "fine"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Comparison:
    """The verdict, and one line on both lengths; empty where they agree."""

    verdict: Verdict
    line: str = ""


def span_of(words: Words) -> float:
    """Seconds from the first word to the end of the last."""
    return float((words.start + words.duration).max() - words.start[0])


def compare(label: str, stretch: Stretch, words: Words, cause: str) -> Comparison:
    """Compare a recording with its words, of which there is at least one.

    Parameters
    ----------
    cause : what is likely wrong where they do not agree, and what to do
    """
    first, end = float(words.start[0]), float((words.start + words.duration).max())
    outside = int(((words.start < stretch.start) | (words.start >= stretch.stop)).sum())
    times = stretch.seconds / max(end - first, 1e-9)
    found = [f"{outside} of {len(words)} words lie outside"] if outside else []
    if times > stretch.limits.long:
        found.append(f"it lasts {times:.{1 if times < 100 else 0}f} times as long as the words")
    if not found:
        return Comparison(Verdict.FINE)
    share = outside / len(words)
    wrong = share > stretch.limits.outside or times > stretch.limits.too_long
    line = (
        f"{label}: {stretch.what} covers {_range(stretch.start, stretch.stop)}, the words {_range(first, end)}: "
        f"{' and '.join(found)}; {cause}"
    )
    return Comparison(Verdict.PROBLEM if wrong else Verdict.NOTE, line)


def _range(start: float, stop: float) -> str:
    minutes = f" ({(stop - start) / 60:.1f} minutes)" if stop - start >= 600 else ""
    return f"{start:.1f} to {stop:.1f} s{minutes}"


def bold_cause(words: Words, n_volumes: int, n_columns: int, tr: float) -> str:
    """Why BOLD may not be as long as its words, and what to do."""
    heard = span_of(words)
    if tr > SLOWEST_TR and _alike(n_volumes * tr / 1000, heard):
        return f"tr = {tr:g} looks like milliseconds: write tr = {tr / 1000:g}"
    if tr > SLOWEST_TR:
        return f"tr = {tr:g} is no repetition time in seconds (milliseconds?): correct tr"
    if _alike(n_volumes * tr * 1000, heard):
        return f"tr = {tr:g} looks a thousand times too small: write tr = {tr * 1000:g}"
    if not _alike(n_volumes * tr, heard) and _alike(n_columns * tr, heard):
        return (
            f"it has {n_volumes} rows and {n_columns} columns and looks transposed "
            f"({n_columns} x {tr:g} s = {n_columns * tr:g} s): rows must be volumes"
        )
    check = "check tr, first_volume_at and words"
    fitting = heard / n_volumes
    if not _alike(n_volumes * tr, heard) and 0.3 <= fitting <= 5:
        return f"a TR of {fitting:.2g} s would fit; {check}"
    if n_volumes * tr > heard * ALIKE[1]:
        return f"the scan may hold more than this story, or the words a part of it; {check}"
    return check


def motion_cause(words: Words, n_frames: int, fps: float) -> str:
    """Why motion may not be as long as its words, and what to do."""
    fitting = n_frames / max(span_of(words), 1e-6)
    near = min(COMMON_RATES, key=lambda rate: abs(math.log(rate / fitting)))
    check = "check that both files belong together and count from the same instant"
    if abs(math.log(near / fitting)) < 0.1 and abs(math.log(near / fps)) > 0.1:
        return f"at {near:g} frames per second both would be equally long: check the frame rate; else {check}"
    return check


def _alike(one: float, other: float) -> bool:
    return ALIKE[0] <= one / max(other, 1e-9) <= ALIKE[1]
