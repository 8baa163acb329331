"""What runs and decoded folders may hold: their files, and the keys of their manifests, reports and texts.

A manifest may have keys that are not named here (somebody adds more, or a newer version does); those that are named
have the kind of value that is stated. Whoever adds a key or a file adds it here; what the files of weights hold is
stated in `tensors`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .. import __version__
from ..brain.space import Cortex, Table, Voxels
from ..data.atomic import read_json
from ..errors import UNPRINTABLE, UserError, one_line
from ..provenance import FORMAT_VERSION
from ..request import DEMO, F2T_FORMS
from ..results import BRANCHES

MAX_MANIFEST = 4 * 2**20  # bytes; the digests of a study of a thousand files take 0.1 MB
MAX_FOLDS = 1000
SPACES = tuple(space.kind for space in (Cortex, Table, Voxels))


@dataclass(frozen=True)
class Value:
    """What one value may be.

    Parameters
    ----------
    allows : whether a JSON value is one
    words : the same for people: "must be ..."
    needed : whether the key has to be there
    """

    allows: Callable[[Any], bool]
    words: str
    needed: bool = False


def needed(value: Value) -> Value:
    """The same value of a key that has to be there."""
    return Value(value.allows, value.words, True)


def optional(value: Value) -> Value:
    """The same, or null."""
    return Value(lambda v: v is None or value.allows(v), f"{value.words}, or null", value.needed)


def list_of(value: Value, words: str, least: int = 0) -> Value:
    """A list with at least so many of one kind of value."""
    return Value(lambda v: isinstance(v, list) and len(v) >= least and all(map(value.allows, v)), words)


def one_of(*allowed: str) -> Value:
    """One of a few texts."""
    return Value(lambda v: isinstance(v, str) and v in allowed, f"one of {', '.join(allowed)}")


def whole(low: int, high: int = 2**63 - 1) -> Value:
    """A whole number, bounds included."""
    words = f"a whole number from {low} to {high}" if high < 2**53 else f"a whole number, {low} or more"
    return Value(lambda v: type(v) is int and low <= v <= high, words)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300 and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not UNPRINTABLE.search(value)


TEXT = Value(_is_text, "a text of one line")
NAME = Value(lambda v: _is_text(v) and v.strip() != "", "a text that is not empty")
FLAG = Value(lambda v: isinstance(v, bool), "true or false")
NUMBER = Value(_is_number, "a finite number")
POSITIVE = Value(lambda v: _is_number(v) and v > 0, "a number above 0")
TABLE = Value(lambda v: isinstance(v, dict), "an object of keys and values")
TEXTS = Value(lambda v: isinstance(v, dict) and all(map(_is_text, v.values())), "an object of texts")
NAMES = list_of(NAME, "a list of names", 1)
ROWS = list_of(TABLE, "a list of objects")
SUBJECTS = Value(lambda v: NAMES.allows(v) and len(set(v)) == len(v) <= 10_000, "a list of names, each of them once")

T2G = one_of("study", "fine-tuned", "demo")  # what T2G learnt from, see `motion.amount`
RANDOM = Value(
    lambda v: isinstance(v, list) and len(v) == 4 and all(map(whole(0, 2**128 - 1).allows, v)),
    "a list of four whole numbers",
)
SOME_NAMES = list_of(NAME, "a list of names")
RESUMED = list_of(
    Value(lambda v: isinstance(v, dict) and NAME.allows(v.get("stage")) and whole(0).allows(v.get("step")), ""),
    "a list of objects with stage and step",
)

BLOCKS = Value(
    lambda v: (
        isinstance(v, dict)
        and set(v) == {"borders", "gap"}
        and list_of(NUMBER, "").allows(v["borders"])
        and sorted(v["borders"]) == v["borders"]
        and NUMBER.allows(v["gap"])
    ),
    "an object with borders, a list of rising numbers, and gap, a number",
)
COMMON = {
    "kind": needed(NAME),
    "simulated": needed(FLAG),
    "versions": TEXTS,
    "format_version": whole(1),
    "created": TEXT,
    "seed": whole(0),
    "device": optional(TEXT),
    "config": TABLE,
    "commit": optional(TEXT),
    "digests": TEXTS,
    "seconds": NUMBER,
    "study": TEXT,
    "study_name": TEXT,
}
MANIFESTS = {
    "train": {
        **COMMON,
        "config": needed(TABLE),
        "subjects": needed(SUBJECTS),
        "folds": needed(whole(1, MAX_FOLDS)),
        "train_stories": SOME_NAMES,
        "blocks": optional(BLOCKS),
        "space": needed(one_of(*SPACES)),
        "columns": needed(list_of(NAME, "a list of names")),
        "t2g": T2G,
        "t2g_seconds": NUMBER,
        "t2g_judged": ROWS,
        "f2g_guidance": ROWS,
        "t2g_held_out_seconds": NUMBER,
        "confounds": Value(
            lambda v: isinstance(v, dict) and all(map(list_of(NAME, "").allows, v.values())),
            "an object of lists of names",
        ),
        "world": TABLE,
        "resumed": RESUMED,
    },
    "decode": {
        **COMMON,
        "request": TABLE,
        "weights": TEXTS,
        "digest": TEXT,
        "run": TEXT,
        "run_digest": TEXT,
        "run_created": optional(TEXT),
        "t2g": optional(T2G),
        "t2g_seconds": optional(NUMBER),
        "space": one_of(*SPACES),
        "guidance": TABLE,
        "roi_note": TEXT,
        "rate_note": TEXT,
        "blocks": optional(BLOCKS),
    },
}
# Of a decoding; results of the first version have these keys in the manifest itself.
REQUEST = {
    "run": TEXT,
    "subject": TEXT,
    "story": TEXT,
    "rois": NAMES,
    "branch": one_of("both", *BRANCHES),
    "samples": whole(1),
    "start": optional(NUMBER),
    "stop": optional(NUMBER),
    "seed": whole(0),
    "speaker": whole(0),
    "f2t": one_of(*F2T_FORMS),
    "beam": optional(whole(1)),
}
CONFIG = {"lm": optional(TEXT), "lm_layer": optional(whole(1)), "lm_context": whole(1)}
TEXT_OF_WORDS = {
    "words": needed(list_of(TEXT, "a list of texts")),
    "start": needed(list_of(NUMBER, "a list of seconds")),
    "duration": needed(list_of(NUMBER, "a list of seconds")),
}

# Of a training that goes on, see `checkpoint`.
CHECKPOINT = {
    "made_for": needed(TABLE),
    "force": needed(FLAG),
    "done": needed(SOME_NAMES),
    "files": needed(SOME_NAMES),
    "rng": needed(RANDOM),
    "loop": needed(TEXT),
    "loop_rng": needed(RANDOM),
    "resumed": needed(RESUMED),
    "seconds": needed(NUMBER),
}
MADE_FOR = {
    "seed": needed(whole(0)),
    "device": needed(NAME),
    "config": needed(TABLE),
    "versions": needed(TEXTS),
    "files": needed(TEXTS),
}

# Files of a decoded folder; those of a trained run are named by `weight_files`.
DECODED_FILES = ("manifest.json", "text.npz", "direct.npz", "words.tsv", "texts.json", "rate.tsv", "report.json")


def weight_files(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Every file of weights that a trained run has: name -> its kind, see `tensors.WEIGHTS`.

    Parameters
    ----------
    manifest : the checked manifest of the run
    """
    folds, subjects = range(manifest["folds"]), range(len(manifest["subjects"]))
    files = {"t2g.safetensors": "generator"}
    files |= {f"f2g-{k}.safetensors": "generator" for k in folds}
    files |= {f"text-{k}.safetensors": "text" for k in folds}
    files |= {f"basis-{s}.safetensors": "basis" for s in subjects}
    files |= {f"f2t-{s}-{k}.safetensors": "f2t" for s in subjects for k in folds}
    if manifest["config"].get("lm"):
        files |= {f"bayes-{s}-{k}.safetensors": "bayes" for s in subjects for k in folds}
    return files


