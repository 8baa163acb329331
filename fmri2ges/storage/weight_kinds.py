"""What each kind of file of weights holds: names, types, shapes and values of its arrays, and what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UserError
from .schema import (
    CHECKPOINT,
    FLAG,
    NAME,
    NAMES,
    NUMBER,
    POSITIVE,
    TABLE,
    TEXT,
    Value,
    check_values,
    list_of,
    needed,
    optional,
    short,
    whole,
)


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


PENALTIES = Value(
    lambda v: isinstance(v, list) and len(v) == 2 and all(map(POSITIVE.allows, v)), "a list of two numbers above 0"
)
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


NUMBERS = list_of(NUMBER, "a list of finite numbers")
TRIED = list_of(
    Value(
        lambda v: (
            isinstance(v, dict)
            and v.keys() == {"guidance", "r", "fgd", "fgd_without"}
            and all(NUMBER.allows(v[name]) for name in ("guidance", "fgd"))
            and all(NUMBERS.allows(v[name]) for name in ("r", "fgd_without"))
        ),
        "",
    ),
    "a list of guidances that were tried: objects with guidance, r, fgd and fgd_without",
)


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
        {"config": needed(TABLE), "guidance": needed(NUMBER), "choice": TABLE, "tried": TRIED},
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
            "rate_penalties": PENALTIES,
            "pooled_rate_penalties": optional(PENALTIES),
            "pooled_listeners": list_of(whole(0, 10_000), "a list of whole numbers"),
            "own_rate_because": TEXT,
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
            "judged": Array(("F64",), ("judgements",), needed=False),
            "generator": Array(("U8",), (5056,), needed=False),
        },
        CHECKPOINT,
        lambda values: {},
        others="net.",
    ),
    "codes": Weights({}, {}, lambda values: {}, others="story."),
}
