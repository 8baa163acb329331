"""A zip that `archive.export_run` made as a run folder again. Nothing in it is believed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from ..data.atomic import read_json, write_json
from ..data.toml_file import read_toml
from ..data.words.files import read_words_tsv
from ..errors import UserError, one_line
from .decoded import load_decoded
from .folder import NewFolder, read_run_manifest
from .portable import CHUNK, FORMAT, LIST, VERSION, name_problem
from .report import NAME as REPORT
from .report import VERSION as REPORT_VERSION
from .report import read_report
from .schema import MAX_MANIFEST, check_manifest, is_member, short, weight_files
from .tensors import read_tensors

MAX_MEMBERS = 10_000
MAX_BYTES = 16 * 2**30  # of a whole run
MAX_LIST = 4 * 2**20  # of archive.json: 10,000 members take half of it
MAX_RATIO = 20  # unpacked to packed size; some room below which the ratio says nothing
ROOM = 16 * 2**20
# zipfile and zlib raise many kinds for a damaged archive; a full disk is no fault of the archive.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    KeyError,
    IndexError,
)


def import_run(zip_path, out_dir, force: bool = False, study=None) -> Path:
    """Unpack a zip that `export_run` made into a new run folder.

    Everything is checked: names (relative, plain, once, of known kinds), sizes while they are unpacked, the digest of
    each file, and all content by its schema. A file that no run holds is not unpacked. The folder appears whole or
    not at all.

    Parameters
    ----------
    force : replace a finished run of this name
    study : the study file that the run was trained on, as it lies here; None leaves the run to look for it in its
        own folder

    Returns
    -------
    path : the run folder

    Raises
    ------
    UserError
        For a damaged zip, anything that `export_run` does not write, another study, or a target that is in use.
    """
    zip_path, out_dir = Path(zip_path), Path(out_dir)
    if not zip_path.is_file():
        raise UserError(f"{zip_path}: no such file")
    with NewFolder(out_dir, force) as folder:
        manifest = _unpack(zip_path, folder.path)
        try:
            check_content(folder.path, manifest)
        except UserError as error:
            known_as = str(error).replace(f"{folder.path}{os.sep}", f"{zip_path}: ")
            raise UserError(known_as.replace(str(folder.path), str(zip_path))) from error
        if study is not None:
            name_study(folder.path, manifest, study)
    return out_dir


def check_content(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse a folder with any value in it that is not what its schema says.

    Parameters
    ----------
    manifest : the checked manifest of the folder
    """
    if manifest["kind"] == "train":
        read_run_manifest(folder)
        for name, kind in weight_files(manifest).items():
            read_tensors(folder / name, kind)
    inner = {p.parent for p in (folder / "decoded").rglob("*") if p.is_file()}
    for place in sorted(inner) if manifest["kind"] == "train" else [folder]:
        load_decoded(place)
        if (place / "words.tsv").is_file():
            read_words_tsv(place / "words.tsv")
    for report in list(folder.rglob(REPORT)):
        data = read_json(report)
        if isinstance(data, dict) and data.get("version") == REPORT_VERSION:
            read_report(report.parent)
        else:
            report.unlink()  # nobody can read one of another version; `evaluate` makes a new one


def name_study(folder: Path, manifest: dict[str, Any], study) -> None:
    """Write into the manifests of an imported run where its study lies.

    Raises
    ------
    UserError
        When the file is no study, or one of another name.
    """
    study = Path(study)
    found, wanted = read_toml(study).get("name"), manifest.get("study_name")
    if found != wanted:
        raise UserError(f"{study}: is the study {short(found)}, but the run was trained on {short(wanted)}")
    for file in folder.rglob("manifest.json"):
        write_json(file, read_json(file, MAX_MANIFEST) | {"study": str(study.resolve())})


def _unpack(zip_path: Path, folder: Path) -> dict[str, Any]:
    """Unpack the members that belong to a run; returns its manifest."""
    budget = _Budget(zip_path)
    try:
        with zipfile.ZipFile(zip_path) as archive:
            infos = _checked_members(zip_path, archive)
            listed = _read_list(zip_path, archive, infos.pop(LIST, None), budget)
            differing = sorted(listed.keys() ^ infos.keys())
            if differing:
                where = "is listed but not there" if differing[0] in listed else "is there but not listed"
                raise UserError(f"{zip_path}: {short(differing[0])} {where}; export the run again")
            manifest = _read_manifest(zip_path, archive, infos.get("manifest.json"))
            for name, info in infos.items():
                if is_member(name, manifest):
                    target = folder.joinpath(*PurePosixPath(name).parts)
                    _extract(zip_path, archive, info, target, listed[name], budget)
    except UserError:
        raise
    except DAMAGE as error:
        what = f"is no zip or a damaged one ({one_line(error)})"
        raise UserError(f"{zip_path}: {what}; copy or export it again") from error
    return manifest


