"""A run as one zip, to pass on or to keep.

The zip holds archive.json, which lists every other member with its size and SHA-256, and of the folder what the
schema names: manifest, weights, results. Nothing in it says on which machine or by whom it was made: absolute paths
in manifests and reports lose all but their last name, and an imported run looks for its study in its own folder
until it is told where it is. Nothing is compressed and nothing carries a date, so the same run gives the same bytes
on every machine (weights hardly compress anyway). `unpack` reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..data.atomic import read_json, replacing
from ..errors import UserError
from ..request import DEMO
from .decoded import read_manifest as read_decoded_manifest
from .folder import is_own, read_run_manifest, sole_writer
from .portable import CHUNK, FORMAT, LIST, VERSION, name_problem, portable, portable_header
from .report import NAME as REPORT
from .report import read_report
from .schema import MAX_MANIFEST, is_member
from .unpack import import_run

__all__ = ["Archive", "export_run", "import_run"]


@dataclass(frozen=True)
class Archive:
    """What was packed.

    Parameters
    ----------
    path : the zip
    members : names of the files in it, without archive.json
    left_out : files of the folder that a run archive does not carry, such as figures and logs
    """

    path: Path
    members: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A file as it is packed: some bytes, then the file from a place on.

    Parameters
    ----------
    head : written first
    file : whose bytes follow; None = none
    skip : bytes of the file that `head` stands for
    """

    head: bytes = b""
    file: Path | None = None
    skip: int = 0

    def chunks(self):
        """The bytes, a piece at a time."""
        yield self.head
        if self.file is not None:
            with open(self.file, "rb") as source:
                source.seek(self.skip)
                while chunk := source.read(CHUNK):
                    yield chunk


def export_run(run_dir, zip_path) -> Archive:
    """Pack a run or decoded folder into one zip.

    Raises
    ------
    UserError
        When the folder is no run or a damaged one, when the zip would lie inside it, when another process writes the
        zip, or when the run or a file of it is replaced while it is packed.
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
    before = run_dir.stat()
    members = _members(run_dir)
    left_out = tuple(n for n in _names(run_dir) if n not in members and n != LIST)
    listed = {name: _digest(member) for name, member in members.items()}
    head = {"format": FORMAT, "version": VERSION, "members": listed}
    with sole_writer(zip_path), replacing(zip_path) as temp:
        with zipfile.ZipFile(temp, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_info(LIST), json.dumps(head, indent=2, sort_keys=True) + "\n")
            for name, member in members.items():
                with archive.open(_info(name), "w", force_zip64=True) as target:
                    packed = _digest(member, target)
                if packed != listed[name]:  # a story below decoded/ may be decoded anew
                    raise UserError(f"{run_dir / name}: was written anew while it was packed; export the run again")
        if not os.path.samestat(before, run_dir.stat()):
            raise UserError(f"{run_dir}: was written anew while it was packed; export it again")
    return Archive(zip_path, tuple(members), left_out)


def _names(folder: Path) -> list[str]:
    """Every file of a folder, relative to it; links are named, not followed."""
    found = []
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        found += [(Path(parent) / name).relative_to(folder).as_posix() for name in (*files, *links)]
    return sorted(found)


def _members(run_dir: Path) -> dict[str, Member]:
    """What the zip holds of a folder, by name."""
    kind = read_json(run_dir / "manifest.json", MAX_MANIFEST)["kind"]
    manifest = read_run_manifest(run_dir) if kind == "train" else read_decoded_manifest(run_dir)
    there = {
        n for n in _names(run_dir) if is_member(n, manifest) and not name_problem(n) and not (run_dir / n).is_symlink()
    }
    members = {}
    for name in sorted(there):
        folder = PurePosixPath(name).parent
        if name == "manifest.json":
            members[name] = _manifest(manifest, run_dir)
        elif f"{folder / 'manifest.json'}" not in there:
            continue  # a folder below decoded/ that `decode` did not write
        elif PurePosixPath(name).name == REPORT and not _has_report(run_dir / folder):
            continue
        elif name.endswith("/manifest.json"):
            decoded = read_decoded_manifest(run_dir / folder)
            members[name] = _manifest(decoded, run_dir, "../" * len(folder.parts), manifest)
        else:
            members[name] = _member(run_dir, name)
    return members


def _has_report(folder: Path) -> bool:
    """Whether the report in a folder can be read; one of an older version is left out, `evaluate` makes a new one."""
    try:
        read_report(folder)
    except UserError:
        return False
    return True


def _manifest(manifest: dict[str, Any], run_dir: Path, back: str = "", run: dict[str, Any] | None = None) -> Member:
    """A manifest without the places of this machine.

    Parameters
    ----------
    back : the way from its folder to the run, for a decoded story that is packed with its run
    run : the manifest of this run
    """
    shared = portable({k: v for k, v in manifest.items() if k not in ("study", "run")}, run_dir)
    of_run = run is not None and manifest.get("run_created") == run.get("created")
    if study := manifest.get("study"):
        shared["study"] = DEMO if study == DEMO else back + Path(study).name
    if place := DEMO if manifest.get("run") == DEMO else back.rstrip("/") if of_run else "":
        shared["run"] = place
    if "request" in shared and shared["request"].get("run", DEMO) != DEMO:
        shared["request"]["run"] = place or Path(shared["request"]["run"]).name
    return Member(_json(shared))


def _member(run_dir: Path, name: str) -> Member:
    """Any other file of a folder."""
    file = run_dir / name
    if file.name == REPORT:
        return Member(_json(portable(read_json(file), run_dir)))
    if file.suffix == ".safetensors":
        head, skip = portable_header(file, run_dir)
        return Member(head, file, skip)
    return Member(file=file)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _info(name: str) -> zipfile.ZipInfo:
    """Header of a member: a constant date and plain permissions on every system."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _digest(member: Member, target: IO[bytes] | None = None) -> dict:
    """Size and SHA-256 of a member, which is also written to `target` where one is given."""
    digest, n = hashlib.sha256(), 0
    for chunk in member.chunks():
        digest.update(chunk)
        n += len(chunk)
        if target is not None:
            target.write(chunk)
    return {"bytes": n, "sha256": digest.hexdigest()}
