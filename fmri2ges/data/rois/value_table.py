"""Maps as a table: a row for each area of the atlas, or for each vertex of fsaverage5, and a column for each map."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from ...brain.atlas import N_VERTICES, load_atlas
from ...brain.own_map import OwnMap, mean_by_area
from ...brain.roi import N_ALL
from ...errors import UserError, shown
from ..reading import reading
from .mesh import stem_of

AREA = ("area", "roi", "region", "parcel", "label", "name")
HEMISPHERE = ("hemisphere", "hemi", "side")
BESIDE = (*AREA, *HEMISPHERE, "vertex", "group", "index", "network")  # columns that are no map
UNNAMED = ("value", "values")  # a column that says no more is called by the file
MAX_ROWS = 2 * N_ALL
NONE = ("", "nan", "na", "n/a")


def read_value_table(path: Path) -> list[OwnMap]:
    """The maps of a table.

    The table has commas, semicolons or tabs between its columns. With a header: a column of areas (area, roi, region,
    parcel, label or name), or hemisphere and vertex; every other column that begins with a number is a map. Without
    one: name of an area and its value. An area is named as in the list of ROIs (``L_44``, or ``44`` for both sides, or
    a group), or by a column of hemispheres beside it.

    Raises
    ------
    UserError
        For the first line that is wrong, with its number, and for a table without a map.
    """
    lines = _rows(path)
    if not lines:
        raise UserError(f"{path}: is empty; needed: a column of areas and a column of numbers")
    first = [cell.lower() for cell in lines[0][1]]
    has_header = not any(_number(cell) is not None for cell in first)
    header = first if has_header else ["area", *(["value"] * (len(first) - 1))]
    body = lines[1:] if has_header else lines
    if not body:
        raise UserError(f"{path}: has no row below its header")
    width = len(header)
    for number, cells in body:
        if len(cells) != width:
            raise UserError(f"{path}: line {number}: has {len(cells)} columns, the first line has {width}")
    maps = [k for k, name in enumerate(header) if name not in BESIDE and _is_map(path, body, k)]
    if not maps:
        raise UserError(f"{path}: has no column of numbers beside the names of areas")
    hemisphere = next((k for k, name in enumerate(header) if name in HEMISPHERE), None)
    if "vertex" in header and hemisphere is not None:
        place = (hemisphere, header.index("vertex"))
        columns = [mean_by_area(_vertices(path, body, place, k)) for k in maps]
    else:
        area = next((k for k, name in enumerate(header) if name in AREA), None)
        if area is None:
            raise UserError(f"{path}: has no column of areas; name one of: {', '.join(AREA)}")
        columns = _areas(path, body, (hemisphere, area), maps)
    found = []
    for k, values in zip(maps, columns, strict=True):
        name = lines[0][1][k] if has_header and header[k] not in UNNAMED else stem_of(path)
        if not values:
            raise UserError(f"{path}: column {name!r} has no value for any area")
        found.append(OwnMap(name, values))
    return found


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty."""
    with reading(path, "a table"), open(path, encoding="utf-8-sig", newline="") as file:
        start = file.readline()
        file.seek(0)
        delimiter = "\t" if "\t" in start else ";" if ";" in start else ","
        rows = csv.reader(file, delimiter=delimiter)
        found = [(rows.line_num, [cell.strip() for cell in row]) for row in rows if any(map(str.strip, row))]
    if len(found) > MAX_ROWS:
        raise UserError(f"{path}: has {len(found)} rows; a table of all vertices has {N_ALL}")
    return found


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _is_map(path: Path, body: list[tuple[int, list[str]]], k: int) -> bool:
    """Whether a column holds numbers: what stands first in it decides."""
    first = next((cells[k] for _, cells in body if cells[k].lower() not in NONE), "")
    return _number(first) is not None


def _value(path: Path, number: int, cell: str) -> float:
    """The value in a cell; NaN where it is empty."""
    if cell.lower() in NONE:
        return math.nan
    value = _number(cell)
    if value is None or not math.isfinite(value):
        raise UserError(f"{path}: line {number}: {shown(cell, 40)} is no finite number; leave it empty for no value")
    return value


def _side(path: Path, number: int, cell: str) -> str:
    side = cell[:1].upper()
    if cell.lower() not in ("l", "r", "lh", "rh", "left", "right"):
        raise UserError(
            f"{path}: line {number}: the hemisphere is {shown(cell, 40)}; allowed: L, R, lh, rh, left, right"
        )
    return side


def _vertices(path: Path, body, place: tuple[int, int], k: int) -> np.ndarray:
    """Values (20484,) of a table of vertices."""
    values, seen = np.full(N_ALL, np.nan), np.zeros(N_ALL, bool)
    for number, cells in body:
        vertex = cells[place[1]]
        if not (vertex.isascii() and vertex.isdigit() and int(vertex[:9]) < N_VERTICES):
            raise UserError(f"{path}: line {number}: vertex is {shown(vertex, 40)}; allowed: 0 to {N_VERTICES - 1}")
        at = int(vertex) + N_VERTICES * (_side(path, number, cells[place[0]]) == "R")
        if seen[at]:
            raise UserError(f"{path}: line {number}: this vertex has a row already")
        seen[at] = True
        values[at] = _value(path, number, cells[k])
    return values


def _areas(path: Path, body, place: tuple[int | None, int], maps: list[int]) -> list[dict[str, float]]:
    """Values by area of each map."""
    found: list[dict[str, float]] = [{} for _ in maps]
    lines: dict[str, int] = {}
    atlas = load_atlas()
    for number, cells in body:
        name = cells[place[1]].removesuffix("_ROI")
        try:
            areas = atlas.expand([name])
        except UserError as error:
            raise UserError(f"{path}: line {number}: {error}") from error
        if place[0] is not None:
            side = _side(path, number, cells[place[0]])
            areas = tuple(area for area in areas if area[0] == side)
            if not areas:
                raise UserError(f"{path}: line {number}: {shown(name, 40)} is not in hemisphere {side}")
        for area in areas:
            if area in lines:
                raise UserError(f"{path}: line {number}: {area} has a row already, line {lines[area]}")
            lines[area] = number
        for values, k in zip(found, maps, strict=True):
            value = _value(path, number, cells[k])
            if not math.isnan(value):
                values |= dict.fromkeys(areas, value)
    return found
