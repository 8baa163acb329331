"""A run as one zip: the same bytes for the same run, no places of a machine, nothing that a foreign zip could do."""

import getpass
import json
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.data.atomic import write_json
from fmri2ges.decoding.run import open_run
from fmri2ges.demo import WEIGHTS as SHIPPED
from fmri2ges.errors import UserError
from fmri2ges.evaluation.metrics import R_ONE
from fmri2ges.evaluation.report import Report
from fmri2ges.evaluation.rows import Row
from fmri2ges.storage import unpack
from fmri2ges.storage.archive import LIST, export_run, import_run
from fmri2ges.storage.decoded import load_decoded, read_manifest
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.storage.portable import portable
from fmri2ges.storage.report import write_report
from fmri2ges.storage.tensors import read_tensors
from tests.run_files import make_decoded, make_run

WEIGHTS = ("basis-0", "f2g-0", "f2t-0-0", "t2g", "text-0")

ROWS = (Row(R_ONE, "text", "one", 0.1, 900, "frames"),)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run with one decoded story, in a folder whose name must not travel."""
    root = tmp_path_factory.mktemp("home") / "Jo Doe"
    run = make_run(root / "run")
    made_at = json.loads((run / "manifest.json").read_text())["created"]
    note = f"{root}/my masks/a.nii.gz covers 90 % of A"
    make_decoded(run / "decoded" / "c", run=str(run), run_created=made_at, roi_note=note)
    return run


@pytest.fixture
def run(made, tmp_path):
    shutil.copytree(made.parent, tmp_path / "Jo Doe")
    return tmp_path / "Jo Doe" / "run"


def content(folder, *, without=("manifest.json", "status.json", "log.txt")):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name not in without)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_a_run_comes_back_as_it_was(run, tmp_path):
    packed = export_run(run, tmp_path / "run.zip")
    decoded = [
        f"decoded/c/{n}" for n in ("direct.npz", "manifest.json", "rate.tsv", "text.npz", "texts.json", "words.tsv")
    ]
    weights = [f"{name}.safetensors" for name in WEIGHTS]
    assert list(packed.members) == sorted([*weights, "manifest.json", *decoded])
    assert packed.left_out == ("log.txt", "status.json")
    assert import_run(packed.path, tmp_path / "back") == tmp_path / "back"
    assert content(tmp_path / "back") == content(run)
    places = ("study", "run")
    before, after = read_run_manifest(run), read_run_manifest(tmp_path / "back")
    assert {k: v for k, v in before.items() if k not in places} == {k: v for k, v in after.items() if k not in places}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Jo Doe", "back", "run.zip"]


def test_the_shipped_run_travels_with_its_decoding(tmp_path):
    packed = export_run(SHIPPED, tmp_path / "demo.zip")
    assert packed.left_out == ("card.json",)
    back = import_run(packed.path, tmp_path / "demo")
    assert open_run(back, device="cpu").digest == open_run("demo", device="cpu").digest
    np.testing.assert_array_equal(
        load_decoded(back / "decoded").text.positions, load_decoded(SHIPPED / "decoded").text.positions
    )


def test_a_decoded_folder_comes_back_as_it_was(tmp_path):
    folder = make_decoded(tmp_path / "decoded")
    write_report(folder / "report.json", Report(ROWS, True, ("a note",)))
    import_run(export_run(folder, tmp_path / "a.zip").path, tmp_path / "back")
    assert content(tmp_path / "back") == content(folder)
    np.testing.assert_array_equal(load_decoded(tmp_path / "back").text.samples, load_decoded(folder).text.samples)


def test_a_report_of_another_version_stays_behind(tmp_path):
    folder = make_decoded(tmp_path / "decoded")
    old = {"kind": "report", "simulated": True, "notes": [], "rows": []}
    write_json(folder / "report.json", old)
    assert export_run(folder, tmp_path / "a.zip").left_out == ("report.json",)
    (folder / "report.json").unlink()
    members = [(p.name, p.read_bytes()) for p in folder.iterdir()]
    path = forge(tmp_path / "b.zip", [*members, ("report.json", json.dumps(old).encode())])
    assert content(import_run(path, tmp_path / "back")) == content(folder)
    path = forge(tmp_path / "c.zip", [*members, ("report.json", json.dumps(old | {"version": 1}).encode())])
    with pytest.raises(UserError, match="c.zip: report.json: is damaged"):
        import_run(path, tmp_path / "other")


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    first = export_run(run, tmp_path / "a.zip").path.read_bytes()
    shutil.copytree(run, tmp_path / "copy")  # other dates, another place
    (tmp_path / "copy" / "t2g.safetensors").chmod(0o600)
    assert export_run(tmp_path / "copy", tmp_path / "b.zip").path.read_bytes() == first
    import_run(tmp_path / "a.zip", tmp_path / "back")
    assert export_run(tmp_path / "back", tmp_path / "c.zip").path.read_bytes() == first


def test_the_zip_is_an_ordinary_one(run, tmp_path):
    with zipfile.ZipFile(export_run(run, tmp_path / "a.zip").path) as z:
        assert z.testzip() is None and z.namelist()[0] == LIST
        z.extractall(tmp_path / "plain")
    assert content(tmp_path / "plain") | {LIST: b""} == content(run) | {LIST: b""}


def test_only_what_a_run_holds_travels(run, tmp_path):
    strays = (
        "figure.png",
        ".cache.json",
        "notes.txt",
        "more.tsv",
        "old.safetensors",
        "f2g-1.safetensors",
        "decoded/x.tsv",
    )
    for name in (*strays, "decoded/c/film.mp4", "decoded/mine/words.tsv"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(b"mine")
    (run / "report.json").symlink_to(tmp_path / "secret.json")
    packed = export_run(run, tmp_path / "a.zip")
    others = ("decoded/c/film.mp4", "decoded/mine/words.tsv", "log.txt", "report.json", "status.json")
    assert sorted(packed.left_out) == sorted((*strays, *others)) and len(packed.members) == 12


def test_nothing_tells_the_machine_or_the_person(run, tmp_path):
    root = run.parent
    digests = {
        str(run / "decoded" / "c" / "text.npz"): "0" * 64,
        f"{root}/x/text.npz": "1" * 64,
        f"{root}/y/text.npz": "",
    }
    notes = [f"c: the study file {root}/study/toy.toml is not there", "r and p / n of A/B: 1 / 2"]
    write_report(run / "report.json", Report(ROWS, True, tuple(notes), manifest={"digests": digests}))
    packed = export_run(run, tmp_path / "a.zip").path
    bytes_of = packed.read_bytes()
    for secret in (str(tmp_path), "Jo Doe", str(Path.home()), f"/{getpass.getuser()}/", "my masks"):
        assert secret.encode() not in bytes_of, secret
    import_run(packed, tmp_path / "back")
    shared = json.loads((tmp_path / "back" / "report.json").read_text())
    assert shared["notes"] == ["c: the study file toy.toml is not there", notes[1]]
    assert list(shared["manifest"]["digests"]) == ["decoded/c/text.npz", "text.npz", "text.npz (2)"]
    note = read_manifest(tmp_path / "back" / "decoded" / "c")["roi_note"]
    assert note == "a.nii.gz covers 90 % of A"


def test_a_language_model_of_ones_own_travels_by_its_name(tmp_path):
    own = str(tmp_path / "my models" / "llm")
    run = make_run(tmp_path / "run", lm=own)
    packed = export_run(run, tmp_path / "a.zip").path
    assert str(tmp_path).encode() not in packed.read_bytes()
    back = import_run(packed, tmp_path / "back")
    arrays, values = read_tensors(run / "bayes-0-0.safetensors", "bayes")
    shared, named = read_tensors(back / "bayes-0-0.safetensors", "bayes")
    assert (values["lm"]["name"], named["lm"]["name"], read_run_manifest(back)["config"]["lm"]) == (own, "llm", "llm")
    assert arrays.keys() == shared.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, shared[name])


@pytest.mark.parametrize(
    "text, shared",
    [
        ("/home/jo/a.toml", "a.toml"),
        ("C:\\Users\\Jo Doe\\a.toml", "a.toml"),
        ("\\\\server\\share\\a.toml", "a.toml"),
        ("see /home/jo/x y/a.toml, line 3", "see a.toml, line 3"),
        ("see C:\\Users\\jo\\a.toml: line 3", "see a.toml: line 3"),
        ("2 m/s and 3 / 4 of L/R; https://x.org/a/b", "2 m/s and 3 / 4 of L/R; https://x.org/a/b"),
        ("bold/a.npy", "bold/a.npy"),
        ("", ""),
    ],
)
def test_places_in_texts(text, shared, tmp_path):
    assert portable({"k": [text]}, tmp_path) == {"k": [shared]}


def test_an_imported_run_is_told_where_its_study_lies(run, tmp_path, toy):
    packed = export_run(run, tmp_path / "a.zip").path
    import_run(packed, tmp_path / "bare")
    with pytest.raises(
        UserError, match=r"bare/toy.toml: the study of this run is not there; .* fmri2ges import ZIP --out RUN --study"
    ):
        open_run(tmp_path / "bare", device="cpu")
    back = import_run(packed, tmp_path / "back", study=toy)
    assert open_run(back, device="cpu").study.name == "toy"
    assert load_decoded(back / "decoded" / "c").manifest["study"] == str(toy.resolve())
    assert load_decoded(back / "decoded" / "c").manifest["run"] == str(back.resolve())
    shutil.copyfile(toy, tmp_path / "bare" / "toy.toml")  # or it is put into the run
    assert read_run_manifest(tmp_path / "bare")["study"] == str((tmp_path / "bare" / "toy.toml").resolve())


def test_another_study_is_refused(run, tmp_path, toy):
    packed = export_run(run, tmp_path / "a.zip").path
    toy.write_text(toy.read_text().replace('name = "toy"', 'name = "other"'))
    with pytest.raises(UserError, match="study.toml: is the study 'other', but the run was trained on 'toy'"):
        import_run(packed, tmp_path / "back", study=toy)
    with pytest.raises(UserError, match="none.toml: no such file"):
        import_run(packed, tmp_path / "back", study=tmp_path / "none.toml")
    assert not (tmp_path / "back").exists()


def test_export_refuses_what_is_no_run(run, tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        export_run(tmp_path, tmp_path / "a.zip")
    with pytest.raises(UserError, match="lies inside the run"):
        export_run(run, run / "a.zip")
    with pytest.raises(UserError, match="is a folder"):
        export_run(run, tmp_path)
    (run / "basis-0.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        export_run(run, tmp_path / "a.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["Jo Doe"]


def test_a_story_that_is_decoded_anew_while_its_run_is_packed_is_not_mixed(run, tmp_path, monkeypatch):
    """The list of the zip names digests; a file that changed since would make a zip that nobody can import."""
    file = next(run.glob("decoded/*/*.npz"))
    writestr = zipfile.ZipFile.writestr

    def decoded_anew(self, info, data):
        writestr(self, info, data)
        file.write_bytes(file.read_bytes()[::-1])

    monkeypatch.setattr(zipfile.ZipFile, "writestr", decoded_anew)
    with pytest.raises(UserError, match=f"{file.name}: was written anew while it was packed; export the run again"):
        export_run(run, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_run_that_is_replaced_while_it_is_packed_is_not_mixed(run, made, tmp_path, monkeypatch):
    writestr = zipfile.ZipFile.writestr

    def replaced(self, info, data):
        writestr(self, info, data)
        shutil.move(run, tmp_path / "old")
        shutil.copytree(made, run)

    monkeypatch.setattr(zipfile.ZipFile, "writestr", replaced)
    with pytest.raises(UserError, match="was written anew while it was packed; export it again"):
        export_run(run, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


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


DECODED = {"kind": "decode", "versions": {}, "simulated": True, "subject": "s", "story": "c", "rois": ["A"]}
MANIFEST = ("manifest.json", json.dumps({**DECODED, "start": 0, "stop": 1}).encode())


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
    (
        [MANIFEST, ("words.tsv", b"x")],
        {"listed": {"words.tsv": {"bytes": 1, "sha256": "0" * 64}}},
        "size or SHA-256 differ",
    ),
    (
        [MANIFEST, ("words.tsv", b"xyz")],
        {"listed": {"words.tsv": {"bytes": 1, "sha256": "0" * 64}}},
        "size or SHA-256 differ",
    ),
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
    ([("manifest.json", b" " * 5_000_000)], {}, "manifest.json is larger than 4 MB"),
    ([("manifest.json", b'{"kind": "study", "versions": {}, "simulated": true}')], {}, "holds no manifest.json"),
    ([MANIFEST], {}, "holds neither text.npz nor direct.npz"),
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
    assert import_run(packed, run, force=True) == run
    (tmp_path / "empty").mkdir()
    assert content(import_run(packed, tmp_path / "empty")) == content(run)


def test_what_no_run_holds_is_not_unpacked(run, tmp_path):
    """Zips of former versions hold logs, and whatever lay in the folder."""
    folder = make_decoded(tmp_path / "decoded")
    members = [(p.name, p.read_bytes()) for p in folder.iterdir()]
    path = forge(tmp_path / "a.zip", [*members, ("log.txt", b"12:00"), ("status.json", b"{}"), ("stories/x.tsv", b"x")])
    assert content(import_run(path, tmp_path / "out")) == content(folder)


def test_bombs_stop_while_they_unpack(tmp_path, monkeypatch):
    """Far more than the zip could hold is noticed from the bytes, whatever archive.json and the headers say."""
    monkeypatch.setattr(unpack, "ROOM", 2**18)
    written = []
    extract = unpack._extract
    monkeypatch.setattr(unpack, "_extract", lambda *a: (written.append(a[4]), extract(*a)))
    bomb = b"\0" * 5_000_000
    path = forge(tmp_path / "a.zip", [MANIFEST, ("text.npz", bomb), ("words.tsv", bomb)])
    assert path.stat().st_size < 15_000
    with pytest.raises(UserError, match="unpacks to far more"):
        import_run(path, tmp_path / "out")
    assert len(written) == 2 and [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    monkeypatch.setattr(unpack, "MAX_BYTES", 10_000)
    path = forge(tmp_path / "a.zip", [MANIFEST, ("words.tsv", bytes(range(256)) * 100)])
    with pytest.raises(UserError, match="unpacks to far more"):
        import_run(path, tmp_path / "out")


def test_a_list_that_is_a_bomb_is_refused(tmp_path):
    path = forge(tmp_path / "a.zip", [MANIFEST], head=b" " * 10_000_000)
    with pytest.raises(UserError, match=r"archive.json is larger than 4 MB|unpacks to far more"):
        import_run(path, tmp_path / "out")


def test_a_manifest_that_is_a_bomb_takes_little_memory(tmp_path):
    """9 MB of zip held a manifest of gigabytes."""
    import tracemalloc

    path = forge(tmp_path / "a.zip", [("manifest.json", b'{"a": [' + b"[]," * 10_000_000 + b"[]]}")])
    tracemalloc.start()
    with pytest.raises(UserError, match="manifest.json is larger than 4 MB"):
        import_run(path, tmp_path / "out")
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_headers_that_lie_about_the_size_change_nothing(tmp_path):
    folder = make_decoded(tmp_path / "decoded")
    members = [(p.name, p.read_bytes()) for p in folder.iterdir() if p.name != "text.npz"]
    text = (folder / "text.npz").read_bytes()
    path = forge(tmp_path / "a.zip", [*members, ("text.npz", text)])
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")  # the last header of the directory: text.npz
    assert struct.unpack_from("<I", data, at + 24) == (len(text),)
    for lie in (0, 10):
        struct.pack_into("<I", data, at + 24, lie)
        path.write_bytes(data)
        with pytest.raises(UserError, match="damaged|SHA-256 differ"):
            import_run(path, tmp_path / "out")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "decoded"]
    struct.pack_into("<I", data, at + 24, 2**31)  # the stream ends where it ends, and holds what is listed
    path.write_bytes(data)
    assert (import_run(path, tmp_path / "out") / "text.npz").read_bytes() == text


def test_an_interrupted_import_leaves_nothing(run, tmp_path, monkeypatch):
    packed = export_run(run, tmp_path / "a.zip").path

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(unpack, "check_content", stop)
    with pytest.raises(KeyboardInterrupt):
        import_run(packed, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Jo Doe", "a.zip"]
