"""Tables of ROI time courses: rows are volumes, columns are ROIs; .tsv, .csv and .txt."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ...errors import UserError

LARGEST = float(np.finfo(np.float32).max)
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null"})


def read_table(path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers and column names of a text table.

    A .tsv is split at tabs, a .csv at commas, a .txt at spaces, tabs or commas. A first line with a
    word in it is the header. Lines that begin with ``#`` are skipped.

    Returns
    -------
    values : array (n_rows, n_columns), float32; missing values are NaN
    names : tuple of str, empty when the file has no header

    Raises
    ------
    UserError
        With the line of the first bad row.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not a text table ({error})") from error
    rows = [
        (number, _split(line, path.suffix.lower()))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rows:
        raise UserError(f"{path}: is empty; it needs one row of numbers per volume")
    names: tuple[str, ...] = ()
    if any(_number(field) is None for field in rows[0][1]):
        names = tuple(field.strip("\"'") for field in rows[0][1])
        _check_names(path, names)
        rows = rows[1:]
        if not rows:
            raise UserError(f"{path}: has a header but no rows; it needs one row of numbers per volume")
    width = len(names) or len(rows[0][1])
    values = np.empty((len(rows), width), np.float32)
    for i, (line, fields) in enumerate(rows):
        if len(fields) != width:
            raise UserError(f"{path}, line {line}: {len(fields)} columns where the first line has {width}")
        for j, field in enumerate(fields):
            number = _number(field)
            if number is None:
                raise UserError(f"{path}, line {line}, column {j + 1}: {_short(field)} is not a number")
            values[i, j] = number if abs(number) < LARGEST else np.nan  # beyond float32: no measurement
    return values, names


def _short(text: str, n: int = 40) -> str:
    """A field for a message, cut where it is long."""
    return repr(text if len(text) <= n else text[:n] + "...")


def select_columns(path, values: np.ndarray, names: tuple[str, ...], columns: tuple[str, ...]):
    """The named columns of a table.

    `columns` names the columns of a file without a header, and picks columns by name from a file
    that has one. Without `columns` everything is taken, and the file must name it.

    Returns
    -------
    values : array (n_rows, n_columns)
    names : tuple of str
    """
    if not columns:
        if not names:
            raise UserError(
                f"{path}: has {values.shape[1]} columns without a name; add a header line or "
                f"`columns = [...]` with {values.shape[1]} names to the recording"
            )
        return values, names
    _check_names("columns", columns)
    if not names:
        if len(columns) != values.shape[1]:
            raise UserError(
                f"{path}: has {values.shape[1]} columns but `columns` names {len(columns)}; give one name per column"
            )
        return values, columns
    unknown = [c for c in columns if c not in names]
    if unknown:
        raise UserError(f"{path}: has no column {', '.join(unknown)}; its header holds: {', '.join(names)}")
    return values[:, [names.index(c) for c in columns]], columns


def _split(line: str, suffix: str) -> list[str]:
    if suffix == ".tsv":
        fields = line.rstrip("\r\n").split("\t")
    elif suffix == ".csv":
        fields = line.split(",")
    else:
        fields = re.split(r"\s*,\s*|\s+", line.strip())
    return [field.strip() for field in fields]


def _number(field: str) -> float | None:
    if field.lower() in MISSING:
        return float("nan")
    try:
        return float(field)
    except ValueError:
        return None


def _check_names(where, names: tuple[str, ...]) -> None:
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        raise UserError(f"{where}: the column name {repeated[0]!r} occurs more than once; names must differ")
