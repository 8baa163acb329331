"""Which executor a text names: ``serial``, ``local``, ``dask`` or ``dask://HOST:PORT``."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping

from ..errors import UserError
from ..threads import usable_cores
from .calls import answer
from .cluster import Dask, LocalDask
from .events import Answered, Event, Executor, Waiting
from .processes import Processes

ALLOWED = "serial, local, local:N, dask, dask:N, dask://HOST:PORT (N = number of processes)"


class Serial:
    """One call after the other in this process."""

    def run(self, calls: Mapping[str, str]) -> Generator[Event, None, None]:
        """See `events.Executor`; between two events lies a whole call."""
        for digest, call in calls.items():
            yield Waiting()
            yield Answered(digest, answer(call))


def make_executor(text: str) -> Executor:
    """The executor that a text names.

    Raises
    ------
    UserError
        For a text that names none, or Dask where it is not installed.
    """
    name, _, number = text.partition(":")
    if text == "serial":
        return Serial()
    if re.fullmatch(r"(local|dask)(:[1-9]\d{0,3})?", text):
        n_workers = int(number) if number else free_cores()
        return Processes(n_workers) if name == "local" else LocalDask(n_workers)
    if re.fullmatch(r"dask://([^/\s:]+|\[[0-9a-fA-F:]+\]):\d{1,5}", text):
        return Dask(text)
    raise UserError(f"executor: {text!r} is not known; allowed: {ALLOWED}")


def free_cores() -> int:
    """Cores that this process may use: affinity, the quota of a container, OMP_NUM_THREADS, LOKY_MAX_CPU_COUNT."""
    from joblib import cpu_count

    return max(1, min(usable_cores(), cpu_count()))
