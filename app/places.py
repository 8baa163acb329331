"""Where runs and studies may lie. Who reaches the server from another machine sees one folder of it, or none."""

from __future__ import annotations

import os
import re
from pathlib import Path

import streamlit as st

from fmri2ges.errors import UserError, shown
from fmri2ges.request import DEMO

ROOT = "FMRI2GES_ROOT"  # environment variable; `fmri2ges app --root` sets it
HERE = ("localhost", "127.0.0.1", "::1")
CLOSED = "Paths are off: this server can be reached from other machines. Its owner can open one folder with --root"
# An absolute path of at least two parts, as it stands in a message; not the end of an address of the web.
PATH = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:\\|/)(?:[^\s/\\:;,'\"()]+[/\\])+(?=[^\s/\\])")


def is_local() -> bool:
    """Whether only this machine reaches the server."""
    from streamlit import runtime

    return not runtime.exists() or st.get_option("server.address") in HERE


def root() -> Path | None:
    """The folder in which runs and studies must lie, or None where the server's owner named none."""
    named = os.environ.get(ROOT, "").strip()
    return Path(named).expanduser().resolve() if named else None


def are_open() -> bool:
    """Whether a path may be given at all."""
    return is_local() or root() is not None


def find(text: str, what: str) -> Path:
    """The absolute path that a user named.

    Parameters
    ----------
    text : a path; below the root folder where there is one, and it may begin there
    what : 'run' or 'study', for the message

    Raises
    ------
    UserError
        For a path outside the root, also by .. or a symbolic link, and for any path where none may be given.
    """
    if not are_open():
        raise UserError(f"{what}: {shown(text)} cannot be opened. {CLOSED}")
    within = root()
    if within is None:
        return _possible(text, what)
    try:
        found = (within / text).resolve()
        inside = found.is_relative_to(within)
    except (OSError, ValueError, RuntimeError):  # a name that no file can have; a circle of links
        inside = False
    if not inside:
        raise UserError(f"{what}: {shown(text)} lies outside the folder that this server may read; name one inside it")
    return _possible(str(found), what)


def _possible(text: str, what: str) -> Path:
    """The absolute path of a name, which a file of this system can have."""
    path = Path(text)
    try:
        path = path.expanduser().absolute()
        (path / "manifest.json").stat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # opening it says what is missing
    except (OSError, ValueError, RuntimeError) as error:  # too long, half a character, the home of nobody
        raise UserError(f"{what}: {shown(text)} cannot be opened ({_reason(error)}); name another folder") from error
    return path


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or (
        "no file can have this name" if isinstance(error, ValueError) else str(error)
    )


def find_run(name: str) -> str:
    """The run of a request as the library opens it: the demo, or the path of a folder."""
    if name == DEMO:
        return name
    if is_local() and root() is None:
        _possible(name, "run")
        return name  # as the command line takes it
    return str(find(name, "run"))


def name_of(path: Path) -> str:
    """How links and fields name a path: from the root folder on, where there is one."""
    within = root()
    return path.relative_to(within).as_posix() if within and path.is_relative_to(within) else str(path)


def without_paths(text: str) -> str:
    """A message for the page: on a server that others reach, names of files stay and their folders go."""
    return text if is_local() else PATH.sub("", text)