def is_member(name: str, manifest: Mapping[str, Any]) -> bool:
    """Whether a file belongs to a folder: manifest, weights and report of a run, and the stories decoded in it.

    Parameters
    ----------
    name : relative to the folder, with / between
    manifest : the checked manifest of the folder
    """
    if manifest["kind"] == "decode":
        return name in DECODED_FILES
    parts = PurePosixPath(name).parts
    if len(parts) > 1 and parts[0] == "decoded":
        return parts[-1] in DECODED_FILES
    return name in ("manifest.json", "report.json") or name in weight_files(manifest)


def read_checked(folder, kind: str) -> dict[str, Any]:
    """The checked manifest of a folder that `train` or `decode` wrote.

    Paths in it that are relative count from the folder; they are given back absolute.

    Parameters
    ----------
    kind : 'train' or 'decode'

    Raises
    ------
    UserError
        When the manifest is missing, damaged, of another kind or of a version that this program does not know.
    """
    folder = Path(folder)
    manifest = read_json(folder / "manifest.json", MAX_MANIFEST)
    check_kind(manifest, folder, kind)
    check_manifest(manifest, folder / "manifest.json")
    named = {key: manifest[key] for key in ("study", "run") if manifest.get(key, DEMO) != DEMO}
    return manifest | {key: str((folder / place).resolve()) for key, place in named.items() if place}


