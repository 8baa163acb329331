"""How much work a piece of code does: the number of its calls, which no busy machine changes.

What Python runs when it frees memory counts too, so compare with a few per cent to spare.
"""

from __future__ import annotations

import sys
from collections.abc import Callable


def calls(work: Callable[[], object]) -> int:
    """Calls of Python and C functions that `work()` makes in this thread, the second time that it runs.

    The first run loads modules and fills caches, which depends on what ran before it.
    """
    work()
    count = 0

    def watch(frame, event, argument) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
