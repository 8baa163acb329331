"""Locks and temporaries: one holder, free with its process, and sweeping never takes what is alive."""

import errno
import multiprocessing
import os

import pytest

from fmri2ges.data import locks
from fmri2ges.data.beside import Temporary, sweep, take_lock
from fmri2ges.data.locks import HeldFile, is_held


def test_a_file_has_one_holder(tmp_path):
    path = tmp_path / "a.lock"
    assert HeldFile.take(path) is None and not is_held(path)  # not there
    first = HeldFile.take(path, create=True)
    assert first.certain and is_held(path) and HeldFile.take(path, create=True) is None
    first.release()
    assert not is_held(path)
    second = HeldFile.take(path)
    second.write(b"words")
    assert second.read(3) == b"wor"
    second.remove()
    assert os.listdir(tmp_path) == []


def test_a_lock_on_a_file_that_was_just_removed_is_no_lock(tmp_path, monkeypatch):
    """Between the opening and the lock its last holder removes the file, and somebody makes a new one."""
    path = tmp_path / "a.lock"
    path.write_text("old")
    lock, calls = locks._lock, []

    def late(fd):
        calls.append(fd)
        if len(calls) == 1:
            path.unlink()
            path.write_text("new")
        return lock(fd)

    monkeypatch.setattr(locks, "_lock", late)
    held = HeldFile.take(path)
    assert len(calls) == 2 and held.read(3) == b"new"
    held.remove()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_everything_works_and_nothing_is_taken_for_left_over(tmp_path, monkeypatch, number):
    def none(*_):
        raise OSError(number, os.strerror(number))

    with Temporary(tmp_path / "killed") as temporary:
        temporary.content.write_text("x")
        left = set(os.listdir(tmp_path))
        monkeypatch.setattr(locks.fcntl, "flock", none)
        (lock := take_lock(tmp_path / "one")).remove()
        assert not lock.certain
        sweep(tmp_path)
        assert set(os.listdir(tmp_path)) == left and is_held(temporary.folder / "owner.json")
        with Temporary(tmp_path / "one") as other:
            os.mkdir(other.content)
            other.put_folder()
    assert os.listdir(tmp_path) == ["one"]


def _sweep_until(folder, stop):
    while not stop.is_set():
        sweep(folder)


def test_another_process_that_sweeps_all_the_time_never_takes_what_is_alive(tmp_path):
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=_sweep_until, args=(tmp_path, stop))
    process.start()
    try:
        for k in range(150):
            lock = take_lock(tmp_path / "one")
            with Temporary(tmp_path / "one") as temporary:
                temporary.content.write_text(str(k))
                os.replace(temporary.content, tmp_path / "one")
            lock.remove()
            assert (tmp_path / "one").read_text() == str(k)
    finally:
        stop.set()
        process.join()
    assert os.listdir(tmp_path) == ["one"]


def test_folders_of_links_are_not_followed_when_swept(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "owner.json").write_text('{"made_by": "fmri2ges", "target": "one"}')
    (tmp_path / ".fmri2ges-0123456789abcdef-01234567").symlink_to(tmp_path / "mine")
    (tmp_path / ".fmri2ges-0123456789abcdef.lock").symlink_to(tmp_path / "mine" / "owner.json")
    sweep(tmp_path)
    assert len(os.listdir(tmp_path)) == 3 and (tmp_path / "mine" / "owner.json").is_file()
