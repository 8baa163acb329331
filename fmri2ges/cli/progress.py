"""Progress of long work on a terminal, or as lines of a log; and as a file for the program that started the command."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..work import Work

FILE = "FMRI2GES_PROGRESS"  # environment variable: a JSON file with fraction, message and time of the last step
EVERY = 0.3  # seconds between two writings of it, at least


@contextmanager
def watched(also: Callable[[float, str], None] | None = None) -> Iterator[Work]:
    """Work whose progress is drawn on stderr, told to `also`, and written to the file that the environment names."""
    if file := os.environ.get(FILE):
        also = _both(also, _to_file(file))
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


def _both(
    one: Callable[[float, str], None] | None, other: Callable[[float, str], None]
) -> Callable[[float, str], None]:
    def tell(fraction: float, message: str) -> None:
        if one is not None:
            one(fraction, message)
        other(fraction, message)

    return tell


def _to_file(file: str) -> Callable[[float, str], None]:
    """Progress as a JSON file that is whole at every moment; it must never end the work, so faults are passed over."""
    written = 0.0

    def write(fraction: float, message: str) -> None:
        nonlocal written
        if fraction < 1 and time.monotonic() - written < EVERY:
            return
        written = time.monotonic()
        with suppress(OSError):
            temporary = f"{file}.new"
            with open(temporary, "w", encoding="utf-8") as f:
                json.dump({"fraction": round(float(fraction), 4), "message": message, "time": time.time()}, f)
            os.replace(temporary, file)

    return write
