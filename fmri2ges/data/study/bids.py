"""Recordings found by name in a folder of BIDS derivatives (fMRIPrep, Narratives)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from ...errors import UserError, shown
from ..bids_names import same_value, split_name
from ..bold.confounds import Confounds
from ..bold.timing import check_sidecar, find_tr
from ..content import check_content

# What a derivative of a space is stored as; a pair of surfaces is named by its left file.
SURFACES = (".func.gii", ".time.gii", ".func.gii.gz", ".time.gii.gz")
VOLUMES = (".nii.gz", ".nii")
ENDINGS = (*SURFACES, ".dtseries.nii", ".dtseries.nii.gz", *VOLUMES)
FIELDS = ("subject", "task", "run")  # what the templates of words, events and confounds may use
# Key of the table -> entity of the names, for the entities that choose among files of one run.
CHOICES = {
    "session": "ses",
    "acq": "acq",
    "ce": "ce",
    "dir": "dir",
    "rec": "rec",
    "echo": "echo",
    "part": "part",
    "res": "res",
    "den": "den",
    "desc": "desc",
}
ABSENT = "none"  # chooses the file without an entity, such as the echoes that fMRIPrep has combined
# Files about a run are named like its BOLD without the entities that they do not depend on.
SHARED = ("echo", "part")


@dataclass(frozen=True)
class Found:
    """One file with the entities of its name, such as {'sub': '01', 'task': 'pieman'}."""

    path: Path
    entities: dict[str, str]

    def has(self, entity: str, value: str) -> bool:
        """Whether an entity has a value; `ABSENT` is no value."""
        own = self.entities.get(entity)
        return same_value(own, value) or (own is None and value == ABSENT)


def expand(table: dict, root: Path) -> tuple[list[dict], list[str]]:
    """Recordings that a [[bids]] table stands for, as the keys of [[recording]].

    Parameters
    ----------
    table : valid values of the table; see `file.BIDS`
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
    task = table["task"]
    found = _choose(table, files, subject, run)
    path = check_content(found.path)
    read_tr = None if "tr" in table else find_tr(path, table["root"])
    if "tr" in table and not table.get("ignore_header_tr"):
        check_sidecar(path, table["tr"], table["root"])
    fields = {"subject": subject, "task": task, "run": run or ""}
    recording = {
        "subject": f"sub-{subject}",
        "story": f"{task}-{run}" if run else task,
        "bold": path,
        "tr": table["tr"] if read_tr is None else read_tr.seconds,
        "first_volume_at": table["first_volume_at"],
        "words": _template("words", table["words"], fields, root),
    }
    if "events" in table:
        recording["events"] = _template("events", table["events"], fields, root)
    if read_tr is not None and read_tr.file == path:
        recording["assumed"] = read_tr.note
    recording |= {key: table[key] for key in ("tier", "stim", "ignore_header_tr") if key in table}
    if "confounds" in table or "confound_columns" in table:
        given = _template("confounds", table["confounds"], fields, root) if "confounds" in table else None
        recording["confounds"] = Confounds(given or _confounds(found), table.get("confound_columns", ()))
    if split_name(path.name).ending in VOLUMES:
        recording["mask"] = (table.get("mask") or _brain_mask(found),)
    return recording


def _choose(table: dict, files: list[Found], subject: str, run: int | None) -> Found:
    """The one BOLD file of a run, or what chooses among several."""
    task, space = table["task"], table["space"]
    asked = f"sub-{subject}, task {task!r}{f', run {run}' if run else ''}, space {space!r}"
    own = [f for f in files if f.entities["sub"] == subject]
    of_task = [f for f in own if f.entities.get("task") == task]
    hits = [
        f
        for f in of_task
        if same_value(f.entities.get("run"), str(run) if run else None)
        and all(f.has(CHOICES[key], table[key]) for key in CHOICES if key in table)
    ]
    if len(hits) == 1:
        return hits[0]
    names = [f.path.name for f in hits or of_task or own]
    runs = sorted({int(r) for f in of_task if (r := f.entities.get("run", "")).isdecimal()})
    if hits:
        fix = _how_to_choose(hits)
    elif runs and not run:
        fix = f"the task has runs: add runs = {runs}"
    else:
        keys = [key for key in CHOICES if key in table] or ["session", "desc"]
        fix = f"correct subjects, task, runs, {', '.join(keys)} or space"
    raise UserError(f"{table['root']}: {len(hits) or 'no'} BOLD files of {asked}; found: {_list(names)}; {fix}")


