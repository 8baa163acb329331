"""Drafts: what a click shows at once, made beside the line of long decodings by one thread for all sessions.

A place on a screen wants one draft, its newest: an older one is dropped, also while it is made. Places are served in
turn, so that one that is clicked all the time keeps nobody waiting. A long decoding gives way at each of its steps, for
a bounded time: drafts are quick, and cannot keep it from its end.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from threading import Condition, Thread

from fmri2ges.errors import Cancelled, UserError
from fmri2ges.results import Decoded
from fmri2ges.work import Work

from .background import begin
from .sessions import is_there

KEPT = 64  # drafts kept, about 0.4 MB each

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a draft is shown.

    Parameters
    ----------
    session : its session
    name : which of the session's places, such as "A"
    """

    session: str
    name: str


@dataclass(eq=False)
class _Wish:
    key: Hashable
    make: Callable[[Work], Decoded]
    dropped: bool = False


class DraftLane:
    """One thread that makes drafts, for each place the newest one.

    Parameters
    ----------
    alive : whether a session is still there; what a closed one wanted is not made
    """

    def __init__(self, alive: Callable[[str], bool] = lambda session: True) -> None:
        self._alive = alive
        self._change = Condition()
        self._wishes: OrderedDict[Place, _Wish] = OrderedDict()  # the place that waits longest first
        self._at_work: tuple[Place, _Wish] | None = None
        self._made: OrderedDict[Hashable, Decoded | UserError] = OrderedDict()  # longest unused first
        self._thread: Thread | None = None

    def want(self, place: Place, key: Hashable, make: Callable[[Work], Decoded]) -> None:
        """Ask for a draft; what the place wanted before and has not got is dropped.

        Parameters
        ----------
        key : what the draft is of; one that is made or under way for the place is not begun again
        make : does the work, and asks the `Work` it gets whether it shall stop
        """
        with self._change:
            making = self._making(place)
            if making is not None:
                making.dropped = making.dropped or making.key != key
            if key in self._made or (making is not None and not making.dropped):
                self._wishes.pop(place, None)
            else:
                self._wishes[place] = _Wish(key, make)  # a place that waits keeps its turn
            if self._thread is None:
                self._thread = begin(self._serve, "drafts")
            self._change.notify_all()

    def forget(self, place: Place) -> None:
        """A place wants no draft any more."""
        with self._change:
            self._wishes.pop(place, None)
            making = self._making(place)
            if making is not None:
                making.dropped = True
            self._change.notify_all()

    def result(self, key: Hashable) -> Decoded | None:
        """A draft that is made and still kept."""
        made = self._outcome(key)
        return made if isinstance(made, Decoded) else None

    def is_settled(self, key: Hashable) -> bool:
        """Whether a draft is made, or failed; the full decoding then says why."""
        return self._outcome(key) is not None

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds that a new draft may have changed; whether it does.

        Parameters
        ----------
        until : is asked after each draft
        seconds : the longest time to wait
        """
        with self._change:
            return self._change.wait_for(until, seconds)

    def give_way(self, seconds: float) -> None:
        """Let the drafts that are wanted be made first; other work calls it at its steps.

        Parameters
        ----------
        seconds : the longest time to wait
        """
        with self._change:
            self._change.wait_for(self._is_idle, seconds)

    def join(self) -> None:
        """Wait until no draft is wanted."""
        with self._change:
            self._change.wait_for(self._is_idle)

    def _making(self, place: Place) -> _Wish | None:
        """The wish of a place that is at work."""
        return self._at_work[1] if self._at_work is not None and self._at_work[0] == place else None

    def _is_idle(self) -> bool:
        return not self._wishes and self._at_work is None

    def _outcome(self, key: Hashable) -> Decoded | UserError | None:
        with self._change:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    # The thread that makes drafts.

    def _serve(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._wishes))
                place, wish = self._at_work = self._wishes.popitem(last=False)
                if wish.key in self._made or not self._alive(place.session):
                    self._at_work = None
                    self._change.notify_all()
                    continue
            made = _outcome_of(wish)
            with self._change:
                self._at_work = None
                if made is not None:
                    self._made[wish.key] = made
                    while len(self._made) > KEPT:
                        self._made.popitem(last=False)
                self._change.notify_all()


def _outcome_of(wish: _Wish) -> Decoded | UserError | None:
    try:
        return wish.make(Work(should_stop=lambda: wish.dropped))
    except Cancelled:
        return None
    except UserError as error:
        return error
    except Exception as error:
        log.exception("a draft failed: %s", wish.key)
        return UserError(f"draft: failed unexpectedly ({type(error).__name__}); the server's log says more")


@cache
def drafts() -> DraftLane:
    """The drafts of this server, for all sessions."""
    return DraftLane(is_there)
