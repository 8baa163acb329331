"""The syntax of a study file: keys, types, files that exist, a split that makes sense."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import UserError, one_line
from ..atomic import read_toml
from ..bold import hf5
from ..bold.pycortex import PycortexSubject
from . import bids
from .model import GestureSource, RecordingSource, Split, Study

# key -> kind of value; see `_value`. An asterisk marks a key that must be given.
TOP = {"name": "*text", "simulated": "truth", "recording": "list", "bids": "list", "gesture": "list", "split": "table"}
RECORDING = {
    "subject": "*name",
    "story": "*name",
    "bold": "*files",
    "mask": "file",
    "pycortex": "folder",
    "transform": "name",
    "spheres": "files",
    "tr": "*positive",
    "first_volume_at": "*number",
    "words": "*file",
    "tier": "text",
    "events": "file",
    "stim": "text",
    "columns": "names",
    "scale": "positive",
}
BIDS = {
    "root": "*folder",
    "task": "*name",
    "space": "*text",
    "first_volume_at": "*number",
    "words": "*text",
    "events": "text",
    "stim": "text",
    "subjects": "names",
    "runs": "runs",
    "session": "text",
    "desc": "text",
    "tr": "positive",
    "mask": "file",
    "tier": "text",
}
GESTURE = {"clip": "*name", "motion": "*file", "words": "*file", "speaker": "*name", "tier": "text", "skeleton": "file"}
SPLIT = {"test_stories": "names", "validation_stories": "names", "within_story_folds": "folds", "gap": "duration"}

MAX_NAMED = 40  # stories named in one message, and messages about stories
MAX_PROBLEMS = 200  # more than anybody reads; a damaged file has one per key

KINDS = {
    "text": "must be a text in quotes",
    "name": "must be a text in quotes, without / or \\",
    "truth": "must be true or false",
    "list": "must be written as [[{key}]]",
    "table": "must be written as [{key}]",
    "number": "must be a number of seconds",
    "positive": "must be a number above 0",
    "duration": "must be a number of seconds, 0 or more",
    "folds": "must be a whole number, 2 or more",
    "names": 'must be a list of names such as ["a", "b"]',
    "runs": "must be a list of whole numbers such as [1, 2]",
    "file": "must be the path of a file, relative to the study file",
    "files": "must be the path of a file, relative to the study file, or a list of two (left and right hemisphere)",
    "folder": "must be the path of a folder, relative to the study file",
}


def parse_study(path) -> tuple[Study | None, list[str]]:
    """The study that a file describes, and every problem of the file itself.

    Returns
    -------
    study : Study of all entries that are well formed; None when the file cannot be read at all
    problems : list of str, one line each
    """
    path = Path(path)
    try:
        if path.is_dir():
            return None, [f"{path}: is a folder; give the study file, for example {path / 'study.toml'}"]
        if not path.is_file():
            return None, [f"{path}: no such file"]
        raw = read_toml(path)
    except UserError as error:
        return None, [str(error)]
    except (OSError, ValueError) as error:  # no permission; a name that no file can have
        return None, [
            f"{str(path)[:200]!r}: cannot be read ({getattr(error, 'strerror', None) or error}); give the path of a study file"
        ]

    problems: list[str] = []
    top = _read_keys(raw, TOP, path.name, path.parent, problems)
    found = _bids(top, path, problems)
    top["recording"] = [_with_defaults(r) for r in top.get("recording", [])]
    identity = ("subject", "story")
    listed = [_source(v) for v in _entries(top, "recording", RECORDING, identity, path, problems)]
    recordings = _without_repeats([*listed, *found], path, problems)
    gestures = [GestureSource(**values) for values in _entries(top, "gesture", GESTURE, ("clip",), path, problems)]
    split_values = _read_keys(top.get("split", {}), SPLIT, f"{path.name}: split", path.parent, problems)
    split = Split(**(split_values or {}))
    if not any(raw.get(kind) for kind in ("recording", "bids", "gesture")):
        problems.append(f"{path.name}: names no source; add a [[recording]], a [[bids]] or a [[gesture]]")
    heard = list(dict.fromkeys([*_names(raw, "recording", "story"), *(r.story for r in found)]))
    stories = list(dict.fromkeys([*heard, *_names(raw, "gesture", "clip")]))
    problems += _split_problems(split, heard, stories, f"{path.name}: split")
    study = Study(
        name=top.get("name", path.stem),
        simulated=top.get("simulated", False),
        path=path.absolute(),
        recordings=tuple(recordings),
        gestures=tuple(gestures),
        split=split,
    )
    return study, problems


def _with_defaults(raw: Any) -> Any:
    """A [[recording]] of the Huth lab's .hf5 with the timing that all of them have, unless it states another."""
    if isinstance(raw, dict) and str(raw.get("bold", "")).lower().endswith(".hf5"):
        return {"tr": hf5.TR, "first_volume_at": hf5.FIRST_VOLUME_AT, **raw}
    return raw


