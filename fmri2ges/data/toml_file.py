"""TOML files that people write, with the causes of what goes wrong most: byte order marks and Windows paths."""

from __future__ import annotations

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any

from ..errors import UserError, one_line

MAX_BYTES = 2 * 2**20  # a study of thousands of recordings; larger ones would take long to parse
MAX_KEYS = 1000  # of one table
DOTTED = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){50}""")  # parsing takes the square of the dots
BACKSLASH = (
    'in TOML a backslash inside "..." begins an escape: write the path with / ("sub/bold.tsv") '
    "or in single quotes ('sub\\bold.tsv')"
)


def read_toml(path) -> dict[str, Any]:
    """The content of a TOML file; a UTF-8 byte order mark, which Windows editors write, is skipped.

    Raises
    ------
    UserError
        With the line, and what to change.
    """
    path = Path(path)
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise UserError(
                f"{path}: {size / 2**20:.0f} MiB are no file that a person wrote (at most {MAX_BYTES >> 20})"
            )
        data = path.read_bytes()
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # no permission; a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{str(path)[:200]!r}: cannot be read ({reason}); give the path of a TOML file") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError(f"{path}: is UTF-16 text; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
    try:
        if DOTTED.search(text):
            raise UserError(f"{path}: holds a name of more than 50 parts with dots between; write tables instead")
        content = tomllib.loads(text)
    except RecursionError as error:
        raise UserError(f"{path}: is not valid TOML: brackets are nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not valid TOML: {one_line(error)}{_hint(text, str(error))}") from error
    _check_size(path, content)
    return content


def _check_size(path: Path, content: Any) -> None:
    rest = [content]
    while rest:
        value = rest.pop()
        if isinstance(value, dict) and len(value) > MAX_KEYS:
            raise UserError(f"{path}: holds a table of {len(value)} keys; at most {MAX_KEYS} are read")
        if isinstance(value, (dict, list)):
            rest += value.values() if isinstance(value, dict) else value


def _hint(text: str, error: str) -> str:
    """The mend where the line of an error holds a backslash inside double quotes."""
    found = re.search(r"line (\d+)", error)
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found and int(found[1]) <= len(lines) else ""
    return f"; {BACKSLASH}" if re.search(r'"[^"]*\\', line) else ""
