"""From labelled intervals to words: what every reader of words does after it has read its format.

Pauses and marks are dropped, case is folded, clitics are kept. Every problem is reported with its
file and line or interval, not only the first one.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import UserError
from ...types import Words
from .encoding import LATIN_CONTROL, as_meant

# Pause and noise labels: Huth lab (sp, ns, lg, ls, br, cg, sentence_start, ...), MFA and P2FA (sil).
MARKS = frozenset({"sp", "sil", "ns", "lg", "ls", "br", "cg", "sl", "sentence_start", "sentence_end"})
# Somebody spoke, but the aligner does not know the word: no pause, and no word either.
UNKNOWN = frozenset(shape.format(name) for name in ("unk", "oov", "spn") for shape in ("{}", "<{}>", "[{}]", "{{{}}}"))
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`＇", "'") | dict.fromkeys("\u2010\u2011", "-"))
JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of Persian, Hindi and others
PUNCTUATION = '.,;:!?"“”()…—–-'
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
COMMA = "have a decimal comma; save the file with decimal points"
MAX_OVERLAP = 0.020  # seconds; forced aligners round their borders
MAX_TIME = 1e6  # seconds; no recording is longer, so a larger number is no time in seconds
LONG_WORD = 5.0  # seconds; when half of the words last longer, they are no words, or the file has another unit
LATE = 60.0  # seconds; a first word later than this is worth a note
SHOWN = 20  # problems of one file that are spelled out


class Row(NamedTuple):
    """One interval of a file; times may still be text.

    Parameters
    ----------
    place : where it stands, such as "line 3"
    label : the word, a pause or a mark
    start, duration : seconds
    """

    place: str
    label: str
    start: float | str
    duration: float | str


@dataclass(frozen=True)
class WordsReport:
    """What a file of words holds.

    Parameters
    ----------
    words : the usable words
    problems : one line each, with file and place; `read_words` refuses while there is one
    notes : what was dropped or is unusual, one line each
    """

    words: Words
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def checked(self) -> Words:
        """The words, or a `UserError` that tells the first problem and how many follow."""
        if self.problems:
            more = len(self.problems) - 1
            raise UserError(self.problems[0] + (f" (and {more} more problems in this file)" if more else ""))
        return self.words


def clean_word(label: str) -> str | None:
    """The lower-case word of a label, without punctuation around it; None for a pause or a mark.

    One word has one spelling: accents are composed (NFC), invisible characters go, and all apostrophes are one. A label
    without a letter or digit, such as ``#`` of Praat or ``♪``, is a mark.
    """
    label = unicodedata.normalize("NFC", label.strip().lower()).translate(APOSTROPHES)
    if not label.isascii():
        label = "".join(c for c in label if unicodedata.category(c) != "Cf" or c in JOINERS).strip()
    if label[:1] in "{<[" or label in MARKS or label in UNKNOWN or not any(map(str.isalnum, label)):
        return None
    label = label.strip(PUNCTUATION)
    return label[1:-1] if len(label) > 2 and label[0] == label[-1] == "'" else label


def report_words(path: Path, rows: Iterable[Row], notes=(), problems=()) -> WordsReport:
    """Clean and validate rows in the order of the file.

    Parameters
    ----------
    path : the file, for messages
    rows : the intervals of the file
    notes, problems : what the reader of the format has to say
    """
    text: list[str] = []
    starts: list[float] = []
    durations: list[float] = []
    unknown: Counter[str] = Counter()
    problems, marks, rows = list(problems), 0, list(rows)
    meant = as_meant([row.label for row in rows])
    for (place, _, start, duration), label in zip(rows, meant.labels, strict=True):
        word = clean_word(label)
        if word is None:
            mark = label.strip().lower()
            unknown.update([mark] if mark in UNKNOWN else [])
            marks += mark not in UNKNOWN
            continue
        previous = (text[-1], starts[-1], durations[-1]) if text else None
        try:
            onset, length = float(start), float(duration)
            problem = _problem(word, onset, length, previous)
        except ValueError:
            if any(DECIMAL_COMMA.fullmatch(str(time).strip()) for time in (start, duration)):
                # Every line has them: one problem says it.
                problems.append(f"{path}: {place} ({_short(word)}): {_short(start)} and {_short(duration)} {COMMA}")
                break
            problem = f"start and duration must be seconds; got {_short(start)} and {_short(duration)}"
        if problem:
            problems.append(f"{path}: {place} ({_short(word)}): {problem}")
            continue
        text.append(word)
        starts.append(onset)
        durations.append(length)
    if len(durations) >= 3 and float(np.median(durations)) > LONG_WORD:
        problems.append(
            f"{path}: half of the words last longer than {LONG_WORD:g} s (median {np.median(durations):.0f}): "
            "these are no words, or the times look like milliseconds; give seconds"
        )
    if len(problems) > SHOWN:
        problems[SHOWN:] = [f"{path}: {len(problems) - SHOWN} more words with such problems"]
    told = [f"{path}: {marks} pauses and marks dropped"] if marks else []
    if unknown:
        counts = ", ".join(f"{n} {mark}" for mark, n in unknown.most_common())
        told.append(
            f"{path}: {unknown.total()} of {len(text) + unknown.total()} words dropped, which the aligner did not know "
            f"({counts}); add them to its dictionary if they matter"
        )
    told += [f"{path}: {meant.note}"] if meant.note else []
    told += [*notes, *_clock_notes(path, text, starts)]
    return WordsReport(Words.from_lists(text, starts, durations), tuple(problems), tuple(told))


def _problem(word: str, start: float, duration: float, previous) -> str | None:
    """What is wrong with one word, given (word, start, duration) of the word in front of it."""
    if any(c.isspace() for c in word):
        return "holds more than one word; give one word per interval or line (is this the word tier?)"
    if "\\" in word:
        return "holds a backslash, as Praat's codes of special letters do; choose Modify > Convert to Unicode in Praat"
    if LATIN_CONTROL.search(word):
        return "holds a control character; save the file as UTF-8"
    if not (math.isfinite(start) and math.isfinite(duration)):
        return f"start and duration must be finite seconds; got {start} and {duration}"
    if abs(start) > MAX_TIME or duration > MAX_TIME:
        return f"is no time in seconds: start {start:g}, duration {duration:g}"
    if duration < 0:
        return f"has a negative duration ({duration:.3f} s from {start:.3f} s); its end must come after its start"
    if previous is None:
        return None
    before, begun, lasted = previous
    if start < begun:
        return (
            f"starts at {start:.3f} s, before the word in front of it ({_short(before)}, {begun:.3f} s); sort by start"
        )
    overlap = begun + lasted - start
    if overlap > MAX_OVERLAP:
        return (
            f"overlaps the word in front of it ({_short(before)}) by {overlap:.3f} s; "
            f"at most {MAX_OVERLAP:g} s is allowed: correct the times or remove one of them"
        )
    return None


def _short(word) -> str:
    word = str(word)
    return repr(word if len(word) <= 40 else word[:39] + "…")


def _clock_notes(path: Path, text, starts) -> list[str]:
    """Hints that the words are on another clock than the recording."""
    if not text:
        return []
    if starts[0] < 0:
        early = sum(s < 0 for s in starts)
        return [
            f"{path}: {early} words start before 0 s (the first at {starts[0]:.3f} s); is an onset subtracted twice?"
        ]
    if starts[0] > LATE:
        return [f"{path}: the first word comes at {starts[0]:.1f} s; first_volume_at must be on the same clock"]
    return []
