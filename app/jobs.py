"""Long work that the screens start: each job is one command of `fmri2ges` in a session of its own.

A job has a folder: job.json (what was started), progress.json (written by the command), output.txt, ended.json. So it
survives a reload of the page and a restart of the server, and any server of the same user shows it. Locks, unfinished
folders and what a cancel leaves behind are the command's own affair, as on the command line.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import join
from typing import Any

from fmri2ges.data.atomic import read_json, write_json
from fmri2ges.errors import UserError

from .job_runner import ENDED, JOB, OUTPUT

STATE = "FMRI2GES_STATE"  # environment variable that moves the folder of jobs
PROGRESS = "progress.json"
MOST_RUNNING = 4  # jobs at a time
MAX_FILE = 100_000  # bytes of the small JSON files
TAIL = 20_000  # bytes of output that are shown


class JobState(StrEnum):
    """How a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # killed, or the machine was restarted


@dataclass(frozen=True)
class Job:
    """A job as it stands now.

    Parameters
    ----------
    folder : its files
    title : what it does, for people
    arguments : of the command, after `fmri2ges`
    target : folder that it makes or writes into
    started, ended : seconds since 1970; `ended` is None while it runs, or where nobody saw it end
    state : how it stands
    fraction : share that is done, 0 to 1
    message : what it does at the moment
    """

    folder: Path
    title: str
    arguments: tuple[str, ...]
    target: Path
    started: float
    state: JobState
    ended: float | None = None
    fraction: float = 0.0
    message: str = ""

    @property
    def id(self) -> str:
        """Name of its folder."""
        return self.folder.name

    @property
    def command(self) -> str:
        """What to type for the same."""
        return "fmri2ges " + join(self.arguments)

    @property
    def seconds_left(self) -> float | None:
        """By the pace until now; None before a fiftieth is done."""
        if self.state != JobState.RUNNING or self.fraction < 0.02:
            return None
        return (time.time() - self.started) * (1 - self.fraction) / self.fraction

    def output(self) -> str:
        """The end of what the command printed."""
        try:
            with open(self.folder / OUTPUT, "rb") as f:
                f.seek(max(0, os.fstat(f.fileno()).st_size - TAIL))
                return f.read().decode("utf-8", "replace")
        except OSError:
            return ""


def jobs_folder() -> Path:
    """Where jobs are kept, for the user who runs the server."""
    from platformdirs import user_state_path

    root = os.environ.get(STATE)
    return (Path(root) if root else user_state_path("fmri2ges", appauthor=False)) / "jobs"


def start(title: str, arguments: Sequence[str], target: Path) -> Job:
    """Start a command of `fmri2ges`.

    Parameters
    ----------
    title : what it does, for people
    arguments : of the command, after `fmri2ges`
    target : folder that it makes or writes into

    Raises
    ------
    UserError
        When as many jobs run as may, or one of them has the same target.
    """
    running = [job for job in all_jobs() if job.state == JobState.RUNNING]
    if any(job.target == target for job in running):
        raise UserError(f"{target}: a job is writing it; wait for it, cancel it or choose another folder")
    if len(running) >= MOST_RUNNING:
        raise UserError(f"jobs: {MOST_RUNNING} are running, as many as may; wait for one or cancel one")
    folder = jobs_folder() / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "fmri2ges", *arguments]
    about = {"title": title, "arguments": list(arguments), "target": str(target), "started": time.time()}
    write_json(folder / JOB, about | {"command": command})
    import fmri2ges

    paths = [str(Path(fmri2ges.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("job_runner.py")), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={
            **os.environ,
            "FMRI2GES_PROGRESS": str(folder / PROGRESS),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        },
    )
    write_json(folder / JOB, about | {"command": command, "pid": process.pid, "born": _born(process.pid)})
    return read(folder)


def all_jobs() -> list[Job]:
    """All jobs, the newest first; what cannot be read is left out."""
    try:
        folders = sorted(jobs_folder().iterdir(), reverse=True)
    except OSError:
        return []
    found = []
    for folder in folders:
        with suppress(UserError, KeyError, TypeError, ValueError):
            found.append(read(folder))
    return found


def read(folder: Path) -> Job:
    """A job as it stands now."""
    about = _dict(folder / JOB)
    now: dict[str, Any] = {}
    with suppress(UserError):
        now = _dict(folder / PROGRESS)
    state, ended = _state(folder, about)
    return Job(
        folder,
        str(about["title"]),
        tuple(map(str, about["arguments"])),
        Path(about["target"]),
        float(about["started"]),
        state,
        ended,
        1.0 if state == JobState.DONE else min(1.0, max(0.0, float(now.get("fraction", 0.0)))),
        str(now.get("message", "")),
    )


def cancel(job: Job) -> None:
    """Ask a job to stop, as Ctrl-C does: it leaves nothing half written."""
    about = _dict(job.folder / JOB)
    if _is_alive(about):
        with suppress(ProcessLookupError):
            os.killpg(about["pid"], signal.SIGINT) if hasattr(os, "killpg") else os.kill(about["pid"], signal.SIGTERM)


def forget(job: Job) -> None:
    """Remove an ended job from the list; what it made stays."""
    if job.state != JobState.RUNNING:
        shutil.rmtree(job.folder, ignore_errors=True)


def _dict(file: Path) -> dict[str, Any]:
    found = read_json(file, MAX_FILE)
    if not isinstance(found, dict):
        raise UserError(f"{file}: is damaged; remove the folder")
    return found


def _state(folder: Path, about: dict[str, Any]) -> tuple[JobState, float | None]:
    alive = _is_alive(about)  # asked first: a job that ends in between is then seen as ended
    try:
        end = _dict(folder / ENDED)
    except UserError:
        return (JobState.RUNNING if alive else JobState.LOST), None
    code = end["code"]
    cancelled = code in (130, -signal.SIGINT, -signal.SIGTERM)
    return (JobState.DONE if code == 0 else JobState.CANCELLED if cancelled else JobState.FAILED), float(end["ended"])


def _born(pid: int) -> float | None:
    """When a process began, seconds since 1970; its number may be given to another one later."""
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def _is_alive(about: dict[str, Any]) -> bool:
    import psutil

    pid, born = about.get("pid"), about.get("born")
    if pid is None:  # between its first and second writing
        return time.time() - float(about["started"]) < 10
    try:
        process = psutil.Process(pid)
        return process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
