"""The app on a double of a run: a table of ROIs, or 500 voxels with SPACE=voxels, whose decoding is refused."""

import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from app import backend, state
from fmri2ges.brain.space import Table, Voxels
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO
from fmri2ges.types import Recording, Words

SPACE = Voxels(500) if os.environ.get("SPACE") == "voxels" else Table(("LATL", "LIFG", "LPTL"))


class TableRun:
    study = SimpleNamespace(name="a real study")
    subjects, stories, space = ("s1",), ("alice",), SPACE
    device, simulated, forms, digest = "cpu", False, ("fast",), "0" * 64

    def recording(self, subject, story):
        bold = np.random.default_rng(0).normal(size=(100, SPACE.n_columns)).astype(np.float32)
        return Recording(subject, story, bold, 2.0, 20.0, Words.from_lists(["down"], [21.0], [0.4]), self.space)

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
