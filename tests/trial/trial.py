"""Tasks for the tests of executors, as the module fmri2ges.trial; each execution leaves a mark in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fmri2ges.config import from_dict, to_dict
from fmri2ges.errors import UserError
from fmri2ges.provenance import digest_json


@dataclass(frozen=True)
class Trial:
    """One task: `number` decides about the result, `marks` is the folder for marks, `seconds` how long it takes."""

    number: int
    marks: str
    seconds: float = 0.0
    what: str = "number"

    def to_json(self) -> str:
        return json.dumps(to_dict(self))

    @classmethod
    def from_json(cls, text: str) -> Trial:
        return from_dict(cls, json.loads(text))

    @property
    def digest(self) -> str:
        return digest_json(to_dict(self))


def run_trial(task: Trial) -> dict[str, Any]:
    """Leave a mark NUMBER.PID.RANDOM, then answer, fail or die as the task says."""
    (Path(task.marks) / f"{task.number}.{os.getpid()}.{secrets.token_hex(4)}").touch()
    time.sleep(task.seconds)
    if task.what == "wrong":
        raise UserError("run: must be the folder of a trained run")
    if task.what == "missing":
        open("/no/such/place/bold.npy").close()
    if task.what == "bug":
        raise ZeroDivisionError("a bug of ours")
    if task.what == "deadly":
        os.kill(os.getpid(), 9)
    if task.what == "dies once" and executions_of(task, 0) == 1:
        os.kill(os.getpid(), 9)
    while task.what == "waits" and executions_of(task, 0) < 2:
        time.sleep(0.01)
    while task.what == "waits for go" and not (Path(task.marks) / "go").exists():
        time.sleep(0.01)
    if task.what == "threads":
        return {"threads": threads()}
    if task.what == "nan":
        return {"value": float("nan")}
    return {
        "square": task.number**2,
        "hash": hashlib.sha256(b"%d" % task.number).hexdigest(),
        "tenth": 0.1 * task.number,
    }


def executions_of(task: Trial, number: int) -> int:
    """How often task `number` was begun."""
    return len(list(Path(task.marks).glob(f"{number}.*")))


def threads() -> int:
    """The most threads that a library computes with."""
    import numpy  # noqa: F401  has a BLAS
    from threadpoolctl import threadpool_info

    return max(library["num_threads"] for library in threadpool_info())