def _how_to_choose(hits: list[Found]) -> str:
    """The keys, with their values, that tell several files apart."""
    parts = []
    for key, entity in CHOICES.items():
        values = dict.fromkeys(f.entities.get(entity, ABSENT) for f in hits)
        if len(values) > 1:
            parts.append(f"{key} = " + " or ".join(f'"{v}"' for v in list(values)[:6]))
    if not parts:
        return "their names differ in nothing that can be chosen by; move the others away"
    return f"narrow it down with {' and '.join(parts)}"


def _bold_files(root: Path, space: str | None) -> list[Found]:
    """BOLD files below a folder, in the order of their names; only one space, or all of them for None."""
    found = []
    for path in sorted(root.glob("sub-*/**/sub-*_*")):
        name = split_name(path.name)
        # Narratives names its cleaned surfaces without the suffix `bold`.
        named = name.suffix == "bold" or (not name.suffix and name.ending in SURFACES)
        if name.ending not in ENDINGS or not named or "sub" not in name.entities:
            continue
        if name.entities.get("hemi", "L") == "L" and space in (None, name.entities.get("space")):
            found.append(Found(path, name.entities))
    return found


def _brain_mask(bold: Found) -> Path:
    """fMRIPrep's mask of a run: the same name with desc-brain_mask, for an echo also without it."""
    stem = re.sub(r"(_desc-[^_]+)?_bold$", "", bold.path.name.removesuffix(".gz").removesuffix(".nii"))
    for name in dict.fromkeys((stem, _without(stem, SHARED))):
        for ending in VOLUMES:
            mask = bold.path.with_name(f"{name}_desc-brain_mask{ending}")
            if mask.exists() or mask.is_symlink():
                return check_content(mask)
    raise UserError(
        f"{bold.path}: its mask {stem}_desc-brain_mask.nii.gz is missing; add `mask = ...` to the [[bids]] table"
    )


def _confounds(bold: Found) -> Path:
    """fMRIPrep's confounds of a run: the same entities, of those that they have, with desc-confounds."""
    for path in sorted(bold.path.parent.glob("*_desc-confounds_*.tsv")):
        name = split_name(path.name)
        own = {key: value for key, value in name.entities.items() if key != "desc"}
        needed = {key: bold.entities[key] for key in ("sub", "ses", "task", "run") if key in bold.entities}
        if name.suffix in ("timeseries", "regressors") and needed.items() <= own.items() <= bold.entities.items():
            return check_content(path)
    raise UserError(
        f"{bold.path}: no desc-confounds_timeseries.tsv of this run beside it; add `confounds = ...` to the [[bids]] "
        "table"
    )


def _without(stem: str, entities: tuple[str, ...]) -> str:
    return "_".join(part for part in stem.split("_") if part.split("-")[0] not in entities)


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
        raise UserError(f"{key}: {shown(template)} has another name in braces than {', '.join(FIELDS)}")
    try:
        there = (root / name).exists() or (root / name).is_symlink()
    except (OSError, ValueError) as error:  # a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{key}: {shown(template)} cannot be a path ({reason})") from error
    if not there:
        raise UserError(f"{key}: no such file: {root / name}; the template is relative to the study file")
    return check_content(root / name)


def _list(names) -> str:
    names = list(names)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "") or "none"
