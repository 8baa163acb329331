"""Null decodings as tasks: what decides about them, and that they travel as JSON."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.decoding.null_task import NullTask, decode_null, null_tasks, words_of
from fmri2ges.decoding.run import open_run
from fmri2ges.errors import UserError
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded

REQUEST = DecodeRequest("demo", "sub-01", "test-1", start=10, stop=70, rois=("Broca", "AG"))
TASK = NullTask("demo", "demo", "a" * 64, "c" * 64, "b" * 64, REQUEST, NullKind.SHIFTED_BOLD.value, 5)


def test_a_task_travels_as_json():
    assert NullTask.from_json(TASK.to_json()) == TASK


@pytest.mark.parametrize(
    "changes",
    [
        {"run_digest": "c" * 64},
        {"decoded": "c" * 64},
        {"request": replace(REQUEST, rois=("V1",))},
        {"kind": NullKind.SWAPPED_BOLD.value},
        {"seed": 6},
    ],
)
def test_what_decides_about_a_text_is_in_its_digest(changes):
    assert replace(TASK, **changes).digest != TASK.digest


def test_where_a_run_lies_is_not_in_the_digest():
    assert replace(TASK, run="/a/run", study="/a/study.toml").digest == TASK.digest
    assert replace(TASK, request=replace(REQUEST, run="/a/run")).digest == TASK.digest


def test_each_text_has_a_seed_of_its_own():
    decoded = Decoded(REQUEST, None, None, (), None, {"digest": "d" * 64})
    run, rng = open_run("demo", device="cpu"), np.random.default_rng(0)
    tasks = [
        task
        for kind in (NullKind.SHIFTED_BOLD, NullKind.SWAPPED_BOLD)
        for task in null_tasks(run, decoded, kind, 3, rng)
    ]
    assert len({task.seed for task in tasks}) == len({task.digest for task in tasks}) == 6
    assert {(task.run, task.study, task.decoded) for task in tasks} == {("demo", "demo", "d" * 64)}


def test_other_weights_than_those_of_the_task_are_one_line():
    with pytest.raises(UserError, match="demo: holds other weights than those that decoded the text"):
        decode_null(TASK)


def test_words_come_back_as_they_were():
    words = words_of({"text": ["one", "two"], "start": [0.1, 0.30000000000000004], "duration": [0.2, 0.1]})
    assert words.text == ("one", "two") and words.start.tolist() == [0.1, 0.30000000000000004]
