"""Tables of ROI time courses: rows are volumes, columns are ROIs; .tsv, .csv, .txt, .npy and .npz."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES
from ...errors import UserError, one_line
from ..content import check_content
from ..npz import npz_arrays, npz_names
from .series import Series, array_series

LARGEST = float(np.finfo(np.float32).max)
NAMELESS = re.compile(r"(Unnamed: ?\d+)?", re.IGNORECASE)  # of a column that pandas or a last separator adds
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null"})
# Of a text table: bytes, characters of a line, rows. Larger ones are read in parts as .npy.
MAX_TEXT, MAX_LINE, MAX_ROWS = 2**29, 2**23, 200_000
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
THOUSANDS = re.compile(
    r"[-+]?\d{1,3}(,\d{3})+\.\d+|[-+]?\d{1,3}(,\d{3}){2,}|[-+]?\d{1,3}([ '\u00a0\u202f]\d{3})+(\.\d+)?"
)


def open_table(path, columns: tuple[str, ...] = ()) -> Series:
    """A text table; see `read_table` and `select_columns`."""
    values, names = read_table(path)
    kept = _with_a_meaning(values, names)
    if len(kept) == len(names):
        return _series(path, values, names, columns)
    left = ", ".join(f"column {k + 1}" for k in range(len(names)) if k not in kept)
    note = f"{left} without a name, which counts the rows or is empty, is left out"
    return replace(_series(path, values[:, kept], tuple(names[k] for k in kept), columns), note=note)


def _with_a_meaning(values: np.ndarray, names: tuple[str, ...]) -> list[int]:
    """Columns of a table with names, without those that pandas or a last separator adds: no name, and no data."""
    kept = []
    for k, name in enumerate(names):
        steps = np.diff(values[:, k])
        counts = len(steps) > 0 and bool((steps == 1).all())
        if not (NAMELESS.fullmatch(name) and (counts or np.isnan(values[:, k]).all())):
            kept.append(k)
    return kept


def open_npy(path, columns: tuple[str, ...] = ()) -> Series:
    """An array (n_volumes, n_columns) in a .npy, memory-mapped; 20,484 columns without names are fsaverage5."""
    try:
        values = np.load(check_content(path), mmap_mode="r", allow_pickle=False)
    except UserError:
        raise
    except Exception as error:  # numpy parses the header as Python: anything may come of damage
        reason = one_line(error, 100)
        raise UserError(f"{path}: cannot be read as .npy ({reason}); write or copy it again") from error
    return _series(path, values, (), columns)


def open_npz(path, columns: tuple[str, ...] = ()) -> Series:
    """The array `bold` (n_volumes, n_columns) of an .npz, with the names in `columns` where it has them."""
    arrays = npz_arrays(path, ("bold", "columns"))
    if "bold" not in arrays:
        held = one_line(", ".join(npz_names(path)) or "nothing", 200)
        raise UserError(f"{path}: must hold the array `bold` (volumes x columns); it holds: {held}")
    bold, names = arrays["bold"], arrays.get("columns")
    if names is None:
        return _series(path, bold, (), columns)
    if names.shape != bold.shape[-1:]:
        raise UserError(f"{path}: `columns` names {names.size} of the {(*bold.shape, 0)[-2]} columns of `bold`")
    return _series(path, bold, tuple(str(n) for n in names.tolist()), columns)


def _series(path, values: np.ndarray, names: tuple[str, ...], columns: tuple[str, ...]) -> Series:
    """A table of ROI columns, or an array with one column per vertex of fsaverage5."""
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise UserError(f"{path}: must be numbers, volumes x columns; got shape {values.shape} of {values.dtype}")
    if values.shape[1] == 2 * N_VERTICES and not names and not columns:
        return array_series(values, "fsaverage5")
    values, names = select_columns(path, values, names, columns)
    return array_series(values, "table", names)


def read_table(path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers and column names of a text table.

    A .tsv is split at tabs, a .csv at commas (or at semicolons, where its first line has them), a .txt at
    spaces, tabs or commas. A first line with a word in it is the header. Lines that begin with ``#`` are
    skipped; quotes around a field are taken off.

    Returns
    -------
    values : array (n_rows, n_columns), float32; missing values are NaN
    names : tuple of str, empty when the file has no header

    Raises
    ------
    UserError
        With the line of the first bad row.
    """
    path = check_content(path)
    if path.stat().st_size > MAX_TEXT:
        raise UserError(f"{path}: is larger than {MAX_TEXT // 2**20} MB; save it as .npy, which is read in parts")
    rows = _rows(path)
    number, fields = next(rows, (0, None))
    if fields is None:
        raise UserError(f"{path}: is empty; it needs one row of numbers per volume")
    names: tuple[str, ...] = ()
    values = []
    if any(_number(field) is None and _wrong_number(field) is None for field in fields):
        names = tuple(fields)
        _check_names(path, names)
    else:
        values.append(_values(path, number, fields))
    width, first = len(fields), fields
    for number, fields in rows:
        if len(fields) != width:
            raise UserError(f"{path}, line {number}: {_width(fields, width)}")
        values.append(_values(path, number, fields))
    if len(values) > 1 and not names and _is_header(first, values[1:]):
        raise UserError(
            f"{path}: its first line holds the whole numbers {_short(', '.join(first))} and looks like a header of "
            "numbers; give the columns names that are words, or take the line away"
        )
    if not values:
        raise UserError(f"{path}: has a header but no rows; it needs one row of numbers per volume")
    return np.stack(values), names


