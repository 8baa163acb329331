"""BOLD of one recording, from whatever file it is in, cleaned and z-scored within the story.

The formats are listed in `formats.FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...brain.space import Space
from ..content import check_content
from .clean import Cleaned, clean, standardize
from .confounds import Confounds
from .formats import Keys, check_keys, format_of
from .hf5 import Halves
from .pycortex import PycortexSubject, on_fsaverage5
from .series import Series, check_size
from .timing import header_note

__all__ = ["Bold", "open_bold", "read_bold", "standardize"]


@dataclass(frozen=True)
class Bold:
    """Clean BOLD and what was done to it.

    Parameters
    ----------
    data : array (n_volumes, n_columns), float32, detrended and z-scored; dropped columns and masked volumes are zero
    columns : names of a table's columns; empty in other spaces
    n_nan, n_constant : number of columns dropped because of NaN, and because they do not vary
    space : where the columns lie
    note : how the columns were found, one line; empty where the file itself says it
    notes : what is unusual but usable, one line each, without the name of the file
    confounds : names of the confounds that were regressed out
    n_start, n_end : volumes without numbers at the ends, which are masked: they are zero
    """

    data: np.ndarray
    columns: tuple[str, ...]
    n_nan: int
    n_constant: int
    space: Space
    note: str = ""
    notes: tuple[str, ...] = ()
    confounds: tuple[str, ...] = ()
    n_start: int = 0
    n_end: int = 0

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the dropped columns of a table."""
        kept = np.any(self.data, axis=0)
        return tuple(name for k, name in enumerate(self.columns) if not kept[k])


def open_bold(
    path,
    columns: tuple[str, ...] = (),
    masks: tuple[Path, ...] = (),
    partner: Path | None = None,
    pycortex: PycortexSubject | None = None,
) -> Series:
    """Open the BOLD of one story; most formats are not read yet then.

    Parameters
    ----------
    path : a file of one of the `FORMATS`
    columns : names of the columns of a table, or a choice among them
    masks : which voxels of a volume count, see `open_volume` and `open_hf5`
    partner : the other hemisphere of a surface, see `open_gifti`
    pycortex : whose surfaces take voxels to fsaverage5; its mask_thick counts where `masks` is empty

    Raises
    ------
    UserError
        For an unknown format, a damaged file, or keys that do not go with the format.
    """
    path = Path(path)
    found = format_of(path)
    check_content(path)
    check_keys(path, found, Keys(columns, masks, partner, pycortex))
    if pycortex and not masks:
        masks = (pycortex.mask(),)
    series = found.open(path, Keys(columns, masks, partner))
    return on_fsaverage5(series, pycortex, path) if pycortex else series


def open_halves(path, masks: tuple[Path, ...] = (), pycortex: PycortexSubject | None = None) -> Halves | None:
    """The repeats of a story in two halves, on the columns of `open_bold`; None where the file holds no two repeats.

    Parameters
    ----------
    path, masks, pycortex : see `open_bold`

    Raises
    ------
    UserError
        For a damaged file.
    """
    path = Path(path)
    found = format_of(path)
    if found.halves is None:
        return None
    if pycortex and not masks:
        masks = (pycortex.mask(),)
    halves = found.halves(path, Keys(masks=masks))
    if halves is None or pycortex is None:
        return halves
    first, second = (on_fsaverage5(half, pycortex, path) for half in (halves.first, halves.second))
    return Halves(first, second, halves.repeats)


def read_bold(
    path,
    columns: tuple[str, ...] = (),
    scale: float = 1.0,
    masks: tuple[Path, ...] = (),
    partner: Path | None = None,
    tr: float | None = None,
    pycortex: PycortexSubject | None = None,
    confounds: Confounds | None = None,
) -> Bold:
    """Read, check, clean and z-score the BOLD of one story.

    Memory is the recording in float32 and a few MB, whatever the file holds (GIFTI and text tables
    are parsed whole; voxels that go to fsaverage5 are held beside it for a moment).

    Parameters
    ----------
    path, columns, masks, partner, pycortex : see `open_bold`. An array with 20,484 columns and no names is
        fsaverage5, every other array is a table
    scale : factor from stored integers to the signal's unit
    tr : seconds, as the study states it; a header that states another one is an error, unless it is what
        programs write that do not know it. None does not look at the header
    confounds : regressed out together with the trend

    Raises
    ------
    UserError
        For an unknown format, a damaged file, a wrong number of columns, broken volumes, nothing
        that varies, another TR, or confounds that do not go with the volumes.
    """
    return read_series(open_bold(path, columns, masks, partner, pycortex), path, scale, tr, confounds)


def read_series(
    series: Series, path, scale: float = 1.0, tr: float | None = None, confounds: Confounds | None = None
) -> Bold:
    """What `read_bold` does with a series of a file that has been opened."""
    note = header_note(path, tr, series.tr) if tr is not None else ""
    check_size(path, *series.shape)
    names, regressors = confounds.read(series.shape[0]) if confounds else ((), None)
    values = np.empty(series.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold becomes infinite, and is reported so
        series.fill(values)
        if scale != 1.0:
            values *= np.float32(scale)
    cleaned = clean(values, path, values, regressors)
    notes = tuple(filter(None, (note, _masked(cleaned))))
    return Bold(
        cleaned.data,
        series.names,
        cleaned.n_nan,
        cleaned.n_constant,
        series.space_of_columns,
        series.note,
        notes,
        names,
        cleaned.n_start,
        cleaned.n_end,
    )


def _masked(cleaned: Cleaned) -> str:
    """One line on volumes that were masked; empty where there are none."""
    ends = [f"{n} at the {end}" for n, end in ((cleaned.n_start, "start"), (cleaned.n_end, "end")) if n]
    if not ends:
        return ""
    where = " and ".join(ends)
    return f"volumes without numbers are masked ({where}): they count as zero, and the others keep their times"
