"""The arrays of a run's weights: what each kind of file holds, and how it is read, checked and written.

Nothing of a file is believed before it is checked: the names, types and shapes in its header before any array is
read, the values before they are used. The arrays are exactly those that are named here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.atomic import write_bytes
from ..errors import UserError, one_line
from ..provenance import FORMAT_VERSION
from .schema import (
    CHECKPOINT,
    FLAG,
    NAME,
    NAMES,
    NUMBER,
    POSITIVE,
    TABLE,
    Value,
    check_values,
    check_version,
    list_of,
    needed,
    optional,
    short,
    whole,
)

MAX_HEADER = 16 * 2**20  # bytes; a vocabulary of 100,000 words takes 1 MB
AGAIN = "copy the run again, or train again"
OTHER = "it was written by another version of fmri2ges, or is another file"


@dataclass(frozen=True)
class Array:
    """What one array of a file of weights may be.

    Parameters
    ----------
    types : names of safetensors for its type of number
    shape : the length of each axis, a number or a name; one name is one length in the whole file
    low, high : whole numbers lie in low <= x < high; `high` is a number or the name of a length
    positive : whether every value is above 0
    needed : whether the array has to be there
    """

    types: tuple[str, ...]
    shape: tuple[int | str, ...]
    low: int = 0
    high: int | str | None = None
    positive: bool = False
    needed: bool = True


@dataclass(frozen=True)
class Weights:
    """What one kind of file of weights holds.

    Parameters
    ----------
    arrays : name -> what it is
    values : the JSON values beside them
    lengths : takes these values, returns the lengths that they state, name -> number
    problem : what is wrong with how arrays that are right by themselves belong together; empty = nothing
    others : beginning of the names of further arrays, finite float32 of any shape; empty = there are none
    """

    arrays: Mapping[str, Array]
    values: Mapping[str, Value]
    lengths: Callable[[dict[str, Any]], dict[str, int]]
    problem: Callable[[dict[str, np.ndarray], dict[str, int]], str] = lambda arrays, lengths: ""
    others: str = ""


FREE = Array(("F32",), ())
REAL, HALF, INDEX, BYTE = ("F32", "F64"), ("F16",), ("I32", "I64"), ("I8",)
NETWORK = {
    "n_codes": needed(whole(1, 512)),
    "token_width": needed(whole(1, 65_536)),
    "width": needed(whole(2, 8192)),
    "blocks": needed(whole(1, 128)),
    "heads": needed(whole(1, 128)),
    "mlp": needed(whole(1, 64)),
    "hidden": needed(whole(1, 65_536)),
    "patch": needed(whole(1, 60)),
    "refine": needed(whole(1, 8192)),
    "n_speakers": needed(whole(1, 65_536)),
    "lag": needed(NUMBER),
}


LM = {"name": needed(NAME), "layer": optional(whole(1)), "context": whole(1), "int8": FLAG}


def _network_lengths(values: dict[str, Any]) -> dict[str, int]:
    c = values["config"]
    check_values(c, NETWORK, "config", "train again")
    if c["width"] % c["heads"] or c["width"] % 2 or 60 % c["patch"]:
        raise UserError("config: width must be even and divide by heads, and patch must divide 60; train again")
    return {
        "codes": c["n_codes"],
        "tokens": c["token_width"],
        "width": c["width"],
        "hidden": c["hidden"],
        "refine": c["refine"],
        "patches": 60 // c["patch"],
        "patch numbers": c["patch"] * c["n_codes"],
        "styles": c["n_speakers"] + 1,
        "inner": c["mlp"] * c["width"],
        "two codes": 2 * c["n_codes"],
    }


def _no_lengths(values: dict[str, Any]) -> dict[str, int]:
    """The values of the Bayesian F2T state no length; its language model is checked here."""
    check_values(values["lm"], LM, "lm", "train again")
    if unknown := sorted(values["lm"].keys() - LM.keys()):
        raise UserError(f"lm: {short(unknown[0])} is not known; it was written by another version of fmri2ges")
    return {}


def _basis_problem(arrays: dict[str, np.ndarray], lengths: dict[str, int]) -> str:
    cut = len(np.unique(arrays["owner"])) < lengths["parcels"]
    return "some parcels have no members: the basis was cut" if cut else ""


def _text_problem(arrays: dict[str, np.ndarray], lengths: dict[str, int]) -> str:
    pairs = arrays["pairs"]
    if pairs[:, :2].max() >= lengths["words"]:
        return f"pairs names words beyond the {lengths['words']} of the vocabulary"
    return "" if (pairs[:, 2] > 0).all() else "pairs counts something less than once"


HEARD = ("heard.row", "heard.word", "heard.shrinkage")  # all or none: runs of earlier versions have none


def _f2t_problem(arrays: dict[str, np.ndarray], lengths: dict[str, int]) -> str:
    if int(arrays["lengths"].sum()) != lengths["volumes"]:
        return "lengths and features differ in their number of volumes"
    missing = [name for name in HEARD if name not in arrays]
    if missing:
        return f"lacks {missing[0]}" if len(missing) < len(HEARD) else ""
    return "" if arrays["heard.shrinkage"][0] < 1 else "heard.shrinkage must be below 1"


def _bayes_problem(arrays: dict[str, np.ndarray], lengths: dict[str, int]) -> str:
    agree = lengths["design"] == lengths["delays"] * lengths["model features"]
    return "" if agree else "model.weights has not one row for each delay and feature"


WEIGHTS = {
    "generator": Weights(
        {
            "codec.mean": Array(REAL, (27,)),
            "codec.sd": Array(REAL, (27,), positive=True),
            "codec.components": Array(REAL, (27, "codes")),
            "codec.scale": Array(REAL, ("codes",), positive=True),
            "calibration.kernel": Array(REAL, ("lags", "codes", "codes")),
            "calibration.made": Array(REAL, ("codes",)),
            "calibration.real": Array(REAL, ("codes",)),
            "net.embed.weight": Array(("F32",), ("width", "patch numbers")),
            "net.position": Array(("F32",), ("patches", "width")),
            "net.condition.0.weight": Array(("F32",), ("hidden", "tokens")),
            "net.speaker.weight": Array(("F32",), ("styles", "width")),
            "net.refine.0.weight": Array(("F32",), ("refine", "two codes", 5)),
            "net.blocks.0.mlp.0.weight": Array(("F32",), ("inner", "width")),
        },
        {"config": needed(TABLE), "guidance": needed(NUMBER)},
        _network_lengths,
        others="net.",
    ),
    "text": Weights(
        {
            "pairs": Array(INDEX, ("pairs", 3)),
            "counts": Array(INDEX, ("words",), positive=True),
            "centre": Array(REAL, ("dim",)),
            "covariance": Array(REAL, ("dim", "dim")),
        },
        {"vocabulary": needed(NAMES)},
        lambda values: {"words": len(values["vocabulary"])},
        _text_problem,
    ),
    "basis": Weights(
        {
            "members": Array(INDEX, ("members",)),
            "owner": Array(INDEX, ("members",), high="parcels"),
            "weights": Array(REAL, ("members", "components")),
        },
        {"names": needed(NAMES)},
        lambda values: {"parcels": len(values["names"])},
        _basis_problem,
    ),
    "f2t": Weights(
        {
            "features": Array(BYTE, ("volumes", "features"), low=-127),
            "lengths": Array(INDEX, ("stories",), positive=True),
            "targets": Array(HALF, ("volumes", "targets")),
            "heard.row": Array(INDEX, ("heard",), high="volumes", needed=False),
            "heard.word": Array(INDEX, ("heard",), needed=False),
            "heard.shrinkage": Array(REAL, (1,), positive=True, needed=False),
        },
        {
            "penalty": needed(POSITIVE),
            "delays": needed(list_of(whole(1, 1000), "a list of whole numbers above 0", 1)),
            "dim": needed(whole(1, 65_536)),
            "n_gesture": needed(whole(0, 65_536)),
        },
        lambda values: {"targets": 2 * values["dim"] + 1 + values["n_gesture"]},
        _f2t_problem,
    ),
    "bayes": Weights(
        {
            "model.mean": Array(REAL, ("model features",)),
            "model.sd": Array(REAL, ("model features",), positive=True),
            "model.weights": Array(REAL, ("design", "voxels")),
            "model.penalty": Array(REAL, ("voxels",)),
            "model.score": Array(REAL, ("voxels",)),
            "model.delays": Array(INDEX, ("delays",), positive=True),
            "noise.covariance": Array(REAL, ("voxels", "voxels")),
            "noise.n_effective": Array(REAL, (1,), positive=True),
            "noise.least": Array(REAL, (1,), needed=False),
            "columns": Array(INDEX, ("voxels",)),
            "parcel": Array(INDEX, ("voxels",)),
            "expected": Array(REAL, ("model features",)),
        },
        {"lm": needed(TABLE), "lm_name": needed(NAME)},
        _no_lengths,
        _bayes_problem,
    ),
    # A training that goes on, see `checkpoint`; the arrays are there while T2G or F2G is trained.
    "checkpoint": Weights(
        {
            "losses": Array(("F64",), ("steps",), needed=False),
            "generator": Array(("U8",), (5056,), needed=False),
        },
        CHECKPOINT,
        lambda values: {},
        others="net.",
    ),
    "codes": Weights({}, {}, lambda values: {}, others="story."),
}


@dataclass(frozen=True)
class Header:
    """What a file of weights says about itself, checked: the lengths of its axes and its JSON values."""

    lengths: dict[str, int]
    values: dict[str, Any]


def write_tensors(path, arrays: dict[str, np.ndarray], **values) -> None:
    """Arrays and JSON values in one safetensors file; the same values give the same bytes."""
    from safetensors.numpy import save

    arrays = {k: np.ascontiguousarray(v) for k, v in arrays.items()}
    values = {"format_version": FORMAT_VERSION, **values}
    data = save(arrays, metadata={k: json.dumps(v) for k, v in values.items()})
    # The library writes the metadata in an order of chance; sorted, the header has the same length.
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    ordered = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(length)
    assert len(ordered) == length, "only the order changes"
    write_bytes(path, data[:8] + ordered + data[8 + length :])


def read_header(path, kind: str) -> Header:
    """The header of a file of weights, checked; no array is read.

    Parameters
    ----------
    kind : a key of `WEIGHTS`

    Raises
    ------
    UserError
        When the file is missing, damaged, or does not hold what its kind holds.
    """
    path = Path(path)
    with opened(path) as file:
        values = _values(path, file.metadata() or {}, WEIGHTS[kind])
        return Header(check_shapes(path, file, values, WEIGHTS[kind]), values)


def read_tensors(path, kind: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and JSON values of a file of weights, checked.

    Parameters
    ----------
    kind : a key of `WEIGHTS`

    Raises
    ------
    UserError
        As `read_header`, and for a value that is not finite or out of range.
    """
    path = Path(path)
    header = read_header(path, kind)
    with opened(path) as file:
        arrays = checked_arrays(path, file, WEIGHTS[kind], header.lengths)
    if problem := WEIGHTS[kind].problem(arrays, header.lengths):
        raise UserError(f"{path}: {problem}; {AGAIN}")
    return arrays, header.values


