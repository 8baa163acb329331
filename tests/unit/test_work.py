"""Progress, spans and cancelling of long work."""

import doctest

import pytest

import fmri2ges.work
from fmri2ges.errors import Cancelled
from fmri2ges.work import QUIET, Work


def test_a_part_of_a_part_reports_its_share_of_the_whole():
    seen = []
    work = Work(lambda fraction, message: seen.append((fraction, message)))
    inner = work.part(0.5, 1.0).part(0.0, 0.5)
    inner.report(0.0, "begin")
    inner.report(1.0, "end")
    assert seen == [(0.5, "begin"), (0.75, "end")]


def test_the_message_of_a_part_replaces_those_of_its_steps_also_further_down():
    seen = []
    work = Work(lambda fraction, message: seen.append(message)).part(0, 1, "text branch")
    work.report(0.1, "step 3 of 7")
    work.part(0.5, 1).report(0, "deeper")
    work.part(0.5, 1, "own").report(0, "deeper")
    assert seen == ["text branch", "text branch", "own"]


def test_prefixes_of_parts_stand_before_every_message():
    seen = []
    fold = Work(lambda fraction, message: seen.append(message)).part(0, 1, prefix="fold 2 of 3: ")
    fold.report(0.1, "F2T")
    fold.part(0.5, 1, "denoising", prefix="sub-01, ").report(0, "step 3")
    assert seen == ["fold 2 of 3: F2T", "fold 2 of 3: sub-01, denoising"]


def test_every_step_can_stop_the_work_and_nothing_is_reported_then():
    seen = []
    work = Work(lambda fraction, message: seen.append(message), lambda: len(seen) == 1)
    work.report(0, "first")
    with pytest.raises(Cancelled):
        work.part(0, 0.5).report(0, "second")
    with pytest.raises(Cancelled):
        work.check()
    assert seen == ["first"]


def test_quiet_work_runs_on():
    QUIET.report(0.5, "nobody hears this")
    QUIET.check()


def test_the_example_is_true():
    assert doctest.testmod(fmri2ges.work).failed == 0
