"""Long work as one value: how far it is, whether it shall stop, and which span of the whole a part takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .errors import Cancelled


@dataclass(frozen=True)
class Work:
    """A piece of work that somebody watches and can cancel.

    A function that takes long has a parameter ``work: Work = QUIET``, calls `report` at its steps, and
    hands `part` of its work to the functions that it calls.

    Parameters
    ----------
    on_progress : called with the fraction of the whole that is done (0 to 1) and a message; None = nobody watches
    should_stop : asked at every step; when it answers True, the step raises `Cancelled`
    low, high : the span of the whole that this piece takes
    message : shown instead of the messages of the steps, where one is given
    prefix : stands before every message

    Examples
    --------
    >>> def both(work: Work = QUIET) -> None:
    ...     work.report(0.0, "first")
    ...     work.part(0.5, 1.0).report(0.5, "in the middle of the second half")
    >>> both(Work(lambda fraction, message: print(fraction, message)))
    0.0 first
    0.75 in the middle of the second half
    """

    on_progress: Callable[[float, str], object] | None = None
    should_stop: Callable[[], bool] | None = None
    low: float = 0.0
    high: float = 1.0
    message: str = ""
    prefix: str = ""

    def report(self, fraction: float, message: str) -> None:
        """Say how far this piece is, 0 to 1.

        Raises
        ------
        Cancelled
            When the work shall stop.
        """
        self.check()
        if self.on_progress is not None:
            self.on_progress(self.low + (self.high - self.low) * fraction, self.prefix + (self.message or message))

    def check(self) -> None:
        """Raise `Cancelled` when the work shall stop; for loops that have nothing to report."""
        if self.should_stop is not None and self.should_stop():
            raise Cancelled

    def part(self, low: float, high: float, message: str = "", prefix: str = "") -> Work:
        """The piece between two fractions of this one.

        `message` replaces the messages of its steps; `prefix` is put before them, behind the prefix of this piece.
        """
        span = self.high - self.low
        return replace(
            self,
            low=self.low + span * low,
            high=self.low + span * high,
            message=message or self.message,
            prefix=self.prefix + prefix,
        )


QUIET = Work()  # nobody watches, nothing stops it
