"""Timed words from any file that a lab has: TextGrid, TSV, gentle JSON, BIDS events.

Each reader hands its intervals to `word_rows.report_words`, which cleans and validates them: what
comes out is a clean `Words` on one clock.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import UserError, one_line
from ...types import Words
from ..atomic import write_text
from ..content import check_content
from .bids_events import read_table, report_events, story_onset
from .gentle import report_gentle
from .rows import WordsReport, clean_word, report_words

__all__ = ["clean_word", "read_textgrid", "read_words", "read_words_tsv", "report", "write_words_tsv"]

COLUMNS = ("word", "start", "duration")


def read_words(path, tier: str | None = None, events=None, stim: str | None = None) -> Words:
    """Words of a .TextGrid, .tsv (ours or BIDS events) or gentle .json file, times in seconds.

    Parameters
    ----------
    path : file of words
    tier : tier of a TextGrid; None finds it
    events : BIDS `_events.tsv` of the scan whose story onset is added to the times, or None
    stim : which event is the story; see `bids_events.story_onset`

    Raises
    ------
    UserError
        With the first problem of the file and the number of others; `report` has them all.
    """
    return report(path, tier, events, stim).checked()


def report(path, tier: str | None = None, events=None, stim: str | None = None) -> WordsReport:
    """All words, problems and notes of a file; the parameters are those of `read_words`.

    Raises
    ------
    UserError
        When the file cannot be read at all.
    """
    path = check_content(path)
    suffix = path.suffix.lower()
    if suffix == ".textgrid":
        found = _report_textgrid(path, tier)
    elif suffix == ".json":
        found = report_gentle(path)
    elif suffix == ".tsv":
        header, _ = read_table(path)
        is_events = "onset" in header and "start" not in header
        found = report_events(path) if is_events else _report_tsv(path)
    else:
        raise UserError(
            f"{path}: words must be a .TextGrid, a .tsv (columns {', '.join(COLUMNS)}, or BIDS events) or a gentle .json"
        )
    if events is not None:
        onset = story_onset(events, stim)
        note = f"{path}: {onset:g} s added to the words (onset of the story in {Path(events).name})"
        found = replace(found, words=found.words.shift(onset), notes=(*found.notes, note))
    return found


def read_textgrid(path, tier: str | None = None) -> Words:
    """Words of one interval tier of a Praat TextGrid.

    Parameters
    ----------
    path : a TextGrid in the long or the short text form
    tier : name of the tier; None takes the one named 'word' or 'words', or the only interval tier

    Raises
    ------
    UserError
        For the chronological and binary forms, an unknown tier, and bad times.
    """
    return _report_textgrid(Path(path), tier).checked()


def _report_textgrid(path: Path, tier: str | None) -> WordsReport:
    from praatio.utilities import errors as praat_errors
    from praatio.utilities import textgrid_io

    text = _textgrid_text(path)
    try:
        # The parser alone: praatio's own checks do not say which interval is wrong.
        parsed = textgrid_io.parseTextgridStr(text, includeEmptyIntervals=True)
        tiers = {t["name"]: list(t["entries"]) for t in parsed["tiers"] if t["class"] == "IntervalTier"}
    except (praat_errors.PraatioException, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise UserError(
            f"{path}: is not a readable TextGrid ({one_line(error)}); save it again in Praat as a text file"
        ) from error
    name = _choose_tier(path, tiers, tier)
    rows = []
    for number, (start, end, label) in enumerate(tiers[name], start=1):
        place = f"tier {one_line(repr(name), 40)}, interval {number}"
        try:
            rows.append((place, label, float(start), float(end) - float(start)))
        except ValueError:
            rows.append((place, label, start, end))  # refused as times below
    return report_words(path, rows)


def _textgrid_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    if data.startswith(b"ooBinaryFile"):
        raise UserError(f"{path}: is a binary TextGrid; save it in Praat as a text file")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # older Praat versions on Windows
    if "chronological" in text[:200]:
        raise UserError(f"{path}: is a chronological TextGrid; save it in Praat as a (long or short) text file")
    if "TextGrid" not in text[:200]:
        raise UserError(f"{path}: is not a TextGrid: its first lines do not say so")
    return text


def _choose_tier(path: Path, tiers: dict, wanted: str | None) -> str:
    names = one_line(", ".join(map(repr, tiers)) or "none")
    if wanted is not None:
        if wanted not in tiers:
            raise UserError(f"{path}: there is no interval tier {wanted!r}; interval tiers: {names}")
        return wanted
    candidates = [name for name in tiers if name.strip().lower() in ("word", "words")] or list(tiers)
    if len(candidates) != 1:
        raise UserError(f"{path}: which tier holds the words? Name it with `tier`; interval tiers: {names}")
    return candidates[0]


def read_words_tsv(path) -> Words:
    """Words of a tab-separated file with a header that holds `word`, `start` and `duration` (seconds)."""
    return _report_tsv(Path(path)).checked()


def _report_tsv(path: Path) -> WordsReport:
    header, table = read_table(path)
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise UserError(
            f"{path}, line 1: the header must hold the tab-separated columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
        )
    w, s, d = (header.index(c) for c in COLUMNS)
    return report_words(path, [(f"line {n}", fields[w], fields[s], fields[d]) for n, fields in table])


def write_words_tsv(path, words: Words) -> Path:
    """Write words as TSV, times rounded to a microsecond."""
    lines = ["\t".join(COLUMNS)]
    for text, start, duration in zip(words.text, words.start, words.duration):
        lines.append(f"{text}\t{round(float(start), 6)!r}\t{round(float(duration), 6)!r}")
    return write_text(path, "\n".join(lines) + "\n")
