"""Lists of timed words in JSON, as gentle and the whisper family write them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import one_line
from .rows import Row, WordsReport, report_words

NAMED = 5  # dropped words that a note lists


class Item(NamedTuple):
    """One entry of a list of words and where it stands, such as "words[3]"."""

    place: str
    value: Any


def report_items(path: Path, items: Iterable[Item], keys: tuple[str, ...], notes=()) -> WordsReport:
    """Words of JSON objects with `start` and `end` in seconds.

    A word without times was in the transcript, but the aligner did not find it in the audio. Such words
    are dropped and counted: times made up between the neighbours would put words where nobody said them,
    and the word rate of a volume would follow the transcript, not the speech.

    Parameters
    ----------
    keys : where the word stands in an object; the first that is there counts
    """
    rows, dropped, problems, total = [], [], [], 0
    for place, value in items:
        total += 1
        if not isinstance(value, dict):
            got = one_line(repr(value), 40)
            problems.append(f"{path}: {place}: must be an object with a word, start and end; got {got}")
            continue
        label = next((value[key] for key in keys if value.get(key)), None)
        if not isinstance(label, str):
            problems.append(f"{path}: {place}: has no word")
            continue
        start, end = value.get("start"), value.get("end")
        if value.get("case", "success") != "success" or start is None or end is None:
            dropped.append(f"{place} {one_line(repr(label), 40)}")
        elif not (_number(start) and _number(end)):
            problems.append(f"{path}: {place} ({one_line(repr(label), 40)}): start and end must be seconds")
        else:
            rows.append(Row(place, label, float(start), float(end) - float(start)))
    if dropped:
        names = ", ".join(dropped[:NAMED]) + (", ..." if len(dropped) > NAMED else "")
        lost = (
            f"{path}: {len(dropped)} of {total} words have no times (not found in the audio) and are dropped: {names}"
        )
        notes = [lost, *notes]
    return report_words(path, rows, notes, problems)


def _number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
