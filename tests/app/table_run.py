"""A double of a run on a table of ROIs, or on voxels: what the app asks of a run, without models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import numpy as np

from fmri2ges.brain.space import Table, Voxels
from fmri2ges.brain.voxels import VoxelGrid
from fmri2ges.errors import UserError
from fmri2ges.motion.features import BONE_LENGTHS, from_bones
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Recording, Words

T2G = SimpleNamespace(
    denoiser=SimpleNamespace(config=SimpleNamespace(n_speakers=1)),
    sample_bones=lambda tracks, start, seconds, speaker, noise, work: np.ones((len(tracks), int(seconds * 15), 27)),
)
HEARD = Words.from_lists(["down"], [21.0], [0.4])


def ball() -> Voxels:
    """Voxels of 3 x 3 x 4 mm in a ball of 24 mm around 10, -20, 5 mm; the first axis of the file runs to the left."""
    affine = np.array([[-3.0, 0, 0, 70], [0, 3, 0, -80], [0, 0, 4, -55], [0, 0, 0, 1]])
    shape = (40, 40, 30)
    ijk = np.argwhere(np.ones(shape))
    mm = ijk @ affine[:3, :3].T + affine[:3, 3]
    ijk = ijk[np.linalg.norm(mm - [10, -20, 5], axis=1) <= 24]
    return Voxels(len(ijk), VoxelGrid(shape, affine, ijk))


class TableRun:
    """One subject, one story of 200 s from second 20 on.

    Parameters
    ----------
    gate : decoding waits for it; None = decoding is refused
    draft_gate : drafts wait for this one; None = there are no drafts
    """

    study = SimpleNamespace(name="a real study")
    subjects, stories = ("s1",), ("alice",)
    path = Path("no folder")
    device = known_device = "cpu"
    simulated, forms = False, ("fast",)
    t2g = T2G

    def __init__(self, space=None, gate: Event | None = None, digest: str = "0" * 64, draft_gate: Event | None = None):
        self.space, self.gate, self.digest = space or Table(("LATL", "LIFG", "LPTL")), gate, digest
        self.draft_gate = draft_gate

    def stamp(self, subject, story):
        return ""

    def recording(self, subject, story):
        bold = np.random.default_rng(0).normal(size=(100, self.space.n_columns)).astype(np.float32)
        return Recording(subject, story, bold, 2.0, 20.0, HEARD, self.space)

    def reference(self, story):
        return None

    def warm_up(self, subject):
        pass

    def kept(self, request):
        return None

    def decode(self, request, work):
        return self._answer(request, work, self.gate)

    def draft(self, request, work):
        made = self._answer(request, work, self.draft_gate)
        return replace(made, manifest=made.manifest | {"draft": 1})

    def _answer(self, request, work, gate):
        if gate is None:
            raise UserError("decode: this run has no weights; train it again")
        work.report(0.25, "a quarter")
        while not gate.wait(0.001):
            work.check()
        frames = int((request.stop - request.start) * 15)
        motion = Motion(from_bones(np.ones((frames, 27)), BONE_LENGTHS), start=request.start)
        return Decoded(request, motion, motion, (HEARD,), manifest={"run_digest": self.digest, "simulated": False})
