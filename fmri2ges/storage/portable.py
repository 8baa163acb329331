"""What of a run may travel to other people: names of files that are safe everywhere, values without places."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

LIST = "archive.json"  # in a zip: every other member with its size and digest
FORMAT, VERSION = "fmri2ges-run", 1  # of this list
CHUNK = 2**20  # bytes read at once
ALLOWED = (".json", ".toml", ".tsv", ".csv", ".npz", ".safetensors", ".txt", ".log", ".gii")
# A place in the middle of a sentence: two separators at least, the last name apart.
PLACE = re.compile(r"""(?<![\w/\\.:])(?:[A-Za-z]:)?[\\/](?=\S)(?:[^\\/:;,'"\n]+[\\/])+([^\\/\s:;,'"]*)""")


def name_problem(name: str) -> str:
    """Why a name is no member of a run; empty when it may be one."""
    parts = name.split("/")
    if (
        not name.isprintable()
        or any(c in name for c in '\\:*?"<>|')
        or any(p in ("", ".", "..") or p != p.strip(" ") for p in parts)
    ):
        return "is not a plain relative name"
    if any(p.startswith(".") for p in parts):
        return "is a hidden file"
    if len(name) > 200 or len(parts) > 8:
        return "is too long"
    if PurePosixPath(name).suffix.lower() not in ALLOWED:
        return f"is of a kind that a run does not hold (allowed: {', '.join(ALLOWED)})"
    return ""


def portable(value: Any, root: Path) -> Any:
    """A JSON value without the places of one machine.

    Parameters
    ----------
    root : folder whose files become names relative to it; of any other absolute path the last name stays
    """
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for key, inner in value.items():
            name, number = portable(key, root), 2
            while name in made:  # files of one name in several folders
                name, number = f"{portable(key, root)} ({number})", number + 1
            made[name] = portable(inner, root)
        return made
    if isinstance(value, list):
        return [portable(v, root) for v in value]
    return _without_places(value, root) if isinstance(value, str) else value


def _without_places(text: str, root: Path) -> str:
    for folder in (root.resolve(), root.absolute()):
        if PurePosixPath(text).is_relative_to(folder.as_posix()):
            return PurePosixPath(text).relative_to(folder.as_posix()).as_posix()
    for folder in (root.resolve(), root.absolute(), Path.home()):
        if folder != Path(folder.anchor):  # names with spaces, which a sentence cannot tell from its own words
            text = text.replace(f"{folder}{'/' if '/' in str(folder) else chr(92)}", "")
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute():
        return PureWindowsPath(text).name
    return PLACE.sub(lambda found: found[1], text)


def portable_header(path: Path, root: Path) -> tuple[bytes, int]:
    """The header of a file of weights without places, and how many bytes of the file it stands for.

    Parameters
    ----------
    path : a safetensors file, checked
    """
    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
    values = header.get("__metadata__", {})
    shared = {name: json.dumps(portable(json.loads(text), root)) for name, text in values.items()}
    if all(json.loads(shared[name]) == json.loads(text) for name, text in values.items()):
        return b"", 0
    text = json.dumps(header | {"__metadata__": shared}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of 8
    return struct.pack("<Q", len(text)) + text, 8 + size
