"""Tasks on Dask clusters: one of this process, and schedulers and workers as processes of their own."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from fmri2ges.compute.tasks import map_tasks, run_tasks
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.work import Work
from tests.dask_processes import DaskProcesses
from tests.unit.compute.conftest import contents, executions

pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.fixture
def dask_processes(trial, tmp_path):
    """A scheduler and two workers."""
    with DaskProcesses(tmp_path / "dask", 2) as processes:
        yield processes


def test_an_address_where_nobody_listens_is_one_line(trial, marks, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        address = f"dask://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError, match=f"^{address}: no scheduler answers there"):
            map_tasks(trial.run_trial, [trial.Trial(1, str(marks))], tmp_path / "out", address)


def test_dask_that_is_not_installed_is_one_line(trial, marks, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="Dask is not installed; install it with"):
        map_tasks(trial.run_trial, [], tmp_path / "out", "dask")


@pytest.mark.slow
def test_a_cluster_on_this_computer_gives_the_same_bytes(trial, marks, tmp_path):
    tasks = [trial.Trial(0, str(marks), what="dies once"), trial.Trial(1, str(marks), what="waits")]
    tasks += [trial.Trial(k, str(marks)) for k in range(2, 12)]
    there = run_tasks(trial.run_trial, tasks, tmp_path / "dask", "dask:2")
    assert executions(marks) == [0, *range(12)] and (there.computed, there.repeated) == (12, 1)
    here = run_tasks(trial.run_trial, tasks, tmp_path / "serial", "serial")
    assert there.results == here.results and contents(tmp_path / "dask") == contents(tmp_path / "serial")


@pytest.mark.slow
def test_of_a_killed_worker_only_its_own_task_runs_again(trial, marks, tmp_path, dask_processes):
    tasks = [trial.Trial(0, str(marks), what="dies once"), trial.Trial(1, str(marks), what="waits")]
    tasks += [trial.Trial(k, str(marks)) for k in range(2, 12)]
    there = run_tasks(trial.run_trial, tasks, tmp_path / "out", dask_processes.address)
    assert executions(marks) == [0, *range(12)] and (there.computed, there.repeated) == (12, 1)
    here = run_tasks(trial.run_trial, tasks, tmp_path / "serial", "serial")
    assert there.results == here.results and contents(tmp_path / "out") == contents(tmp_path / "serial")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_stops_answering_is_one_line_and_the_next_one_goes_on(
    trial, marks, tmp_path, dask_processes, number
):
    """Killed, or silent as behind a broken network."""
    tasks = [*(trial.Trial(k, str(marks)) for k in range(4)), trial.Trial(4, str(marks), what="waits for go")]

    def stop(fraction: float, message: str) -> None:
        if message.startswith("4 of 5 tasks"):
            os.kill(dask_processes.scheduler.pid, number)

    with pytest.raises(UserError, match=f"^{dask_processes.address}: the scheduler does not answer any more"):
        map_tasks(trial.run_trial, tasks, tmp_path / "out", dask_processes.address, Work(stop))
    for mark in marks.iterdir():
        mark.unlink()
    (marks / "go").touch()
    with DaskProcesses(tmp_path / "second", 1) as second:
        mapped = run_tasks(trial.run_trial, tasks, tmp_path / "out", second.address)
    assert (mapped.computed, mapped.found) == (1, 4)
    run_tasks(trial.run_trial, tasks, tmp_path / "serial", "serial")
    assert contents(tmp_path / "out") == contents(tmp_path / "serial")


@pytest.mark.slow
def test_a_worker_without_the_data_names_path_and_host(trial, marks, tmp_path, dask_processes):
    task = trial.Trial(0, str(marks), what="missing")
    line = f"^worker on {socket.gethostname()}: /no/such/place/bold.npy: No such file or directory$"
    with pytest.raises(UserError, match=line):
        map_tasks(trial.run_trial, [task], tmp_path / "out", dask_processes.address)


@pytest.mark.slow
def test_workers_that_do_not_know_the_function_are_one_line(trial, marks, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")
    with (
        DaskProcesses(tmp_path / "dask", 1) as processes,
        pytest.raises(UserError, match="no module fmri2ges.trial; install"),
    ):
        map_tasks(trial.run_trial, [trial.Trial(0, str(marks))], tmp_path / "out", processes.address)


@pytest.mark.slow
def test_a_task_that_kills_every_worker_is_named(trial, marks, tmp_path):
    task = trial.Trial(0, str(marks), what="deadly")
    with pytest.raises(UserError, match=f"task {task.digest[:12]}: 4 workers died while they ran it"):
        map_tasks(trial.run_trial, [task], tmp_path / "out", "dask:1")
    assert executions(marks) == [0, 0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("address", ["dask:2", "cluster"])
def test_cancelled_work_returns_and_keeps_what_is_finished(trial, marks, tmp_path, address, request):
    if address == "cluster":
        address = request.getfixturevalue("dask_processes").address
    tasks = [trial.Trial(0, str(marks)), *(trial.Trial(k, str(marks), seconds=3600.0) for k in (1, 2, 3))]
    results = tmp_path / "out" / "results"
    work = Work(should_stop=lambda: len(executions(marks)) == 3 and len(os.listdir(results)) > 0)
    with pytest.raises(Cancelled):
        map_tasks(trial.run_trial, tasks, tmp_path / "out", address, work)
    assert os.listdir(results) == [f"{tasks[0].digest}.json"]


@pytest.mark.slow
def test_a_cluster_without_workers_says_so(trial, marks, tmp_path):
    told: list[str] = []
    with DaskProcesses(tmp_path / "dask", 0) as processes, pytest.raises(Cancelled):
        work = Work(lambda fraction, message: told.append(message), lambda: any("no worker" in line for line in told))
        map_tasks(trial.run_trial, [trial.Trial(0, str(marks))], tmp_path / "out", processes.address, work)
    assert told[-1] == f"0 of 1 tasks, no worker has joined {processes.address} yet"
