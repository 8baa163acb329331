"""The app as users start it, writing down when it does what a draft waits for: a line of JSON each in the file TIMES.

`benchmarks/draft_clicks.py` serves it; the steps are named in `STEPS`.
"""

import json
import os
import runpy
import sys
import time
from functools import wraps
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from app import backend  # noqa: E402
from app.parts import preview  # noqa: E402
from fmri2ges.decoding.run import Run  # noqa: E402

# What is timed: the object, the name of its function, and what its beginning and its end are called.
STEPS = (
    (backend, "follow", "page begins", ""),
    (Run, "draft", "draft begins", "draft made"),
    (backend, "await_drafts", "page waits", "page goes on"),
    (preview, "show", "", "gestures sent"),
)


def note(what: str) -> None:
    """Write down that something happens now, in seconds since 1970 as the browser counts them."""
    if what:
        with open(os.environ["TIMES"], "a", encoding="utf-8") as log:
            log.write(json.dumps({"what": what, "at": time.time()}) + "\n")


def timed(work, begins: str, ends: str):
    """A function that notes its beginning and its end."""

    @wraps(work)
    def run(*args, **options):
        note(begins)
        try:
            return work(*args, **options)
        finally:
            note(ends)

    return run


if not hasattr(backend, "is_timed"):  # this file runs again with every page
    backend.is_timed = True
    for place, name, begins, ends in STEPS:
        setattr(place, name, timed(getattr(place, name), begins, ends))
runpy.run_path(str(ROOT / "app" / "main.py"), run_name="__main__")
