"""A training that is interrupted leaves its checkpoint: to be gone on with or dropped, and no finished run is lost."""

import errno
import os
import re
import shutil

import numpy as np
import pytest

from fmri2ges.data import locks
from fmri2ges.data.atomic import write_json
from fmri2ges.data.beside import CHECKPOINTS, sweep
from fmri2ges.errors import UserError
from fmri2ges.storage.checkpoint import Checkpoint, what_differs
from fmri2ges.storage.folder import RunFolder, read_status
from fmri2ges.storage.training_folder import TrainingFolder, check_training, is_interrupted
from tests.fuzz import mutations, survives

MADE_FOR = {
    "seed": 0,
    "device": "cpu",
    "config": {"preset": "demo", "penalties": (1.0, 2.0), "f2g_steps": 500},
    "versions": {"torch": "2.13.0", "commit": "abc"},
    "files": {"study.toml": "1f", "bold/a.npy": "128 bytes, 5"},
}
MANIFEST = {"kind": "train", "versions": {}, "simulated": True}
INTERRUPTIONS = [KeyboardInterrupt, OSError, UserError, MemoryError]


def interrupt(target, error=KeyboardInterrupt, files=("t2g.safetensors",), **options):
    """A training that gets as far as its first checkpoint and is interrupted in the next stage."""
    with pytest.raises(error), TrainingFolder(target, MADE_FOR, **options) as run:
        for name in files:
            (run.path / name).write_bytes(b"whole")
        run.progress(0.45, "F2G: step 3 of 5")
        run.checkpoint.done, run.checkpoint.files = ["t2g"], list(files)
        run.checkpoint.write(run.path)
        (run.path / "f2g-0.safetensors").write_bytes(b"of a stage that was not finished")
        (run.path / "tmpx").mkdir()
        raise error


def go_on(target, made_for=MADE_FOR, **options):
    """Go on with it to the end; the names that were there when it began, and how far it was."""
    with TrainingFolder(target, made_for, **options) as run:
        there, checkpoint = sorted(os.listdir(run.path)), run.checkpoint
        write_json(run.path / "manifest.json", MANIFEST)
    return there, checkpoint


@pytest.mark.parametrize("error", INTERRUPTIONS)
def test_however_it_is_interrupted_it_can_be_gone_on_with(error, tmp_path):
    target = tmp_path / "one"
    interrupt(target, error)
    assert not target.exists() and is_interrupted(target) and read_status(target)["state"] == "died"
    there, checkpoint = go_on(target, resume=True)
    assert there == [CHECKPOINTS, "log.txt", "status.json", "t2g.safetensors"]
    assert checkpoint.done == ["t2g"]
    assert os.listdir(tmp_path) == ["one"] and not is_interrupted(target)
    assert sorted(os.listdir(target)) == ["log.txt", "manifest.json", "status.json", "t2g.safetensors"]


