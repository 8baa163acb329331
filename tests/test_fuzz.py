"""The helper that damages files must itself be able to fail a test."""

import time
from contextlib import suppress

import numpy as np
import pytest

from fmri2ges.errors import StudyError, UserError
from tests import fuzz

DATA = b"name,size\n" + b"".join(b"row-%d, %d.5\n" % (k, k) for k in range(200))


def test_copies_are_damaged_and_the_same_for_the_same_seed():
    copies = list(fuzz.mutations(DATA, 200, 3))
    assert copies == list(fuzz.mutations(DATA, 200, np.random.default_rng(3)))
    assert len(copies) == 200 and len(set(copies)) > 150
    assert sum(c == DATA for c in copies) < 20
    assert any(len(c) < len(DATA) / 2 for c in copies) and any(len(c) > len(DATA) for c in copies)
    assert len(list(fuzz.mutations(b"", 60, 0))) == 60


def refuse(error):
    def reader(path):
        raise error

    return reader


def test_read_and_refused_both_survive(tmp_path):
    assert fuzz.survives(lambda p: p.read_bytes(), DATA, ".csv", tmp_path) is True
    assert fuzz.survives(refuse(UserError("x.csv: is damaged")), DATA, ".csv", tmp_path) is False
    assert fuzz.survives(refuse(StudyError(["a: wrong", "b: wrong"])), DATA, ".csv", tmp_path) is False
    assert (tmp_path / "mutant.csv").read_bytes() == DATA
    fuzz.survives(lambda p: None, DATA, "lh.x.annot", tmp_path)
    assert (tmp_path / "lh.x.annot").is_file()


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), RecursionError(), KeyError("k"), OSError("full")])
def test_any_other_exception_fails_the_test(tmp_path, error):
    with pytest.raises(AssertionError, match=f"{type(error).__name__} reached the user"):
        fuzz.survives(refuse(error), DATA, ".csv", tmp_path)


@pytest.mark.parametrize("message", ["", "two\nlines", "x" * 2000])
def test_a_message_that_is_no_line_fails_the_test(tmp_path, message):
    with pytest.raises(pytest.fail.Exception, match="not one short line"):
        fuzz.survives(refuse(UserError(message)), DATA, ".csv", tmp_path)


def test_a_hang_is_stopped_even_where_everything_is_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "LIMIT_S", 0.1)

    def hang(path):
        while True:
            with suppress(Exception):
                time.process_time()

    with pytest.raises(pytest.fail.Exception, match="still reading"):
        fuzz.survives(hang, DATA, ".csv", tmp_path)


def test_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "LIMIT_MB", 20)
    with pytest.raises(AssertionError, match="MB for"):
        fuzz.survives(lambda p: np.ones((int(fuzz.peak_mb()) + 100) * 2**17), DATA, ".csv", tmp_path)
