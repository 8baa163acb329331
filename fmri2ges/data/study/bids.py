"""Recordings found by name in a folder of BIDS derivatives (fMRIPrep, Narratives)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from ...errors import UserError

# What a derivative of a space is stored as; a pair of surfaces is named by its left file.
ENDINGS = (".func.gii", ".dtseries.nii", ".nii.gz", ".nii")
FIELDS = ("subject", "task", "run")  # what the templates of words and events may use


@dataclass(frozen=True)
class Found:
    """One file with the entities of its name, such as {'sub': '01', 'task': 'pieman'}."""

    path: Path
    entities: dict[str, str]


def expand(table: dict, root: Path) -> tuple[list[dict], list[str]]:
    """Recordings that a [[bids]] table stands for, as the keys of [[recording]].

    Parameters
    ----------
    table : valid values of the table; see `study_file.BIDS`
    root : folder of the study file

    Returns
    -------
    recordings : list of dict
    problems : list of str, one line per recording that cannot be had
    """
    task, runs = table["task"], table.get("runs") or (None,)
    files = _bold_files(table["root"], table["space"])
    subjects = table.get("subjects") or tuple(
        dict.fromkeys(f.entities["sub"] for f in files if f.entities.get("task") == task)
    )
    recordings, problems = [], []
    if not subjects:
        tasks = sorted({f.entities["task"] for f in files if "task" in f.entities})
        spaces = sorted({f.entities.get("space", "none") for f in _bold_files(table["root"], None)})
        problems.append(
            f"{table['root']}: no BOLD of task {task!r} in space {table['space']!r}; "
            f"tasks in this space: {_list(tasks)}; spaces: {_list(spaces)}"
        )
    for subject, run in product(subjects, runs):
        try:
            recordings.append(_recording(table, files, subject.removeprefix("sub-"), run, root))
        except UserError as error:
            problems.append(str(error))
    return recordings, problems


def _recording(table: dict, files: list[Found], subject: str, run: int | None, root: Path) -> dict:
    task, space = table["task"], table["space"]
    asked = f"sub-{subject}, task {task!r}{f', run {run}' if run else ''}, space {space!r}"
    own = [f for f in files if f.entities["sub"] == subject]
    hits = [
        f
        for f in own
        if f.entities.get("task") == task
        and _number(f.entities.get("run")) == run
        and all(
            f.entities.get(key) == table[name] for name, key in (("session", "ses"), ("desc", "desc")) if name in table
        )
    ]
    if len(hits) != 1:
        names = [f.path.name for f in hits or [f for f in own if f.entities.get("task") == task] or own]
        fix = (
            "narrow it down with runs, session or desc"
            if hits
            else "correct subjects, task, runs, session, desc or space"
        )
        raise UserError(f"{table['root']}: {len(hits) or 'no'} BOLD files of {asked}; found: {_list(names)}; {fix}")
    path = hits[0].path
    fields = {"subject": subject, "task": task, "run": run or ""}
    recording = {
        "subject": f"sub-{subject}",
        "story": f"{task}-{run}" if run else task,
        "bold": path,
        "tr": table.get("tr") or _repetition_time(path),
        "first_volume_at": table["first_volume_at"],
        "words": _template("words", table["words"], fields, root),
    }
    if "events" in table:
        recording["events"] = _template("events", table["events"], fields, root)
    recording |= {key: table[key] for key in ("tier", "stim") if key in table}
    if path.name.endswith((".nii.gz", ".nii")) and not path.name.endswith(".dtseries.nii"):
        recording["mask"] = (table.get("mask") or _brain_mask(path),)
    return recording


def _bold_files(root: Path, space: str | None) -> list[Found]:
    """BOLD files below a folder, in the order of their names; only one space, or all of them for None."""
    found = []
    for path in sorted(root.glob("sub-*/**/sub-*_*")):
        ending = next((e for e in ENDINGS if path.name.endswith(e)), None)
        if ending is None:
            continue
        *pairs, last = path.name.removesuffix(ending).split("_")
        # Narratives names its cleaned surfaces without the suffix `bold`.
        if "-" in last:
            pairs.append(last)
        if last != "bold" and not (ending == ".func.gii" and "-" in last):
            continue
        entities = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
        if entities.get("hemi", "L") == "L" and space in (None, entities.get("space")):
            found.append(Found(path, entities))
    return found


def _number(run: str | None) -> int | None:
    return int(run) if run is not None and run.isdecimal() else None


def _repetition_time(path: Path) -> float:
    """Seconds, from the JSON file that belongs to a BOLD file."""
    stem = path.name
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    for sidecar in (path.with_name(f"{stem}.json"), path.with_name(re.sub(r"_hemi-L", "", f"{stem}.json"))):
        try:
            tr = json.loads(sidecar.read_text(encoding="utf-8"))["RepetitionTime"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(tr, (int, float)) and tr > 0:
            return float(tr)
    raise UserError(f"{path}: no .json file beside it states RepetitionTime; add `tr = ...` to the [[bids]] table")


def _brain_mask(path: Path) -> Path:
    """fMRIPrep's mask of a run: the same name with desc-brain_mask."""
    stem = re.sub(r"(_desc-[^_]+)?_bold$", "", path.name.removesuffix(".gz").removesuffix(".nii"))
    for ending in (".nii.gz", ".nii"):
        mask = path.with_name(f"{stem}_desc-brain_mask{ending}")
        if mask.is_file():
            return mask
    raise UserError(
        f"{path}: its mask {stem}_desc-brain_mask.nii.gz is missing; add `mask = ...` to the [[bids]] table"
    )


def share_masks(recordings: list[dict]) -> None:
    """Give all recordings of a subject the masks of all: fMRIPrep makes another mask for each run."""
    masks: dict[str, list[Path]] = {}
    for r in recordings:
        masks.setdefault(r["subject"], []).extend(r.get("mask", ()))
    for r in recordings:
        if "mask" in r:
            r["mask"] = tuple(dict.fromkeys(masks[r["subject"]]))


def _template(key: str, template: str, fields: dict, root: Path) -> Path:
    """The existing file that a template of the table names."""
    name = template
    for field, value in fields.items():
        name = name.replace(f"{{{field}}}", str(value))
    if "{" in name:
        raise UserError(f"{key}: {template!r} has another name in braces than {', '.join(FIELDS)}")
    if not (root / name).is_file():
        raise UserError(f"{key}: no such file: {root / name}; the template is relative to the study file")
    return root / name


def _list(names) -> str:
    names = list(names)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "") or "none"
