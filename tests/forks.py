"""A process that has everything loaded and is forked for every start, so that a start costs no imports.

A child counts its instants (file operations, and others that the work names) and kills itself at one of them, so an
instant is a number and not a time.
"""

from __future__ import annotations

import importlib
import mmap
import multiprocessing
import os
import signal
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}
Instant = Callable[[], None]
Task = Callable[[Any, Instant], int]


@dataclass(frozen=True)
class Ended:
    """How a start ended: exit code (negative for a signal), and how many instants it came to."""

    code: int
    count: int

    @property
    def killed(self) -> bool:
        """Whether it was killed at the instant that was asked for."""
        return self.code == -signal.SIGKILL


class Forks:
    """Starts the same work again and again.

    Parameters
    ----------
    work : does what it is given, and calls the function that it gets at instants of its own; returns an exit code.
        It lies at the top level of a module
    warm : what it is given first, in the process that is forked
    preloaded : modules that the process imports. Work that starts threads of torch has nothing else to be warm: a
        process that has computed on threads cannot be forked safely
    """

    def __init__(self, work: Task, warm: Sequence[Any], preloaded: Sequence[str] = ()):
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        process = context.Process(target=_serve, args=(other, work, list(warm), list(preloaded)))
        with patch.dict(os.environ, {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}):  # threads do not outlive a fork
            process.start()
        other.close()
        self._close = weakref.finalize(self, _close, self._pipe, process)
        assert self._pipe.recv() == "warm"

    def run(self, given: Any, kill_at: int | None = None) -> Ended:
        """Do the work in a child, which may be killed on the way."""
        self._pipe.send((given, kill_at))
        return self._pipe.recv()

    def close(self) -> None:
        """End the process."""
        self._close()


def _close(pipe, process) -> None:
    with suppress(OSError):
        pipe.send(None)
    process.join()


def _serve(pipe, work: Task, warm: list, preloaded: list[str]) -> None:
    import torch

    for name in preloaded:
        importlib.import_module(name)
    # Where it was called once, each new thread of a forked process calls it, and fails there ("Invalid thread pool").
    torch.set_num_threads = lambda n: None
    os.fsync = lambda fd: None  # type: ignore[assignment]  # nobody pulls the plug
    for given in warm:
        assert work(given, lambda: None) == 0, "the first start, which loads everything, failed"
    pipe.send("warm")
    with suppress(EOFError):
        while (asked := pipe.recv()) is not None:
            count = mmap.mmap(-1, 8)
            pid = os.fork()
            if pid == 0:
                _start(work, *asked, count)
            status = os.waitpid(pid, 0)[1]
            pipe.send(Ended(os.waitstatus_to_exitcode(status), int.from_bytes(count, "little")))


def _start(work: Task, given: Any, kill_at: int | None, count: mmap.mmap) -> None:
    n = 0

    def instant() -> None:
        nonlocal n
        n += 1
        count[:] = n.to_bytes(8, "little")
        if n == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 70
    try:
        sys.addaudithook(lambda event, _: instant() if event in OPERATIONS else None)
        code = work(given, instant)
    except BaseException as error:
        sys.__stderr__.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(code)