def _source(values: dict) -> RecordingSource:
    files = values["bold"]
    mask = (values["mask"],) if "mask" in values else ()
    rest = {key: value for key, value in values.items() if key not in ("pycortex", "transform", "spheres")}
    pycortex = None
    if "pycortex" in values:
        pycortex = PycortexSubject(values["pycortex"], values.get("transform"), values.get("spheres", ()))
    partner = files[1] if len(files) > 1 else None
    return RecordingSource(**{**rest, "bold": files[0], "partner": partner, "mask": mask, "pycortex": pycortex})


def _bids(top: dict, path: Path, problems: list[str]) -> list[RecordingSource]:
    """Recordings of all [[bids]] tables; what cannot be found is reported."""
    recordings = []
    for number, raw in _numbered(top, "bids", path, problems):
        where = f"{path.name}: bids {number}"
        before = len(problems)
        table = _read_keys(raw, BIDS, where, path.parent, problems)
        _check_stim(table, where, problems)
        if len(problems) == before:
            found, wrong = bids.expand(table, path.parent)
            recordings += found
            problems += [f"{where}: {line}" for line in wrong]
    bids.share_masks(recordings)
    return [RecordingSource(**r) for r in recordings]


def _numbered(top: dict, kind: str, path: Path, problems: list[str]) -> Iterator[tuple[int, Any]]:
    """The entries of one kind with their numbers, until there are too many problems."""
    for number, raw in enumerate(top.get(kind, []), start=1):
        if len(problems) > MAX_PROBLEMS:
            problems.append(f"{path.name}: and more; mend these first")
            return
        yield number, raw


def _without_repeats(recordings: list[RecordingSource], path: Path, problems: list[str]) -> list[RecordingSource]:
    """Recordings that several [[bids]] tables name, or one and a [[recording]], are reported."""
    kept: dict[tuple[str, str], RecordingSource] = {}
    for r in recordings:
        if (r.subject, r.story) in kept:
            problems.append(f"{path.name}: {r.subject}/{r.story} is named twice, once by a [[bids]] table; remove one")
        kept.setdefault((r.subject, r.story), r)
    return list(kept.values())


def _entries(
    top: dict, kind: str, schema: dict, identity: tuple[str, ...], path: Path, problems: list[str]
) -> list[dict]:
    """The well-formed entries of one kind of source; the others are reported."""
    entries, seen = [], {}
    for number, raw in _numbered(top, kind, path, problems):
        label = one_line("/".join(str(raw[k]) for k in identity if k in raw), 100) if isinstance(raw, dict) else ""
        where = f"{path.name}: {kind} {number}" + (f" ({label})" if label else "")
        before = len(problems)
        values = _read_keys(raw, schema, where, path.parent, problems)
        _check_stim(values, where, problems)
        _check_pycortex(values, where, problems)
        if len(problems) > before:
            continue
        key = tuple(values[k] for k in identity)
        if key in seen:
            problems.append(
                f"{where}: is the same {' and '.join(identity)} as {kind} {seen[key]}; remove one or rename it"
            )
            continue
        seen[key] = number
        entries.append(values)
    return entries


def _check_stim(values: dict, where: str, problems: list[str]) -> None:
    if "stim" in values and "events" not in values:
        problems.append(f"{where}: stim names an event of `events`; add events, or remove stim")


def _check_pycortex(values: dict, where: str, problems: list[str]) -> None:
    for key in ("transform", "spheres"):
        if key in values and "pycortex" not in values:
            problems.append(
                f"{where}: {key} belongs to `pycortex`; add pycortex, the folder of the subject, or remove {key}"
            )
    if len(values.get("spheres", "LR")) != 2:
        problems.append(f'{where}: spheres: must be a list of two files, such as ["lh.sphere.reg", "rh.sphere.reg"]')


