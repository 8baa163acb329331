"""Tasks on a Dask cluster: one that is there, or one on this computer for the time of a call, to try it out."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from ..errors import UserError, one_line
from .calls import answer
from .events import TICK, Answered, Event, Lost, Waiting, lost_too_often
from .processes import ONE_THREAD

PATIENCE = 5.0  # seconds in which a scheduler that is alive answers
LOOK_EVERY = 2.0  # seconds without news after which the scheduler is asked whether it is alive
TOPIC = "fmri2ges"  # on which workers say that they begin a task


class Dask:
    """A Dask cluster that is there.

    Parameters
    ----------
    address : dask://HOST:PORT of its scheduler
    """

    def __init__(self, address: str):
        _check_installed()
        self.address = address

    def run(self, calls: Mapping[str, str]) -> Generator[Event, None, None]:
        """See `events.Executor`."""
        with _quiet(), _client(self.address) as client:
            yield from _Session(client, calls, self.address).events()


class LocalDask:
    """A Dask cluster on this computer, which ends with the call.

    Parameters
    ----------
    n_workers : processes, one thread each
    """

    def __init__(self, n_workers: int):
        _check_installed()
        self.n_workers = n_workers

    def run(self, calls: Mapping[str, str]) -> Generator[Event, None, None]:
        """See `events.Executor`."""
        from distributed import Client, LocalCluster

        with _quiet(), ExitStack() as stack:
            folder = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
            cluster = stack.enter_context(
                LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL)
            )
            for _ in range(min(self.n_workers, len(calls))):
                stack.callback(_end, _start_worker(cluster.scheduler_address, folder))
            client = stack.enter_context(Client(cluster, set_as_default=False))
            yield from _Session(client, calls, "dask").events()


def _start_worker(address: str, folder: str) -> subprocess.Popen:
    """Start a worker by Dask's own command.

    Those that a LocalCluster starts first run the script of the user again, which would start the work anew.
    """
    options = {"--nthreads": "1", "--memory-limit": "0", "--death-timeout": "30", "--local-directory": folder}
    command = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--no-dashboard",
        *sum(options.items(), ()),
    ]
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    env = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    # In a session of its own: Ctrl-C is for the client, which ends its workers.
    none = subprocess.DEVNULL
    return subprocess.Popen(command, env=env, start_new_session=True, stdin=none, stdout=none, stderr=none)


def _end(worker: subprocess.Popen) -> None:
    """End a worker at once, with the process that it computes in: it would first finish its task."""
    processes: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        processes = psutil.Process(worker.pid).children(recursive=True)
    worker.kill()  # before its children, the last of which it would replace
    worker.wait()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def answer_on_worker(digest: str, call: str, session: str) -> str:
    """Answer a call on a worker of Dask, which first says that it begins."""
    from distributed import get_worker

    get_worker().log_event(TOPIC, [session, digest])
    return answer(call)


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise UserError("executor: Dask is not installed; install it with: pip install 'dask[distributed]'")


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client of the scheduler at dask://HOST:PORT."""
    from distributed import Client

    host, _, port = address.removeprefix("dask://").rpartition(":")
    try:
        # Dask itself would try a port where nobody listens again and again.
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
        client = Client(f"tcp://{host}:{port}", timeout=PATIENCE, set_as_default=False)
    except (OSError, OverflowError) as error:
        raise UserError(
            f"{address}: no scheduler answers there ({one_line(error, 80)}); start one with: dask scheduler"
        ) from error
    with client:
        yield client


class _Session:
    """Calls that were given to a cluster."""

    def __init__(self, client: Any, calls: Mapping[str, str], address: str):
        self.client, self.address = client, address
        self._name = token_hex(8)  # keeps apart the clients of one scheduler
        self._begun: Counter[str] = Counter()
        self._happened: SimpleQueue[tuple[str, Any]] = SimpleQueue()  # a digest, and its future when it is done
        client.subscribe_topic(TOPIC, self._begins)
        digests = list(calls)
        keys = [f"{TOPIC}-{self._name}-{digest}" for digest in digests]
        futures = client.map(answer_on_worker, digests, list(calls.values()), key=keys, session=self._name, pure=False)
        self._running = dict(zip(digests, futures, strict=True))
        for digest in digests:
            self._watch(digest)

    def _begins(self, event: tuple[float, list[str]]) -> None:
        session, digest = event[1]
        if session == self._name:
            self._happened.put((digest, None))

    def _watch(self, digest: str) -> None:
        self._running[digest].add_done_callback(lambda future: self._happened.put((digest, future)))

    def events(self) -> Iterator[Event]:
        """See `events.Executor.run`."""
        asked, why = 0.0, ""
        while self._running:
            try:
                digest, future = self._happened.get(timeout=TICK)
            except Empty:
                if self.client.status != "running":
                    raise self._dead() from None
                if time.monotonic() - asked > LOOK_EVERY:
                    why, asked = self._wanting(), time.monotonic()
                yield Waiting(why)
                continue
            if future is not None:
                yield from self._answer(digest, future)
                continue
            self._begun[digest] += 1
            if self._begun[digest] > 1:
                yield Lost(digest)

    def _answer(self, digest: str, future: Any) -> Iterator[Answered]:
        """The answer of a call that is done."""
        if future.status in ("cancelled", "lost"):
            raise self._dead()
        try:
            text = future.result(timeout=PATIENCE)
        except TimeoutError:  # the worker died with the answer: the task runs again
            self._watch(digest)
            return
        except Exception as error:
            raise self._failed(digest, error) from error
        del self._running[digest]
        yield Answered(digest, text)

    def _wanting(self) -> str:
        """What keeps the tasks from running, if anything; asks the scheduler, which may be dead."""
        try:
            threads = self.client.sync(self.client.scheduler.ncores, callback_timeout=PATIENCE)
        except (OSError, TimeoutError) as error:
            raise self._dead() from error
        return "" if threads else f"no worker has joined {self.address} yet"

    def _dead(self) -> UserError:
        return UserError(
            f"{self.address}: the scheduler does not answer any more; what is finished is kept: start a scheduler and "
            "give the same command again"
        )

    def _failed(self, digest: str, error: Exception) -> UserError:
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            return UserError(lost_too_often(digest, error.allowed_failures + 1))
        return UserError(
            f"{self.address}: scheduler or workers cannot run fmri2ges ({one_line(error, 120)}); install the same "
            "version of it there and here"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log off the terminal: what goes wrong is told in one line."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
