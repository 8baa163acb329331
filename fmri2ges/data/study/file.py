"""The syntax of a study file: keys, types, files that exist, a split that makes sense."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import LONGEST, UserError, one_line
from ..bold import hf5
from ..bold.confounds import Confounds
from ..bold.pycortex import PycortexSubject
from ..bold.timing import check_sidecar, find_tr
from ..toml_file import read_toml
from ..words.stimulus import place_story
from . import bids
from .model import GestureSource, RecordingSource, Split, Study
from .values import value_of

# key -> kind of value; see `values.KINDS`. An asterisk marks a key that must be given.
TOP = {"name": "*text", "simulated": "truth", "recording": "list", "bids": "list", "gesture": "list", "split": "table"}
RECORDING = {
    "subject": "*name",
    "story": "*name",
    "bold": "*files",
    "mask": "file",
    "pycortex": "folder",
    "transform": "name",
    "spheres": "files",
    "tr": "tr",
    "first_volume_at": "*number",
    "words": "*file",
    "tier": "text",
    "events": "file",
    "stim": "text",
    "columns": "names",
    "scale": "positive",
    "confounds": "file",
    "confound_columns": "names",
    "ignore_header_tr": "truth",
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
    **dict.fromkeys(bids.CHOICES, "label"),
    "tr": "tr",
    "mask": "file",
    "tier": "text",
    "confounds": "text",
    "confound_columns": "names",
    "ignore_header_tr": "truth",
}
GESTURE = {"clip": "*name", "motion": "*file", "words": "*file", "speaker": "*name", "tier": "text", "skeleton": "file"}
SPLIT = {"test_stories": "names", "validation_stories": "names", "within_story_folds": "folds", "gap": "duration"}

MOST_KEYS = 100  # of one table
MOST_NAMED = 40  # stories named in one message, and missing ones that are told
MOST_PROBLEMS = 500  # that are spelled out


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
            f"{str(path)[:200]!r}: cannot be read ({getattr(error, 'strerror', None) or error}); "
            "give the path of a study file"
        ]

    problems: list[str] = []
    top = _read_keys(raw, TOP, path.name, path.parent, problems)
    found = _bids(top, path, problems)
    stated = top.get("recording", [])
    top["recording"] = [_with_defaults(r) for r in stated]
    identity = ("subject", "story")
    listed = [_source(v, stated) for v in _entries(top, "recording", RECORDING, identity, path, problems)]
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
    more = [f"{path.name}: and {len(problems) - MOST_PROBLEMS} more problems"] if len(problems) > MOST_PROBLEMS else []
    return study, [*(one_line(line, LONGEST) for line in problems[:MOST_PROBLEMS]), *more]


def _with_defaults(raw: Any) -> Any:
    """A [[recording]] of the Huth lab's .hf5 with the timing that all of them have, unless it states another."""
    if isinstance(raw, dict) and str(raw.get("bold", "")).lower().endswith(".hf5"):
        return {"tr": hf5.TR, "first_volume_at": hf5.FIRST_VOLUME_AT, **raw}
    return raw


def _source(values: dict, stated: list) -> RecordingSource:
    """One recording from its valid values; `stated` are the entries of the file, without defaults."""
    files = values["bold"]
    mask = (values["mask"],) if "mask" in values else ()
    rest = {key: value for key, value in values.items() if key not in ("pycortex", "transform", "spheres")}
    pycortex = None
    if "pycortex" in values:
        pycortex = PycortexSubject(values["pycortex"], values.get("transform"), values.get("spheres", ()))
    partner = files[1] if len(files) > 1 else None
    own = {"bold": files[0], "partner": partner, "mask": mask, "pycortex": pycortex}
    columns = rest.pop("confound_columns", ())
    if "confounds" in rest:
        own["confounds"] = Confounds(rest["confounds"], columns)
    source = RecordingSource(**{**rest, **own})
    return _within_scan(replace(source, assumed=source.assumed or _assumed(source, stated)))


def _assumed(source: RecordingSource, stated: list) -> str:
    """The timing that `_with_defaults` supplied, in words."""
    tables = (r for r in stated if isinstance(r, dict))
    own = next(r for r in tables if (r.get("subject"), r.get("story")) == (source.subject, source.story))
    added = [f"{key} = {getattr(source, key):g} s" for key in ("tr", "first_volume_at") if key not in own]
    return f"{' and '.join(added)} (those of the Huth lab's .hf5)" if added else ""


