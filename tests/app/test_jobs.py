"""Jobs: commands that the screens start, seen by any server, cancelled without a trace."""

import json
import os
import signal
import time

import pytest

from app import jobs
from app.jobs import JobState
from fmri2ges.errors import UserError


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv(jobs.STATE, str(tmp_path / "state"))


def until(job, *states, seconds=120):
    deadline = time.monotonic() + seconds
    while (now := jobs.read(job.folder)).state not in states:
        assert time.monotonic() < deadline, (now, now.output())
        time.sleep(0.05)
    return now


def long_job(tmp_path):
    """Writes a study of many listeners, which takes minutes."""
    out = tmp_path / "study"
    job = jobs.start("Simulate", ["simulate", str(out), "--subjects", "40"], out)
    deadline = time.monotonic() + 120
    while jobs.read(job.folder).fraction == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job


def test_a_job_runs_to_its_end_and_is_known_afterwards(tmp_path):
    job = jobs.start("Doctor", ["doctor"], tmp_path / "none")
    assert job.state == JobState.RUNNING and job.command == "fmri2ges doctor"
    ended = until(job, JobState.DONE)
    assert ended.fraction == 1 and ended.ended >= ended.started and "torch" in ended.output()
    assert [j.id for j in jobs.all_jobs()] == [job.id]
    jobs.forget(ended)
    assert jobs.all_jobs() == []


def test_wrong_input_fails_with_the_line_of_the_command(tmp_path):
    job = jobs.start("Check", ["check", str(tmp_path / "no.toml")], tmp_path / "no.toml")
    assert "no.toml" in until(job, JobState.FAILED).output()


@pytest.mark.skipif(os.name == "nt", reason="signals to a group")
def test_cancel_ends_a_job_and_leaves_nothing_half_written(tmp_path):
    job = long_job(tmp_path)
    now = jobs.read(job.folder)
    assert 0 < now.fraction < 1 and now.message
    with pytest.raises(UserError, match="a job is writing it"):
        jobs.start("Again", ["simulate", str(job.target)], job.target)
    jobs.cancel(now)
    until(job, JobState.CANCELLED)
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


@pytest.mark.skipif(os.name == "nt", reason="signals to a group")
def test_a_job_that_was_killed_is_said_to_be_lost(tmp_path):
    job = long_job(tmp_path)
    os.killpg(json.loads((job.folder / "job.json").read_text())["pid"], signal.SIGKILL)
    assert until(job, JobState.LOST).ended is None


def test_no_more_than_so_many_run_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_RUNNING", 0)
    with pytest.raises(UserError, match="as many as may"):
        jobs.start("Doctor", ["doctor"], tmp_path)


def test_a_damaged_job_is_left_out_of_the_list(tmp_path):
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"title": 1}')):
        (jobs.jobs_folder() / name).mkdir(parents=True)
        (jobs.jobs_folder() / name / "job.json").write_text(text)
    assert jobs.all_jobs() == []