def check_kind(manifest: Any, folder, kind: str) -> None:
    """Refuse the manifest of something else than was asked for."""
    found = manifest.get("kind") if isinstance(manifest, dict) else None
    if found != kind:
        wanted = {"train": "a trained one", "decode": "a decoded result"}[kind]
        raise UserError(f"{folder}: holds a {short(found)} run, not {wanted}; give what `{kind} --out` wrote")


def check_manifest(manifest: dict[str, Any], where) -> None:
    """Refuse a manifest of `train` or `decode` with a key that is missing or wrong; `where` is its file."""
    check_version(manifest, where)
    check_values(manifest, MANIFESTS[manifest["kind"]], where)
    check_values(manifest.get("config", {}), CONFIG, f"{where}: config")
    if manifest["kind"] == "train" and "blocks" in manifest:
        _check_blocks(manifest, where)
    if manifest["kind"] == "decode":
        check_values(
            manifest.get("request", manifest), REQUEST, f"{where}: request" if "request" in manifest else where
        )


def _check_blocks(manifest: dict[str, Any], where) -> None:
    """Refuse test blocks that are not those of the folds of a run, or whose story is not named."""
    n_blocks = len(manifest["blocks"]["borders"]) + 1 if manifest["blocks"] else 1
    if n_blocks != manifest["folds"]:
        raise UserError(
            f"{where}: blocks are those of {n_blocks} folds, but folds is {manifest['folds']}; copy it again"
        )
    if not manifest.get("train_stories"):
        raise UserError(f"{where}: train_stories is missing; it must be {NAMES.words}; copy it again")


def check_version(manifest: dict[str, Any], where) -> None:
    """Refuse what a newer version wrote in a format that this one does not know, or whose format it does not state."""
    version = manifest.get("format_version", 1)
    if type(version) is int and version > FORMAT_VERSION:
        raise UserError(
            f"{where}: is written in format {short(version)}, and this program reads up to {FORMAT_VERSION}; "
            "update fmri2ges"
        )
    versions = manifest.get("versions")
    program = versions.get("fmri2ges") if isinstance(versions, dict) else None
    major = re.match(r"\d{1,9}", program) if isinstance(program, str) else None
    if major and int(major[0]) > int(__version__.split(".")[0]):
        raise UserError(
            f"{where}: was written by fmri2ges {short(program)}, and this is {__version__}; update fmri2ges"
        )


def check_texts(texts: Any, where) -> None:
    """Refuse what is no list of decoded texts (texts.json)."""
    if not ROWS.allows(texts):
        raise UserError(f"{where}: must be a list of texts; decode again")
    for k, text in enumerate(texts, start=1):
        check_values(text, TEXT_OF_WORDS, f"{where}: text {k}", "decode again")


def check_values(values: Mapping[str, Any], schema: Mapping[str, Value], where, remedy: str = "copy it again") -> None:
    """Refuse a missing or wrong value of a known key in one line; unknown keys pass."""
    for key, value in schema.items():
        if key not in values:
            if value.needed:
                raise UserError(f"{where}: {key} is missing; it must be {value.words}; {remedy}")
        elif not value.allows(values[key]):
            raise UserError(f"{where}: {key} must be {value.words}; got {short(values[key])}; {remedy}")


def short(value: Any) -> str:
    """A value of a file in a few characters; of large ones only what they are."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return one_line(ascii(value[:60] if isinstance(value, str) else value), 60)