def _within_scan(source: RecordingSource) -> RecordingSource:
    """A recording with only the volumes of its story, where its events say that the scan holds other stories."""
    if source.events is None:
        return source
    try:
        window = place_story(source.events, source.stim).volumes
    except UserError:
        return source  # reported when the words are read
    if window is None:
        return source
    first = max(0, math.ceil((window.start - source.first_volume_at) / source.tr - 1e-6))
    after = None
    if math.isfinite(window.stop):
        after = max(first, math.ceil((window.stop - source.first_volume_at) / source.tr - 1e-6))
    return replace(source, rows=(first, after), first_volume_at=source.first_volume_at + first * source.tr)


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
    return [_within_scan(RecordingSource(**r)) for r in recordings]


def _numbered(top: dict, kind: str, path: Path, problems: list[str]) -> Iterator[tuple[int, Any]]:
    """The entries of one kind with their numbers, until there are too many problems."""
    for number, raw in enumerate(top.get(kind, []), start=1):
        if len(problems) > MOST_PROBLEMS:
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
    entries: list[dict] = []
    seen: dict[tuple, Any] = {}
    for number, raw in _numbered(top, kind, path, problems):
        label = one_line("/".join(str(raw[k]) for k in identity if k in raw), 100) if isinstance(raw, dict) else ""
        where = f"{path.name}: {kind} {number}" + (f" ({label})" if label else "")
        before = len(problems)
        values = _read_keys(raw, schema, where, path.parent, problems)
        _check_stim(values, where, problems)
        _check_pycortex(values, where, problems)
        if kind == "recording" and isinstance(raw, dict):
            _complete(raw, values, where, problems)
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


def _complete(raw: dict, values: dict, where: str, problems: list[str]) -> None:
    """Take the repetition time from the recording's own files where the study file states none; check its confounds."""
    if "confound_columns" in values and "confounds" not in values:
        problems.append(f"{where}: confound_columns names columns of `confounds`; add confounds, or remove it")
    if "tr" not in raw and "bold" in values:
        try:
            found = find_tr(values["bold"][0])
            values |= {"tr": found.seconds, "assumed": found.note}
        except UserError as error:
            problems.append(f"{where}: tr missing; add it ({error})")
    elif "tr" in values and "bold" in values and not values.get("ignore_header_tr"):
        try:
            check_sidecar(values["bold"][0], values["tr"])
        except UserError as error:
            problems.append(f"{where}: {error}")


def _check_pycortex(values: dict, where: str, problems: list[str]) -> None:
    for key in ("transform", "spheres"):
        if key in values and "pycortex" not in values:
            problems.append(
                f"{where}: {key} belongs to `pycortex`; add pycortex, the folder of the subject, or remove {key}"
            )
    if "spheres" in values and len(values["spheres"]) != 2:
        problems.append(f'{where}: spheres: must be a list of two files, such as ["lh.sphere.reg", "rh.sphere.reg"]')


def _read_keys(raw: Any, schema: dict[str, str], where: str, root: Path, problems: list[str]) -> dict[str, Any]:
    """The valid values of a TOML table; unknown, missing and wrong keys are reported."""
    if not isinstance(raw, dict):
        problems.append(f"{where}: must be a table of keys and values")
        return {}
    values: dict[str, Any] = {}
    if len(raw) > MOST_KEYS:
        problems.append(f"{where}: holds {len(raw)} keys; allowed: {', '.join(schema)}")
        return values
    for key, value in raw.items():
        if key not in schema:
            if len(problems) > MOST_PROBLEMS:
                continue
            near = difflib.get_close_matches(key, schema, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            problems.append(f"{where}: unknown key {one_line(repr(key), 60)}{hint}; allowed: {', '.join(schema)}")
            continue
        try:
            values[key] = value_of(key, value, schema[key].removeprefix("*"), root)
        except UserError as error:
            problems.append(f"{where}: {error}")
    missing = [key for key, kind in schema.items() if kind.startswith("*") and key not in raw]
    if missing:
        problems.append(f"{where}: {', '.join(missing)} missing; add {'it' if len(missing) == 1 else 'them'}")
    return values


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
    named = ", ".join(stories[:MOST_NAMED]) + (" ..." if len(stories) > MOST_NAMED else "")
    for key in ("test_stories", "validation_stories"):
        missing = [story for story in getattr(split, key) if story not in known]
        for story in missing[:MOST_NAMED]:
            near = difflib.get_close_matches(story, stories, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; stories: {named}"
            problems.append(f"{where}: {key}: there is no story {one_line(repr(story), 100)}{hint}")
    for key in ("test_stories", "validation_stories"):
        if split.within_story_folds and getattr(split, key):
            problems.append(f"{where}: give {key} or within_story_folds, not both")
    if split.within_story_folds and len(heard) > 1:
        problems.append(
            f"{where}: within_story_folds is for a study with a single story; this one has {len(heard)}: "
            "name test_stories"
        )
    if heard and not split.within_story_folds and not split.test_stories:
        problems.append(
            f"{where}: nothing is held out; name test_stories, or give within_story_folds and gap for a study with a "
            "single story"
        )
    return problems
