"""Progress of long work on a terminal, or as lines of a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..work import Work


@contextmanager
def watched(also: Callable[[float, str], None] | None = None) -> Iterator[Work]:
    """Work whose progress is drawn on stderr and told to `also`."""
    if not sys.stderr.isatty():
        yield Work(_lines(also))
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
    message = TextColumn("{task.description}", markup=False)
    with Progress(*columns, message, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def draw(fraction: float, text: str) -> None:
            bar.update(task, completed=fraction, description=text)
            if also is not None:
                also(fraction, text)

        yield Work(draw)


def _lines(also: Callable[[float, str], None] | None) -> Callable[[float, str], None]:
    """Progress for a log file: a line per tenth of the work."""
    shown = -1

    def write(fraction: float, message: str) -> None:
        nonlocal shown
        if int(fraction * 10) > shown:
            shown = int(fraction * 10)
            print(f"{100 * fraction:3.0f} % {message}", file=sys.stderr, flush=True)
        if also is not None:
            also(fraction, message)

    return write
