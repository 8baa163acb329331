"""What happens while tasks run, and what an executor is."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol

TICK = 0.2  # seconds after which an executor lets its caller look whether the work shall stop
MAX_LOSSES = 3  # workers that one task may take with it; it is the task's fault then


@dataclass(frozen=True)
class Answered:
    """A call was answered.

    Parameters
    ----------
    digest : of the task
    text : the `calls.Answer` as JSON
    """

    digest: str
    text: str


@dataclass(frozen=True)
class Lost:
    """A worker died while it ran a task, which runs again elsewhere."""

    digest: str


@dataclass(frozen=True)
class Waiting:
    """Nothing happened for a moment; `why` says what is waited for where that is unusual."""

    why: str = ""


Event = Answered | Lost | Waiting


class Executor(Protocol):
    """Something that runs calls."""

    def run(self, calls: Mapping[str, str]) -> Generator[Event, None, None]:
        """Events until every call is answered, at least one every `TICK` seconds or so.

        Closing the generator, at whatever point, ends what still runs.

        Parameters
        ----------
        calls : the call (see `calls.call_of`) by the digest of its task

        Raises
        ------
        UserError
            When there is nobody to run them, in one line.
        """


def lost_too_often(digest: str, n_workers: int) -> str:
    """What to say of a task that ended every worker that ran it."""
    return (
        f"task {digest[:12]}: {n_workers} workers died while they ran it, as they do when memory runs out; "
        "give them more memory or run fewer at a time"
    )
