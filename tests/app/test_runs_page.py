"""The Runs screen without a browser: the table of runs, jobs that it starts, deleting and taking back."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import jobs
from fmri2ges.demo import WEIGHTS
from fmri2ges.errors import UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.measure import Measure, pool, row
from fmri2ges.evaluation.report import Report
from fmri2ges.evaluation.rows import Setting
from fmri2ges.storage.report import write_report
from fmri2ges.storage.training_folder import TrainingFolder
from fmri2ges.views.runs import list_runs, table

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "runs.py")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv(jobs.STATE, str(tmp_path / "state"))


@pytest.fixture
def runs(tmp_path):
    """A folder with two runs, a damaged one, and things that are none."""
    folder = tmp_path / "runs"
    for name, seed in (("first", 0), ("second", 5)):
        shutil.copytree(WEIGHTS, folder / name, ignore=shutil.ignore_patterns("decoded", "report.json"))
        file = folder / name / "manifest.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "seed": seed}))
    (folder / "damaged").mkdir()
    (folder / "damaged" / "manifest.json").write_text("{")
    (folder / "empty").mkdir()
    (folder / ".hidden").mkdir()
    (folder / "file.txt").write_text("")
    return folder


@pytest.fixture
def report_file(tmp_path):
    """A report of three stories with both branches."""
    rng, setting = np.random.default_rng(0), Setting("s1", ("AC",), 3)
    rows = []
    for branch in ("text", "direct"):
        for metric in (
            metrics.R_ONE,
            metrics.R_MEAN.of(3),
            metrics.MPJPE,
            metrics.WORD_RATE_R,
            metrics.WER,
            metrics.JERK,
        ):
            measures = [
                Measure(metric, branch, 0.3 + 0.01 * k, rng.normal(0, 0.1, 400), ceiling=0.5, n=900) for k in range(3)
            ]
            rows += [row(m, rng, name) for m, name in zip(measures, ("one", "two", "three"), strict=True)]
            rows.append(pool(measures, rng))
    rows = tuple(replace(line, setting=setting) for line in rows)
    return write_report(tmp_path / "report.json", Report(rows, True, ("a [note](x)",), "toy", ("one", "two", "three")))


def opened(folder) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=120)
    app.session_state["runs.folder"] = str(folder)
    app.run()
    assert not app.exception, app.exception
    return app


def test_the_table_tells_runs_apart_by_what_differs(runs):
    found = {run.name: run for run in list_runs(runs)}
    assert set(found) == {"first", "second", "damaged"} and "damaged" in found["damaged"].fault
    rows = {row["Run"]: row for row in table([found["first"], found["second"]])}
    assert (rows["first"]["seed"], rows["second"]["seed"]) == ("0", "5") and "t2g_steps" not in rows["first"]
    assert "(simulated)" in rows["first"]["Study"] and rows["first"]["Scores"] == "not evaluated"


def test_a_folder_that_cannot_be_listed_is_one_line(tmp_path):
    with pytest.raises(UserError, match="cannot be listed"):
        list_runs(tmp_path / "none")


def test_the_page_lists_runs_and_says_where_there_are_none(runs, tmp_path):
    app = opened(runs)
    assert app.dataframe[0].value["Run"].tolist()[-1] == "damaged" and len(app.dataframe[0].value) == 3
    assert "No such folder" in opened(tmp_path / "none").info[0].value
    assert "No run in this folder" in opened(runs / "empty").info[0].value


def test_training_starts_as_a_job_and_its_fault_is_seen(runs, tmp_path):
    app = opened(runs)
    app.text_input[1].set_value(str(tmp_path / "no.toml"))
    app.text_input[2].set_value("mine")
    next(b for b in app.button if b.label == "Train").click().run()
    assert not app.exception and not app.error
    job = jobs.all_jobs()[0]
    assert job.arguments[:4] == ("train", str(tmp_path / "no.toml"), "--out", str(runs / "mine"))
    deadline = time.monotonic() + 120
    while jobs.read(job.folder).state == jobs.JobState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    app.run()
    assert "no.toml" in app.code[1].value and app.code[0].value == job.command


def test_a_run_that_is_there_is_not_replaced_without_being_asked(runs, tmp_path):
    app = opened(runs)
    app.text_input[1].set_value(str(tmp_path / "study.toml"))
    app.text_input[2].set_value("first")
    next(b for b in app.button if b.label == "Train").click().run()
    assert "holds a finished run" in app.error[0].value and jobs.all_jobs() == []


def test_an_interrupted_training_is_named_and_gone_on_with(runs, tmp_path):
    made_for = {"seed": 0, "device": "cpu", "config": {}, "versions": {}, "files": {}}
    with pytest.raises(KeyboardInterrupt), TrainingFolder(runs / "mine", made_for) as run:
        run.checkpoint.write(run.path)
        raise KeyboardInterrupt
    app = opened(runs)
    app.text_input[1].set_value(str(tmp_path / "no.toml"))
    app.text_input[2].set_value("mine")
    next(b for b in app.button if b.label == "Train").click().run()
    assert "its training was interrupted" in app.error[0].value and jobs.all_jobs() == []
    next(c for c in app.checkbox if "--resume" in c.label).check()
    next(b for b in app.button if b.label == "Train").click().run()
    assert jobs.all_jobs()[0].arguments[-1] == "--resume"


def test_a_deleted_run_can_be_taken_back(runs):
    from app.parts.run_table import _delete

    script = f"""
