"""Files that are whole or absent: every writer of the package goes through here.

The bytes grow in a hidden temporary beside the target (see `beside`), which replaces the target in one step when
they are on the disk. The same values give the same bytes: archives carry no time stamp.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..errors import UserError, WriteError, one_line
from .beside import Temporary, sync_file, sync_folder
from .content import check_content

MAX_JSON = 64 * 2**20  # bytes; read, a JSON file takes up to 30 times its size

ADVICE = {
    errno.ENOSPC: "make room or choose another place",
    errno.EDQUOT: "make room or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def writing_to(path) -> Iterator[None]:
    """Turn what the system says against writing `path` into one line that names it.

    Raises
    ------
    WriteError
        For a full disk, and for errors of the path itself, of the folders above it and of its temporaries.
        Errors of other files, such as one that the block reads, pass as they are.
    """
    try:
        yield
    except OSError as error:
        if _is_about(error, Path(path)):
            advice = ADVICE.get(error.errno or 0, "choose another place")
            raise WriteError(path, error.strerror or type(error).__name__, advice) from error
        raise


def _is_about(error: OSError, path: Path) -> bool:
    if error.errno in NO_ROOM:
        return True
    if not isinstance(error.filename, (str, bytes)):
        return False
    named = os.path.abspath(os.fsdecode(error.filename))
    for target in (os.path.abspath(path), os.path.realpath(path)):
        beside = os.path.join(os.path.dirname(target), ".fmri2ges-")
        if f"{target}{os.sep}".startswith(named.rstrip(os.sep) + os.sep) or named.startswith(beside):
            return True
    return False


@contextmanager
def replacing(path) -> Iterator[Path]:
    """Give a temporary path with the ending of `path` to write to; move it there when the block succeeds.

    A link stays a link, and what it points to is replaced. A device or a pipe stays what it is: the bytes are
    written into it. A file that is replaced keeps its permissions.

    Raises
    ------
    UserError
        For a folder, a file without the permission to write, or a place that takes no file.
    """
    with writing_to(path):
        if is_special(path):
            with TemporaryDirectory() as folder:
                temp = Path(folder) / f"new{Path(path).suffix}"
                yield temp
                _pour(temp, path)
            return
        real = Path(os.path.realpath(path))
        if real.is_dir():
            raise UserError(f"{path}: is a folder; give the name of a file to write")
        real.parent.mkdir(parents=True, exist_ok=True)
        mode = real.stat().st_mode & 0o777 if real.exists() else None
        if mode is not None and not os.access(real, os.W_OK):
            raise WriteError(path, "it is read-only", "make it writable or choose another name")
        with Temporary(real) as beside:
            yield beside.content
            if mode is not None:
                os.chmod(beside.content, mode)
            sync_file(beside.content)
            os.replace(beside.content, real)
            sync_folder(real.parent)


def is_special(path) -> bool:
    """Whether something is there that is neither a file nor a folder: a device, a pipe."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _pour(source: Path, device) -> None:
    # Without waiting: a pipe that nobody reads is an error, not a stop for ever.
    fd = os.open(device, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(fd, True)
    with open(source, "rb") as bytes_of, open(fd, "wb") as target:
        shutil.copyfileobj(bytes_of, target)


def write_bytes(path, data: bytes) -> Path:
    """Write bytes and return the path."""
    path = Path(path)
    with replacing(path) as temp:
        temp.write_bytes(data)
    return path


def write_text(path, text: str) -> Path:
    """Write UTF-8 text with the line ends as given."""
    return write_bytes(path, text.encode("utf-8"))


def write_json(path, obj: Any) -> Path:
    """Write indented JSON; NaN and infinity are refused because JSON has no word for them."""
    return write_text(path, json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_npz(path, **arrays) -> Path:
    """Write named arrays (numbers or text, never objects) as an uncompressed .npz."""
    with replacing(path) as temp, zipfile.ZipFile(temp, "w", zipfile.ZIP_STORED) as archive:
        for name, value in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(value), allow_pickle=False)
            # A ZipInfo made by hand has a constant date.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getbuffer())
    return Path(path)


def read_json(path, max_bytes: int = MAX_JSON) -> Any:
    """The content of a JSON file; a damaged, missing or far too large one is a `UserError`."""
    path = check_content(path)
    with open(path, "rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise UserError(f"{path}: is larger than {max_bytes / 2**20:g} MB, far more than such a file holds")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, a number of 5,000 digits
        raise UserError(f"{path}: is not valid JSON ({one_line(error)})") from error
