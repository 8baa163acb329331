"""The run folder: complete or absent, watched while it grows, never overwritten by accident."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fmri2ges.data.atomic import write_json
from fmri2ges.errors import UserError
from fmri2ges.storage.folder import RunFolder, make_room, partial_path, read_run_manifest, read_status

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = {"kind": "train", "versions": {}, "simulated": True}


def finish(target, manifest=MANIFEST, content="x"):
    with RunFolder(target) as run:
        (run.path / "result.txt").write_text(content)
        write_json(run.path / "manifest.json", manifest)
    return target


def test_a_finished_run(tmp_path):
    target = tmp_path / "runs" / "one"
    with RunFolder(target) as run:
        run.progress(0.25, "half way to half")
        status = read_status(target)
        assert (status["state"], status["fraction"], status["pid"]) == ("running", 0.25, os.getpid())
        assert status["message"] == "half way to half" and status["started"] <= status["updated"]
        assert not target.exists()
        write_json(run.path / "manifest.json", MANIFEST)
    assert read_status(target)["state"] == "done"
    assert sorted(os.listdir(target)) == ["log.txt", "manifest.json", "status.json"]
    assert "half way to half" in (target / "log.txt").read_text()
    assert os.listdir(target.parent) == ["one"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError, RuntimeError])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        with RunFolder(tmp_path / "one") as run:
            (run.path / "weights.safetensors").write_bytes(b"half")
            raise error
    assert os.listdir(tmp_path) == [] and read_status(tmp_path / "one") is None


def test_a_killed_run_is_seen_and_cleared(tmp_path):
    target = tmp_path / "one"
    code = (
        "import sys, time\nfrom fmri2ges.storage.folder import RunFolder\n"
        "with RunFolder(sys.argv[1]) as run:\n    run.progress(0.5, 'busy')\n    print('ready', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(target)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline().strip() == b"ready"
        with pytest.raises(UserError, match=f"process {process.pid} is writing this run"):
            finish(target)
        assert read_status(target)["state"] == "running"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert read_status(target)["state"] == "died" and not target.exists()
    finish(target)
    assert os.listdir(tmp_path) == ["one"]


def test_foreign_folders_are_never_touched(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "study.toml").write_text("name = 'mine'")
    for force in (False, True):
        with pytest.raises(UserError, match="is not empty and was not written by fmri2ges"):
            with make_room(tmp_path / "data", force):
                pytest.fail("the block must not run")
    with pytest.raises(UserError, match="is not empty"):
        finish(tmp_path / "data")
    with pytest.raises(UserError, match="is a file"):
        finish(tmp_path / "data" / "study.toml")
    assert os.listdir(tmp_path / "data") == ["study.toml"]


def test_an_empty_folder_may_be_the_target(tmp_path):
    (tmp_path / "one").mkdir()
    finish(tmp_path / "one")
    assert (tmp_path / "one" / "result.txt").exists()


def test_force_replaces_a_finished_run_only_when_the_new_one_is_whole(tmp_path):
    target = finish(tmp_path / "one", content="old")
    with pytest.raises(UserError, match="holds a finished run; choose another folder or replace it with --force"):
        with make_room(target, force=False):
            pytest.fail("the block must not run")
    with pytest.raises(KeyboardInterrupt):
        with make_room(target, force=True), RunFolder(target):
            raise KeyboardInterrupt
    assert (target / "result.txt").read_text() == "old"
    with make_room(target, force=True):
        finish(target, content="new")
    assert (target / "result.txt").read_text() == "new" and os.listdir(tmp_path) == ["one"]


def test_open_run(tmp_path):
    with pytest.raises(UserError, match="no such run folder; make one with: python -m fmri2ges train"):
        read_run_manifest(tmp_path / "none")
    with pytest.raises(UserError, match="is not a run folder"):
        read_run_manifest(tmp_path)
    with pytest.raises(UserError, match="holds a 'decode' run, not a trained one"):
        read_run_manifest(finish(tmp_path / "decoded", {**MANIFEST, "kind": "decode"}))
    run = finish(tmp_path / "run")
    with pytest.raises(UserError, match="holds no weights"):
        read_run_manifest(run)
    (run / "t2g.safetensors").write_bytes(b"")
    assert read_run_manifest(run) == json.loads((run / "manifest.json").read_text())


def test_partial_folders_are_hidden_beside_the_target(tmp_path):
    assert partial_path(tmp_path / "one") == tmp_path.resolve() / ".one.partial"
