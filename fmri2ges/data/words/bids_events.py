"""BIDS `_events.tsv`: words as events, or the onset of a story in a scan.

Times are seconds from the start of the first stored volume, as BIDS defines `onset`; "n/a" is a
missing value.
"""

from __future__ import annotations

import math
from pathlib import Path

from ...errors import UserError, one_line
from .rows import WordsReport, report_words

STORY = ("story", "audio", "stimulus", "speech", "listen")  # trial types that are the story when nothing else tells


def read_table(path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header (lower case) and (line number, fields) of a tab-separated file; every line as wide as the header."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text ({error})") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    header = [h.strip().lower() for h in lines[0].split("\t")]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            raise UserError(
                f"{path}, line {number}: {len(fields)} tab-separated fields where the header has {len(header)}"
            )
        rows.append((number, fields))
    return header, rows


def report_events(path) -> WordsReport:
    """Words of an events file with `onset`, `duration` and a column `word` (or words as `trial_type`).

    Events without a word ("n/a") are skipped.

    Raises
    ------
    UserError
        When a column is missing or the events are no words.
    """
    path = Path(path)
    header, table = read_table(path)
    missing = [c for c in ("onset", "duration") if c not in header]
    if missing:
        raise UserError(
            f"{path}, line 1: an events file must have the columns onset and duration; missing: {', '.join(missing)}"
        )
    column = next((c for c in ("word", "trial_type") if c in header), None)
    if column is None:
        raise UserError(
            f"{path}, line 1: no column 'word' (or 'trial_type') holds the words; columns: {one_line(', '.join(header))}"
        )
    o, d, w = header.index("onset"), header.index("duration"), header.index(column)
    rows = []
    for number, fields in table:
        if fields[w].strip().lower() not in ("n/a", ""):
            duration = "0" if fields[d].strip().lower() == "n/a" else fields[d]
            rows.append((f"line {number}", fields[w], fields[o], duration))
    if column == "trial_type" and len(rows) > 1 and len({label for _, label, _, _ in rows}) < 0.1 * len(rows):
        raise UserError(
            f"{path}: trial_type repeats a few conditions, not words; add a column 'word', "
            "or use the file only for the onset of a story (`events`)"
        )
    return report_words(path, rows)


def story_onset(events, stim: str | None = None) -> float:
    """When a story starts in a scan: what to add to times that count from the start of its audio.

    Parameters
    ----------
    events : path of a BIDS `_events.tsv` with `onset`
    stim : name of the story, compared with `stim_file` (without folder and ending) and `trial_type`;
        None takes the event of a story-like trial type, or the only event

    Returns
    -------
    seconds

    Raises
    ------
    UserError
        When no event, or more than one, fits; the message lists what there is.
    """
    path = Path(events)
    header, table = read_table(path)
    if "onset" not in header:
        raise UserError(f"{path}, line 1: an events file must have the column onset")
    named = [(number, fields[header.index("onset")], _names(header, fields)) for number, fields in table]
    if not named:
        raise UserError(f"{path}: holds no event")
    if stim is not None:
        found = [row for row in named if stim.strip().lower() in row[2]]
    else:
        found = [row for row in named if row[2] & set(STORY)] or (named if len(named) == 1 else [])
    if len(found) != 1:
        known = one_line(", ".join(sorted(set().union(*(names for _, _, names in named)))) or "none")
        wanted = "a story" if stim is None else f"{stim!r}"
        count = "several events are" if found else "no event is"
        raise UserError(f"{path}: {count} {wanted}; name one event with `stim`; the file names: {known}")
    number, onset, _ = found[0]
    try:
        value = float(onset)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path}, line {number}: onset must be seconds; got {one_line(repr(onset), 40)}")
    return value


def _names(header: list[str], fields: list[str]) -> set[str]:
    """Names under which an event may be asked for, lower case."""
    names = set()
    for column in ("stim_file", "trial_type", "story"):
        if column in header:
            value = fields[header.index(column)].strip().lower()
            if value and value != "n/a":
                file = value.replace("\\", "/").rsplit("/", 1)[-1]
                names |= {value, file, file.split(".")[0]}
    return names
