"""Two files that are one recording: the left and the right hemisphere, found by their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import UserError
from ..content import check_content
from .series import TR_TOLERANCE, Series, array_series

# How names say the hemisphere: BIDS, FreeSurfer, Connectome Workbench.
MARKS = (
    re.compile(r"(?<=hemi-)([LR])(?=[_.])"),
    re.compile(r"(?<![A-Za-z])([lr])(?=h[._])"),
    re.compile(r"(?<=[._])([LR])(?=[._])"),
)


@dataclass(frozen=True)
class Hemisphere:
    """BOLD of one hemisphere.

    Parameters
    ----------
    values : array (n_volumes, 10242), float32, on fsaverage5
    stated : 'L' or 'R' where the file says it, else None
    tr : repetition time that the file states, seconds; None when it states none
    """

    values: np.ndarray
    stated: str | None = None
    tr: float | None = None


def open_pair(path, partner, read: Callable[[Path, str | None], Hemisphere]) -> Series:
    """BOLD of both hemispheres on fsaverage5.

    Parameters
    ----------
    path : file of either hemisphere
    partner : file of the other one; by default the name of `path` with the hemisphere changed
    read : reads one file, given its path and the hemisphere that its name says ('L', 'R' or None)

    Raises
    ------
    UserError
        For no partner, two files of one hemisphere, a name that contradicts its file, other lengths, or another TR.
    """
    path = Path(path)
    partner = Path(partner) if partner else partner_of(path)
    if not (partner.exists() or partner.is_symlink()):
        raise UserError(f"{path}: the other hemisphere is missing: no such file: {partner}")
    check_content(partner)
    sides: dict[str, Hemisphere] = {}
    for file in (path, partner):
        mark = mark_of(file.name)
        named = mark.group(1).upper() if mark else None
        found = read(file, named)
        if named and found.stated and named != found.stated:
            raise UserError(
                f"{file}: its name says hemisphere {named}, but its metadata say {found.stated}; correct one of them"
            )
        side = found.stated or named
        if side is None:
            raise UserError(f"{file}: which hemisphere? Put hemi-L, hemi-R, lh. or rh. into its name")
        if side in sides:
            raise UserError(f"{path}: {partner.name} is the same hemisphere ({side}); give one file of each")
        sides[side] = found
    left, right = sides["L"], sides["R"]
    if len(left.values) != len(right.values):
        raise UserError(
            f"{path}: the hemispheres differ in length: {len(left.values)} volumes left, {len(right.values)} right"
        )
    if left.tr and right.tr and abs(left.tr - right.tr) > TR_TOLERANCE:  # None and 0: a file that does not know it
        raise UserError(
            f"{path}: the hemispheres state other repetition times, {left.tr:g} s left and {right.tr:g} s right; give "
            "two files of one run"
        )
    trs = [side.tr for side in (left, right) if side.tr is not None]
    both = np.concatenate([left.values, right.values], axis=1)
    return array_series(both, "fsaverage5", tr=max(trs, default=None))


def partner_of(path) -> Path:
    """The file of the other hemisphere, by name.

    Raises
    ------
    UserError
        When the name does not say which hemisphere it is.
    """
    path = Path(path)
    mark = mark_of(path.name)
    if mark is None:
        raise UserError(
            f"{path}: which hemisphere? Put hemi-L, lh. or .L. into its name, or give both files: bold = [left, right]"
        )
    other = mark.group(1).translate(str.maketrans("LRlr", "RLrl"))
    return path.with_name(path.name[: mark.start(1)] + other + path.name[mark.end(1) :])


def mark_of(name: str) -> re.Match | None:
    """Where a name says the hemisphere."""
    return next((found for pattern in MARKS if (found := pattern.search(name))), None)
