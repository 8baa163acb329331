"""Words of a Praat TextGrid, long or short text form; parsed by praatio."""

from __future__ import annotations

import re

from ...errors import UserError, one_line
from .rows import Row, WordsReport
from .source import Reader, WordsFile
from .tiers import Tier, report_tiers

NEGATIVE = re.compile(r"\bx(?:min|max) ?= ?-0*\.?0*[1-9]")
EXPONENT = re.compile(r"^([ \t]*(?:(?:xmin|xmax|number|time) ?= ?)?)(\d+(?:\.\d+)?[eE]-\d+)([ \t]*)$", re.MULTILINE)
LONG_SIZE = re.compile(r"^\s*(?:intervals|points): size ?= ?(\d+)", re.MULTILINE)
SHORT_SIZE = re.compile(r'^"(?:IntervalTier|TextTier)"\s*\n[^\n]*\n[^\n]*\n[^\n]*\n\s*(\d+)', re.MULTILINE)


def report_textgrid(file: WordsFile) -> WordsReport:
    """Words of one interval tier; see `tiers.report_tiers` for which.

    Raises
    ------
    UserError
        For the chronological and binary forms, a file that is cut off, and an unclear tier.
    """
    _check_form(file)
    tiers = [
        Tier(tier["name"], tuple(_rows(tier["name"], tier["entries"])))
        for tier in _parse(file)
        if tier["class"] == "IntervalTier"
    ]
    return report_tiers(file.path, tiers, file.tier, file.notes)


def _check_form(file: WordsFile) -> None:
    path = file.path
    if file.data.startswith(b"ooBinaryFile"):
        raise UserError(f"{path}: is a binary TextGrid; save it in Praat as a text file")
    if "chronological" in file.text[:200]:
        raise UserError(f"{path}: is a chronological TextGrid; save it in Praat as a (long or short) text file")
    if "TextGrid" not in file.text[:200]:
        raise UserError(f"{path}: is not a TextGrid: its first lines do not say so")
    if NEGATIVE.search(file.text):
        raise UserError(f"{path}: holds negative times; shift the times in Praat so that the recording starts at 0")


def _in_full(number: re.Match) -> str:
    """A time without an exponent, which the parser does not know; Praat writes one for very small numbers."""
    return f"{number[1]}{float(number[2]):.20f}".rstrip("0") + "0" + number[3]


def _parse(file: WordsFile) -> list[dict]:
    from praatio.utilities import errors as praat_errors
    from praatio.utilities import textgrid_io

    text = file.text.replace("\r\n", "\n").replace("\r", "\n")
    text = EXPONENT.sub(_in_full, text)
    try:
        # The parser alone: praatio's own checks do not say which interval is wrong.
        tiers = textgrid_io.parseTextgridStr(text, includeEmptyIntervals=True)["tiers"]
        tiers = [{**tier, "entries": list(tier["entries"])} for tier in tiers]
    except (praat_errors.PraatioException, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise UserError(
            f"{file.path}: is not a readable TextGrid ({one_line(error)}); save it again in Praat as a text file"
        ) from error
    # praatio reads as far as it gets; what the file announces tells whether something is missing.
    sizes = [int(size[:9]) for size in (LONG_SIZE.findall(text) or SHORT_SIZE.findall(text))]
    for tier, size in zip(tiers, sizes, strict=True) if len(sizes) == len(tiers) else ():
        if size != len(tier["entries"]):
            raise UserError(
                f"{file.path}: tier {one_line(repr(tier['name']), 40)} announces {size} entries and holds "
                f"{len(tier['entries'])}; the file is damaged or cut off: copy it again"
            )
    return tiers


def _rows(name: str, entries):
    for number, (start, end, label) in enumerate(entries, start=1):
        place = f"tier {one_line(repr(name), 40)}, interval {number}"
        try:
            yield Row(place, label, float(start), float(end) - float(start))
        except ValueError:
            yield Row(place, label, start, end)  # refused as times later


TEXTGRID = Reader("a Praat TextGrid", ".textgrid", lambda file: True, report_textgrid)
