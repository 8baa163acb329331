"""The folders that commands leave: complete or absent, watched while they grow, replaced only when whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fmri2ges.data.atomic import write_json
from fmri2ges.data.beside import TEMPORARY
from fmri2ges.errors import UserError
from fmri2ges.storage import folder as module
from fmri2ges.storage.folder import NewFolder, RunFolder, read_run_manifest, read_status, sole_writer
from tests.run_files import make_decoded, make_run

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = {"kind": "train", "versions": {}, "simulated": True}


def finish(target, content="x", force=False):
    with RunFolder(target, force=force) as run:
        (run.path / "result.txt").write_text(content)
        write_json(run.path / "manifest.json", MANIFEST)
    return target


WAIT = """
import sys
from fmri2ges.storage.folder import RunFolder
with RunFolder(sys.argv[1], force=True) as run:
    run.progress(0.5, 'busy')
    print('ready', flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def busy(tmp_path):
    """Starts another process that is writing a target; it is killed at the end of the test at the latest."""
    processes = []

    def start(target):
        process = subprocess.Popen(
            [sys.executable, "-c", WAIT, str(target)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        processes.append(process)
        assert process.stdout.readline().strip() == b"ready"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


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
    with pytest.raises(error), RunFolder(tmp_path / "one") as run:
        (run.path / "weights.safetensors").write_bytes(b"half")
        raise error
    assert os.listdir(tmp_path) == [] and read_status(tmp_path / "one") is None


def test_a_killed_run_is_seen_and_cleared(tmp_path, busy):
    target = tmp_path / "one"
    process = busy(target)
    with pytest.raises(UserError, match=f"process {process.pid} on .* is writing it; wait for it"):
        finish(target)
    assert read_status(target)["state"] == "running"
    process.kill()
    process.wait()
    assert read_status(target)["state"] == "died" and not target.exists()
    finish(target)
    assert os.listdir(tmp_path) == ["one"]


def test_a_target_has_one_writer_also_within_a_process(tmp_path):
    with RunFolder(tmp_path / "one") as run:
        with pytest.raises(UserError, match="is writing it"):
            finish(tmp_path / "one")
        with pytest.raises(UserError, match="is writing it"), sole_writer(tmp_path / "one"):
            pytest.fail("the block must not run")
        finish(tmp_path / "two")
        write_json(run.path / "manifest.json", MANIFEST)
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_leftovers_of_other_targets_go_with_the_next_start_in_their_folder(tmp_path, busy):
    killed, alive = busy(tmp_path / "killed"), busy(tmp_path / "alive")
    killed.kill()
    killed.wait()
    assert len(os.listdir(tmp_path)) == 4  # a lock and a temporary each
    finish(tmp_path / "one")
    assert len(os.listdir(tmp_path)) == 3 and read_status(tmp_path / "alive")["state"] == "running"
    alive.kill()
    alive.wait()
    finish(tmp_path / "two")
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_a_strangers_hidden_folders_are_never_touched(tmp_path):
    names = [".one.old", ".one.partial", ".fmri2ges-notes", ".fmri2ges-0123456789abcdef-01234567"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "work.txt").write_text("mine")
    (tmp_path / names[-1] / "owner.json").write_text('{"made_by": "somebody", "target": "one"}')
    (tmp_path / ".fmri2ges-0123456789abcdef.lock").write_text("not empty: mine")
    finish(tmp_path / "one")
    finish(tmp_path / "one", force=True)
    assert set(os.listdir(tmp_path)) == {*names, "one", ".fmri2ges-0123456789abcdef.lock"}
    assert all((tmp_path / name / "work.txt").read_text() == "mine" for name in names)


def test_foreign_folders_are_never_replaced(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "study.toml").write_text("name = 'mine'")
    for force in (False, True):
        with pytest.raises(UserError, match="is not empty and was not written by fmri2ges"):
            finish(tmp_path / "data", force=force)
        with pytest.raises(UserError, match="is a file"):
            finish(tmp_path / "data" / "study.toml", force=force)
    assert os.listdir(tmp_path / "data") == ["study.toml"] and os.listdir(tmp_path) == ["data"]


def test_an_empty_folder_may_be_the_target(tmp_path):
    (tmp_path / "one").mkdir()
    finish(tmp_path / "one")
    assert (tmp_path / "one" / "result.txt").exists()


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "one").symlink_to(tmp_path / "disk" / "one")
    finish(tmp_path / "one", "old")
    finish(tmp_path / "one", "new", force=True)
    assert (tmp_path / "one").is_symlink() and os.listdir(tmp_path / "disk") == ["one"]
    assert (tmp_path / "disk" / "one" / "result.txt").read_text() == "new"


@pytest.mark.parametrize("exchanges", [True, False])
def test_force_replaces_a_finished_run_only_when_the_new_one_is_whole(tmp_path, exchanges, monkeypatch):
    if not exchanges:  # a file system that cannot exchange two names
        monkeypatch.setattr("fmri2ges.data.beside._exchange", lambda one, other: False)
    target = finish(tmp_path / "one", "old")
    with pytest.raises(UserError, match="holds a finished run; choose another folder or replace it with --force"):
        finish(target)
    with pytest.raises(KeyboardInterrupt), RunFolder(target, force=True):
        raise KeyboardInterrupt
    assert (target / "result.txt").read_text() == "old"
    with RunFolder(target, force=True) as run:
        assert (target / "result.txt").read_text() == "old"  # as long as the new one grows
        (run.path / "result.txt").write_text("new")
        write_json(run.path / "manifest.json", MANIFEST)
    assert (target / "result.txt").read_text() == "new" and os.listdir(tmp_path) == ["one"]


def test_an_interrupt_between_the_two_moves_puts_the_old_run_back(tmp_path, monkeypatch):
    target = finish(tmp_path / "one", "old")
    monkeypatch.setattr("fmri2ges.data.beside._exchange", lambda one, other: False)
    move, moves = os.replace, []

    def interrupted(source, goal):
        moves.append(goal)
        if Path(goal) == target and len([m for m in moves if Path(m) == target]) == 1:
            raise KeyboardInterrupt
        move(source, goal)

    monkeypatch.setattr("fmri2ges.data.beside.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        finish(target, "new", force=True)
    assert (target / "result.txt").read_text() == "old" and os.listdir(tmp_path) == ["one"]


def test_what_appeared_in_the_meantime_is_not_replaced(tmp_path):
    target = tmp_path / "one"
    message = r"something else was put there in the meantime.*the result is in .*one-2"
    with pytest.raises(UserError, match=message), RunFolder(target) as run:
        write_json(run.path / "manifest.json", MANIFEST)
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    assert os.listdir(target) == ["mine.txt"] and (tmp_path / "one-2" / "manifest.json").is_file()


def test_a_block_must_leave_what_force_can_replace(tmp_path):
    with pytest.raises(AssertionError, match="must write manifest.json"), NewFolder(tmp_path / "one"):
        pass
    assert os.listdir(tmp_path) == []
    with NewFolder(tmp_path / "study") as study:
        write_json(study.path / "truth" / "planted.json", {})
    assert os.listdir(tmp_path / "study") == ["truth"]  # no status, no log: a study is data


def test_a_full_disk_names_the_target_and_leaves_nothing(tmp_path, monkeypatch):
    import errno

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    message = rf"{tmp_path}/one/words.tsv: cannot be written \(No space left.*make room"
    with pytest.raises(UserError, match=message), RunFolder(tmp_path / "one") as run:
        monkeypatch.setattr("fmri2ges.data.beside.os.fsync", full)
        write_json(run.path / "words.tsv", {})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["/proc/one", "x" * 300, "x" * 300 + "/one"])
def test_impossible_places_are_one_line_that_names_them(tmp_path, name):
    if name.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("no /proc")
    with pytest.raises(UserError, match="cannot be written") as caught:
        finish(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_names_of_255_letters_work(tmp_path):
    finish(tmp_path / ("x" * 255))
    assert os.listdir(tmp_path) == ["x" * 255]


def test_status_of_something_else_is_none(tmp_path):
    for content in ("[]", "{}", '{"state": 1}', "no"):
        (tmp_path / "status.json").write_text(content)
        assert read_status(tmp_path) is None


def test_the_manifest_of_a_run(tmp_path):
    with pytest.raises(UserError, match="no such run folder; make one with: fmri2ges train"):
        read_run_manifest(tmp_path / "none")
    with pytest.raises(UserError, match="is not a run folder"):
        read_run_manifest(tmp_path)
    with pytest.raises(UserError, match="holds a 'decode' run, not a trained one"):
        read_run_manifest(make_decoded(tmp_path / "decoded"))
    with pytest.raises(UserError, match="holds no weights"):
        read_run_manifest(finish(tmp_path / "bare"))
    run = make_run(tmp_path / "run")
    assert read_run_manifest(run) == json.loads((run / "manifest.json").read_text())
    (run / "f2g-0.safetensors").unlink()
    with pytest.raises(UserError, match="this run lacks f2g-0.safetensors; train again"):
        read_run_manifest(run)


def test_temporaries_are_hidden_marked_and_unique(tmp_path):
    seen = set()
    for _ in range(3):
        with pytest.raises(KeyError), RunFolder(tmp_path / "one") as run:
            hidden = run.path.parent
            assert hidden.parent == tmp_path.resolve() and TEMPORARY.fullmatch(hidden.name)
            owner = json.loads((hidden / "owner.json").read_text())
            assert (owner["made_by"], owner["target"], owner["process"]) == ("fmri2ges", "one", os.getpid())
            seen.add(hidden.name)
            raise KeyError
    assert len(seen) == 3


def test_status_is_written_for_new_messages_and_now_and_then(tmp_path, monkeypatch):
    written = []
    with pytest.raises(KeyError), RunFolder(tmp_path / "one") as run:
        monkeypatch.setattr(run, "_status", lambda *a: written.append(a))
        monkeypatch.setattr(module.time, "monotonic", lambda: run._written + 0.1)
        for k in range(100):
            run.progress(k / 100, "step")
        assert len(written) == 1
        monkeypatch.setattr(module.time, "monotonic", lambda: run._written + 0.6)
        run.progress(1.0, "step")
        assert len(written) == 2
        raise KeyError
