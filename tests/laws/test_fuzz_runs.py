"""What must hold of damaged archives beyond what test_fuzz_readers.py asks of every reader, and of large runs."""

import shutil

import pytest

from fmri2ges.storage import models as store
from fmri2ges.storage.archive import export_run, import_run
from fmri2ges.storage.folder import read_run_manifest
from tests.fuzz import mutations, survives
from tests.run_files import make_decoded, make_run


def test_a_damaged_archive_gives_the_whole_run_or_nothing(tmp_path, request):
    """Also beside an archive that is refused nothing stays; more damage is done with `--fuzz N`."""
    folder, n = tmp_path, request.config.getoption("--fuzz") or 40
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


def test_a_big_run_opens_without_reading_its_weights(tmp_path, monkeypatch):
    """Opening looks at headers; the values are checked when they are read."""
    run = make_run(tmp_path / "run")
    monkeypatch.setattr("fmri2ges.storage.tensors._check_array", lambda *a: pytest.fail("an array was read"))
    read_run_manifest(run)
    with pytest.raises(pytest.fail.Exception):
        store.read_basis(run / "basis-0.safetensors")
