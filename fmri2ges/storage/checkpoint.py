"""How far a training is: the one file that it goes on from after an interruption.

``.fmri2ges-checkpoint/checkpoint.safetensors`` in the growing run folder names the stages that are finished, and holds
the state of the training's random generator and, within T2G or F2G, network, optimiser and averaged weights. It is
written in one step, and checked where it is read. Beside it lies what one stage leaves to the next and no run holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..data.beside import CHECKPOINT, CHECKPOINTS
from ..errors import UserError
from .schema import MADE_FOR, check_values, short
from .tensors import read_tensors, write_tensors

NO_STATE = (0, 0, 0, 0)


@dataclass
class Checkpoint:
    """How far a training is.

    Parameters
    ----------
    made_for : all that decides the weights: seed, device, config, versions, and what each input file held
    force : whether a finished run of this name may be replaced
    done : finished stages, by name
    files : the whole files in the run folder when the last stage was finished
    rng : state of the training's random generator at that moment
    loop : the stage within whose loop the checkpoint was made; empty = between two stages
    loop_rng : state of the random generator within the loop
    resumed : where the training went on after each interruption: stage and step
    seconds : of work so far, without the time between two processes
    arrays : state of the loop, see `training.state`
    """

    made_for: dict[str, Any]
    force: bool = False
    done: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rng: list[int] = field(default_factory=lambda: [*NO_STATE])
    loop: str = ""
    loop_rng: list[int] = field(default_factory=lambda: [*NO_STATE])
    resumed: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made_for = json.loads(json.dumps(self.made_for))  # as it is read back: tuples are lists

    def write(self, content: Path) -> None:
        """Replace the checkpoint of a growing run folder."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "arrays"}
        write_tensors(content / CHECKPOINTS / CHECKPOINT, self.arrays, **values)

    @classmethod
    def read(cls, content: Path) -> Checkpoint:
        """The checkpoint of a growing run folder.

        Raises
        ------
        UserError
            When it is damaged, or of another version.
        """
        file = content / CHECKPOINTS / CHECKPOINT
        arrays, values = read_tensors(file, "checkpoint")
        check_values(values["made_for"], MADE_FOR, f"{file}: made_for")
        return cls(arrays=arrays, **{f.name: values[f.name] for f in fields(cls) if f.name != "arrays"})


def what_differs(then: dict[str, Any], now: dict[str, Any]) -> str:
    """In what a training is made for something else than another, in words; empty = in nothing.

    Parameters
    ----------
    then, now : `Checkpoint.made_for` of both
    """
    for key in ("seed", "device"):
        if then[key] != now[key]:
            return f"was made with {key} {short(then[key])}, not {short(now[key])}"
    if changed := _changed(then["config"], now["config"]):
        was, is_ = (short(one["config"].get(changed)) for one in (then, now))
        return f"was made with {changed} {was}, not {is_}"
    if changed := _changed(then["versions"], now["versions"]):
        was, is_ = (short(one["versions"].get(changed, "none")) for one in (then, now))
        return f"was made by another version ({changed} {was}, now {is_})"
    if changed := _changed(then["files"], now["files"]):
        known = changed in then["files"] and changed in now["files"]
        return f"was made on another study ({short(changed)} {'has changed' if known else 'is not in both'})"
    return ""


def _changed(then: dict[str, Any], now: dict[str, Any]) -> str:
    """The first key whose values differ; empty = none."""
    keys = sorted(then.keys() | now.keys(), key=lambda key: (key != "preset", key))  # which decides other settings
    return next((key for key in keys if then.get(key) != now.get(key)), "")


def check_made_for(checkpoint: Checkpoint, now: dict[str, Any], target) -> None:
    """Refuse to go on with a training that was made for something else."""
    if differs := what_differs(checkpoint.made_for, Checkpoint(now).made_for):
        raise UserError(
            f"{target}: the interrupted training {differs}; go on with what it was made with, "
            "or start anew with --force"
        )
