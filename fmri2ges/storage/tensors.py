"""The arrays of a run's weights: how they are read, checked and written; `weight_kinds` says what each file holds.

Nothing of a file is believed before it is checked: the names, types and shapes in its header before any array is
read, the values before they are used. The arrays are exactly those that are named there.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.atomic import write_bytes
from ..errors import UserError, one_line
from ..provenance import FORMAT_VERSION
from .header_order import in_order
from .schema import (
    check_values,
    check_version,
    short,
    whole,
)
from .weight_kinds import FREE, WEIGHTS, Array, Weights

MAX_HEADER = 16 * 2**20  # bytes; a vocabulary of 100,000 words takes 1 MB
AGAIN = "copy the run again, or train again"
OTHER = "it was written by another version of fmri2ges, or is another file"


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
    write_bytes(path, in_order(save(arrays, metadata={k: json.dumps(v) for k, v in values.items()})))


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
    missing = [name for name, value in kind.values.items() if value.needed and name not in values]
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
