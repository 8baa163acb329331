"""Which paths the app opens, and what it says of a path that it does not open."""

import pytest
from streamlit import config

from app import places
from app.messages import plain
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO


@pytest.fixture
def listen():
    """A function that lets the app believe that it listens on an address."""
    before = config.get_option("server.address")
    yield lambda address: config.set_option("server.address", address)
    config.set_option("server.address", before)


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """As in a server; without one nobody can reach the app."""
    monkeypatch.setattr("streamlit.runtime.exists", lambda: True)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A root folder with a run inside, and a run, a file and links around it."""
    for folder in ("lab/run", "other/run", "laboratory"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lab" / "way-out").symlink_to(tmp_path / "other")
    (tmp_path / "lab" / "way-in").symlink_to(tmp_path / "lab" / "run")
    (tmp_path / "lab" / "circle").symlink_to(tmp_path / "lab" / "circle")
    monkeypatch.setenv(places.ROOT, str(tmp_path / "lab"))
    return tmp_path / "lab"


def test_what_lies_below_the_root_opens_by_its_short_or_its_long_name(lab, listen):
    for address in ("0.0.0.0", None, "localhost"):
        listen(address)
        for name in ("run", "./run", "way-in", str(lab / "run"), "run/../run"):
            assert places.find(name, "run") == lab / "run"
        assert (
            places.find("new/study.toml", "study") == lab / "new" / "study.toml"
        )  # opening it says that it is missing


OUTSIDE = [
    "..",
    "../other/run",
    "way-out/run",
    "/",
    "/etc/passwd",
    "run/../../other",
    "../laboratory",
    "a\0b",
    "circle",
]


@pytest.mark.parametrize("name", [*OUTSIDE, "~root"])
def test_nothing_outside_the_root_opens(lab, listen, name):
    for address in ("0.0.0.0", "localhost"):
        listen(address)
        if name == "~root":  # a folder of this name below the root, and nobody's home
            assert places.find(name, "run") == lab / "~root"
            continue
        with pytest.raises(UserError, match="lies outside the folder that this server may read"):
            places.find(name, "run")
        with pytest.raises(UserError):
            places.find_run(name)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", None, "lab.example.org"])
def test_a_server_that_others_reach_opens_no_path_without_a_root(listen, monkeypatch, address):
    monkeypatch.delenv(places.ROOT, raising=False)
    listen(address)
    assert not places.are_open() and places.find_run(DEMO) == DEMO
    for name in ("run", "/etc/passwd"):
        with pytest.raises(UserError, match="Its owner can open one folder with --root"):
            places.find_run(name)


def test_on_this_machine_a_run_is_named_as_on_the_command_line(listen, monkeypatch):
    monkeypatch.delenv(places.ROOT, raising=False)
    for address in places.HERE:
        listen(address)
        assert places.are_open() and places.find_run("runs/a") == "runs/a"


def test_messages_name_folders_only_on_this_machine(listen):
    line = "/data/lab/../run-1: 'a.tsv' is not there; see https://example.org/a/b, "
    line += "/srv/secret/words.tsv and C:\\Users\\me\\x.npy"
    listen("localhost")
    assert places.without_paths(line) == line
    listen("0.0.0.0")
    told = places.without_paths(line)
    assert (
        "secret" not in told and "srv" not in told and "Users" not in told and "words.tsv" in told and "x.npy" in told
    )
    assert "run-1: 'a.tsv' is not there" in told and "https://example.org/a/b" in told
    assert places.without_paths("start, stop: 3 to 4 s; 1/2 of m/s") == "start, stop: 3 to 4 s; 1/2 of m/s"


def test_every_sign_of_markup_is_escaped():
    text = "![x](http://a/b.png) <img src=x> **b** `c` $d$ :red[e] ~f~ #g |h| &amp; \\i"
    escaped = plain(text)
    for sign in "![]()<>*`$:~#|&":
        assert escaped.count(sign) == escaped.count(f"\\{sign}") == text.count(sign)


@pytest.mark.parametrize("name", ["x" * 5000, "~nobody-of-this-name/run", "a\0b", "a\ud800"])
def test_a_name_that_no_folder_can_have_is_one_short_line(name, listen, monkeypatch):
    monkeypatch.delenv(places.ROOT, raising=False)
    listen("localhost")
    for opened in (lambda: places.find(name, "run"), lambda: places.find_run(name)):
        with pytest.raises(UserError, match="^run: .* cannot be opened .*; name another folder$") as caught:
            opened()
        assert len(str(caught.value)) < 300
