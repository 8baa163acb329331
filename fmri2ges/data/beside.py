"""What lies beside a target while it is written: its lock, and the hidden folder in which its content grows.

Beside ``runs/one`` there may be

``runs/.fmri2ges-KEY.lock``        held while one process writes the target; empty
``runs/.fmri2ges-KEY-RANDOM/``     a temporary: ``owner.json`` says who made it and for which target, and is
                                   held as long as its maker lives; beside it stands the growing content

KEY follows from the name of the target, so that names of any length and kind have one. Both go when the writing
ends. What a killed process left is removed when this package next writes into the folder: only what bears such a
name, is marked as ours and is held by nobody.

Content with a checkpoint in it (see `has_checkpoint`) stays when its writing is interrupted, however that happens,
until another process has gone on with it or dropped it. The checkpoint goes when the content gets the target's name.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .locks import HeldFile, is_held

LOCK = re.compile(r"\.fmri2ges-[0-9a-f]{16}\.lock")
TEMPORARY = re.compile(r"\.fmri2ges-[0-9a-f]{16}-[0-9a-f]{8}")
OWNER = "owner.json"
MADE_BY = "fmri2ges"
CHECKPOINTS = ".fmri2ges-checkpoint"  # folder in growing content: what another process needs to go on
CHECKPOINT = "checkpoint.safetensors"  # the file in it without which nothing can go on; it is written in one step
MAX_OWNER = 10_000  # bytes of owner.json that are read
OWNER_BYTES = 4096  # that are written: twice what the longest name takes
PATIENCE = 1.0  # seconds to wait for a lock: a process that sweeps holds it for a moment


def key_of(target: Path) -> str:
    """16 hexadecimal digits for the name of a target."""
    return hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]


def take_lock(target: Path) -> HeldFile | None:
    """Become the only writer of a target, until `HeldFile.remove`; None when another process writes it.

    Parameters
    ----------
    target : absolute path without links; its folder is there
    """
    return _take(target.with_name(f".fmri2ges-{key_of(target)}.lock"), create=True)


def _take(path: Path, create: bool = False) -> HeldFile | None:
    until = time.monotonic() + PATIENCE
    while (held := HeldFile.take(path, create)) is None and path.parent.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return held


def writer_of(target: Path) -> str:
    """The process that writes a target, in words."""
    for content in reversed(temporaries(target)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            owner = json.loads(content.with_name(OWNER).read_bytes()[:MAX_OWNER])
            return f"process {int(owner['process'])} on {owner['host']}"
    return "another process"


class Temporary:
    """The hidden folder beside a target in which its next content grows: ``with Temporary(target) as temp: ...``.

    Write to `temp.content`, which has the ending of the target, then move it onto the target: a file with
    `os.replace`, a folder with `put_folder`. When the block ends, the temporary goes with all that is left in it,
    unless that is content with a checkpoint.

    Parameters
    ----------
    target : absolute path without links; its folder is there
    interrupted : one of `interrupted(target)` to go on with; None = begin with nothing
    """

    def __init__(self, target: Path, interrupted: Interrupted | None = None):
        self.target, self._interrupted = target, interrupted

    def __enter__(self) -> Temporary:
        _sweep_once(self.target.parent)
        if self._interrupted is None:
            self.folder, self._mark = self._make()
        else:
            self.folder, self._mark = self._interrupted.content.parent, self._interrupted.mark
            self._mark.write(self._owner())
        return self

    def __exit__(self, *_) -> None:
        _leave(self.folder, self._mark)

    @property
    def content(self) -> Path:
        """Where the new content goes."""
        return self.folder / f"new{self.target.suffix}"

    def _owner(self) -> bytes:
        owner = {
            "made_by": MADE_BY,
            "target": self.target.name,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": time.time(),
        }
        # Of one length, so that one writing over another leaves nothing of it.
        return json.dumps(owner).encode().ljust(OWNER_BYTES)

    def _make(self) -> tuple[Path, HeldFile]:
        while True:
            folder = self.target.with_name(f".fmri2ges-{key_of(self.target)}-{secrets.token_hex(4)}")
            folder.mkdir()
            try:
                mark = HeldFile.take(folder / OWNER, create=True)
            except FileNotFoundError:
                continue  # another process swept the folder while it was still empty
            if mark is None:
                continue  # another process has just taken it for left over, and removes it
            try:
                mark.write(self._owner())
            except BaseException:
                _clear(folder, mark)
                raise
            return folder, mark

    def put_folder(self) -> None:
        """Give the new folder the name of the target; what stood there goes with the temporary.

        Where the system can exchange two names in one step (Linux and macOS on their own disks), there is no
        moment without a folder under the name. Elsewhere the old one is moved into the temporary first, and
        moved back by whoever finds it there and nothing under the name.
        """
        if self.target.is_dir() and not any(self.target.iterdir()):
            self.target.rmdir()
        if not self.target.exists():
            os.replace(self.content, self.target)
        elif not _exchange(self.content, self.target):
            os.replace(self.target, self.folder / "old")
            os.replace(self.content, self.target)
        drop_checkpoint(self.target)
        sync_folder(self.target.parent)


def temporaries(target: Path) -> list[Path]:
    """Contents that are growing for a target, or were when a process was killed; the newest last."""
    dated = []
    for folder in target.parent.glob(f".fmri2ges-{key_of(target)}-*"):
        content = folder / f"new{target.suffix}"
        with suppress(OSError):  # gone in the meantime, or not there yet
            dated.append((content.stat().st_mtime, content))
    return [content for _, content in sorted(dated)]


def is_alive(content: Path) -> bool:
    """Whether the process that makes a content of `temporaries` still runs."""
    return is_held(content.with_name(OWNER))


def has_checkpoint(content: Path) -> bool:
    """Whether another process can go on with growing content."""
    return (content / CHECKPOINTS / CHECKPOINT).is_file()


def drop_checkpoint(content: Path) -> None:
    """Remove the checkpoint of content that is whole."""
    if (content / CHECKPOINTS).is_dir():
        shutil.rmtree(content / CHECKPOINTS, ignore_errors=True)


@dataclass(frozen=True)
class Interrupted:
    """Content with a checkpoint whose maker is gone; this process holds it, until it goes on with it or lets go.

    Parameters
    ----------
    content : the folder that was growing
    mark : the lock of its maker, now held by this process
    """

    content: Path
    mark: HeldFile

    def release(self) -> None:
        """Leave it as it is, for later."""
        self.mark.release()

    def drop(self) -> None:
        """Remove it. Without locks its maker may still live: then it stays."""
        if self.mark.certain:
            _clear(self.content.parent, self.mark)
        else:
            self.mark.release()


def interrupted(target: Path) -> Interrupted | None:
    """The newest content of a target that can be gone on with, held by this process; None when there is none."""
    for content in reversed(temporaries(target)):
        if has_checkpoint(content) and (mark := _take(content.with_name(OWNER))) is not None:
            if has_checkpoint(content):  # still there now that it is held
                return Interrupted(content, mark)
            mark.release()
    return None


def sweep(folder: Path) -> None:
    """Remove what killed processes of this package left in a folder; nothing that is held, unmarked or a stranger's.

    What has a checkpoint stays.
    """
    ours: list[os.DirEntry] = []
    with suppress(OSError), os.scandir(folder) as entries:
        ours = [e for e in entries if e.name.startswith(".fmri2ges-")]
    for entry in ours:
        with suppress(OSError):  # of another user, or gone in the meantime
            if LOCK.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _clear_lock(Path(entry.path))
            elif TEMPORARY.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _clear_left_over(Path(entry.path))


@lru_cache(maxsize=256)
def _sweep_once(folder: Path) -> None:
    """A process that writes many files into one folder sweeps it before the first."""
    sweep(folder)


def _clear_lock(path: Path) -> None:
    held = HeldFile.take(path)
    if held is None:
        return
    if held.certain and not held.read(1):  # ours are empty
        held.remove()
    else:
        held.release()


def _clear_left_over(folder: Path) -> None:
    mark = HeldFile.take(folder / OWNER)
    if mark is None:
        folder.rmdir()  # fails unless it is empty: then a process was killed before it could mark it
        return
    if mark.certain and (_is_ours(mark, folder) or os.listdir(folder) == [OWNER]):
        _leave(folder, mark)
    else:
        mark.release()


def _is_ours(mark: HeldFile, folder: Path) -> bool:
    try:
        owner = json.loads(mark.read(MAX_OWNER))
        target = folder.with_name(owner["target"])
        return owner["made_by"] == MADE_BY and folder.name.startswith(f".fmri2ges-{key_of(target)}-")
    except (ValueError, KeyError, TypeError):  # half written, or somebody else's
        return False


def _leave(folder: Path, mark: HeldFile) -> None:
    """Remove a temporary whose mark is held, or only give the mark back where its content has a checkpoint."""
    if any(has_checkpoint(content) for content in folder.glob("new*")):
        _tidy_target(folder, mark)
        mark.release()
    else:
        _clear(folder, mark)


def _tidy_target(folder: Path, mark: HeldFile) -> None:
    """End what was interrupted in the middle of `Temporary.put_folder`.

    An old folder whose place is empty goes back there; a checkpoint that got the target's name is dropped.
    """
    with suppress(ValueError, KeyError, TypeError):  # a mark that was not written yet: nothing was put anywhere
        target = folder.with_name(json.loads(mark.read(MAX_OWNER))["target"])
        old = folder / "old"
        if old.exists() and not os.path.lexists(target):
            os.replace(old, target)
        drop_checkpoint(target)


def _clear(folder: Path, mark: HeldFile) -> None:
    """Remove a temporary whose mark is held."""
    _tidy_target(folder, mark)
    # The mark goes last: without it the rest would never be known as ours.
    for name in os.listdir(folder):
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif name != OWNER:
            path.unlink(missing_ok=True)
    if os.listdir(folder) == [OWNER]:
        mark.remove()
        with suppress(FileNotFoundError):  # another process may sweep the empty folder first
            folder.rmdir()
    else:
        mark.release()


def sync_file(path: Path) -> None:
    """Wait until the bytes of a file are on the disk."""
    fd = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Wait until the names of a folder are on the disk, where the system can do so."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems refuse
            os.fsync(fd)
    finally:
        os.close(fd)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where that is not possible, and nothing has changed."""
    if os.name == "nt":
        return False
    names = os.fsencode(one), os.fsencode(other)
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return library.renamex_np(*names, 2) == 0  # RENAME_SWAP
    if sys.platform.startswith("linux") and hasattr(library, "renameat2"):
        here = -100  # AT_FDCWD: paths are as seen from the current folder
        return library.renameat2(here, names[0], here, names[1], 2) == 0  # RENAME_EXCHANGE
    return False
