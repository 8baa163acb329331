"""Every format of words that is read. A new one is a file with a `Reader`, and a line in `READERS`."""

from __future__ import annotations

from ...errors import UserError
from .bids_events import EVENTS
from .elan import ELAN
from .gentle import GENTLE
from .mfa import MFA_CSV, MFA_JSON
from .source import Reader, WordsFile
from .textgrid import TEXTGRID
from .tsv import TSV
from .whisper import WHISPER

# Of the readers of one ending, the first that fits reads the file.
READERS: tuple[Reader, ...] = (TEXTGRID, ELAN, EVENTS, TSV, MFA_CSV, MFA_JSON, WHISPER, GENTLE)


def reader_of(file: WordsFile) -> Reader:
    """The reader of a file.

    Raises
    ------
    UserError
        Where no format fits; the message names those there are.
    """
    found = [reader for reader in READERS if reader.ending == file.path.suffix.lower()]
    if not found:
        endings = ", ".join(dict.fromkeys(reader.ending for reader in READERS))
        raise UserError(f"{file.path}: words of this format are not known; allowed: {endings}")
    for reader in found:
        if reader.fits(file):
            return reader
    names = ", ".join(reader.name for reader in found)
    raise UserError(f"{file.path}: is none of the {found[0].ending} files of words that are known: {names}")
