"""A run as one zip, to pass on or to keep, and back.

The zip holds archive.json, which lists every other member with its size and SHA-256, and the files
of the run folder. Nothing is compressed and nothing carries a date, so the same run gives the same
bytes on every machine (weights hardly compress anyway). Reading trusts nothing in the zip.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..data.atomic import replacing
from ..errors import UserError
from .folder import check_free, is_own

LIST = "archive.json"
FORMAT, VERSION = "fmri2ges-run", 1
ALLOWED = (".json", ".toml", ".tsv", ".csv", ".npz", ".safetensors", ".txt", ".log", ".gii")
MAX_MEMBERS = 10_000
MAX_BYTES = 16 * 2**30  # of a whole run
MAX_LIST = 8 * 2**20  # of archive.json and manifest.json
MAX_RATIO = 100  # unpacked to packed size; some room below which the ratio says nothing
ROOM = 16 * 2**20
CHUNK = 2**20


@dataclass(frozen=True)
class Archive:
    """What was packed.

    Parameters
    ----------
    path : the zip
    members : names of the files in it, without archive.json
    left_out : files of the folder that a run archive does not carry, such as figures
    """

    path: Path
    members: tuple[str, ...]
    left_out: tuple[str, ...]


def export_run(run_dir, zip_path) -> Archive:
    """Pack a run or decoded folder into one zip.

    Raises
    ------
    UserError
        When the folder is no run, or the zip would lie inside it.
    """
    run_dir, zip_path = Path(run_dir), Path(zip_path)
    if not (run_dir / "manifest.json").is_file() or not is_own(run_dir):
        raise UserError(
            f"{run_dir}: is not a run folder (no manifest.json of fmri2ges); give what `train` or `decode` wrote"
        )
    if zip_path.is_dir():
        raise UserError(f"{zip_path}: is a folder; give the name of a zip to write")
    if zip_path.resolve().is_relative_to(run_dir.resolve()):
        raise UserError(f"{zip_path}: lies inside the run that it packs; write it elsewhere")
    names = sorted(p.relative_to(run_dir).as_posix() for p in run_dir.rglob("*") if p.is_file() or p.is_symlink())
    members = [n for n in names if _problem(n) == "" and n != LIST and not (run_dir / n).is_symlink()]
    left_out = tuple(n for n in names if n not in set(members) | {LIST})
    listed = {name: _digest(run_dir / name) for name in members}
    head = {"format": FORMAT, "version": VERSION, "members": listed}
    with replacing(zip_path) as temp, zipfile.ZipFile(temp, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member(LIST), json.dumps(head, indent=2, sort_keys=True) + "\n")
        for name in members:
            with open(run_dir / name, "rb") as source, archive.open(_member(name), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, CHUNK)
    return Archive(zip_path, tuple(members), left_out)


def _member(name: str) -> zipfile.ZipInfo:
    """Header of a member: a constant date and plain permissions on every system."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _digest(path: Path) -> dict:
    with open(path, "rb") as f:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(f, "sha256").hexdigest()}


def import_run(zip_path, out_dir) -> Path:
    """Unpack a zip that `export_run` made into a new run folder.

    Everything is checked: names (relative, plain, once, of known kinds), sizes while they are
    unpacked, and the digest of each file. The folder appears whole or not at all.

    Returns
    -------
    path : the run folder

    Raises
    ------
    UserError
        For a damaged zip, anything that `export_run` does not write, or a target that is in use.
    """
    zip_path, out_dir = Path(zip_path), Path(out_dir)
    if not zip_path.is_file():
        raise UserError(f"{zip_path}: no such file")
    check_free(out_dir)
    target = out_dir.resolve()
    temp = target.with_name(f".{target.name}.{secrets.token_hex(4)}.import")
    temp.mkdir(parents=True)
    try:
        _unpack(zip_path, temp)
        if target.is_dir():
            target.rmdir()  # empty: checked above
        os.replace(temp, target)
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    return out_dir


def _unpack(zip_path: Path, folder: Path) -> None:
    budget = _Budget(zip_path)
    try:
        with zipfile.ZipFile(zip_path) as archive:
            infos = _checked_members(zip_path, archive)
            listed = _read_list(zip_path, archive, infos.pop(LIST, None), budget)
            differing = sorted(listed.keys() ^ infos.keys())
            if differing:
                where = "is listed but not there" if differing[0] in listed else "is there but not listed"
                raise UserError(f"{zip_path}: {differing[0]!r} {where}; export the run again")
            for name, info in infos.items():
                _extract(zip_path, archive, info, folder.joinpath(*PurePosixPath(name).parts), listed[name], budget)
    except UserError:
        raise
    # zipfile and zlib raise many kinds for a damaged archive; a full disk is no fault of the archive.
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        KeyError,
        IndexError,
    ) as error:
        raise UserError(f"{zip_path}: is no zip or a damaged one ({_line(error)}); copy or export it again") from error
    _check_manifest(zip_path, folder)


class _Budget:
    """Bytes that may still be unpacked: a bound in all, and one by the size of the zip itself."""

    def __init__(self, zip_path: Path):
        self.zip_path = zip_path
        self.left = min(MAX_BYTES, ROOM + MAX_RATIO * zip_path.stat().st_size)

    def spend(self, n: int) -> None:
        self.left -= n
        if self.left < 0:
            raise UserError(f"{self.zip_path}: unpacks to far more than a run of its size can hold; it is not unpacked")


def _problem(name: str) -> str:
    """Why a name is no member of a run; empty when it may be one."""
    parts = name.split("/")
    if (
        not name.isprintable()
        or any(c in name for c in '\\:*?"<>|')
        or any(p in ("", ".", "..") or p != p.strip(" ") for p in parts)
    ):
        return "is not a plain relative name"
    if any(p.startswith(".") for p in parts):
        return "is a hidden file"
    if len(name) > 200 or len(parts) > 8:
        return "is too long"
    if PurePosixPath(name).suffix.lower() not in ALLOWED:
        return f"is of a kind that a run does not hold (allowed: {', '.join(ALLOWED)})"
    return ""


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
        problem = _problem(name)
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
        raise UserError(
            f"{zip_path}: is {_short(head.get('format'))} version {_short(head.get('version'))}; this program reads {FORMAT} version {VERSION}"
        )
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
        raise UserError(f"{zip_path}: {name} is not valid JSON ({_line(error)}); export the run again") from error
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
        raise UserError(
            f"{zip_path}: {info.orig_filename!r} is not what {LIST} lists (size or SHA-256 differ); copy or export it again"
        )


def _check_manifest(zip_path: Path, folder: Path) -> None:
    manifest = folder / "manifest.json"
    if manifest.is_file() and manifest.stat().st_size <= MAX_LIST:
        _parse(zip_path, manifest.name, manifest.read_bytes())
    if not manifest.is_file() or not is_own(folder):
        raise UserError(f"{zip_path}: holds no manifest.json of fmri2ges; give a zip that `export` made")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _short(value) -> str:
    return repr(value)[:40]
