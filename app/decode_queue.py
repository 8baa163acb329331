"""What the server was asked to compute: one line of jobs for all sessions, and the results of those done.

A job belongs to what it decodes, not to a page: who asks for the same again, in another tab or after a reload, finds
it. One thread decodes, so that a run's models are in memory once.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from threading import Condition, Thread
from typing import Any

from fmri2ges.errors import Cancelled, UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion
from fmri2ges.work import Work

from .background import begin
from .draft_lane import drafts
from .page_runs import page_runs
from .sessions import is_there

PLACES = 40  # jobs that may wait or run: two of each of twenty sessions
PLACES_OF_ONE = 4  # of them those that one session may have asked for
KEPT = 32  # results kept
KEPT_BYTES = 1_000_000_000  # of motion in the results kept
FAILURES = 64  # reasons kept of jobs that failed
TELLING = 0.1  # share of a job that must be done before its time left is told
PATIENCE = 2.0  # seconds that a job gives way at one of its steps, at most

log = logging.getLogger(__name__)


class Phase(Enum):
    """Where a decoding stands."""

    ABSENT = "nobody asked for it"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"

    @property
    def moves(self) -> bool:
        """Whether it changes by itself."""
        return self in (Phase.WAITING, Phase.RUNNING)


class Made(Enum):
    """What a job makes of its request."""

    DECODED = "gestures and words decoded from BOLD"  # results.Decoded
    HEARD = "gestures of the heard words"  # types.Motion
    SCORES = "scores over the whole story"  # reports.story_scores.StoryScores

    @property
    def waits(self) -> bool:
        """Whether jobs that somebody looks at go first."""
        return self is Made.SCORES


@dataclass(frozen=True)
class Key:
    """What a job makes: the digest of the models, a complete request, what is made of it, and of which recording.

    The stamp of the recording changes when its files do, see `decoding.run.Run.stamp`.
    """

    run_digest: str
    request: DecodeRequest
    made: Made = Made.DECODED
    recording: str = ""


@dataclass(frozen=True)
class Progress:
    """What a screen says about a decoding.

    Parameters
    ----------
    phase : where it stands
    before : jobs that are served first, while it waits
    fraction : of the work that is done, 0 to 1
    seconds_left : estimated, or None as long as too little is done to tell
    error : why it failed
    """

    phase: Phase
    before: int = 0
    fraction: float = 0.0
    seconds_left: float | None = None
    error: UserError | None = None


@dataclass(eq=False)
class _Job:
    key: Key
    make: Callable[[Work], Any]
    owners: set[str]
    fraction: float = 0.0
    begun: float | None = None
    waited: float = 0.0  # seconds in which it gave way
    cancelled: bool = False
    steps_back: bool = False  # for a job that somebody looks at; it begins again when that is done


class DecodeQueue:
    """A bounded line of jobs with one thread that does them, first come, first served; scores when nothing else waits.

    Parameters
    ----------
    alive : whether a session is still there; a waiting job that nobody waits for gives its place away
    clock : seconds
    give_way : called at the steps of a job with a number of seconds; waits so long, at most, while something quicker
        is to be done. A job that gives way takes at most twice as long as without, and `PATIENCE`
    """

    def __init__(
        self,
        alive: Callable[[str], bool] = lambda owner: True,
        clock: Callable[[], float] = time.monotonic,
        give_way: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self._alive, self._clock, self._give_way = alive, clock, give_way
        self._change = Condition()
        self._jobs: OrderedDict[Key, _Job] = OrderedDict()  # asked for and not done, oldest first
        self._at_work: _Job | None = None
        self._results: OrderedDict[Key, Any] = OrderedDict()  # longest unused first
        self._failures: OrderedDict[Key, UserError] = OrderedDict()
        self._thread: Thread | None = None

    def result(self, key: Key) -> Any | None:
        """The result of a job that is done and still kept; never waits for a job."""
        with self._change:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def progress(self, key: Key) -> Progress:
        """Where a decoding stands."""
        with self._change:
            if key in self._results:
                return Progress(Phase.DONE, fraction=1.0)
            job = self._jobs.get(key)
            if job is None:
                error = self._failures.get(key)
                return Progress(Phase.ABSENT) if error is None else Progress(Phase.FAILED, error=error)
            if job is not self._at_work:
                return Progress(Phase.WAITING, before=self._before(job))
            return Progress(Phase.RUNNING, fraction=job.fraction, seconds_left=self._left(job))

    def submit(self, key: Key, make: Callable[[Work], Any], owner: str) -> None:
        """Ask for a job; one that is under way or done is not begun again.

        Parameters
        ----------
        make : does the work; reports to the `Work` it gets
        owner : session that asks; a job is stopped when all that asked for it have cancelled

        Raises
        ------
        UserError
            When the line is full.
        """
        with self._change:
            if key in self._results:
                return
            if key in self._jobs:
                self._jobs[key].owners.add(owner)
                return
            self._make_room(owner)
            self._failures.pop(key, None)
            self._jobs[key] = _Job(key, make, {owner})
            if self._at_work is not None and self._at_work.key.made.waits and not key.made.waits:
                self._at_work.steps_back = True
            if self._thread is None:
                self._thread = begin(self._serve, "decode")
            self._change.notify_all()

    def cancel(self, key: Key, owner: str) -> None:
        """Take back what a session asked for; work stops unless another session waits for the same."""
        with self._change:
            job = self._jobs.get(key)
            if job is None:
                return
            job.owners = {other for other in job.owners if other != owner and self._alive(other)}
            if not job.owners:
                self._drop(job)

    def join(self) -> None:
        """Wait until nothing waits and nothing runs."""
        with self._change:
            self._change.wait_for(lambda: not self._jobs and self._at_work is None)

    # Below, the lock is held by whoever calls.

    def _line(self) -> list[_Job]:
        return sorted(self._jobs.values(), key=lambda job: job.key.made.waits)

    def _before(self, job: _Job) -> int:
        waiting = [other for other in self._line() if other is not self._at_work]
        return waiting.index(job) + (self._at_work is not None)

    def _left(self, job: _Job) -> float | None:
        if job.begun is None or job.fraction < TELLING:
            return None
        return (self._clock() - job.begun) * (1 - job.fraction) / job.fraction

    def _make_room(self, owner: str) -> None:
        if sum(owner in job.owners and not job.key.made.waits for job in self._jobs.values()) >= PLACES_OF_ONE:
            raise UserError(f"decode: {PLACES_OF_ONE} of your decodings wait or run; cancel one or wait for it")
        if len(self._jobs) < PLACES:
            return
        for job in list(self._jobs.values()):
            if job is not self._at_work and not any(map(self._alive, job.owners)):
                self._drop(job)
        if len(self._jobs) >= PLACES:
            raise UserError(f"decode: the server is busy, {PLACES} decodings wait or run; try again in a minute")

    def _drop(self, job: _Job) -> None:
        job.cancelled = True
        del self._jobs[job.key]
        self._change.notify_all()

    # The thread that decodes.

    def _serve(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._jobs))
                job = self._at_work = self._line()[0]
            outcome = self._outcome(job)
            with self._change:
                self._at_work = None
                if job.steps_back and outcome is None:
                    job.steps_back, job.begun, job.waited, job.fraction = False, None, 0.0, 0.0
                elif not job.cancelled:
                    del self._jobs[job.key]
                    self._keep(job.key, outcome)
                self._change.notify_all()

    def _outcome(self, job: _Job) -> Any | UserError | None:
        def report(fraction: float, message: str) -> None:
            job.fraction = fraction

        def shall_stop() -> bool:
            self._let_others(job)
            return job.cancelled or job.steps_back

        work = Work(report, shall_stop)
        job.begun = self._clock()
        try:
            work.check()
            return job.make(work)
        except Cancelled:
            return None
        except UserError as error:
            return error
        except Exception as error:
            log.exception("a decoding failed: %s", job.key.request)
            return UserError(f"decode: failed unexpectedly ({type(error).__name__}); the server's log says more")

    def _let_others(self, job: _Job) -> None:
        """Give way, in all for as long as the job has worked, and a moment."""
        assert job.begun is not None, "only a job at work has steps"
        now = self._clock()
        worked = now - job.begun - job.waited
        patience = min(PATIENCE, worked + PATIENCE - job.waited)
        if patience > 0:
            self._give_way(patience)
            job.waited += self._clock() - now

    def _keep(self, key: Key, outcome: Any | UserError | None) -> None:
        if isinstance(outcome, UserError):
            self._failures[key] = outcome
            while len(self._failures) > FAILURES:
                self._failures.popitem(last=False)
        elif outcome is not None:
            self._results[key] = outcome
            while len(self._results) > 1 and (
                len(self._results) > KEPT or sum(map(result_bytes, self._results.values())) > KEPT_BYTES
            ):
                self._results.popitem(last=False)


def result_bytes(result: Any) -> int:
    """Bytes of the motions of a result, which are nearly all of it; scores have none."""
    motions = result.motions.values() if isinstance(result, Decoded) else [result] * isinstance(result, Motion)
    return sum(m.positions.nbytes + (0 if m.samples is None else m.samples.nbytes) for m in motions)


def give_way(seconds: float) -> None:
    """Let drafts be made and pages be drawn first."""
    end = time.monotonic() + seconds
    drafts().give_way(seconds)
    page_runs().give_way(max(0.0, end - time.monotonic()))


@cache
def queue() -> DecodeQueue:
    """The line of this server, shared by all sessions."""
    return DecodeQueue(is_there, give_way=give_way)