import streamlit as st
from pathlib import Path
from app.parts import run_table
folder = Path({str(runs)!r})
if st.button("now"):
    run_table._delete(folder / "second", folder)
run_table.run_table(folder)
"""
    assert callable(_delete)
    app = AppTest.from_string(script, default_timeout=120).run()
    app.button[0].click().run()
    assert not (runs / "second").exists() and not app.error
    app.run()
    assert "second" in app.caption[0].value
    next(b for b in app.button if b.label == "Undo").click().run()
    assert (runs / "second" / "manifest.json").is_file() and not app.exception


def test_headline_scores_stand_in_the_table(runs, report_file):
    shutil.copy(report_file, runs / "first" / "report.json")
    first = next(run for run in list_runs(runs) if run.name == "first")
    assert {row.branch for row in first.scores} == {"text", "direct"}
    assert "direct: r, mean of 3 0." in table([first])[0]["Scores"] and ", p " in table([first])[0]["Scores"]


def test_the_statistics_page_shows_the_report_of_the_run_or_what_to_do(runs, report_file):
    script = f"""
import streamlit as st
from pathlib import Path
from app.parts import report_panel
from fmri2ges.decoding.run import open_run
run = open_run({str(runs / "first")!r})
report = report_panel.read(run)
report_panel.nothing(run) if report is None else report_panel.show(run, report)
"""
    script = script.replace("report_panel.nothing", "(lambda run: st.info('none'))")
    app = AppTest.from_string(script, default_timeout=120).run()
    assert not app.exception and app.info[0].value == "none"
    shutil.copy(report_file, runs / "first" / "report.json")
    app.run()
    assert not app.exception and app.selectbox[1].value == "all stories"
    table_shown = app.dataframe[0].value
    assert {"Branch", "Metric", "Value", "95 % CI", "Null, 5 to 95 %", "p", "n", "Floor", "Ceiling"} == set(table_shown)
    app.selectbox[1].set_value("one").run()
    assert not app.exception and len(app.dataframe[0].value) > 5


def test_the_folder_of_the_open_run_is_shown_first(runs):
    app = AppTest.from_file(PAGE, default_timeout=120)
    app.query_params["run"] = str(runs / "first")
    app.run()
    assert not app.exception and app.text_input[0].value == str(runs) and len(app.dataframe[0].value) == 3


@pytest.mark.parametrize("forward", [False, True])
def test_an_roi_study_starts_with_what_was_chosen(runs, monkeypatch, forward):
    asked = []
    monkeypatch.setattr("app.parts.start_job.started", lambda title, arguments, out: asked.append((arguments, out)))
    app = AppTest.from_file(PAGE, default_timeout=120)
    app.query_params["run"] = str(runs / "first")
    app.session_state["runs.kind"] = "ROI study"
    app.run()
    box = next(c for c in app.checkbox if c.label.startswith("Fewest regions"))
    box.set_value(forward)
    next(b for b in app.button if b.label == "Start").click().run()
    assert not app.exception and not app.error
    ((arguments, out),) = asked
    assert ("--forward" in arguments) == forward and arguments[:2] == ["roi-study", str(runs / "first")]
    assert ("forward" in out.name) == forward