def _read_keys(raw: Any, schema: dict[str, str], where: str, root: Path, problems: list[str]) -> dict[str, Any]:
    """The valid values of a TOML table; unknown, missing and wrong keys are reported."""
    if not isinstance(raw, dict):
        problems.append(f"{where}: must be a table of keys and values")
        return {}
    values = {}
    for key, value in raw.items():
        if key not in schema:
            if len(problems) > MAX_PROBLEMS:
                continue
            near = difflib.get_close_matches(key, schema, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            problems.append(f"{where}: unknown key {one_line(repr(key), 60)}{hint}; allowed: {', '.join(schema)}")
            continue
        try:
            values[key] = _value(key, value, schema[key].removeprefix("*"), root)
        except UserError as error:
            problems.append(f"{where}: {error}")
    missing = [key for key, kind in schema.items() if kind.startswith("*") and key not in raw]
    if missing:
        problems.append(f"{where}: {', '.join(missing)} missing; add {'it' if len(missing) == 1 else 'them'}")
    return values


def _value(key: str, value: Any, kind: str, root: Path) -> Any:
    """`value` as the program wants it; a `UserError` says what is allowed."""
    wrong = UserError(f"{key}: {KINDS[kind].format(key=key)}; got {one_line(repr(value), 100)}")
    if kind in ("file", "files", "folder"):
        paths = value if kind == "files" and isinstance(value, list) and 1 <= len(value) <= 2 else [value]
        if not all(isinstance(p, str) and p.strip() for p in paths):
            raise wrong
        targets = tuple(_existing(key, root / p, kind) for p in paths)
        return targets if kind == "files" else targets[0]
    if kind in ("text", "name"):
        if not isinstance(value, str) or not value.strip():
            raise wrong
        # Names of stories and subjects become names of files.
        if kind == "name" and ("/" in value or "\\" in value or value.startswith(".")):
            raise wrong
        return value
    if kind == "runs":
        if not isinstance(value, list) or not value or not all(type(v) is int and v > 0 for v in value):
            raise wrong
        return tuple(dict.fromkeys(value))
    if kind in ("truth", "list", "table"):
        if not isinstance(value, {"truth": bool, "list": list, "table": dict}[kind]):
            raise wrong
        return value
    if kind == "names":
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise wrong
        if len(set(value)) < len(value):
            raise UserError(
                f"{key}: a name occurs twice: {', '.join(sorted({v for v in value if value.count(v) > 1}))}"
            )
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise wrong
    if kind == "folds" and (not isinstance(value, int) or value < 2):
        raise wrong
    if (kind == "positive" and value <= 0) or (kind == "duration" and value < 0):
        raise wrong
    return value if kind == "folds" else float(value)


def _existing(key: str, target: Path, kind: str) -> Path:
    # Not Path.is_file, which raises for a name that no file can have.
    if not (os.path.isdir(target) if kind == "folder" else os.path.isfile(target)):
        what = "folder" if kind == "folder" else "file"
        raise UserError(f"{key}: no such {what}: {one_line(target, 300)}; paths are relative to the study file")
    return target


def _names(raw: dict, kind: str, key: str) -> list[str]:
    """Story names of all entries, also of those with a problem elsewhere."""
    entries = raw.get(kind)
    return (
        [e[key] for e in entries if isinstance(e, dict) and isinstance(e.get(key), str)]
        if isinstance(entries, list)
        else []
    )


def _split_problems(split: Split, heard: list[str], stories: list[str], where: str) -> list[str]:
    """Problems of the split, given the stories with a recording and all stories."""
    problems = []
    both = sorted({*split.test_stories} & {*split.validation_stories})
    if both:
        problems.append(
            f"{where}: {', '.join(both)} in both test_stories and validation_stories; a story is on one side only"
        )
    known = set(stories)
    for key in ("test_stories", "validation_stories"):
        missing = [story for story in getattr(split, key) if story not in known]
        for story in missing[:MAX_NAMED]:
            near = difflib.get_close_matches(story, stories, n=1)
            named = ", ".join(stories[:MAX_NAMED]) + (" ..." if len(stories) > MAX_NAMED else "")
            hint = f"; did you mean {near[0]!r}?" if near else f"; stories: {named}"
            problems.append(f"{where}: {key}: there is no story {one_line(repr(story), 100)}{hint}")
    if split.within_story_folds and split.test_stories:
        problems.append(f"{where}: give test_stories or within_story_folds, not both")
    if split.within_story_folds and len(heard) > 1:
        problems.append(
            f"{where}: within_story_folds is for a study with a single story; this one has {len(heard)}: name test_stories"
        )
    if heard and not split.within_story_folds and not split.test_stories:
        problems.append(
            f"{where}: nothing is held out; name test_stories, or give within_story_folds and gap for a study with a single story"
        )
    return problems
