"""Damaged runs, decoded results and run archives: read, or refused in one line, quickly and in little memory."""

import shutil

import pytest

from fmri2ges.data.study.load import load_study
from fmri2ges.storage import models as store
from fmri2ges.storage.archive import export_run, import_run
from fmri2ges.storage.decoded import load_decoded
from fmri2ges.storage.folder import read_run_manifest
from tests.fuzz import mutations, survives
from tests.run_files import make_decoded, make_run, open_all

RUN_FILES = (
    "manifest.json",
    *(f"{n}.safetensors" for n in ("t2g", "f2g-0", "text-0", "basis-0", "f2t-0-0", "bayes-0-0")),
)
DECODED_FILES = ("manifest.json", "texts.json", "rate.tsv", "text.npz")


def fuzz_run(name, n, folder):
    """Every file of a run in turn, the others whole."""
    run = make_run(folder / "run", lm="bigram")
    whole = (run / name).read_bytes()
    assert survives(lambda _: open_all(run), whole, name, run), "the whole file is read"
    read = [survives(lambda _: open_all(run), data, name, run) for data in mutations(whole, n, seed=10)]
    assert not all(read)


def fuzz_decoded(name, n, folder):
    decoded = make_decoded(folder / "decoded")
    whole = (decoded / name).read_bytes()
    assert survives(lambda _: load_decoded(decoded), whole, name, decoded), "the whole file is read"
    read = [survives(lambda _: load_decoded(decoded), data, name, decoded) for data in mutations(whole, n, seed=11)]
    assert not all(read)


def fuzz_archive(n, folder):
    run = make_run(folder / "run", lm="bigram")
    make_decoded(run / "decoded" / "c")
    whole = export_run(run, folder / "run.zip").path.read_bytes()
    (folder / "in").mkdir()
    out = folder / "in" / "out"

    def read(path):
        import_run(path, out)

    assert survives(read, whole, "x.zip", folder / "in")
    back = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    shutil.rmtree(out)
    for data in mutations(whole, n, seed=9):
        read_it = survives(read, data, "x.zip", folder / "in")
        assert sorted(p.name for p in (folder / "in").iterdir()) == (["out", "x.zip"] if read_it else ["x.zip"])
        if read_it:  # what came through is the run, whatever was damaged around it
            assert {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} == back
            shutil.rmtree(out)


def fuzz_study(n, study):
    whole = study.read_bytes()
    assert survives(load_study, whole, study.name, study.parent)
    for data in mutations(whole, n, seed=12):
        survives(load_study, data, study.name, study.parent)


@pytest.mark.parametrize("name", RUN_FILES)
def test_damaged_runs(name, tmp_path):
    fuzz_run(name, 30, tmp_path)


@pytest.mark.parametrize("name", DECODED_FILES)
def test_damaged_decoded_results(name, tmp_path):
    fuzz_decoded(name, 30, tmp_path)


def test_damaged_archives(tmp_path):
    fuzz_archive(60, tmp_path)


def test_damaged_study_files(toy):
    fuzz_study(60, toy)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN_FILES)
def test_500_damaged_runs(name, tmp_path):
    fuzz_run(name, 500, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", DECODED_FILES)
def test_500_damaged_decoded_results(name, tmp_path):
    fuzz_decoded(name, 500, tmp_path)


@pytest.mark.slow
def test_500_damaged_archives(tmp_path):
    fuzz_archive(500, tmp_path)


@pytest.mark.slow
def test_500_damaged_study_files(toy):
    fuzz_study(500, toy)


def test_a_big_run_opens_without_reading_its_weights(tmp_path, monkeypatch):
    """Opening looks at headers; the values are checked when they are read."""
    run = make_run(tmp_path / "run")
    monkeypatch.setattr("fmri2ges.storage.tensors._check_array", lambda *a: pytest.fail("an array was read"))
    read_run_manifest(run)
    with pytest.raises(pytest.fail.Exception):
        store.read_basis(run / "basis-0.safetensors")
