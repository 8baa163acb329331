"""A file of words before it is understood: its bytes, text, JSON or table, read once; and what a reader of it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import UserError, one_line, shown
from .encoding import Decoded, decode
from .rows import WordsReport

MAX_BYTES = 100 * 2**20  # ten hours of speech in gentle's JSON, with every phone, are half of it


@dataclass(frozen=True)
class Table:
    """A tab-separated file: lower-case header, and the fields of each line with its number."""

    header: tuple[str, ...]
    lines: tuple[tuple[int, list[str]], ...]


@dataclass(frozen=True)
class WordsFile:
    """A file of words, and the tier (or speaker) that the user named; None lets the reader find it.

    Each view of the content raises a `UserError` where the file has none.
    """

    path: Path
    tier: str | None = None

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file."""
        try:
            if (size := self.path.stat().st_size) > MAX_BYTES:
                raise UserError(f"{self.path}: {size / 2**20:.0f} MiB are no file of words (at most {MAX_BYTES >> 20})")
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise UserError(f"{self.path}: no such file") from error
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read ({error.strerror or error})") from error

    @cached_property
    def decoded(self) -> Decoded:
        """The text of the file and how it was decoded."""
        return decode(self.path, self.data)

    @property
    def text(self) -> str:
        """The text of the file."""
        return self.decoded.text

    @property
    def notes(self) -> tuple[str, ...]:
        """What was unusual about the encoding, one line."""
        return (self.decoded.note,) if self.decoded.note else ()

    @cached_property
    def json(self) -> Any:
        """The content of a JSON file; an object that names a value twice is refused."""
        try:
            return json.loads(self.text, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{self.path}: is not valid JSON ({one_line(error)}); run the aligner again or copy the file again"
            ) from error

    @cached_property
    def table(self) -> Table:
        """The content of a tab-separated file whose first line is the header; empty lines are left out."""
        lines = self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        header = tuple(_unquoted(h).lower() for h in lines[0].split("\t"))
        twice = next((name for k, name in enumerate(header) if name and name in header[:k]), None)
        if twice is not None:
            raise UserError(f"{self.path}, line 1: two columns are called {shown(twice, 60)}; rename one")
        rows = []
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            fields = line.split("\t")
            if len(fields) != len(header):
                raise UserError(
                    f"{self.path}, line {number}: {len(fields)} tab-separated fields where the header has {len(header)}"
                )
            rows.append((number, [_unquoted(field) for field in fields]))
        return Table(header, tuple(rows))


def _unquoted(field: str) -> str:
    """A field without blanks and quotes around it."""
    field = field.strip()
    return field[1:-1].strip() if len(field) > 1 and field[0] == field[-1] == '"' else field


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; json itself would silently keep the last of two values of one name (two tiers, for example)."""
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(key for k, (key, _) in enumerate(pairs) if key in dict(pairs[:k]))
        raise ValueError(f"an object names {twice!r} twice")
    return content


@dataclass(frozen=True)
class Reader:
    """One format of words.

    Parameters
    ----------
    name : what messages call it, such as "gentle's align.json"
    ending : end of the file's name, lower case, such as ".json"
    fits : whether a file with this ending is of the format; asked in the order of the registry
    report : reads a file that fits
    """

    name: str
    ending: str
    fits: Callable[[WordsFile], bool]
    report: Callable[[WordsFile], WordsReport]
