"""How a command ends: by a signal that lets it clean up, or with an error of the system in one line."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from contextlib import contextmanager

# Errors of a file or folder that the user named: full, forbidden, too long, of another kind.
OF_A_PLACE = {
    getattr(errno, name)
    for name in (
        "EACCES EPERM EEXIST EROFS ENOSPC EDQUOT EFBIG ENOTDIR EISDIR ENAMETOOLONG ELOOP ENXIO EIO ENOTEMPTY EBUSY"
    ).split()
    if hasattr(errno, name)
}


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a command that is terminated, or whose terminal is closed, clean up like one that is interrupted.

    A signal that is ignored, as nohup does it, stays ignored.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {n: signal.signal(n, _interrupt) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number, frame) -> None:
    raise KeyboardInterrupt


def line_of(error: OSError) -> str | None:
    """What a user can do about an error of the system; None when it may be a bug of ours."""
    if error.errno not in OF_A_PLACE:
        return None
    return f"{error.filename or 'disk'}: {error.strerror}; choose another place or make room"
