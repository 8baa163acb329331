"""Tasks in processes of this computer, one thread each, by joblib's loky."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Mapping
from queue import Empty, SimpleQueue
from typing import Any

import psutil

from ..errors import UserError
from ..threads import COUNTS
from .calls import answer
from .events import MAX_LOSSES, TICK, Answered, Event, Lost, Waiting, lost_too_often

ONE_THREAD = dict.fromkeys(COUNTS, "1")


class Processes:
    """Processes of this computer.

    Each is a pool of its own: when a process dies, loky ends the whole pool, and with it only this one task.

    Parameters
    ----------
    n_workers : most processes at a time
    """

    def __init__(self, n_workers: int):
        self.n_workers = n_workers

    def run(self, calls: Mapping[str, str]) -> Generator[Event, None, None]:
        """See `events.Executor`."""
        from joblib.externals.loky import process_executor

        waiting, losses = deque(calls), Counter[str]()
        done: SimpleQueue[tuple[int, str, Any]] = SimpleQueue()
        pools = [_new_pool() for _ in range(min(self.n_workers, len(calls)))]

        def begin(k: int, digest: str) -> None:
            pools[k].submit(answer, calls[digest]).add_done_callback(lambda future: done.put((k, digest, future)))

        try:
            for k in range(len(pools)):
                begin(k, waiting.popleft())
            left = len(calls)
            while left:
                try:
                    k, digest, future = done.get(timeout=TICK)
                except Empty:
                    yield Waiting()
                    continue
                if isinstance(future.exception(), process_executor.BrokenProcessPool):
                    losses[digest] += 1
                    if losses[digest] == MAX_LOSSES:
                        raise UserError(lost_too_often(digest, MAX_LOSSES))
                    pools[k] = _new_pool()
                    begin(k, digest)
                    yield Lost(digest)
                    continue
                left -= 1
                yield Answered(digest, future.result())  # one that ends the run does so before more is begun
                if waiting:
                    begin(k, waiting.popleft())
        finally:
            for pool in pools:
                pool.shutdown(wait=True, kill_workers=True)


def _new_pool():
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    return ProcessPoolExecutor(1, initializer=_prepare, initargs=(os.getpid(),), env=ONE_THREAD)


def _prepare(client: int) -> None:
    """Begin a worker: Ctrl-C is the client's, which ends its workers; a worker whose client is gone ends itself.

    The client names itself by its number: it may be gone before its worker could ask for its parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(client,), daemon=True).start()


def _end_with(client: int) -> None:
    while psutil.Process().ppid() == client and psutil.pid_exists(client):
        time.sleep(0.5)
    os._exit(1)
