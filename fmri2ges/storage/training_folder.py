"""The folder of a training: a run folder whose content, once it has a checkpoint, outlives an interruption.

However a training ends before it is whole (a kill, a closed terminal, Ctrl-C, a full disk), its last checkpoint stays
in the hidden folder beside the target until somebody goes on with it or starts anew. A finished run under the name
stays what it is all the time.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from ..data.atomic import read_json
from ..data.beside import CHECKPOINTS, Interrupted, Temporary, interrupted
from ..errors import UserError, one_line
from .checkpoint import Checkpoint, check_made_for
from .folder import RunFolder, check_target
from .schema import MAX_MANIFEST


class TrainingFolder(RunFolder):
    """Write one trained run: ``with TrainingFolder(out, made_for) as run: ... keep run.checkpoint ...``.

    Parameters
    ----------
    target : the folder to make
    made_for : all that decides the weights, see `checkpoint.Checkpoint`
    force : replace a finished run of this name, and drop a training of it that was interrupted
    resume : go on with a training that was interrupted; without one, begin

    Raises
    ------
    UserError
        As `RunFolder`; also when there is an interrupted training and neither `force` nor `resume`, or when it cannot
        be gone on with: made for something else, or damaged.
    """

    checkpoint: Checkpoint  # how far the training was when it was interrupted; one of nothing where it begins

    def __init__(self, target, made_for: dict[str, Any], force: bool = False, resume: bool = False):
        super().__init__(target, force)
        self._made_for, self._resume = made_for, resume

    def _begin(self) -> Temporary:
        found = interrupted(self._real)
        if found is not None and self._resume:
            return self._go_on(found)
        if found is not None and not self.force:
            found.release()
            raise UserError(interrupted_line(self.target, found.content))
        temporary = super()._begin()
        while found is not None:
            found.drop()
            found = interrupted(self._real) if found.mark.certain else None
        self.checkpoint = Checkpoint(self._made_for, self.force)
        return temporary

    def _go_on(self, found: Interrupted) -> Temporary:
        try:
            self.checkpoint = _read(found.content, self.target)
            check_made_for(self.checkpoint, self._made_for, self.target)
            self.force = self.checkpoint.force = self.force or self.checkpoint.force
            super()._begin()
            _remove_unfinished(found.content, self.checkpoint.files)
        except BaseException:
            found.release()
            raise
        return Temporary(self._real, found)


def check_training(target, force: bool, resume: bool) -> None:
    """Refuse a target of a training at once, before anything large is imported; see `TrainingFolder`."""
    found = interrupted(Path(os.path.realpath(target)))
    if found is not None:
        found.release()
        if not force and not resume:
            raise UserError(interrupted_line(target, found.content))
    if found is None or not resume:  # the interrupted one knows whether it may replace a finished run
        check_target(target, force)


def is_interrupted(target) -> bool:
    """Whether a training of this name can be gone on with."""
    found = interrupted(Path(os.path.realpath(target)))
    if found is not None:
        found.release()
    return found is not None


def interrupted_line(target, content: Path) -> str:
    """What is to be known of an interrupted training: how far it got, how to go on, and how to drop it.

    Parameters
    ----------
    content : its growing folder
    """
    how_far = ""
    try:
        status = read_json(content / "status.json", MAX_MANIFEST)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(status["updated"]))
        how_far = f" on {when} at {100 * status['fraction']:.0f} % ({one_line(status['message'])})"
    except (UserError, TypeError, KeyError, ValueError, OverflowError, OSError):
        pass  # the power failed while it was written
    return f"{target}: its training was interrupted{how_far}; go on with --resume, or start anew with --force"


def _read(content: Path, target) -> Checkpoint:
    try:
        return Checkpoint.read(content)
    except UserError as error:
        reason = str(error).split(": ", 1)[-1].rsplit(";", 1)[0]
        raise UserError(
            f"{target}: the interrupted training cannot be gone on with: {reason}; start anew with --force"
        ) from error


def _remove_unfinished(content: Path, files: list[str]) -> None:
    """Remove what a stage that was not finished left in the folder."""
    keep = {*files, CHECKPOINTS, "log.txt", "status.json"}
    for path in content.iterdir():
        if path.name in keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
