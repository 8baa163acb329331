"""Many tasks on this computer: results, resuming, losses, cancelling."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import psutil
import pytest

from fmri2ges.compute.executors import free_cores, make_executor
from fmri2ges.compute.processes import Processes
from fmri2ges.compute.tasks import in_words, map_tasks, run_tasks
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.storage.folder import sole_writer
from fmri2ges.work import Work
from tests.unit.compute.conftest import contents, executions


def tasks_of(trial, marks: Path, n: int = 6, **options) -> list:
    return [trial.Trial(k, str(marks), **options) for k in range(n)]


def wait_for(condition) -> None:
    """Look until something is so; pytest's own limit ends a test where it never is."""
    pause = threading.Event()
    while not condition():
        pause.wait(0.01)


def test_results_stand_in_the_order_of_the_tasks(trial, marks, tmp_path):
    tasks = tasks_of(trial, marks)[::-1]
    tasks.append(tasks[0])
    mapped = run_tasks(trial.run_trial, tasks, tmp_path / "out", "serial")
    assert [r["square"] for r in mapped.results] == [25, 16, 9, 4, 1, 0, 25]
    assert executions(marks) == [0, 1, 2, 3, 4, 5], "equal tasks are computed once"
    assert (mapped.computed, mapped.found, mapped.repeated) == (6, 0, 0)


def test_finished_work_is_found_again(trial, marks, tmp_path):
    tasks = tasks_of(trial, marks)
    run_tasks(trial.run_trial, tasks[:4], tmp_path / "out", "serial")
    mapped = run_tasks(trial.run_trial, tasks, tmp_path / "out", "serial")
    assert executions(marks) == [0, 1, 2, 3, 4, 5] and (mapped.computed, mapped.found) == (2, 4)
    assert str(mapped) == "6 tasks: 2 computed, 4 found again"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"result"', '"answer"'),
        lambda text: text.replace('"version": "', '"version": "9'),
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace("run_trial", "run_another"),
        lambda text: text.replace('"digest": "', '"digest": "0'),
    ],
)
def test_a_result_that_is_not_this_tasks_is_computed_again(trial, marks, tmp_path, damage):
    tasks = tasks_of(trial, marks, 2)
    run_tasks(trial.run_trial, tasks, tmp_path / "out", "serial")
    whole = contents(tmp_path / "out")
    file = tmp_path / "out" / "results" / f"{tasks[0].digest}.json"
    file.write_text(damage(file.read_text()))
    assert contents(tmp_path / "out") != whole
    assert run_tasks(trial.run_trial, tasks, tmp_path / "out", "serial").computed == 1
    assert contents(tmp_path / "out") == whole


def test_a_failing_task_stops_the_rest_with_one_line_and_keeps_what_is_finished(trial, marks, tmp_path):
    tasks = [*tasks_of(trial, marks, 2), trial.Trial(2, str(marks), what="wrong"), trial.Trial(3, str(marks))]
    with pytest.raises(UserError, match=r"^worker on \S+: run: must be the folder of a trained run$"):
        run_tasks(trial.run_trial, tasks, tmp_path / "out", "serial")
    assert executions(marks) == [0, 1, 2] and len(os.listdir(tmp_path / "out" / "results")) == 2


def test_an_error_of_ours_is_not_told_as_one_of_the_user(trial, marks, tmp_path):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        map_tasks(trial.run_trial, [trial.Trial(0, str(marks), what="bug")], tmp_path, "serial")


def test_no_tasks_are_no_work(trial, tmp_path):
    assert map_tasks(trial.run_trial, [], tmp_path / "out", "local") == []


def test_processes_give_the_same_bytes_on_one_thread_each(trial, marks, tmp_path):
    tasks = [*tasks_of(trial, marks, 4), trial.Trial(4, str(marks), what="threads")]
    here = map_tasks(trial.run_trial, tasks, tmp_path / "serial", "serial")
    there = map_tasks(trial.run_trial, tasks, tmp_path / "local", "local:2")
    assert there == here and contents(tmp_path / "local") == contents(tmp_path / "serial")
    assert {int(mark.name.split(".")[1]) for mark in marks.iterdir()} > {os.getpid()}


