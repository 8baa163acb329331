"""One task of an ROI study: the scores of one choice of ROIs on all stories of a subject.

A task is a value that says all that decides about its result, so that any process can compute it, and what is computed
is found again by its digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..config import from_dict, to_dict
from ..errors import UserError
from ..provenance import digest_json
from ..results import BRANCHES

if TYPE_CHECKING:
    from ..decoding.run import Run

VERSION = 4  # of what a task computes; results of another version are not taken for its own


@dataclass(frozen=True)
class RoiTask:
    """The scores of one choice of ROIs.

    Parameters
    ----------
    run : 'demo' or the folder of the run
    run_digest : digest of its weights
    subject : whose BOLD is decoded
    stories : held-out stories
    recordings : digest of what is read of them, see `digest_of_recordings`
    rois : names of the space of the run
    without : everything but `rois` is decoded from, instead of `rois`
    branches : 'text', 'direct' or both
    texts : texts to draw for the text branch; 0 takes the expected words
    seed : of the texts
    refit : choose the penalty of the readout anew for this choice
    null : keep the scores at circular shifts, too
    """

    run: str
    run_digest: str
    subject: str
    stories: tuple[str, ...]
    recordings: str
    rois: tuple[str, ...]
    without: bool = False
    branches: tuple[str, ...] = BRANCHES
    texts: int = 0
    seed: int = 0
    refit: bool = False
    null: bool = True

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides about the result: everything but the place of the run."""
        values = {name: value for name, value in to_dict(self).items() if name != "run"}
        return digest_json({"version": VERSION, **values})

    def to_json(self) -> str:
        """All fields as one line of JSON."""
        return json.dumps(to_dict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RoiTask:
        """The task of `to_json`."""
        return from_dict(cls, json.loads(text), "task")


def digest_of_recordings(run: Run, subject: str, stories: tuple[str, ...]) -> str:
    """SHA-256 of all that decides what is read of some stories of a subject."""
    return digest_json([run.digest_of_recording(subject, story) for story in stories])


def run_task(task: RoiTask) -> dict[str, Any]:
    """The scores of a task: story -> seconds and scores, JSON values.

    Every score has its metric's id, its branch, its value, the contributions of its blocks, and where the null is
    wanted the scores at shifts. They are rounded, so that the last digits, in which machines differ, are not there.

    Raises
    ------
    UserError
        When the run is not there, or is not the one that the task was made for.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    from ..decoding.regions import Choice
    from ..threads import torch_threads

    with threadpool_limits(1), torch_threads(1):  # tasks share the machine, not the cores of one task
        decoder = _decoder(task.run, task.run_digest, task.subject, task.stories, task.recordings)
        columns = decoder.run.columns(task.rois, task.subject)
        if task.without:
            everything = decoder.run.columns(("all",), task.subject)
            columns = np.setdiff1d(everything, columns)
        choice = Choice(columns, task.branches, task.texts, task.seed, task.refit, task.null)
        scores = decoder.scores(choice)
    return {name: [_to_json(score, task.null) for score in found] for name, found in scores.items()}


def _to_json(score, null: bool) -> dict[str, Any]:
    values = {"metric": score.metric.id, "branch": score.branch, "value": round(score.value, 7)}
    values["blocks"] = [round(float(x), 7) for x in score.blocks]
    if score.ceiling is not None:
        values["ceiling"] = round(float(score.ceiling), 7)
    if null:
        values["shifted"] = [round(float(x), 6) for x in score.shifted]
    return values


@lru_cache(maxsize=1)
def _decoder(run: str, run_digest: str, subject: str, stories: tuple[str, ...], recordings: str):
    """A run with the stories of a subject; a worker keeps the last one."""
    from ..decoding.regions import RegionDecoder
    from ..decoding.run import open_run

    opened = open_run(run, device="cpu")
    if opened.digest != run_digest:
        raise UserError(f"{run}: was trained anew since the study began; start the study again in another folder")
    if digest_of_recordings(opened, subject, stories) != recordings:
        raise UserError(f"{opened.study.path}: files of {subject} changed since the study began; start it again")
    return RegionDecoder(opened, subject, stories, _heard(run_digest))


@lru_cache(maxsize=1)
def _heard(run_digest: str):
    """The gestures of heard words of a run, for all its listeners."""
    from ..decoding.heard import HeardGestures

    return HeardGestures()
