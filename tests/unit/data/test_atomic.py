"""Files are whole or absent, and the same values give the same bytes."""

import errno
import os
import stat
import tomllib
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.data.atomic import (
    read_json,
    replacing,
    write_bytes,
    write_json,
    write_npz,
    write_text,
)
from fmri2ges.data.npz import npz_arrays, npz_names
from fmri2ges.data.toml_file import read_toml
from fmri2ges.errors import UserError, WriteError


def read_npz(path) -> dict[str, np.ndarray]:
    """All arrays of an .npz."""
    return npz_arrays(path, npz_names(path))


def test_a_failing_writer_leaves_the_old_file_and_no_other(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.txt") as temp:
        temp.write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == "old"


def test_nothing_unwritable_reaches_the_disk(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    with pytest.raises(ValueError):
        write_npz(tmp_path / "a.npz", x=np.array([None]))
    assert os.listdir(tmp_path) == []


def test_npz_round_trip_and_same_bytes(tmp_path):
    arrays = {"x": np.arange(6, dtype=np.int16).reshape(2, 3), "file": np.array(["a", "bc"]), "s": np.float64(1.5)}
    first, second = (write_npz(tmp_path / name, **arrays).read_bytes() for name in ("1.npz", "2.npz"))
    assert first == second
    back = read_npz(tmp_path / "1.npz")
    for name, value in arrays.items():
        np.testing.assert_array_equal(back[name], value)
        assert back[name].dtype == np.asarray(value).dtype


def test_every_truncation_of_an_npz_is_a_user_error(tmp_path):
    data = write_npz(tmp_path / "a.npz", x=np.arange(50.0), y=np.arange(3)).read_bytes()
    for size in range(0, len(data), 37):
        (tmp_path / "a.npz").write_bytes(data[:size])
        with pytest.raises(UserError, match="a.npz"):
            read_npz(tmp_path / "a.npz")


def test_new_files_have_the_users_permissions(tmp_path):
    (tmp_path / "plain").touch()
    path = write_text(tmp_path / "deep" / "a.txt", "x")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_damaged_json(tmp_path):
    (tmp_path / "a.json").write_text('{"a": ')
    with pytest.raises(UserError, match="is not valid JSON"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(" " * 101)
    with pytest.raises(UserError, match="is larger than"):
        read_json(tmp_path / "a.json", 100)


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path):
    (tmp_path / "disk").mkdir()
    for name in ("there.txt", "not-yet.txt"):
        (tmp_path / name).symlink_to(tmp_path / "disk" / name)
    (tmp_path / "disk" / "there.txt").write_text("old")
    for name in ("there.txt", "not-yet.txt"):
        write_text(tmp_path / name, "new")
        assert (tmp_path / name).is_symlink() and (tmp_path / "disk" / name).read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["disk", "not-yet.txt", "there.txt"]
    assert sorted(os.listdir(tmp_path / "disk")) == ["not-yet.txt", "there.txt"]


def test_devices_stay_devices():
    write_text("/dev/null", "x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    if Path("/dev/full").exists():
        with pytest.raises(WriteError, match=r"/dev/full: cannot be written \(No space left on device\); make room"):
            write_text("/dev/full", "x" * 100_000)


def test_a_pipe_gets_the_bytes_and_one_that_nobody_reads_is_an_error(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(WriteError, match="pipe: cannot be written"):
        write_text(pipe, "x")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "words")
    assert os.read(reader, 100) == b"words" and stat.S_ISFIFO(os.stat(pipe).st_mode)
    os.close(reader)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = write_text(tmp_path / "a.sh", "old")
    path.chmod(0o750)
    assert write_text(path, "new").stat().st_mode & 0o777 == 0o750


def test_a_read_only_file_is_left_alone(tmp_path, monkeypatch):
    path = write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr("fmri2ges.data.atomic.os.access", lambda p, how: False)  # root may write everything
    with pytest.raises(WriteError, match="a.txt: cannot be written .it is read-only.; make it writable"):
        write_text(path, "new")
    assert path.read_text() == "old"


def test_bytes_are_on_the_disk_before_they_take_the_name(tmp_path, monkeypatch):
    done = []
    sync, move = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda fd: (done.append(os.fstat(fd).st_size), sync(fd)))
    monkeypatch.setattr("os.replace", lambda a, b: (done.append("moved"), move(a, b)))
    write_bytes(tmp_path / "a.bin", b"x" * 12345)
    assert done.index(12345) < done.index("moved") < len(done) - 1  # and then the folder's names


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("free", [0, 1])  # writings until the disk is full: the mark of the temporary, then the file
def test_a_full_disk_is_one_line_that_names_the_file(tmp_path, monkeypatch, number, free):
    calls = []

    def full(fd):
        calls.append(fd)
        if len(calls) > free:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WriteError, match="a.txt: cannot be written .*; make room or choose another place"):
        write_text(tmp_path / "a.txt", "x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["/proc/a.txt", "/proc/self/fd/a.txt", "x" * 300, "y" * 300 + "/a.txt", "file/a.txt"])
def test_impossible_places_are_one_line_that_names_them(tmp_path, name):
    (tmp_path / "file").touch()
    path = tmp_path / name
    with pytest.raises(WriteError, match="cannot be written") as caught:
        write_text(path, "x")
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["file"]


def test_names_of_255_letters_work(tmp_path):
    name = "x" * 251 + ".txt"
    write_text(tmp_path / name, "x")
    assert os.listdir(tmp_path) == [name]


def test_errors_of_other_files_pass_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.txt"):
        (tmp_path / "source.txt").read_text()


def test_a_small_npz_does_not_unpack_to_much(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(2**25, np.float32), y=np.zeros(3))
    assert (tmp_path / "a.npz").stat().st_size < 2**18
    with pytest.raises(UserError, match="a.npz: unpacks to far more than measured numbers of its size"):
        npz_arrays(tmp_path / "a.npz", ("x",))
    assert npz_arrays(tmp_path / "a.npz", ("y",))["y"].shape == (3,)
    values = np.round(np.random.default_rng(0).normal(size=(3000, 165)), 1).astype(np.float32)
    np.savez_compressed(tmp_path / "b.npz", **{f"x{k}": values for k in range(3)})
    assert len(read_npz(tmp_path / "b.npz")) == 3  # coarse numbers that compress well


@pytest.mark.parametrize(
    "text, message",
    [
        ("".join(f"key{i} = 1\n" for i in range(600_000)), "no file that a person wrote"),
        ("".join(f"k{i}=1\n" for i in range(150_000)), "holds a table of 150000 keys; at most 1000"),
        (".".join("a" * 20_000) + " = 1", "a name of more than 50 parts"),
        ("a = " + "[" * 100_000, "brackets are nested too deeply"),
        ("a = ", "is not valid TOML"),
        ("a = '\xff'", "is not UTF-8 text"),
    ],
)
def test_toml_that_is_no_settings_file_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "a.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=message) as caught:
        read_toml(tmp_path / "a.toml")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["".join(f"key{i} = 1\n" for i in range(600_000)), ".".join("a" * 20_000) + " = 1"])
def test_toml_that_would_take_long_to_parse_never_reaches_the_parser(tmp_path, monkeypatch, text):
    (tmp_path / "a.toml").write_text(text)
    monkeypatch.setattr(tomllib, "loads", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(UserError):
        read_toml(tmp_path / "a.toml")


def test_toml_of_a_large_study_is_read(tmp_path):
    entry = "[[recording]]\nsubject = 's{0}'\nstory = 'a.b.c'\nbold = '../d/s{0}.npy'\ntr = 2.0\n\n"
    (tmp_path / "a.toml").write_text("\ufeff" + "".join(entry.format(k) for k in range(5000)), encoding="utf-8")
    assert len(read_toml(tmp_path / "a.toml")["recording"]) == 5000
