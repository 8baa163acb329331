"""BIDS `_events.tsv` whose events are words.

Times are seconds from the start of the first stored volume, as BIDS defines `onset`; "n/a" is a
missing value. Files that say when a story starts are read in `stimulus`.
"""

from __future__ import annotations

from ...errors import UserError, one_line
from .rows import Row, WordsReport, report_words
from .source import Reader, WordsFile
from .stimulus import NO_STORY, STORY

FIRST = 50  # labels that tell words from conditions


def is_events(file: WordsFile) -> bool:
    """Whether the table has onsets, as BIDS calls them, and no column `start`."""
    return "onset" in file.table.header and "start" not in file.table.header


def report_events(file: WordsFile) -> WordsReport:
    """Words of an events file with `onset`, `duration` and a column `word` (or words as `trial_type`).

    Events without a word ("n/a") are skipped.

    Raises
    ------
    UserError
        When a column is missing or the events are no words.
    """
    path, header = file.path, file.table.header
    missing = [c for c in ("onset", "duration") if c not in header]
    if missing:
        raise UserError(
            f"{path}, line 1: an events file must have the columns onset and duration; missing: {', '.join(missing)}"
        )
    column = next((c for c in ("word", "trial_type") if c in header), None)
    if column is None:
        raise UserError(
            f"{path}, line 1: no column 'word' (or 'trial_type') holds the words; "
            f"columns: {one_line(', '.join(header))}"
        )
    o, d, w = header.index("onset"), header.index("duration"), header.index(column)
    rows = []
    for number, fields in file.table.lines:
        if fields[w].strip().lower() not in ("n/a", ""):
            duration = "0" if fields[d].strip().lower() == "n/a" else fields[d]
            rows.append(Row(f"line {number}", fields[w], fields[o], duration))
    if column == "trial_type" and _are_conditions([row.label.strip().lower() for row in rows]):
        raise UserError(
            f"{path}: trial_type repeats a few conditions, not words; add a column 'word', "
            "or use the file only for the onset of a story (`events`)"
        )
    return report_words(path, rows, file.notes)


def _are_conditions(labels: list[str]) -> bool:
    """Whether labels are a few conditions that repeat; half of the first fifty words of any text are new."""
    first = labels[:FIRST]
    few = len(set(first)) < 0.5 * len(first) or len(set(labels)) < 0.1 * len(labels)
    return len(labels) > 1 and (few or bool(labels) and set(labels) <= STORY | NO_STORY)


EVENTS = Reader("BIDS events (onset, duration, word)", ".tsv", is_events, report_events)