def checked_arrays(path: Path, file, kind: Weights, lengths: dict[str, int]) -> dict[str, np.ndarray]:
    """The arrays of an open file whose shapes are checked; their values are checked here."""
    arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    for name, array in arrays.items():
        _check_array(path, name, array, kind.arrays.get(name, FREE), lengths)
    return arrays


def opened(path: Path):
    """The open file; a header that is too large is refused before the library reads it."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise UserError(f"{path}: this run lacks {path.name}; train again")
    with open(path, "rb") as f:
        start = f.read(8)
    if len(start) == 8 and struct.unpack("<Q", start)[0] > MAX_HEADER:
        raise UserError(f"{path}: cannot be read as safetensors (its header is far too large); {AGAIN}")
    try:
        return safe_open(path, framework="np")
    except (SafetensorError, OSError) as error:  # OSError: an empty file cannot be mapped
        raise UserError(f"{path}: cannot be read as safetensors ({one_line(error)}); {AGAIN}") from error


def _values(path: Path, stored: dict[str, str], kind: Weights) -> dict[str, Any]:
    try:
        values = {name: json.loads(text) for name, text in stored.items()}
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: its values are not valid JSON ({one_line(error)}); {AGAIN}") from error
    check_version(values, path)
    missing = [name for name in kind.values if name not in values]
    if missing:
        raise UserError(f"{path}: lacks {missing[0]}; {OTHER}; {AGAIN}")
    check_values(values, {"format_version": whole(1), **kind.values}, path, AGAIN)
    return values


def check_shapes(path: Path, file, values: dict[str, Any], kind: Weights) -> dict[str, int]:
    """The length of every named axis of an open file.

    Raises
    ------
    UserError
        Where names, types or lengths are not those of the kind.
    """
    slices = {name: file.get_slice(name) for name in sorted(file.keys())}
    shapes = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
    try:
        lengths = kind.lengths(values)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    missing = [name for name, array in kind.arrays.items() if array.needed and name not in shapes]
    others = [name for name in shapes if name not in kind.arrays]
    unknown = [name for name in others if not (kind.others and name.startswith(kind.others))]
    if missing or unknown:
        which = f"lacks {missing[0]}" if missing else f"holds {short(unknown[0])}, which is not known"
        raise UserError(f"{path}: {which}; {OTHER}; {AGAIN}")
    for name in (*(n for n in kind.arrays if n in shapes), *others):
        (type_, shape), array = shapes[name], kind.arrays.get(name, FREE)
        if type_ not in array.types:
            raise UserError(f"{path}: {name} must be {' or '.join(array.types)}; got {type_}; {AGAIN}")
        if array is FREE:
            continue
        axes = [f"{axis} ({lengths[axis]})" if axis in lengths else str(axis) for axis in array.shape]
        wanted = [
            lengths.setdefault(axis, n) if isinstance(axis, str) else axis
            for axis, n in zip(array.shape, shape, strict=False)
        ]
        if list(shape) != wanted or len(wanted) != len(axes) or 0 in shape:
            got = " x ".join(map(str, shape))
            raise UserError(f"{path}: {name} must have the shape {' x '.join(axes)}; got {got}; {AGAIN}")
    return lengths


def _check_array(path: Path, name: str, array: np.ndarray, wanted: Array, lengths: dict[str, int]) -> None:
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise UserError(
                f"{path}: {name} holds {int((~np.isfinite(array)).sum())} values that are NaN or infinite; {AGAIN}"
            )
        if wanted.positive and not (array > 0).all():
            raise UserError(f"{path}: {name} must be above 0 everywhere; {AGAIN}")
        return
    low = 1 if wanted.positive else wanted.low
    high = lengths[wanted.high] if isinstance(wanted.high, str) else wanted.high
    if array.size and (array.min() < low or (high is not None and array.max() >= high)):
        upto = "" if high is None else f" and below {high}"
        raise UserError(
            f"{path}: {name} must be {low} or more{upto} everywhere; got {array.min()} to {array.max()}; {AGAIN}"
        )
