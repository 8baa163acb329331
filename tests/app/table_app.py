"""The app on a double of a run: a study that is a table of ROIs, whose decoding is refused."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from app import backend, state
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO
from fmri2ges.types import Recording, Words

COLUMNS = ("LATL", "LIFG", "LPTL")


class TableRun:
    study = SimpleNamespace(name="a real study")
    subjects, stories, roi_names = ("s1",), ("alice",), COLUMNS
    device, simulated, space, forms, digest = "cpu", False, "table", ("fast",), "0" * 64

    def recording(self, subject, story):
        bold = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
        return Recording(subject, story, bold, 2.0, 20.0, Words.from_lists(["down"], [21.0], [0.4]), COLUMNS)

    def reference(self, story):
        return None

    def warm_up(self, subject):
        pass

    def kept(self, request):
        return None

    def decode(self, request, work):
        raise UserError("decode: this run has no weights; train it again")


backend._open = lambda run, stamp, device: TableRun()
if state.request().run == DEMO:
    state.update(run="table")
runpy.run_path(str(ROOT / "app" / "main.py"), run_name="__main__")
