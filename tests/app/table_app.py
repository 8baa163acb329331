"""The app on a double of a run: a table of ROIs, or 500 voxels with SPACE=voxels, or a ball of them with SPACE=grid.

Its decoding is refused; with GATE=FILE it runs until that file is there.
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

    def wait(self, seconds):
        time.sleep(seconds)
        return Path(os.environ["GATE"]).exists()


GATE = Gate() if os.environ.get("GATE") else None
SPACES = {"voxels": lambda: Voxels(500), "grid": ball}
RUN = TableRun(SPACES.get(os.environ.get("SPACE"), lambda: None)(), GATE)
backend._open = lambda run, stamp, device: RUN
if state.request().run == DEMO:
    state.adjust(run="table")
runpy.run_path(str(ROOT / "app" / "main.py"), run_name="__main__")
