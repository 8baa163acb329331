"""Timed words: Praat TextGrid (long and short text form) and TSV (`word start duration`).

Pauses and noise marks are dropped, case is folded, clitics are kept, and the times are validated:
what comes out is a clean `Words`.
"""

from __future__ import annotations

import math
from pathlib import Path

from ..errors import UserError
from ..types import Words
from .atomic import write_text

# Pause and noise labels of forced aligners and of the Huth lab's transcripts.
MARKS = frozenset({"sp", "sil", "ns", "lg", "ls", "br"})
PUNCTUATION = '.,;:!?"“”()…—–-'
MAX_OVERLAP = 0.020  # seconds; forced aligners round their borders
COLUMNS = ("word", "start", "duration")


def clean_word(label: str) -> str | None:
    """The lower-case word of a label, without punctuation around it; None for a pause or a mark."""
    label = label.strip().lower().replace("’", "'")
    if label[:1] in "{<[" or label in MARKS:
        return None
    return label.strip(PUNCTUATION) or None


def read_words(path, tier: str | None = None) -> Words:
    """Words of a .TextGrid or .tsv file, times in seconds."""
    suffix = Path(path).suffix.lower()
    if suffix == ".textgrid":
        return read_textgrid(path, tier)
    if suffix == ".tsv":
        return read_words_tsv(path)
    raise UserError(f"{path}: words must be a .TextGrid or a .tsv file (columns {', '.join(COLUMNS)})")


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
    from praatio.utilities import errors as praat_errors
    from praatio.utilities import textgrid_io

    path = Path(path)
    text = _textgrid_text(path)
    try:
        # The parser alone: praatio's own checks do not say which interval is wrong.
        parsed = textgrid_io.parseTextgridStr(text, includeEmptyIntervals=True)
        tiers = {t["name"]: list(t["entries"]) for t in parsed["tiers"] if t["class"] == "IntervalTier"}
    except (praat_errors.PraatioException, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path}: is not a readable TextGrid ({error}); save it again in Praat as a text file") from error
    name = _choose_tier(path, tiers, tier)
    rows = []
    for number, (start, end, label) in enumerate(tiers[name], start=1):
        try:
            start, end = float(start), float(end)
        except ValueError as error:
            raise UserError(f"{path}: tier {name!r}, interval {number}: {error}") from error
        rows.append((f"tier {name!r}, interval {number}", label, start, end - start))
    return _words(path, rows)


def _textgrid_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    if data.startswith(b"ooBinaryFile"):
        raise UserError(f"{path}: is a binary TextGrid; save it in Praat as a text file")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # older Praat versions on Windows
    if "chronological" in text[:200]:
        raise UserError(f"{path}: is a chronological TextGrid; save it in Praat as a (long or short) text file")
    if "TextGrid" not in text[:200]:
        raise UserError(f"{path}: is not a TextGrid: its first lines do not say so")
    return text


def _choose_tier(path: Path, tiers: dict, wanted: str | None) -> str:
    names = ", ".join(map(repr, tiers)) or "none"
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
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text ({error})") from error
    header = [h.strip().lower() for h in lines[0].split("\t")] if lines else []
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise UserError(
            f"{path}, line 1: the header must hold the tab-separated columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
        )
    w, s, d = (header.index(c) for c in COLUMNS)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            raise UserError(f"{path}, line {number}: {len(fields)} tab-separated fields where the header has {len(header)}")
        try:
            rows.append((f"line {number}", fields[w], float(fields[s]), float(fields[d])))
        except ValueError as error:
            raise UserError(f"{path}, line {number}: start and duration must be seconds ({error})") from error
    return _words(path, rows)


def write_words_tsv(path, words: Words) -> Path:
    """Write words as TSV, times rounded to a microsecond."""
    lines = ["\t".join(COLUMNS)]
    for text, start, duration in zip(words.text, words.start, words.duration):
        lines.append(f"{text}\t{round(float(start), 6)!r}\t{round(float(duration), 6)!r}")
    return write_text(path, "\n".join(lines) + "\n")


def _words(path: Path, rows) -> Words:
    """Clean and validate rows of (place, label, start, duration)."""
    text, starts, durations = [], [], []
    for place, label, start, duration in rows:
        word = clean_word(label)
        if word is None:
            continue
        where = f"{path}: {place} ({word!r})"
        if " " in word:
            raise UserError(f"{where}: holds more than one word; give one word per interval or line (is this the word tier?)")
        if not (math.isfinite(start) and math.isfinite(duration)):
            raise UserError(f"{where}: start and duration must be finite seconds; got {start} and {duration}")
        if duration < 0:
            raise UserError(f"{where}: has a negative duration ({duration:.3f} s from {start:.3f} s)")
        if starts and start < starts[-1]:
            raise UserError(f"{where}: starts at {start:.3f} s, before the word in front of it ({text[-1]!r}, {starts[-1]:.3f} s); sort by start")
        if starts and starts[-1] + durations[-1] - start > MAX_OVERLAP:
            overlap = starts[-1] + durations[-1] - start
            raise UserError(
                f"{where}: overlaps the word in front of it ({text[-1]!r}) by {overlap:.3f} s; "
                f"at most {MAX_OVERLAP:g} s is allowed: correct the times or remove one of them"
            )
        text.append(word)
        starts.append(start)
        durations.append(duration)
    return Words.from_lists(text, starts, durations)
