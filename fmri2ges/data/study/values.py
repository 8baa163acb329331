"""What a key of the study file may hold: the kind of value, in words, and the value as the program wants it."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from ...errors import UNPRINTABLE, UserError, one_line
from ..content import check_content
from ..toml_file import BACKSLASH

# Largest seconds of a kind: no recording is longer, and no TR, but milliseconds and microseconds pass, so that the
# comparison with the words can name them.
MOST = {"tr": 1e7, "number": 1e7, "duration": 1e7}
KINDS = {
    "text": "must be a text in quotes",
    "name": "must be a text in quotes, without / or \\",
    "label": "must be a text in quotes, as in the names of the files, or a whole number",
    "truth": "must be true or false",
    "list": "must be written as [[{key}]]",
    "table": "must be written as [{key}]",
    "number": "must be a number of seconds",
    "tr": "must be a number above 0",
    "positive": "must be a number above 0",
    "duration": "must be a number of seconds, 0 or more",
    "folds": "must be a whole number, 2 or more",
    "names": 'must be a list of names such as ["a", "b"]',
    "runs": "must be a list of whole numbers such as [1, 2]",
    "file": "must be the path of a file, relative to the study file",
    "files": "must be the path of a file, relative to the study file, or a list of two (left and right hemisphere)",
    "folder": "must be the path of a folder, relative to the study file",
}


def value_of(key: str, value: Any, kind: str, root: Path) -> Any:
    """`value` as the program wants it; a `UserError` says what is allowed."""
    wrong = UserError(f"{key}: {KINDS[kind].format(key=key)}; got {one_line(repr(value), 100)}")
    if kind in ("file", "files", "folder"):
        paths = value if kind == "files" and isinstance(value, list) and 1 <= len(value) <= 2 else [value]
        if not all(isinstance(p, str) and p.strip() for p in paths):
            raise wrong
        _check_escapes(key, *paths)
        targets = tuple(_existing(key, root, p, kind) for p in paths)
        return targets if kind == "files" else targets[0]
    if kind == "label" and type(value) is int and value >= 0:
        return str(value)
    if kind in ("text", "name", "label"):
        if not isinstance(value, str) or not value.strip():
            raise wrong
        _check_escapes(key, value)
        # Names of stories and subjects become names of files.
        if kind == "name" and ("/" in value or "\\" in value or value.startswith(".")):
            raise wrong
        return value
    if kind == "runs":
        if not isinstance(value, list) or not value or not all(type(v) is int and v > 0 for v in value):
            raise wrong
        return tuple(dict.fromkeys(value))
    if kind in ("truth", "list", "table"):
        if not isinstance(value, {"truth": bool, "list": list, "table": dict}[kind]):
            raise wrong
        return value
    if kind == "names":
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise wrong
        if len(set(value)) < len(value):
            twice = sorted(name for name, n in Counter(value).items() if n > 1)
            raise UserError(f"{key}: a name occurs twice: {one_line(', '.join(twice))}")
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise wrong
    if kind == "folds" and (not isinstance(value, int) or value < 2):
        raise wrong
    if (kind in ("positive", "tr") and value <= 0) or (kind == "duration" and value < 0):
        raise wrong
    if abs(value) > MOST.get(kind, math.inf):
        raise UserError(f"{key}: {value:g} is no time in seconds; at most {MOST[kind]:g} are allowed")
    return value if kind == "folds" else float(value)


def _check_escapes(key: str, *values: str) -> None:
    r"""Refuse control characters, which an escape such as ``\b`` of a Windows path leaves, and line ends of Unicode.

    Names of subjects and stories go into manifests, which hold none of them (`storage.schema`).
    """
    for value in values:
        if UNPRINTABLE.search(value):
            raise UserError(f"{key}: {one_line(repr(value), 100)} holds a control character; {BACKSLASH}")


def _existing(key: str, root: Path, name: str, kind: str) -> Path:
    """The file or folder of a name in the study file; backslashes of Windows are read as / elsewhere."""
    exists = Path.is_dir if kind == "folder" else Path.is_file
    try:
        for target in dict.fromkeys((root / name, root / name.replace("\\", "/"))):
            if exists(target) or (kind != "folder" and target.is_symlink()):
                return target if kind == "folder" else check_content(target)
    except UserError as error:  # the content of the file is missing
        raise UserError(f"{key}: {error}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{key}: {one_line(repr(name), 100)} cannot be a path ({reason})") from error
    what = "folder" if kind == "folder" else "file"
    raise UserError(f"{key}: no such {what}: {root / name}; paths are relative to the study file")
