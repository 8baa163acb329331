"""Locks of the operating system: held by an open file, and free when its process is gone, however it ended.

No process number is looked at: another computer or container has numbers of its own, and numbers come again.
Some network file systems have no locks. There everything works without them, but nothing that a killed
process left is taken for left over.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # the code below asks whether there is one
    import msvcrt

BUSY = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
# The file system has no locks; EBADF: none for files that may only be read (NFS).
MISSING = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EBADF}
FAR = 2**30  # Windows locks a byte, which nobody else can read then: one behind the content


class HeldFile:
    """A file that this process holds locked; made by `take`.

    Parameters
    ----------
    path : the file
    fd : it, open
    certain : False on a file system without locks, where others may hold it too
    """

    def __init__(self, path: Path, fd: int, certain: bool):
        self.path, self.fd, self.certain = path, fd, certain

    @classmethod
    def take(cls, path: Path, create: bool = False) -> HeldFile | None:
        """Lock a file without waiting.

        Parameters
        ----------
        create : make the file where it is missing

        Returns
        -------
        HeldFile, or None when another process (or another part of this one) holds it, or it is not there
        """
        while True:
            try:
                fd = _open(path, os.O_CREAT if create else 0)
            except FileNotFoundError:
                if create:
                    raise
                return None
            locked = _lock(fd)
            if locked is not False and _lies_at(fd, path):
                return cls(path, fd, locked is True)
            os.close(fd)
            if locked is False:
                return None
            # Its last holder removed it between the opening and the lock: what lies there now is another file.

    def read(self, limit: int) -> bytes:
        """The first `limit` bytes."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        return os.read(self.fd, limit)

    def write(self, data: bytes) -> None:
        """Make `data` the content, on the disk when this returns."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        os.write(self.fd, data)
        os.fsync(self.fd)

    def release(self) -> None:
        """Give the lock back and leave the file."""
        os.close(self.fd)

    def remove(self) -> None:
        """Remove the file and give the lock back."""
        if fcntl is None:  # Windows removes no file that is open; one that another process has just opened stays
            self.release()
            with suppress(PermissionError):
                self.path.unlink(missing_ok=True)
            return
        self.path.unlink(missing_ok=True)
        self.release()


def is_held(path: Path) -> bool:
    """Whether some process holds the file; also where that cannot be known."""
    try:
        fd = _open(path)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    try:
        return _lock(fd) is not True
    finally:
        os.close(fd)


def _open(path: Path, create: int = 0) -> int:
    flags = create | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, os.O_RDWR | flags, 0o666)
    except PermissionError:  # of another user: what may be read can be locked
        return os.open(path, os.O_RDONLY | flags)


def _lock(fd: int) -> bool | None:
    """Lock an open file: True, False when it is held already, None when the file system has no locks."""
    try:
        if fcntl is not None:
            # flock, not lockf: it also keeps apart two threads that have opened the file.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            os.lseek(fd, FAR, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in MISSING:
            return None
        if error.errno in BUSY:
            return False
        raise
    return True


def _lies_at(fd: int, path: Path) -> bool:
    """Whether the open file is the one that has this name."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False
