"""The same function for many tasks, on any executor, resumable after any death.

>>> results = map_tasks(run_task, tasks, "study/tasks", executor="local")  # doctest: +SKIP

Each result is written into the folder when it arrives, so that whatever is killed, the same call goes on where it
stopped and ends with the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..storage.folder import sole_writer
from ..work import QUIET, Work
from .calls import Answer, T, call_of, name_of
from .events import Answered, Event, Executor, Lost, Waiting
from .executors import make_executor
from .results import Results

FOLDER = "results"


@dataclass(frozen=True)
class Mapped:
    """The results of tasks, and what they cost.

    Parameters
    ----------
    results : of each task, in order
    computed : tasks that were computed now
    found : tasks whose result was in the folder
    repeated : times that a worker died with a task, which another one then repeated
    """

    results: list[dict]
    computed: int
    found: int
    repeated: int

    def __str__(self) -> str:
        lost = f", {self.repeated} repeated because their worker died" if self.repeated else ""
        return f"{len(self.results)} tasks: {self.computed} computed, {self.found} found again{lost}"


def map_tasks(
    function: Callable[[T], dict],
    tasks: Sequence[T],
    folder,
    executor: str | Executor = "local",
    work: Work = QUIET,
) -> list[dict]:
    """The results of `run_tasks`, in the order of the tasks."""
    return run_tasks(function, tasks, folder, executor, work).results


def run_tasks(
    function: Callable[[T], dict],
    tasks: Sequence[T],
    folder,
    executor: str | Executor = "local",
    work: Work = QUIET,
) -> Mapped:
    """Call a function for each task, and keep each result in ``FOLDER/results/DIGEST.json``.

    Parameters
    ----------
    function : at the top level of a module of this package; takes a task, returns a dict of JSON values
    tasks : frozen dataclasses, see `calls.Task`; equal ones are computed once
    folder : what earlier calls have left there is not computed again
    executor : 'serial', 'local' (processes, one for each core), 'local:N', 'dask' (a cluster for the time of the
        call), 'dask:N', or 'dask://HOST:PORT' (a cluster that is there)
    work : progress with the time left, and cancel

    Returns
    -------
    Mapped

    Raises
    ------
    UserError
        In one line: what a worker says about its input, a scheduler that does not answer, or another process that
        works in this folder.
    Cancelled
        When the work shall stop; what is finished stays in the folder.
    """
    runner = make_executor(executor) if isinstance(executor, str) else executor
    with sole_writer(Path(folder) / FOLDER) as place:
        place.mkdir(exist_ok=True)
        store = Results(place, name_of(function))
        by_digest = {task.digest: task for task in tasks}
        results = {digest: found for digest, task in by_digest.items() if (found := store.find(task)) is not None}
        missing = {digest: task for digest, task in by_digest.items() if digest not in results}
        progress = _Progress(work, len(by_digest), len(results))
        progress.tell()
        calls = {digest: call_of(function, task) for digest, task in missing.items()}
        with closing(runner.run(calls)) as events:
            for event in events if calls else ():
                if isinstance(event, Answered):
                    result = _result(event.text)
                    store.keep(missing[event.digest], result)
                    results[event.digest] = result
                progress.note(event)
    mapped = Mapped([results[t.digest] for t in tasks], progress.computed, progress.found, progress.repeated)
    work.report(1.0, str(mapped))
    return mapped


class _Progress:
    """Counts of tasks, told to a `Work`."""

    def __init__(self, work: Work, total: int, found: int):
        self.work, self.total, self.found = work, total, found
        self.computed = self.repeated = 0
        self._begun, self._why = time.monotonic(), ""

    def note(self, event: Event) -> None:
        """Count an event and tell what is new; raises Cancelled when the work shall stop."""
        self.computed += isinstance(event, Answered)
        self.repeated += isinstance(event, Lost)
        why = event.why if isinstance(event, Waiting) else ""
        if isinstance(event, Waiting) and why == self._why:
            self.work.check()
            return
        self._why = why
        self.tell()

    def tell(self) -> None:
        """Report how far the tasks are and how long they will take."""
        done = self.found + self.computed
        parts = [f"{done} of {self.total} tasks"]
        if self.found:
            parts.append(f"{self.found} found again")
        if self.repeated:
            parts.append(f"{self.repeated} repeated")
        if self.computed and done < self.total:
            seconds = (time.monotonic() - self._begun) / self.computed * (self.total - done)
            parts.append(f"{in_words(seconds)} left")
        if self._why:
            parts.append(self._why)
        self.work.report(done / self.total if self.total else 1.0, ", ".join(parts))


def in_words(seconds: float) -> str:
    """A duration for people: 40 s, 12 min, 3.5 h."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5940 else f"{seconds / 3600:.1f} h"


def _result(text: str) -> dict:
    answer = Answer.from_json(text)
    if answer.problem:
        raise UserError(f"worker on {answer.host}: {answer.problem}")
    if answer.trace:
        raise RuntimeError(f"a task failed on {answer.host}:\n{answer.trace}")
    if not isinstance(answer.result, dict):
        raise TypeError(f"the function of a task must return a dict; it returned {type(answer.result).__name__}")
    return answer.result
