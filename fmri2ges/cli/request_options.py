"""The options of `decode`: one for each field of a request, made from the fields themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field, fields
from functools import wraps
from typing import Annotated, Any

import typer

from ..request import DecodeRequest, split_names

KINDS: dict[str, Any] = {"int": int, "float | None": float | None}  # of a field -> of its option; others are texts


def asks_for(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each field of `DecodeRequest`, and hand it the request as its first argument.

    Parameters
    ----------
    command : takes the request, then options of its own
    """
    given = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in given]
    asked = [_parameter(f) for f in fields(DecodeRequest)]

    @wraps(command)
    def filled(**values: Any) -> None:
        asked_for = {f.name: values.pop(f.name) for f in fields(DecodeRequest)}
        if asked_for["rois"] is None:
            del asked_for["rois"]
        else:
            asked_for["rois"] = split_names(asked_for["rois"])
        command(DecodeRequest(**asked_for), **values)

    # An argument comes before the options; typer reads signature and annotations.
    described: Any = filled  # Python's types know no signature that can be set
    described.__signature__ = inspect.Signature([*asked, *own])
    filled.__annotations__ = {p.name: p.annotation for p in [*asked, *own]}
    del filled.__wrapped__
    return filled


def _parameter(f: Field) -> inspect.Parameter:
    help = f.metadata["help"]
    kind: Any
    default: Any
    if f.name == "run":
        kind, default = Annotated[str, typer.Argument(metavar="RUN", help=help)], inspect.Parameter.empty
    elif str(f.type).startswith("tuple"):
        kind, default = Annotated[str | None, typer.Option(help=help)], None
    else:
        kind, default = Annotated[KINDS.get(str(f.type), str), typer.Option(help=help)], f.default
    return inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
