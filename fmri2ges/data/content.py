"""Whether a file is there with its content, or only what git-annex and Git LFS leave in its place.

A data set of DataLad (all of OpenNeuro is) holds links, or small files with a name in them, until the
content of a file is asked for. Every reader asks here first, so that the message names that cause.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ..errors import UserError

# Longest file that can be a pointer; git-annex itself reads no further.
MAX_POINTER = 32 * 1024
ANNEX = b"/annex/objects/"
LFS = (b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")


def check_content(path, hint: str = "") -> Path:
    """The path of a file whose content is there.

    Parameters
    ----------
    hint : what to add where there is no such file at all

    Raises
    ------
    UserError
        For a missing file, a folder, a link that leads nowhere, and the links and pointers of git-annex and Git LFS.
    """
    path = Path(path)
    try:
        if path.is_file():
            _refuse_pointer(path)
            return path
        if path.is_dir():
            raise UserError(f"{path}: is a folder; give a file")
        if path.is_symlink():
            raise UserError(_dangling(path))
    except (OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{str(path)[:300]!r}: cannot be opened ({getattr(error, 'strerror', error)})") from error
    raise UserError(f"{path}: no such file{f'; {hint}' if hint else ''}")


def _dangling(path: Path) -> str:
    target = os.readlink(path)
    if ".git/annex/objects/" in target.replace("\\", "/"):
        return _get(path)
    return f"{path}: is a link to {target}, where there is no file; copy the file itself"


def _refuse_pointer(path: Path) -> None:
    if path.stat().st_size > MAX_POINTER:
        return
    with open(path, "rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf")
    line = start.split(b"\n", 1)[0].strip().replace(b"\\", b"/")
    # A pointer of git-annex begins with the name itself; on Windows a link is a file that holds its target.
    if line.startswith(ANNEX) or (ANNEX in line and line.lstrip(b"./").startswith(b"git/annex/objects/")):
        raise UserError(_get(path))
    if line.startswith(LFS):
        folder = shlex.quote(str(path.parent))
        raise UserError(
            f"{path}: the content is missing; run: git lfs pull (in {folder}; this is a pointer of Git LFS)"
        )


def _get(path: Path) -> str:
    return f"{path}: the content is missing; run: datalad get {shlex.quote(str(path))}"
