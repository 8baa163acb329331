"""Calls that travel to workers: what may be called, and what comes back."""

from __future__ import annotations

import json
import os
import socket

import pytest

from fmri2ges.compute.calls import Answer, answer, call_of, name_of
from fmri2ges.errors import UserError


def asked(call: str) -> Answer:
    return Answer.from_json(answer(call))


def test_a_call_is_answered(trial, marks):
    task = trial.Trial(3, str(marks))
    got = asked(call_of(trial.run_trial, task))
    assert got.result["square"] == 9 and got.host == socket.gethostname() and not got.problem and not got.trace


def test_a_call_holds_no_more_than_json(trial, marks):
    task = trial.Trial(3, str(marks))
    values = json.loads(call_of(trial.run_trial, task))
    assert values["function"] == "fmri2ges.trial:run_trial" and trial.Trial(**values["task"]) == task


@pytest.mark.parametrize("name", ["os:system", "subprocess:run", "fmri2gesx:f", "fmri2ges.errors:UserError.mro", "x"])
def test_only_functions_of_the_package_are_called(trial, marks, name):
    values = json.loads(call_of(trial.run_trial, trial.Trial(1, str(marks))))
    got = asked(json.dumps(values | {"function": name}))
    assert "only functions and classes at the top level of fmri2ges" in got.problem and not os.listdir(marks)


@pytest.mark.parametrize("name", ["fmri2ges.trial:os", "fmri2ges.trial:Path", "fmri2ges.trial:nothing"])
def test_what_a_module_has_imported_is_not_called(trial, marks, name):
    values = json.loads(call_of(trial.run_trial, trial.Trial(1, str(marks))))
    assert "no such function" in asked(json.dumps(values | {"function": name})).problem


def test_a_module_that_is_not_there_is_one_line(trial, marks):
    values = json.loads(call_of(trial.run_trial, trial.Trial(1, str(marks))))
    assert (
        "there is no module fmri2ges.another" in asked(json.dumps(values | {"function": "fmri2ges.another:f"})).problem
    )


def test_a_function_that_workers_cannot_import_is_refused():
    for function in (lambda task: {}, asked, os.system):
        with pytest.raises(UserError, match="only functions"):
            name_of(function)


def test_another_version_of_the_package_is_one_line(trial, marks):
    values = json.loads(call_of(trial.run_trial, trial.Trial(1, str(marks))))
    got = asked(json.dumps(values | {"version": "0.0.0"}))
    assert "that of the client is 0.0.0" in got.problem and not os.listdir(marks)


@pytest.mark.parametrize(
    "what, problem",
    [("wrong", "run: must be the folder of a trained run"), ("missing", "/no/such/place/bold.npy: No such file")],
)
def test_wrong_input_is_one_line(trial, marks, what, problem):
    got = asked(call_of(trial.run_trial, trial.Trial(1, str(marks), what=what)))
    assert got.problem.startswith(problem) and "\n" not in got.problem and not got.trace


def test_an_error_of_ours_comes_with_its_traceback(trial, marks):
    got = asked(call_of(trial.run_trial, trial.Trial(1, str(marks), what="bug")))
    assert "ZeroDivisionError: a bug of ours" in got.trace and not got.problem


def test_what_json_cannot_hold_is_an_error_of_ours(trial, marks):
    got = asked(call_of(trial.run_trial, trial.Trial(1, str(marks), what="nan")))
    assert "ValueError" in got.trace


def test_a_call_computes_on_one_thread(trial, marks):
    got = asked(call_of(trial.run_trial, trial.Trial(1, str(marks), what="threads")))
    assert got.result == {"threads": 1}