def test_of_a_killed_process_only_its_own_task_runs_again(trial, marks, tmp_path):
    """Task 0 kills its process; task 1, in the other one, lasts until task 0 runs again."""
    tasks = [trial.Trial(0, str(marks), what="dies once"), trial.Trial(1, str(marks), what="waits")]
    tasks += [trial.Trial(k, str(marks)) for k in (2, 3)]
    mapped = run_tasks(trial.run_trial, tasks, tmp_path / "local", "local:2")
    assert executions(marks) == [0, 0, 1, 2, 3]
    assert str(mapped) == "4 tasks: 4 computed, 0 found again, 1 repeated because their worker died"
    run_tasks(trial.run_trial, tasks, tmp_path / "serial", "serial")
    assert contents(tmp_path / "local") == contents(tmp_path / "serial")


def test_a_task_that_kills_every_process_is_named(trial, marks, tmp_path):
    task = trial.Trial(0, str(marks), what="deadly")
    with pytest.raises(UserError, match=f"task {task.digest[:12]}: 3 workers died while they ran it"):
        map_tasks(trial.run_trial, [task], tmp_path / "out", "local:1")
    assert executions(marks) == [0, 0, 0]


def test_cancelled_work_leaves_no_process_and_keeps_what_is_finished(trial, marks, tmp_path):
    tasks = [trial.Trial(0, str(marks)), *(trial.Trial(k, str(marks), seconds=3600.0) for k in (1, 2, 3))]
    with pytest.raises(Cancelled):
        map_tasks(
            trial.run_trial,
            tasks,
            tmp_path / "out",
            "local:2",
            Work(should_stop=lambda: executions(marks) == [0, 1, 2] and bool(os.listdir(tmp_path / "out" / "results"))),
        )
    assert [f.name for f in (tmp_path / "out" / "results").iterdir()] == [f"{tasks[0].digest}.json"]
    workers = {int(mark.name.split(".")[1]) for mark in marks.iterdir()}
    wait_for(lambda: not any(map(psutil.pid_exists, workers)))


def test_a_second_client_of_a_folder_gets_one_line(trial, marks, tmp_path):
    with sole_writer(tmp_path / "out" / "results"), pytest.raises(UserError, match="another process is writing it"):
        map_tasks(trial.run_trial, tasks_of(trial, marks), tmp_path / "out", "serial")
    assert not executions(marks)


def test_progress_counts_and_tells_the_time_left(trial, marks, tmp_path):
    told: list[tuple[float, str]] = []
    tasks = tasks_of(trial, marks, 4)
    map_tasks(trial.run_trial, tasks[:2], tmp_path / "out", "serial")
    map_tasks(trial.run_trial, tasks, tmp_path / "out", "serial", Work(lambda f, m: told.append((f, m))))
    assert [fraction for fraction, _ in told] == [0.5, 0.75, 1.0, 1.0]
    assert told[0][1] == "2 of 4 tasks, 2 found again" and told[1][1].endswith(" s left")


@pytest.mark.parametrize(
    "seconds, words", [(40, "40 s"), (99, "99 s"), (120, "2 min"), (5400, "90 min"), (12600, "3.5 h")]
)
def test_durations_are_words(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    "text", ["", "locale", "local:0", "local:x", "dask://host", "dask://host:1:2", "dask:", "tcp://h:1"]
)
def test_an_unknown_executor_is_one_line(text):
    with pytest.raises(UserError, match="allowed: serial, local"):
        make_executor(text)


def test_the_number_of_processes_is_that_of_the_cores_that_may_be_used(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert free_cores() == 1
    assert isinstance(make_executor("local"), Processes) and make_executor("local").n_workers == 1
    assert make_executor("local:7").n_workers == 7
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "64")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert free_cores() == 1


def test_results_name_their_task_and_version(trial, marks, tmp_path):
    (task,) = tasks_of(trial, marks, 1)
    map_tasks(trial.run_trial, [task], tmp_path, "serial")
    stored = json.loads((tmp_path / "results" / f"{task.digest}.json").read_text())
    assert stored["task"] == json.loads(task.to_json()) and stored["function"] == "fmri2ges.trial:run_trial"
