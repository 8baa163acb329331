"""The run folder: complete or absent, with a status that others can watch.

Work goes into a hidden folder beside the target, which takes the target's name when everything is
written. An error, Ctrl-C or a kill leaves nothing under that name.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..data.atomic import read_json, write_json
from ..errors import UserError


class RunFolder:
    """Write one run: ``with RunFolder(out) as run: ... write into run.path ...``.

    `run.progress(fraction, message)` and `run.log(message)` keep status.json and log.txt; the
    block has to leave a manifest.json.

    Parameters
    ----------
    target : the folder that the run becomes

    Raises
    ------
    UserError
        When the target holds files already, or another process is writing it.
    """

    def __init__(self, target):
        self.target = Path(target)
        self.path = partial_path(self.target)
        self.started = time.time()

    def __enter__(self) -> RunFolder:
        check_free(self.target)
        status = read_status(self.target)
        if status is not None and status["state"] == "running" and status["pid"] != os.getpid():
            raise UserError(
                f"{self.target}: process {status['pid']} is writing this run; stop it or choose another folder"
            )
        shutil.rmtree(self.path, ignore_errors=True)  # left by a process that was killed
        self.path.mkdir(parents=True)
        self.progress(0.0, "started")
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            assert (self.path / "manifest.json").is_file(), "a run must write manifest.json"
            self._status("done", 1.0, "done")
            if self.target.is_dir():
                self.target.rmdir()  # empty: checked on entry
            os.replace(self.path, self.target)
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def progress(self, fraction: float, message: str) -> None:
        """Say how far the work is (0 to 1) in status.json, and write new messages to log.txt."""
        if message != getattr(self, "_last", None):
            self.log(message)
            self._last = message
        self._status("running", fraction, message)

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
        write_json(self.path / "status.json", status)


def partial_path(target) -> Path:
    """The hidden folder in which a run is being written."""
    target = Path(target).resolve()
    return target.with_name(f".{target.name}.partial")


def read_status(target) -> dict[str, Any] | None:
    """Status of a run: state ('running', 'died', 'done'), pid, fraction, message, started, updated.

    None when there is no run under this name, neither finished nor in progress. Times are seconds
    since 1970.
    """
    partial = partial_path(target)
    for folder in (partial, Path(target)):
        try:
            status = read_json(folder / "status.json")
        except UserError:
            continue
        if status["state"] == "running" and not _alive(status["pid"]):
            status["state"] = "died"
        return status
    return None


def check_free(target) -> None:
    """Refuse a target that is a file or a folder with something in it."""
    target = Path(target)
    if target.is_file():
        raise UserError(f"{target}: is a file; give the name of a folder to make")
    if target.is_dir() and any(target.iterdir()):
        if is_own(target):
            raise UserError(f"{target}: holds a finished run; choose another folder or replace it with --force")
        raise UserError(f"{target}: is not empty and was not written by fmri2ges; choose another folder")


def is_own(folder) -> bool:
    """Whether this package wrote the folder: a run with a manifest, or a simulated study.

    A study.toml alone is not enough: a real one lies beside the user's data.
    """
    folder = Path(folder)
    if (folder / "truth" / "planted.json").is_file():
        return True
    try:
        manifest = read_json(folder / "manifest.json")
    except UserError:
        return False
    return isinstance(manifest, dict) and {"kind", "versions", "simulated"} <= manifest.keys()


@contextmanager
def make_room(target, force: bool) -> Iterator[None]:
    """Let a block write `target` anew; with `force` an own finished run is replaced.

    The old run is set aside first, deleted when the block succeeds and put back when it fails.
    """
    target = Path(target)
    if not (force and target.is_dir() and is_own(target)):
        check_free(target)
        yield
        return
    aside = target.resolve().with_name(f".{target.resolve().name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    os.replace(target, aside)
    try:
        yield
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        os.replace(aside, target)
        raise
    shutil.rmtree(aside)


def read_run_manifest(path) -> dict[str, Any]:
    """The manifest of a trained run.

    Raises
    ------
    UserError
        When the folder is missing, is not a run, or holds no weights.
    """
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such run folder; make one with: python -m fmri2ges train STUDY.toml --out {path}")
    if not (path / "manifest.json").is_file():
        raise UserError(f"{path}: is not a run folder (no manifest.json); give what `train --out` wrote")
    manifest = read_json(path / "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("kind") != "train":
        kind = manifest.get("kind") if isinstance(manifest, dict) else None
        raise UserError(f"{path}: holds a {kind!r} run, not a trained one; give what `train --out` wrote")
    if not any(path.glob("*.safetensors")):
        raise UserError(f"{path}: holds no weights (*.safetensors); train again")
    return manifest


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
