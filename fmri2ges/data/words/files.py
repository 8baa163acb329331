"""Timed words from any file that a lab has; `formats` lists what is read.

Each reader hands its intervals to `rows.report_words`, which cleans and validates them: what comes out is a
clean `Words` on one clock.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import UserError
from ...types import Words
from ..content import check_content
from .formats import reader_of
from .rows import WordsReport, clean_word
from .source import WordsFile
from .stimulus import heard_in_scan
from .tsv import read_words_tsv, write_words_tsv

__all__ = ["clean_word", "read_words", "read_words_tsv", "report", "write_words_tsv"]


def read_words(path, tier: str | None = None, events=None, stim: str | None = None) -> Words:
    """Words of a file of any format that is known, times in seconds.

    Parameters
    ----------
    path : file of words
    tier : which tier of a file of several (or which speaker) holds the words; None finds it
    events : BIDS `_events.tsv` of the scan whose onset of the audio file is added to the times, or None
    stim : which event is the story; see `stimulus.place_story`

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
    file = WordsFile(check_content(Path(path)), tier)
    found = reader_of(file).report(file)
    if events is None:
        return found
    if Path(events) == file.path:
        raise UserError(f"{path}: counts from the scan already, and is also named as `events`; remove events")
    return heard_in_scan(found, file.path, events, stim)