def test_without_a_checkpoint_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), TrainingFolder(tmp_path / "one", MADE_FOR) as run:
        (run.path / "t2g.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_resume_begins_where_nothing_was_interrupted(tmp_path):
    there, checkpoint = go_on(tmp_path / "one", resume=True)
    assert there == ["log.txt", "status.json"] and checkpoint.done == []


def test_what_comes_next_in_the_folder_leaves_it_alone(tmp_path):
    interrupt(tmp_path / "one")
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    with RunFolder(tmp_path / "two") as run:
        write_json(run.path / "manifest.json", MANIFEST)
    write_json(tmp_path / "note.json", 1)
    sweep(tmp_path)
    shutil.rmtree(tmp_path / "two")
    (tmp_path / "note.json").unlink()
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before


def test_neither_resume_nor_force_is_one_line_that_says_what_to_do(tmp_path):
    target = tmp_path / "one"
    interrupt(target)
    line = r"one: its training was interrupted on 20\d\d-\d\d-\d\d \d\d:\d\d at 45 % \(F2G: step 3 of 5\); "
    line += "go on with --resume, or start anew with --force"
    for begin in (lambda: go_on(target), lambda: check_training(target, False, False)):
        with pytest.raises(UserError, match=line) as error:
            begin()
        assert "\n" not in str(error.value) and is_interrupted(target)
    check_training(target, force=False, resume=True)
    check_training(target, force=True, resume=False)
    status = next(tmp_path.glob(".fmri2ges-*/new/status.json"))
    for broken in ("", "[]", '{"updated": "x", "fraction": 1}', '{"updated": 1e300, "fraction": 1}'):
        status.write_text(broken)
        with pytest.raises(UserError, match="one: its training was interrupted; go on with --resume"):
            check_training(target, False, False)


def test_force_drops_it_and_begins(tmp_path):
    interrupt(tmp_path / "one")
    there, checkpoint = go_on(tmp_path / "one", force=True)
    assert there == ["log.txt", "status.json"] and checkpoint.done == []
    assert os.listdir(tmp_path) == ["one"]


def test_a_finished_run_stays_until_the_resumed_one_is_whole(tmp_path):
    """Who began with --force need not say so again; who did not is asked."""
    target = tmp_path / "one"
    go_on(target)
    (target / "mine").write_text("old")
    interrupt(target, force=True)
    assert (target / "mine").read_text() == "old"
    go_on(target, resume=True)
    assert not (target / "mine").exists() and os.listdir(tmp_path) == ["one"]

    interrupt(tmp_path / "two")
    shutil.copytree(target, tmp_path / "two")
    (tmp_path / "two" / "mine").write_text("came in between")
    with pytest.raises(UserError, match="two: holds a finished run; .* with --force"):
        go_on(tmp_path / "two", resume=True)
    assert is_interrupted(tmp_path / "two") and (tmp_path / "two" / "mine").exists()
    there, checkpoint = go_on(tmp_path / "two", resume=True, force=True)
    assert checkpoint.done == ["t2g"] and not (tmp_path / "two" / "mine").exists()


def changed(**entries):
    return MADE_FOR | entries


@pytest.mark.parametrize(
    "now, words",
    [
        (changed(seed=1), "was made with seed 0, not 1"),
        (changed(device="cuda"), "was made with device 'cpu', not 'cuda'"),
        (
            changed(config=MADE_FOR["config"] | {"preset": "full", "f2g_steps": 7}),
            "was made with preset 'demo', not 'full'",
        ),
        (changed(config=MADE_FOR["config"] | {"f2g_steps": 7}), "was made with f2g_steps 500, not 7"),
        (
            changed(versions={"torch": "2.14", "commit": "abc"}),
            "was made by another version (torch '2.13.0', now '2.14')",
        ),
        (
            changed(files=MADE_FOR["files"] | {"study.toml": "2e"}),
            "was made on another study ('study.toml' has changed)",
        ),
        (changed(files={"study.toml": "1f"}), "was made on another study ('bold/a.npy' is not in both)"),
    ],
)
def test_what_was_made_for_something_else_is_refused_and_stays(now, words, tmp_path):
    assert what_differs(MADE_FOR, MADE_FOR) == ""
    interrupt(tmp_path / "one")
    with pytest.raises(UserError, match=f"one: the interrupted training {re.escape(words)}; .* anew with --force"):
        go_on(tmp_path / "one", now, resume=True)
    assert go_on(tmp_path / "one", resume=True)[1].done == ["t2g"]


def test_a_damaged_checkpoint_is_one_line(tmp_path):
    interrupt(tmp_path / "one")
    file = next(tmp_path.glob(f".fmri2ges-*/new/{CHECKPOINTS}/*.safetensors"))
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(UserError, match="one: the interrupted training cannot be gone on with: .*; start anew with"):
        go_on(tmp_path / "one", resume=True)
    assert is_interrupted(tmp_path / "one")


def test_a_checkpoint_comes_back_as_it_was_and_damage_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"losses": rng.normal(size=7), "generator": rng.integers(0, 256, 5056, dtype=np.uint8)}
    arrays["net.weight.a"] = rng.normal(size=(3, 4)).astype(np.float32)
    resumed = [{"stage": "f2g-0", "step": 3}]
    made = Checkpoint(
        MADE_FOR, True, ["t2g"], ["t2g.safetensors"], [2**127, 5, 1, 7], "f2g-0", [1, 2, 0, 0], resumed, 2.5
    )
    made.arrays = arrays
    made.write(tmp_path)
    back = Checkpoint.read(tmp_path)
    assert all(np.array_equal(back.arrays.pop(k), v) and v.dtype == arrays[k].dtype for k, v in arrays.items())
    made.arrays = {}
    assert back == made and what_differs(back.made_for, made.made_for) == ""

    file = tmp_path / CHECKPOINTS / "checkpoint.safetensors"
    whole = file.read_bytes()
    read = [
        survives(lambda _: Checkpoint.read(tmp_path), d, file.name, file.parent) for d in mutations(whole, 60, seed=3)
    ]
    assert not all(read)


def test_without_locks_it_is_gone_on_with_and_never_dropped(tmp_path, monkeypatch):
    """There, nobody can tell whether its maker still lives."""

    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks.fcntl, "flock", none)
    interrupt(tmp_path / "one")
    go_on(tmp_path / "one", force=True)
    assert is_interrupted(tmp_path / "one")
    assert go_on(tmp_path / "one", resume=True, force=True)[1].done == ["t2g"]
    assert os.listdir(tmp_path) == ["one"]


def test_codes_whose_stories_are_not_numbered_are_refused(tmp_path):
    from fmri2ges.storage.models import read_codes
    from fmri2ges.storage.tensors import write_tensors

    write_tensors(tmp_path / "codes.safetensors", {f"story.{k}": np.zeros((1, 2, 3), np.float32) for k in (0, 2)})
    with pytest.raises(UserError, match="codes.safetensors: lacks story.1; train again"):
        read_codes(tmp_path / "codes.safetensors")
