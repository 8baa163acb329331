"""Threads that compute for all sessions while pages are drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread

SWITCH = 0.0005  # seconds after which they let a page run that waits for Python; 5 ms made pages a fifth slower


def begin(work: Callable[[], object], name: str) -> Thread:
    """Start a thread that ends with the server."""
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    sys.setswitchinterval(SWITCH)
    return thread
