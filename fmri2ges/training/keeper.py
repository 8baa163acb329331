"""Where the state of a training is kept and found again: after every stage, and every 100 steps within the long loops.

A training is a row of stages, each of which makes one file of weights. It draws everything random from one generator,
whose state is kept with each checkpoint; what stands between two stages is computed anew and draws nothing. So a
training that was interrupted ends with the weights of one that was not, bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from ..data.beside import CHECKPOINT, CHECKPOINTS
from ..storage.checkpoint import Checkpoint
from .state import LoopState, numpy_state, set_numpy_state, set_torch_state

EVERY = 100  # steps between two checkpoints of a loop: ten seconds of the demo

T = TypeVar("T")


class Keeper:
    """The random generator of a training, and the one place where its state is kept and found again.

    Parameters
    ----------
    rng : numpy's random generator of the whole training
    folder : the growing run folder; None keeps nothing, for a part that is trained by itself
    checkpoint : how far the training was when it was interrupted; needed where there is a folder
    log : told in a line where the training goes on
    """

    def __init__(
        self,
        rng: np.random.Generator,
        folder: Path | None = None,
        checkpoint: Checkpoint | None = None,
        log: Callable[[str], object] = lambda line: None,
    ):
        self.rng, self._folder, self._log = rng, folder, log
        self._checkpoint = Checkpoint({}) if checkpoint is None else checkpoint
        self._to_resume = bool(self._checkpoint.done or self._checkpoint.loop)
        self._stage = ""
        self._since = time.monotonic() - self._checkpoint.seconds

    @property
    def folder(self) -> Path:
        """The growing run folder."""
        assert self._folder is not None, "this training keeps nothing"
        return self._folder

    def stage(
        self,
        name: str,
        make: Callable[[], T],
        write: Callable[[Path, T], object],
        read: Callable[[Path], T] | None = None,
        *,
        aside: bool = False,
    ) -> T:
        """What a stage makes: read from ``NAME.safetensors`` where it was finished before, otherwise made and written.

        Both ways give what the file holds, so that they cannot differ.

        Parameters
        ----------
        make, write, read : make it, write it to a path, read it from there; without `read` nobody needs it (None)
        aside : the run does not hold the file; it goes when the stage around this one is finished
        """
        if self._folder is None:
            return make()
        file = (self._folder / CHECKPOINTS if aside else self._folder) / f"{name}.safetensors"
        if name in self._checkpoint.done:
            set_numpy_state(self.rng, self._checkpoint.rng)
        else:
            self._note_resumed(name)
            around, self._stage = self._stage, name
            write(file, make())
            self._stage = around
            self._finish(name)
            if not aside:
                self._clear_aside()
        return read(file) if read is not None else None  # type: ignore[return-value]  # as documented

    def loop(self, generator: torch.Generator) -> SavedLoop:
        """Where the loop of the stage that is being made keeps its state.

        Parameters
        ----------
        generator : torch's random generator, from which the loop draws beside `rng`
        """
        return SavedLoop(self, generator)

    def summary(self) -> dict[str, Any]:
        """What the manifest says: seconds of work, and where the training went on after interruptions."""
        self._note_resumed("manifest")
        entries: dict[str, Any] = {"seconds": round(time.monotonic() - self._since, 1)}
        return entries | ({"resumed": self._checkpoint.resumed} if self._checkpoint.resumed else {})

    def _note_resumed(self, stage: str) -> None:
        """Remember the stage at which the training goes on, if it was interrupted."""
        if self._to_resume:
            stage = self._checkpoint.loop or stage  # which may be one within this stage
            step = len(self._checkpoint.arrays["losses"]) if self._checkpoint.loop == stage else 0
            self._checkpoint.resumed.append({"stage": stage, "step": step})
            self._log(f"resumed in {stage}, after step {step}")
            self._to_resume = False

    def _finish(self, stage: str) -> None:
        c = self._checkpoint
        c.done.append(stage)
        c.files = sorted(file.name for file in self.folder.glob("*.safetensors"))
        c.rng, c.loop, c.arrays = numpy_state(self.rng), "", {}
        self._write()

    def _write(self) -> None:
        self._checkpoint.seconds = time.monotonic() - self._since
        self._checkpoint.write(self.folder)

    def _clear_aside(self) -> None:
        for file in (self.folder / CHECKPOINTS).glob("*.safetensors"):
            if file.name != CHECKPOINT:
                file.unlink()

    def _restore_loop(self, state: LoopState, generator: torch.Generator) -> None:
        c = self._checkpoint
        if self._folder is None or not c.loop or c.loop != self._stage:
            return
        state.restore(c.arrays)
        set_torch_state(generator, c.arrays["generator"])
        set_numpy_state(self.rng, c.loop_rng)

    def _save_loop(self, state: LoopState, generator: torch.Generator) -> None:
        if self._folder is None:
            return
        c = self._checkpoint
        c.loop, c.loop_rng = self._stage, numpy_state(self.rng)
        c.arrays = {"generator": generator.get_state().numpy(), **state.arrays()}
        self._write()


@dataclass(frozen=True)
class SavedLoop:
    """Where one loop keeps its state; see `Keeper.loop`."""

    keeper: Keeper
    generator: torch.Generator

    def restore(self, state: LoopState) -> None:
        """Bring a loop that begins, and both random generators, to the last checkpoint, if there is one."""
        self.keeper._restore_loop(state, self.generator)

    def save(self, state: LoopState, last: bool) -> None:
        """Keep the state after a step, every `EVERY` steps and after the last one."""
        if last or len(state.losses) % EVERY == 0:
            self.keeper._save_loop(state, self.generator)
