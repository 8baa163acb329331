"""The syntax of a study file: keys, types, files that exist, a split that makes sense."""

from __future__ import annotations

import difflib
import math
import tomllib
from pathlib import Path
from typing import Any

from ..errors import UserError
from .study import GestureSource, RecordingSource, Split, Study

# key -> kind of value; see `_value`. An asterisk marks a key that must be given.
TOP = {"name": "*text", "simulated": "truth", "recording": "list", "gesture": "list", "split": "table"}
RECORDING = {
    "subject": "*name",
    "story": "*name",
    "bold": "*file",
    "tr": "*positive",
    "first_volume_at": "*number",
    "words": "*file",
    "tier": "text",
    "columns": "names",
    "scale": "positive",
}
GESTURE = {"clip": "*name", "motion": "*file", "words": "*file", "speaker": "*name", "tier": "text"}
SPLIT = {"test_stories": "names", "validation_stories": "names", "within_story_folds": "folds", "gap": "duration"}

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
    "file": "must be the path of a file, relative to the study file",
}


def parse_study(path) -> tuple[Study | None, list[str]]:
    """The study that a file describes, and every problem of the file itself.

    Returns
    -------
    study : Study of all entries that are well formed; None when the file cannot be read at all
    problems : list of str, one line each
    """
    path = Path(path)
    if path.is_dir():
        return None, [f"{path}: is a folder; give the study file, for example {path / 'study.toml'}"]
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, [f"{path}: no such file"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [f"{path}: is not valid TOML: {error}"]

    problems: list[str] = []
    top = _read_keys(raw, TOP, path.name, path.parent, problems)
    recordings = [
        RecordingSource(**values)
        for values in _entries(top, "recording", RECORDING, ("subject", "story"), path, problems)
    ]
    gestures = [GestureSource(**values) for values in _entries(top, "gesture", GESTURE, ("clip",), path, problems)]
    split_values = _read_keys(top.get("split", {}), SPLIT, f"{path.name}: split", path.parent, problems)
    split = Split(**(split_values or {}))
    if not raw.get("recording") and not raw.get("gesture"):
        problems.append(f"{path.name}: names no source; add a [[recording]] or a [[gesture]]")
    stories = list(dict.fromkeys([*_names(raw, "recording", "story"), *_names(raw, "gesture", "clip")]))
    heard = list(dict.fromkeys(_names(raw, "recording", "story")))
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


def _entries(top: dict, kind: str, schema: dict, identity: tuple[str, ...], path: Path, problems: list[str]) -> list[dict]:
    """The well-formed entries of one kind of source; the others are reported."""
    entries, seen = [], {}
    for number, raw in enumerate(top.get(kind, []), start=1):
        label = "/".join(str(raw[k]) for k in identity if k in raw) if isinstance(raw, dict) else ""
        where = f"{path.name}: {kind} {number}" + (f" ({label})" if label else "")
        before = len(problems)
        values = _read_keys(raw, schema, where, path.parent, problems)
        if len(problems) > before:
            continue
        key = tuple(values[k] for k in identity)
        if key in seen:
            problems.append(f"{where}: is the same {' and '.join(identity)} as {kind} {seen[key]}; remove one or rename it")
            continue
        seen[key] = number
        entries.append(values)
    return entries


def _read_keys(raw: Any, schema: dict[str, str], where: str, root: Path, problems: list[str]) -> dict[str, Any]:
    """The valid values of a TOML table; unknown, missing and wrong keys are reported."""
    if not isinstance(raw, dict):
        problems.append(f"{where}: must be a table of keys and values")
        return {}
    values = {}
    for key, value in raw.items():
        if key not in schema:
            near = difflib.get_close_matches(key, schema, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            problems.append(f"{where}: unknown key {key!r}{hint}; allowed: {', '.join(schema)}")
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
    wrong = UserError(f"{key}: {KINDS[kind].format(key=key)}; got {value!r}")
    if kind in ("text", "file", "name"):
        if not isinstance(value, str) or not value.strip():
            raise wrong
        # Names of stories and subjects become names of files.
        if kind == "name" and ("/" in value or "\\" in value or value.startswith(".")):
            raise wrong
        if kind != "file":
            return value
        target = root / value
        if not target.is_file():
            raise UserError(f"{key}: no such file: {target}; paths are relative to the study file")
        return target
    if kind in ("truth", "list", "table"):
        if not isinstance(value, {"truth": bool, "list": list, "table": dict}[kind]):
            raise wrong
        return value
    if kind == "names":
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise wrong
        if len(set(value)) < len(value):
            raise UserError(f"{key}: a name occurs twice: {', '.join(sorted({v for v in value if value.count(v) > 1}))}")
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise wrong
    if kind == "folds" and (not isinstance(value, int) or value < 2):
        raise wrong
    if (kind == "positive" and value <= 0) or (kind == "duration" and value < 0):
        raise wrong
    return value if kind == "folds" else float(value)


def _names(raw: dict, kind: str, key: str) -> list[str]:
    """Story names of all entries, also of those with a problem elsewhere."""
    entries = raw.get(kind)
    return [e[key] for e in entries if isinstance(e, dict) and isinstance(e.get(key), str)] if isinstance(entries, list) else []


def _split_problems(split: Split, heard: list[str], stories: list[str], where: str) -> list[str]:
    """Problems of the split, given the stories with a recording and all stories."""
    problems = []
    both = sorted({*split.test_stories} & {*split.validation_stories})
    if both:
        problems.append(f"{where}: {', '.join(both)} in both test_stories and validation_stories; a story is on one side only")
    for key in ("test_stories", "validation_stories"):
        for story in getattr(split, key):
            if story not in stories:
                near = difflib.get_close_matches(story, stories, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; stories: {', '.join(stories)}"
                problems.append(f"{where}: {key}: there is no story {story!r}{hint}")
    if split.within_story_folds and split.test_stories:
        problems.append(f"{where}: give test_stories or within_story_folds, not both")
    if split.within_story_folds and len(heard) > 1:
        problems.append(f"{where}: within_story_folds is for a study with a single story; this one has {len(heard)}: name test_stories")
    if heard and not split.within_story_folds and not split.test_stories:
        problems.append(
            f"{where}: nothing is held out; name test_stories, or give within_story_folds and gap for a study with a single story"
        )
    return problems
