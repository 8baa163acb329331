"""The helper that damages files must itself be able to fail a test."""

import gzip
import io
import json
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.errors import StudyError, UserError
from tests import fuzz
from tests.damage import change

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


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), KeyError("k"), OSError("full")])
def test_any_other_exception_fails_the_test(tmp_path, error):
    with pytest.raises(AssertionError, match=f"{type(error).__name__} reached the user"):
        fuzz.survives(refuse(error), DATA, ".csv", tmp_path)


def test_an_empty_message_fails_the_test(tmp_path):
    with pytest.raises(pytest.fail.Exception, match="not one short line"):
        fuzz.survives(refuse(UserError("")), DATA, ".csv", tmp_path)


def test_a_hang_is_stopped_even_where_everything_is_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "LIMIT_S", 0.1)

    def hang(path):
        while True:
            with suppress(Exception):
                time.process_time()

    with pytest.raises(pytest.fail.Exception, match="still reading"):
        fuzz.survives(hang, DATA, ".csv", tmp_path)


# 2 GB of numbers: more than a process that has run a thousand tests can hold free in its heap, where
# what fits is found without asking the system for more.
MUCH = 2**28


def swallow(path):
    """As readers do that turn every error of a library into a line."""
    try:
        return np.empty(MUCH)
    except MemoryError as error:
        raise UserError(f"{path}: cannot be read ({error})") from error


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="the system does not say what a process takes")
@pytest.mark.parametrize("reader", [lambda path: np.empty(MUCH), swallow, refuse(MemoryError())])
def test_memory_is_bounded(tmp_path, monkeypatch, reader):
    monkeypatch.setattr(fuzz, "LIMIT_MB", 20)
    with pytest.raises(AssertionError, match="took more than 20 MB for"):
        fuzz.survives(reader, DATA, ".csv", tmp_path)
    assert np.empty(MUCH).size  # the bound is gone again; nothing is written, so nothing is taken


def whole_files():
    """One small file of each kind that is taken apart."""
    archive = io.BytesIO()
    np.savez(archive, a=np.arange(6.0), b=np.array("x"))
    table = b"a\tb\n" + b"".join(b"%d\t%d.5\n" % (k, k) for k in range(30))
    document = b'<a n="1"><b m="2">3</b><b m="x"/></a>'
    return {"zip": archive.getvalue(), "table": table, "gzip": gzip.compress(table), "xml": document} | {
        "json": json.dumps({"a": [1, 2.5, {"b": "text"}], "c": None}).encode()
    }


@pytest.mark.parametrize("kind", whole_files())
def test_what_is_taken_apart_is_put_together_again(kind):
    """Half of the changed copies are whole in their own format, and differ from what they were made of."""
    whole, rng, changed = whole_files()[kind], np.random.default_rng(0), set()
    opened = {
        "zip": lambda data: zipfile.ZipFile(io.BytesIO(data)).testzip(),
        "gzip": gzip.decompress,
        "json": json.loads,
        "xml": lambda data: data,
        "table": lambda data: data,
    }
    for _ in range(60):
        damaged = change(whole, rng)
        opened[kind](damaged)
        changed.add(damaged)
    assert len(changed - {whole}) > 20
