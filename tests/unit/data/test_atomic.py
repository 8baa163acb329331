"""Files are whole or absent, and the same values give the same bytes."""

import os

import numpy as np
import pytest

from fmri2ges.data.atomic import read_json, read_npz, replacing, write_json, write_npz, write_text
from fmri2ges.errors import UserError


def test_a_failing_writer_leaves_the_old_file_and_no_other(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt):
        with replacing(tmp_path / "a.txt") as temp:
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