def _read_manifest(zip_path: Path, archive: zipfile.ZipFile, info) -> dict[str, Any]:
    manifest: dict[str, Any] = {}
    if info is not None:
        with archive.open(info) as f:
            manifest = _parse(zip_path, "manifest.json", f.read(MAX_MANIFEST + 1))
    if not {"kind", "versions", "simulated"} <= manifest.keys() or manifest["kind"] not in ("train", "decode"):
        raise UserError(f"{zip_path}: holds no manifest.json of fmri2ges; give a zip that `export` made")
    check_manifest(manifest, f"{zip_path}: manifest.json")
    return manifest


class _Budget:
    """Bytes that may still be unpacked: a bound in all, and one by the size of the zip itself."""

    def __init__(self, zip_path: Path):
        self.zip_path = zip_path
        self.left = min(MAX_BYTES, ROOM + MAX_RATIO * zip_path.stat().st_size)

    def spend(self, n: int) -> None:
        self.left -= n
        if self.left < 0:
            raise UserError(f"{self.zip_path}: unpacks to far more than a run of its size can hold; it is not unpacked")


def _checked_members(zip_path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Headers of the files by name; every one is safe to create."""
    if len(archive.filelist) > MAX_MEMBERS:
        raise UserError(f"{zip_path}: holds {len(archive.filelist)} files; a run holds at most {MAX_MEMBERS}")
    infos: dict[str, zipfile.ZipInfo] = {}
    size = zip_path.stat().st_size
    seen: set[str] = set()
    for info in archive.filelist:
        # orig_filename: zipfile cuts `filename` at a zero byte and turns the system's separator.
        name = info.orig_filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        problem = name_problem(name)
        if kind not in (0, stat.S_IFREG):
            problem = "is a link or a special file"
        elif info.flag_bits & 1:
            problem = "is encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            problem = "is compressed in an unusual way"
        elif not 0 <= info.header_offset < size:
            problem = "lies outside the zip"
        elif name.casefold() in seen:
            problem = "is there twice"
        if problem:
            raise UserError(f"{zip_path}: {name[:80]!r} {problem}; give a zip that `export` made")
        seen.add(name.casefold())
        infos[name] = info
    for name in infos:
        inside = next((str(p) for p in PurePosixPath(name).parents if str(p).casefold() in seen), None)
        if inside:
            raise UserError(f"{zip_path}: {inside!r} is a file and a folder; give a zip that `export` made")
    return infos


def _read_list(zip_path: Path, archive: zipfile.ZipFile, info, budget: _Budget) -> dict[str, dict]:
    """archive.json: name -> {"bytes", "sha256"}."""
    if info is None:
        raise UserError(f"{zip_path}: holds no {LIST}; give a zip that `export` made")
    with archive.open(info) as f:
        text = f.read(MAX_LIST + 1)
    budget.spend(len(text))
    head = _parse(zip_path, LIST, text)
    if head.get("format") != FORMAT or head.get("version") != VERSION:
        found = f"{short(head.get('format'))} version {short(head.get('version'))}"
        raise UserError(f"{zip_path}: is {found}; this program reads {FORMAT} version {VERSION}")
    listed = head.get("members")
    if not isinstance(listed, dict) or not all(
        isinstance(v, dict) and type(v.get("bytes")) is int and isinstance(v.get("sha256"), str)
        for v in listed.values()
    ):
        raise UserError(f"{zip_path}: {LIST} must list each member with its bytes and sha256; export the run again")
    return listed


def _parse(zip_path: Path, name: str, text: bytes) -> dict:
    if len(text) > MAX_LIST:
        raise UserError(f"{zip_path}: {name} is larger than {MAX_LIST // 2**20} MB; export the run again")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{zip_path}: {name} is not valid JSON ({one_line(error)}); export the run again") from error
    if not isinstance(content, dict):
        raise UserError(f"{zip_path}: {name} is not a JSON object; export the run again")
    return content


def _extract(zip_path: Path, archive: zipfile.ZipFile, info, path: Path, listed: dict, budget: _Budget) -> None:
    """Write one member; size and digest are taken from the bytes, never from the headers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, n = hashlib.sha256(), 0
    with archive.open(info) as source, open(path, "xb") as target:
        while chunk := source.read(CHUNK):
            n += len(chunk)
            budget.spend(len(chunk))
            if n > listed["bytes"]:
                break
            digest.update(chunk)
            target.write(chunk)
    if n != listed["bytes"] or digest.hexdigest() != listed["sha256"]:
        differ = f"{info.orig_filename!r} is not what {LIST} lists (size or SHA-256 differ)"
        raise UserError(f"{zip_path}: {differ}; copy or export it again")
