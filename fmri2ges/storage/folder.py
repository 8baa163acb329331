"""The folders that commands leave: complete or absent, watched while they grow, replaced only when asked.

What a command writes grows in a hidden temporary beside the target (see `data.beside`) and takes the target's name
in one step when it is whole. Until then a finished folder of that name stays as it is and can be read. An error,
Ctrl-C, a closed terminal or a kill at any moment changes nothing under the name.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from ..data.atomic import is_special, read_json, writing_to
from ..data.beside import (
    Temporary,
    drop_checkpoint,
    is_alive,
    sweep,
    sync_file,
    sync_folder,
    take_lock,
    temporaries,
    writer_of,
)
from ..errors import UserError, WriteError
from .run import check_run
from .schema import MAX_MANIFEST, check_kind, read_checked

STATUS_EVERY = 0.5  # seconds between two writings of status.json, unless the message changes


class NewFolder:
    """Make one folder: ``with NewFolder(out) as folder: ... write into folder.path ...``.

    The block has to leave what `is_own` knows as ours, so that --force can replace it later.

    Parameters
    ----------
    target : the folder to make
    force : replace a finished folder of ours; it stays until the new one is whole

    Raises
    ------
    UserError
        When the target holds something that may not be replaced, when another process is writing it, or when it
        cannot be written. Something else that appeared under the name in the meantime is not replaced: the
        result then gets a name of its own, which the message says.
    """

    def __init__(self, target, force: bool = False):
        self.target, self.force = Path(target), force

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._real = stack.enter_context(sole_writer(self.target))
            stack.enter_context(writing_to(self.target))
            self._temporary = stack.enter_context(self._begin())
            self.path = self._temporary.content
            self.path.mkdir(exist_ok=True)
            self._stack = stack.pop_all()
        return self

    def _begin(self) -> Temporary:
        """Where the content will grow, once it is clear that the target may be written."""
        self._replaced = check_target(self.target, self.force)
        return Temporary(self._real)

    def __exit__(self, kind, error, trace) -> None:
        with self._stack:
            if kind is None:
                self._finish()
            elif isinstance(error, OSError):
                raise error  # inside the stack: one that is about the target becomes a line that names it
        if isinstance(error, WriteError) and Path(error.path).is_relative_to(self.path):
            known_as = self.target / Path(error.path).relative_to(self.path)
            raise WriteError(known_as, error.reason, error.advice) from error

    def _finish(self) -> None:
        assert is_own(self.path), "a run must write manifest.json, a simulated study truth/planted.json"
        for folder, _, files in os.walk(self.path):
            for name in files:
                sync_file(Path(folder) / name)
            sync_folder(Path(folder))
        if not self._is_as_found():
            other = _free_name(self._real)
            os.replace(self.path, other)
            drop_checkpoint(other)
            raise UserError(
                f"{self.target}: something else was put there in the meantime and is not replaced; "
                f"the result is in {self.target.with_name(other.name)}"
            )
        self._temporary.put_folder()

    def _is_as_found(self) -> bool:
        """Whether what was to be replaced, or nothing, stands under the name."""
        if self._replaced is None:
            return not os.path.lexists(self._real) or (self._real.is_dir() and not any(self._real.iterdir()))
        return self._real.is_dir() and os.path.samestat(self._replaced, self._real.stat())


class RunFolder(NewFolder):
    """Write one run: ``with RunFolder(out) as run: ... write into run.path ...``.

    `run.progress(fraction, message)` and `run.log(message)` keep status.json and log.txt; the block has to leave a
    manifest.json. Parameters and errors are those of `NewFolder`.
    """

    def __enter__(self) -> Self:
        super().__enter__()
        self.started, self._message, self._written = time.time(), "", 0.0
        self.progress(0.0, "started")
        return self

    def _finish(self) -> None:
        self._status("done", 1.0, "done")
        super()._finish()

    def progress(self, fraction: float, message: str) -> None:
        """Say how far the work is (0 to 1) in status.json, and write new messages to log.txt."""
        new = message != self._message
        if new:
            self.log(message)
            self._message = message
        if new or time.monotonic() - self._written > STATUS_EVERY:
            self._status("running", fraction, message)
            self._written = time.monotonic()

    def log(self, message: str) -> None:
        """Add a line with the time of day to log.txt."""
        with open(self.path / "log.txt", "a", encoding="utf-8") as f:
            f.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")

    def _status(self, state: str, fraction: float, message: str) -> None:
        status = {
            "state": state,
            "pid": os.getpid(),
            "fraction": round(float(fraction), 4),
            "message": message,
            "started": self.started,
            "updated": time.time(),
        }
        # Whole for whoever watches; that it reaches the disk at once does not matter.
        temp = self.path.with_name("status.json")
        temp.write_text(json.dumps(status, indent=2) + "\n", encoding="utf-8")
        os.replace(temp, self.path / "status.json")


def check_target(target, force: bool = False) -> os.stat_result | None:
    """What stands under the name of a folder to make and is to be replaced; None for nothing.

    Raises
    ------
    UserError
        When it may not be replaced: a file, a folder of others, or a finished run without `force`.
    """
    real = Path(os.path.realpath(target))
    if real.exists() and not real.is_dir():
        raise UserError(f"{target}: is a file; give the name of a folder to make")
    if not real.is_dir() or not any(real.iterdir()):
        return None
    if not is_own(real):
        raise UserError(f"{target}: is not empty and was not written by fmri2ges; choose another folder")
    if not force:
        raise UserError(f"{target}: holds a finished run; choose another folder or replace it with --force")
    return real.stat()


@contextmanager
def sole_writer(target) -> Iterator[Path]:
    """Keep other processes from writing a file or folder while the block runs.

    What killed processes left beside it is removed first.

    Yields
    ------
    path : absolute, without links: where the target is or will be

    Raises
    ------
    UserError
        When another process writes the target, or its folder cannot be written to.
    """
    if is_special(target):  # several may write into a device or a pipe
        yield Path(target)
        return
    with writing_to(target):
        real = Path(os.path.realpath(target))
        real.parent.mkdir(parents=True, exist_ok=True)
        lock = take_lock(real)
    if lock is None:
        raise UserError(f"{target}: {writer_of(real)} is writing it; wait for it or choose another name")
    try:
        sweep(real.parent)
        yield real
    finally:
        lock.remove()


def read_status(target) -> dict[str, Any] | None:
    """Status of a run: state ('running', 'died', 'done'), pid, fraction, message, started, updated.

    While a run is written anew, its status is that of the new one; the finished one can be read all the same.
    None when there is no run under this name, neither finished nor in progress. Times are seconds since 1970.
    """
    real = Path(os.path.realpath(target))
    for folder in (*reversed(temporaries(real)), real):
        try:
            status = read_json(folder / "status.json", MAX_MANIFEST)
        except UserError:
            continue
        if not isinstance(status, dict) or not isinstance(status.get("state"), str):
            continue
        if status["state"] == "running" and (folder == real or not is_alive(folder)):
            status["state"] = "died"
        return status
    return None


def is_own(folder) -> bool:
    """Whether this package wrote the folder: a run with a manifest, or a simulated study.

    A study.toml alone is not enough: a real one lies beside the user's data.
    """
    folder = Path(folder)
    if (folder / "truth" / "planted.json").is_file():
        return True
    try:
        manifest = read_json(folder / "manifest.json", MAX_MANIFEST)
    except UserError:
        return False
    return isinstance(manifest, dict) and {"kind", "versions", "simulated"} <= manifest.keys()


def read_run_manifest(path) -> dict[str, Any]:
    """The manifest of a trained run, whose weights are all there and belong together.

    Raises
    ------
    UserError
        When the folder is missing, is not a run, or its manifest or weights are damaged or of another version.
    """
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such run folder; make one with: fmri2ges train STUDY.toml --out {path}")
    if not (path / "manifest.json").is_file():
        raise UserError(f"{path}: is not a run folder (no manifest.json); give what `train --out` wrote")
    check_kind(read_json(path / "manifest.json", MAX_MANIFEST), path, "train")
    if not any(path.glob("*.safetensors")):
        raise UserError(f"{path}: holds no weights (*.safetensors); train again")
    manifest = read_checked(path, "train")
    check_run(path, manifest)
    return manifest


def _free_name(target: Path) -> Path:
    number = 2
    while os.path.lexists(other := target.with_name(f"{target.name}-{number}")):
        number += 1
    return other
