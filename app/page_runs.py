"""Pages that are being drawn. Long work gives way to them: a page shares Python's lock with it, and somebody waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition


class PageRuns:
    """How many pages are being drawn, of all sessions."""

    def __init__(self) -> None:
        self._change = Condition()
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """A page is drawn inside the block."""
        with self._change:
            self._count += 1
        try:
            yield
        finally:
            with self._change:
                self._count -= 1
                self._change.notify_all()

    def give_way(self, seconds: float) -> None:
        """Wait until no page is being drawn.

        Parameters
        ----------
        seconds : the longest time to wait
        """
        with self._change:
            self._change.wait_for(lambda: not self._count, seconds)


@cache
def page_runs() -> PageRuns:
    """The pages of this server."""
    return PageRuns()