def _is_header(first: list[str], others: list[np.ndarray]) -> bool:
    """Whether a first line of numbers names columns: whole numbers, all different, above decimals, or 0 1 2 ..."""
    if not all(field.isdecimal() for field in first) or len(set(first)) < len(first) or len(first) < 2:
        return False
    numbers = [int(field) for field in first]
    counts = numbers in (list(range(len(first))), list(range(1, len(first) + 1)))
    decimals = any((row != np.floor(row)).any() for row in others)
    return decimals or (counts and len(first) > 2)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of every row."""
    separator = ""
    try:
        with open(path, encoding=_encoding(path)) as file:
            # Lines are read with a bound: a file may be a single one.
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), ""), start=1):
                if not line.strip() or line.lstrip().startswith("#"):
                    continue
                if len(line) >= MAX_LINE or number > MAX_ROWS:
                    raise UserError(
                        f"{path}, line {number}: a table has at most {MAX_ROWS} lines of {MAX_LINE} characters; save "
                        "it as .npy"
                    )
                separator = separator or _separator(path, line)
                yield number, _split(line, separator)
    except UnicodeError as error:  # of UTF-16 without a mark too
        raise UserError(
            f"{path}: is not a text table in UTF-8 or UTF-16 ({one_line(error)}); save it as UTF-8"
        ) from error


def _encoding(path: Path) -> str:
    """UTF-16 where the file begins with its mark, as what spreadsheets call Unicode text does; else UTF-8."""
    with open(path, "rb") as file:
        return "utf-16" if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _separator(path: Path, line: str) -> str:
    """What stands between the fields of a table, by its first line; a space for spaces, tabs or commas."""
    suffix = path.suffix.lower()
    if suffix == ".tsv":
        if "\t" not in line and len(re.findall("[,;]", line)) > 1:
            raise UserError(f"{path}: its first line has no tab; save it with tabs, or with commas as .csv")
        return "\t"
    if suffix == ".csv":
        return ";" if ";" in line else ","
    return ";" if ";" in line else " "


def _split(line: str, separator: str) -> list[str]:
    line = line.rstrip("\r\n")
    if separator == " ":
        return [_unquoted(field) for field in re.split(r"\s*,\s*|\s+", line.strip())]
    if '"' in line:  # a separator may stand between quotes
        try:
            return [_unquoted(field) for field in next(csv.reader([line], delimiter=separator))]
        except csv.Error:
            pass
    return [_unquoted(field) for field in line.split(separator)]


def _unquoted(field: str) -> str:
    field = field.strip()
    if len(field) > 1 and field[0] == field[-1] and field[0] in "\"'":
        field = field[1:-1].strip()
    return field


def _values(path: Path, line: int, fields: list[str]) -> np.ndarray:
    """Numbers of a row, array (n_columns,), float32."""
    try:
        row = np.array(fields, float)
    except ValueError:
        numbers = [_number(field) for field in fields]
        if None in numbers:
            column = numbers.index(None)
            cause = _wrong_number(fields[column]) or "is not a number"
            raise UserError(f"{path}, line {line}, column {column + 1}: {_short(fields[column])} {cause}") from None
        row = np.array(numbers, float)
    row[np.abs(row) >= LARGEST] = np.nan  # beyond float32: no measurement
    return row.astype(np.float32)


def _width(fields: list[str], width: int) -> str:
    """Why a row has another number of fields than the first line."""
    if width and len(fields) == 2 * width and all(field.lstrip("+-").isdecimal() for field in fields):
        return (
            f"{len(fields)} columns where the first line has {width}: numbers with a decimal comma cannot stand "
            "between "
            "commas; save the table with decimal points"
        )
    return f"{len(fields)} columns where the first line has {width}"


def _wrong_number(field: str) -> str | None:
    """What is wrong with a field that was meant as a number; None where it was not."""
    if DECIMAL_COMMA.fullmatch(field):
        return "has a decimal comma; save the table with decimal points"
    if THOUSANDS.fullmatch(field):
        return "has separators between thousands; save the table without them"
    return None


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
            turned = (
                ": looks transposed, rows must be volumes" if values.shape[0] in (N_VERTICES, 2 * N_VERTICES) else ""
            )
            raise UserError(
                f"{path}: has {values.shape[1]} columns without a name{turned}; add a header line or "
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
    place = {name: k for k, name in enumerate(names)}
    unknown = [c for c in columns if c not in place]
    if unknown:
        held = one_line(", ".join(names), 300)
        raise UserError(f"{path}: has no column {one_line(', '.join(unknown), 200)}; its header holds: {held}")
    return values[:, [place[c] for c in columns]], columns


def _number(field: str) -> float | None:
    if field.lower() in MISSING:
        return float("nan")
    try:
        return float(field)
    except ValueError:
        return None


def _check_names(where, names: tuple[str, ...]) -> None:
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        raise UserError(f"{where}: the column name {_short(min(repeated))} occurs more than once; names must differ")
