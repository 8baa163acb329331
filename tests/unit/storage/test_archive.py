"""A run as one zip: the same bytes for the same run, and nothing that a foreign zip could do."""

import json
import shutil
import stat
import struct
import zipfile

import pytest

from fmri2ges.data.atomic import write_bytes, write_json, write_text
from fmri2ges.errors import UserError
from fmri2ges.storage import archive
from fmri2ges.storage.archive import LIST, export_run, import_run


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    write_json(folder / "manifest.json", {"kind": "train", "versions": {}, "simulated": True})
    write_bytes(folder / "t2g.safetensors", bytes(range(256)) * 40)
    write_text(folder / "log.txt", "12:00 started\n")
    write_text(folder / "stories" / "one" / "words.tsv", "word\tstart\tduration\n")
    return folder


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_comes_back_byte_by_byte(run, tmp_path):
    packed = export_run(run, tmp_path / "run.zip")
    assert (
        packed.members == ("log.txt", "manifest.json", "stories/one/words.tsv", "t2g.safetensors")
        and packed.left_out == ()
    )
    assert import_run(packed.path, tmp_path / "back") == tmp_path / "back"
    assert content(tmp_path / "back") == content(run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["back", "run", "run.zip"]


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    first = export_run(run, tmp_path / "a.zip").path.read_bytes()
    shutil.copytree(run, tmp_path / "copy")  # other dates
    (tmp_path / "copy" / "log.txt").chmod(0o600)
    assert export_run(tmp_path / "copy", tmp_path / "b.zip").path.read_bytes() == first


def test_the_zip_is_an_ordinary_one(run, tmp_path):
    with zipfile.ZipFile(export_run(run, tmp_path / "a.zip").path) as z:
        assert z.testzip() is None and z.namelist()[0] == LIST
        z.extractall(tmp_path / "plain")
    assert content(tmp_path / "plain") | {LIST: b""} == content(run) | {LIST: b""}


def test_figures_links_and_hidden_files_are_left_out_and_named(run, tmp_path):
    (run / "figure.png").write_bytes(b"x")
    (run / ".cache.json").write_text("{}")
    (run / "secret.txt").symlink_to(tmp_path)
    packed = export_run(run, tmp_path / "a.zip")
    assert packed.left_out == (".cache.json", "figure.png", "secret.txt") and len(packed.members) == 4


def test_export_refuses_what_is_no_run(run, tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        export_run(tmp_path, tmp_path / "a.zip")
    with pytest.raises(UserError, match="lies inside the run"):
        export_run(run, run / "a.zip")
    with pytest.raises(UserError, match="is a folder"):
        export_run(run, tmp_path)


def forge(path, members, listed=None, head=None):
    """A zip with any members: name or ZipInfo -> bytes; archive.json fits unless it is given."""
    import hashlib

    names = {m.filename if isinstance(m, zipfile.ZipInfo) else m: d for m, d in members}
    if head is None:
        fit = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in names.items()}
        head = {"format": "fmri2ges-run", "version": 1, "members": {**fit, **(listed or {})}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(LIST, head if isinstance(head, (str, bytes)) else json.dumps(head))
        for member, data in members:
            z.writestr(member, data, zipfile.ZIP_DEFLATED)
    return path


MANIFEST = ("manifest.json", json.dumps({"kind": "train", "versions": {}, "simulated": True}).encode())


def link(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


NAMES = [
    "../out.txt",
    "a/../../out.txt",
    "/etc/out.txt",
    "C:/out.txt",
    "C:out.txt",
    "..\\out.txt",
    "a\\b.txt",
    "a//b.txt",
    "./a.txt",
    "a/./b.txt",
    "a.txt/",
    " /a.txt",
    "a\nb.txt",
    ".hidden.txt",
    ".ssh/keys.txt",
    "x" * 300 + ".txt",
    "a/" * 12 + "b.txt",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    (tmp_path / "in").mkdir()
    path = forge(tmp_path / "in" / "a.zip", [MANIFEST, (name, b"x")])
    with pytest.raises(
        UserError, match="is not a plain relative name|is a hidden file|is too long|is a link or a special file"
    ):
        import_run(path, tmp_path / "in" / "out")
    assert content(tmp_path).keys() == {"in/a.zip"} and len(list((tmp_path / "in").iterdir())) == 1


def test_a_name_with_a_zero_byte_is_refused(tmp_path):
    path = forge(tmp_path / "a.zip", [MANIFEST, ("a.txt__.exe", b"x")])
    path.write_bytes(path.read_bytes().replace(b"a.txt__.exe", b"a.txt\0_.exe"))
    with pytest.raises(UserError, match="is not a plain relative name"):
        import_run(path, tmp_path / "out")


WRONG = [
    ([MANIFEST, ("run.exe", b"x")], {}, "'run.exe' is of a kind that a run does not hold"),
    ([MANIFEST, ("weights.pkl", b"x")], {}, "is of a kind"),
    ([MANIFEST, ("noending", b"x")], {}, "is of a kind"),
    ([MANIFEST, (link("a.txt"), b"/etc/passwd")], {}, "is a link or a special file"),
    ([MANIFEST, ("A.txt", b"x"), ("a.TXT", b"x")], {}, "is there twice"),
    ([MANIFEST, ("a.json", b"x"), ("a.json/b.json", b"x")], {}, "is a file and a folder"),
    ([MANIFEST], {"listed": {"b.txt": {"bytes": 1, "sha256": ""}}}, "'b.txt' is listed but not there"),
    ([MANIFEST, ("a.txt", b"x")], {"listed": {"a.txt": {"bytes": 1, "sha256": "0" * 64}}}, "size or SHA-256 differ"),
    ([MANIFEST, ("a.txt", b"xyz")], {"listed": {"a.txt": {"bytes": 1, "sha256": "0" * 64}}}, "size or SHA-256 differ"),
    ([MANIFEST, ("a.txt", b"x")], {"listed": {"a.txt": {"bytes": True, "sha256": 3}}}, "must list each member"),
    (
        [MANIFEST],
        {"head": {"format": "fmri2ges-run", "version": 1, "members": {}}},
        "'manifest.json' is there but not listed",
    ),
    ([MANIFEST], {"head": {"format": "fmri2ges-run", "version": 7}}, "version 7; this program reads"),
    ([MANIFEST], {"head": [1]}, "is not a JSON object"),
    ([MANIFEST], {"head": "[" * 100_000}, "is not valid JSON"),
    ([MANIFEST], {"head": b"1" * 10_000}, "is not valid JSON"),
    ([("manifest.json", b"[" * 100_000)], {}, "manifest.json is not valid JSON"),
    ([("manifest.json", b'{"kind": "train"}')], {}, "holds no manifest.json of fmri2ges"),
    ([("truth/planted.json", b"{}")], {}, "holds no manifest.json of fmri2ges"),
]


@pytest.mark.parametrize("members, options, message", WRONG)
def test_foreign_zips_are_refused_and_leave_nothing(tmp_path, members, options, message):
    path = forge(tmp_path / "a.zip", members, **options)
    with pytest.raises(UserError, match=message) as caught:
        import_run(path, tmp_path / "out")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = forge(tmp_path / "a.zip", [MANIFEST, ("a.txt", b"x"), ("a.txt", b"y")])
    with pytest.raises(UserError, match="'a.txt' is there twice"):
        import_run(path, tmp_path / "out")


def test_other_files_and_busy_targets_are_refused(run, tmp_path):
    packed = export_run(run, tmp_path / "a.zip").path
    with pytest.raises(UserError, match="no such file"):
        import_run(tmp_path / "none.zip", tmp_path / "out")
    (tmp_path / "b.zip").write_text("PK no")
    with pytest.raises(UserError, match="is no zip or a damaged one"):
        import_run(tmp_path / "b.zip", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as z:
        z.writestr(*MANIFEST)
    with pytest.raises(UserError, match=r"holds no archive.json"):
        import_run(tmp_path / "c.zip", tmp_path / "out")
    with pytest.raises(UserError, match="holds a finished run"):
        import_run(packed, run)
    (tmp_path / "empty").mkdir()
    assert content(import_run(packed, tmp_path / "empty")) == content(run)


def test_bombs_stop_while_they_unpack(tmp_path, monkeypatch):
    """Far more than the zip could hold is noticed from the bytes, whatever archive.json and the headers say."""
    monkeypatch.setattr(archive, "ROOM", 2**18)
    written = []
    extract = archive._extract
    monkeypatch.setattr(archive, "_extract", lambda *a: (written.append(a[4]), extract(*a)))
    path = forge(tmp_path / "a.zip", [MANIFEST, ("a.txt", b"\0" * 5_000_000), ("b.txt", b"\0" * 5_000_000)])
    assert path.stat().st_size < 15_000
    with pytest.raises(UserError, match="unpacks to far more"):
        import_run(path, tmp_path / "out")
    assert len(written) == 2 and [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    monkeypatch.setattr(archive, "MAX_BYTES", 10_000)
    path = forge(tmp_path / "a.zip", [MANIFEST, ("a.txt", bytes(range(256)) * 100)])
    with pytest.raises(UserError, match="unpacks to far more"):
        import_run(path, tmp_path / "out")


def test_a_list_that_is_a_bomb_is_refused(tmp_path):
    path = forge(tmp_path / "a.zip", [MANIFEST], head=b" " * 10_000_000)
    with pytest.raises(UserError, match=r"archive.json is larger than 8 MB|unpacks to far more"):
        import_run(path, tmp_path / "out")


def test_headers_that_lie_about_the_size_change_nothing(tmp_path):
    path = forge(tmp_path / "a.zip", [MANIFEST, ("a.txt", b"x" * 5000)])
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")  # the last header of the directory: a.txt
    assert struct.unpack_from("<I", data, at + 24) == (5000,)
    for lie in (0, 10):
        struct.pack_into("<I", data, at + 24, lie)
        path.write_bytes(data)
        with pytest.raises(UserError, match="damaged|SHA-256 differ"):
            import_run(path, tmp_path / "out")
        assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    struct.pack_into("<I", data, at + 24, 2**31)  # the stream ends where it ends, and holds what is listed
    path.write_bytes(data)
    assert (import_run(path, tmp_path / "out") / "a.txt").read_bytes() == b"x" * 5000


def test_an_interrupted_import_leaves_nothing(run, tmp_path, monkeypatch):
    packed = export_run(run, tmp_path / "a.zip").path

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "_check_manifest", stop)
    with pytest.raises(KeyboardInterrupt):
        import_run(packed, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "run"]
