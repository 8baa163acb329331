"""A client that is killed at any instant: the same call goes on where it stopped and ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from fmri2ges.compute.tasks import run_tasks
from tests.dask_processes import DaskProcesses
from tests.unit.compute.conftest import ROOT, contents, executions

CLIENT = """
import sys
from fmri2ges.compute import map_tasks
from fmri2ges.trial import Trial, run_trial
marks, out, executor, n = sys.argv[1:]
map_tasks(run_trial, [Trial(k, marks, 0.05) for k in range(int(n))], out, executor)
"""


def finished(out: Path) -> set[str]:
    return {file.stem for file in out.glob("results/*.json")}


def is_worker(pid: int) -> bool:
    """Whether a process is a worker that runs; numbers of processes that ended are given again."""
    try:
        return "loky" in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def kill_at_random(command: list[str], marks: Path, rng: random.Random) -> None:
    """Start a client and kill it after some more tasks have begun, and a moment."""
    goal = len(executions(marks)) + rng.randint(0, 4)
    pause, process = threading.Event(), subprocess.Popen(command, cwd=ROOT)
    while len(executions(marks)) < goal and process.poll() is None:
        pause.wait(0.002)
    pause.wait(rng.random() * 0.1)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "there was work left for every client"


def check_kills(trial, marks: Path, out: Path, executor: str, n_kills: int) -> None:
    n, rng, settled = 8 * n_kills, random.Random(14), {}
    tasks = [trial.Trial(k, str(marks), 0.05) for k in range(n)]
    command = [sys.executable, "-c", CLIENT, str(marks), str(out), executor, str(n)]
    for _ in range(n_kills):
        kill_at_random(command, marks, rng)
        begun = executions(marks)
        settled |= {t.number: begun.count(t.number) for t in tasks if t.digest in finished(out)}
    mapped = run_tasks(trial.run_trial, tasks, out, executor)
    assert mapped.found == len(settled) > 0 and mapped.found + mapped.computed == n
    begun = executions(marks)
    assert {number: begun.count(number) for number in settled} == settled, "finished work is never repeated"
    run_tasks(trial.run_trial, tasks, out.with_name("serial"), "serial")
    assert contents(out) == contents(out.with_name("serial"))


@pytest.mark.slow
def test_clients_with_processes_of_their_own(trial, marks, tmp_path):
    check_kills(trial, marks, tmp_path / "out", "local:2", 10)
    workers = {int(mark.name.split(".")[1]) for mark in marks.iterdir()} - {os.getpid()}
    pause = threading.Event()
    while any(map(is_worker, workers)):  # a worker whose client is gone ends itself
        pause.wait(0.05)


@pytest.mark.slow
def test_clients_of_a_cluster(trial, marks, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed")
    with DaskProcesses(tmp_path / "dask", 2) as processes:
        check_kills(trial, marks, tmp_path / "out", processes.address, 10)


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["local:2", "dask:2"])
def test_a_script_of_a_few_lines_runs_once(trial, marks, tmp_path, executor):
    """As people write it: nothing keeps workers that import the script from starting it again."""
    if executor == "dask:2":
        pytest.importorskip("distributed", reason="Dask is not installed")
    script = tmp_path / "script.py"
    script.write_text(CLIENT)
    command = [sys.executable, str(script), str(marks), str(tmp_path / "out"), executor, "4"]
    subprocess.run(command, cwd=ROOT, check=True)
    assert executions(marks) == [0, 1, 2, 3] and len(finished(tmp_path / "out")) == 4
