"""The app on a double of a run: a table of ROIs, or 500 voxels with SPACE=voxels, or a ball of them with SPACE=grid.

Its decoding is refused; with GATE=FILE it runs until that file is there. With DRAFT_GATE=FILE there are drafts, which
wait for that file. With OPENING=SECONDS the run opens as slowly as a large one.
"""

import os
import runpy
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

from table_run import TableRun, ball

from app import backend, state
from fmri2ges.brain.space import Voxels
from fmri2ges.request import DEMO


class Gate:
    """Open when the file is there."""

    def __init__(self, file):
        self.file = Path(file)

    def wait(self, seconds):
        time.sleep(seconds)
        return self.file.exists()


GATE, DRAFT_GATE = (Gate(os.environ[name]) if os.environ.get(name) else None for name in ("GATE", "DRAFT_GATE"))
SPACES = {"voxels": lambda: Voxels(500), "grid": ball}
RUN = TableRun(SPACES.get(os.environ.get("SPACE"), lambda: None)(), GATE, draft_gate=DRAFT_GATE)


def opened(run, stamp, device):
    time.sleep(float(os.environ.get("OPENING", 0)))
    return RUN


backend._open = opened
if state.request().run == DEMO:
    state.adjust(run="table")
runpy.run_path(str(ROOT / "app" / "main.py"), run_name="__main__")
