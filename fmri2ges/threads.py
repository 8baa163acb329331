"""How many threads torch takes for a stretch of work.

The nets of this project are small and run on one thread (`models.device`): a second one waits more than it
works when another program has the core. What is large enough to gain asks for more here, for itself only.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

WINDOW = 0.5  # seconds over which other programs are watched, at least
STALE = 5.0  # after so many seconds a watch says nothing about now
NEARLY = 0.35  # a core of which others take less than this share counts as free
# What libraries that compute with several threads ask for their number when they are loaded.
COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def usable_cores() -> int:
    """Cores that this process may use; OMP_NUM_THREADS, where it is set, is the most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(asked)) if asked.isdigit() and int(asked) else cores


@contextmanager
def torch_threads(n: int):
    """Let torch take n threads inside the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_thread():
    """Compute on one thread inside the block, also in libraries that are loaded there.

    The last digits of a sum depend on how many threads share it; on one, every machine gives the same bytes.
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in COUNTS}
    os.environ.update(dict.fromkeys(COUNTS, "1"))
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        if "torch" in sys.modules:
            stack.enter_context(torch_threads(1))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


def _busy_seconds() -> tuple[float, float, float]:
    """Now, seconds of all cores that were not idle, and seconds of them that this process used."""
    import psutil

    times, own = psutil.cpu_times(), psutil.Process().cpu_times()
    return time.perf_counter(), sum(times) - times.idle - getattr(times, "iowait", 0.0), own.user + own.system


class SpareCores:
    """Cores that other programs leave to this one.

    All threads wait for each other at each operation, so one that shares its core slows down the others:
    with a core taken, fewer threads are several times faster.

    Parameters
    ----------
    n_cores, most : of the machine, and for this process
    read : seconds of the clock, of busy cores and of this process; see `_busy_seconds`
    """

    def __init__(
        self,
        n_cores: int | None = None,
        most: int | None = None,
        read: Callable = _busy_seconds,
        sleep: Callable = time.sleep,
    ):
        self.n_cores, self.most = n_cores or os.cpu_count() or 1, most or usable_cores()
        self._read, self._sleep = read, sleep
        self._last: tuple[float, float, float] | None = None
        self._count = 1

    def count(self) -> int:
        """Threads to take now; asking is cheap, but the first time takes a tenth of a second."""
        if self.most == 1:
            return 1
        now = self._read()
        if self._last is None or now[0] - self._last[0] > STALE:
            self._sleep(0.1)
            self._last, now = now, self._read()
        elif now[0] - self._last[0] < WINDOW:
            return self._count
        seconds, busy, own = (b - a for a, b in zip(self._last, now, strict=True))
        free = self.n_cores - max(0.0, busy - own) / seconds
        self._last, self._count = now, max(1, min(self.most, int(free + NEARLY)))
        return self._count
