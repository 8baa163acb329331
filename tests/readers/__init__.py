"""Every reader of the package with a whole file that it reads; a test says which reader is missing here."""

from __future__ import annotations

from tests.readers.brain import CASES as BRAIN
from tests.readers.case import Case
from tests.readers.runs import CASES as RUNS
from tests.readers.stories import CASES as STORIES

CASES: dict[str, Case] = {**BRAIN, **STORIES, **RUNS}
