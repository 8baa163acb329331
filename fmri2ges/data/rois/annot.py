"""FreeSurfer's .annot as plain values: one label per vertex of a hemisphere, and the table of their names.

A vertex holds the colour of its label (r + 256 g + 65536 b), 0 where it has none. The file is read here and not by
nibabel, which takes the next row of the table for a colour that no row has, and memory for any length that a damaged
file states. The form is described in FreeSurfer's wiki (LabelsClutsAnnotationFiles).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...brain.surface import MESH_SIZES
from ...errors import UserError, one_line
from .names import is_empty

MAX_ROWS = 100_000
NEW = -2  # stands where the old form has the number of rows
DAMAGED = "the file is damaged, write or copy it again"


@dataclass(frozen=True)
class Annot:
    """A hemisphere's labels.

    Parameters
    ----------
    keys : array (n_vertices,), int; 0 where a vertex has no label
    names : key -> name
    """

    keys: np.ndarray
    names: dict[int, str]


@dataclass(frozen=True)
class _Row:
    """One row of the table of colours."""

    name: str
    colour: int


def read_annot(path: Path) -> Annot:
    """An annotation and the names of its labels.

    Raises
    ------
    UserError
        For a damaged file, an unknown mesh, no table of colours, and labels that their colours do not tell apart.
    """
    data = path.read_bytes()
    colours, at = _vertices(path, data)
    rows = _table(path, data, at)
    _check_colours(path, rows, colours)
    key_of = {row.colour: key for key, row in enumerate(rows, start=1) if row.colour}
    found, place = np.unique(colours, return_inverse=True)
    keys = np.array([key_of.get(colour, 0) for colour in found.tolist()])[place]
    return Annot(keys, {key: rows[key - 1].name for key in key_of.values()})


def _vertices(path: Path, data: bytes) -> tuple[np.ndarray, int]:
    """The colour of each vertex, array (n_vertices,), and where the rest of the file begins."""
    (n,) = struct.unpack_from(">i", data) if len(data) >= 4 else (0,)
    if n not in MESH_SIZES:
        raise UserError(f"{path}: has {n} vertices; allowed: {', '.join(map(str, MESH_SIZES))} (fsaverage5, 6, 7)")
    end = 4 + 8 * n
    if len(data) < end:
        raise UserError(f"{path}: is cut off inside its vertices; copy it again")
    number, colours = np.frombuffer(data[4:end], ">i4").reshape(n, 2).T.astype(int)
    if not np.array_equal(np.sort(number), np.arange(n)):
        raise UserError(f"{path}: does not name each vertex once; {DAMAGED}")
    out = np.zeros(n, int)
    out[number] = colours
    return out, end


def _table(path: Path, data: bytes, at: int) -> list[_Row]:
    """The rows of the table of colours."""
    if len(data) < at + 8 or struct.unpack_from(">i", data, at)[0] == 0:
        raise UserError(
            f"{path}: has no colour table, so its labels have no names; write it again with one, or give a .label for "
            "each ROI"
        )
    stream = _Stream(path, data, at + 4)
    stated = stream.number()
    new = stated == NEW
    if new:
        stream.number()  # the largest number of a row
    elif stated <= 0:
        raise UserError(f"{path}: has a colour table of the unknown version {-stated}; save it again in FreeSurfer")
    stream.text()  # the file that the table is from
    n_rows = stream.number() if new else stated
    if not 0 <= n_rows <= MAX_ROWS:
        raise UserError(f"{path}: its colour table says {n_rows} rows; {DAMAGED}")
    rows = []
    for _ in range(n_rows):
        if new:
            stream.number()  # of the structure; only the colour leads to it
        name = stream.text()
        red, green, blue, _ = (stream.number() for _ in range(4))
        if not all(0 <= value <= 255 for value in (red, green, blue)):
            raise UserError(f"{path}: gives {one_line(repr(name), 60)} the colour {red} {green} {blue}; {DAMAGED}")
        rows.append(_Row(name, red + (green << 8) + (blue << 16)))
    return rows


class _Stream:
    """The numbers and texts of a file, one after the other."""

    def __init__(self, path: Path, data: bytes, at: int):
        self.path, self.data, self.at = path, data, at

    def number(self) -> int:
        if self.at + 4 > len(self.data):
            raise UserError(f"{self.path}: is cut off inside its colour table; copy it again")
        (value,) = struct.unpack_from(">i", self.data, self.at)
        self.at += 4
        return value

    def text(self) -> str:
        length = self.number()
        if not 0 <= length <= len(self.data) - self.at:
            raise UserError(f"{self.path}: states a name of {length} letters in its colour table; {DAMAGED}")
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8", "replace").strip("\0 ")


def _check_colours(path: Path, rows: list[_Row], colours: np.ndarray) -> None:
    """Refuse labels that share a colour, and a label that has the colour of no label."""
    used = set(np.unique(colours).tolist())
    seen: dict[int, str] = {}
    for row in rows:
        if not row.colour and not is_empty(row.name):
            raise UserError(
                f"{path}: the label {one_line(repr(row.name), 60)} is black, which means no label in an .annot; give "
                "it another colour"
            )
        before = seen.setdefault(row.colour, row.name)
        if before != row.name and row.colour in used and not (is_empty(before) and is_empty(row.name)):
            raise UserError(
                f"{path}: the labels {one_line(repr(before), 60)} and {one_line(repr(row.name), 60)} have one colour, "
                "and nothing else tells them apart; give each a colour of its own"
            )
