"""Words as a tab-separated table: our own (word, start, duration), read and written."""

from __future__ import annotations

from pathlib import Path

from ...errors import UserError
from ...types import Words
from ..atomic import write_text
from .rows import Row, WordsReport, report_words
from .source import Reader, WordsFile

COLUMNS = ("word", "start", "duration")


def report_tsv(file: WordsFile) -> WordsReport:
    """Words of a table whose header holds `word`, `start` and `duration` (seconds).

    Raises
    ------
    UserError
        Where a column is missing or a line is not as wide as the header.
    """
    header = file.table.header
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise UserError(
            f"{file.path}, line 1: the header must hold the tab-separated columns {', '.join(COLUMNS)} "
            f"(or those of BIDS events); missing: {', '.join(missing)}"
        )
    w, s, d = (header.index(c) for c in COLUMNS)
    rows = [Row(f"line {n}", fields[w], fields[s], fields[d]) for n, fields in file.table.lines]
    return report_words(file.path, rows, file.notes)


def read_words_tsv(path) -> Words:
    """Words of a file that `write_words_tsv` could have written; see `report_tsv`."""
    return report_tsv(WordsFile(Path(path))).checked()


def write_words_tsv(path, words: Words) -> Path:
    """Write words as TSV, times rounded to a microsecond."""
    lines = ["\t".join(COLUMNS)]
    for text, start, duration in zip(words.text, words.start, words.duration, strict=True):
        lines.append(f"{text}\t{round(float(start), 6)!r}\t{round(float(duration), 6)!r}")
    return write_text(path, "\n".join(lines) + "\n")


TSV = Reader(f"a table ({', '.join(COLUMNS)})", ".tsv", lambda file: True, report_tsv)
