"""Every format of BOLD: to read one more, write a function that returns a `Series` and name it in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import UserError
from ..images import image_tr, load_image
from .cifti import cifti_tr, open_cifti
from .gifti import gifti_tr, open_gifti
from .hf5 import Halves, open_hf5, open_hf5_halves, story_noise_ceiling
from .nifti import open_volume
from .pycortex import PycortexSubject
from .series import Series
from .tables import open_npy, open_npz, open_table


@dataclass(frozen=True)
class Keys:
    """What a study file says about a BOLD file; see `open_bold`."""

    columns: tuple[str, ...] = ()
    masks: tuple[Path, ...] = ()
    partner: Path | None = None
    pycortex: PycortexSubject | None = None


@dataclass(frozen=True)
class Format:
    """How the files of one ending are read.

    Parameters
    ----------
    open : opens a file, given its path and what the study file says about it
    keys : fields of `Keys` that go with the format
    tr : repetition time in a file's header, seconds, without reading the data; None where headers have none
    ceiling : noise ceiling of each column, from repeats of the story in the file; None where the format holds none
    halves : the repeats of the story in two halves; None where the format holds none
    """

    open: Callable[[Path, Keys], Series]
    keys: tuple[str, ...] = ()
    tr: Callable[[Path], float | None] | None = None
    ceiling: Callable[[Path], np.ndarray | None] | None = None
    halves: Callable[[Path, Keys], Halves | None] | None = None


def _volume_tr(path: Path) -> float | None:
    return image_tr(load_image(path))


_SURFACE = Format(lambda path, keys: open_gifti(path, keys.partner), ("partner",), gifti_tr)
_GRAYORDINATES = Format(lambda path, keys: open_cifti(path), (), cifti_tr)
_VOLUME = Format(
    lambda path, keys: open_volume(path, keys.masks, keys.partner), ("masks", "partner", "pycortex"), _volume_tr
)
# Longer endings first.
FORMATS: dict[str, Format] = {
    ".tsv": Format(lambda path, keys: open_table(path, keys.columns), ("columns",)),
    ".csv": Format(lambda path, keys: open_table(path, keys.columns), ("columns",)),
    ".txt": Format(lambda path, keys: open_table(path, keys.columns), ("columns",)),
    ".npy": Format(lambda path, keys: open_npy(path, keys.columns), ("columns",)),
    ".npz": Format(lambda path, keys: open_npz(path, keys.columns), ("columns",)),
    ".hf5": Format(
        lambda path, keys: open_hf5(path, keys.masks),
        ("masks", "pycortex"),
        ceiling=story_noise_ceiling,
        halves=lambda path, keys: open_hf5_halves(path, keys.masks),
    ),
    ".gii.gz": _SURFACE,
    ".gii": _SURFACE,
    ".dtseries.nii.gz": _GRAYORDINATES,
    ".dtseries.nii": _GRAYORDINATES,
    ".nii": _VOLUME,
    ".nii.gz": _VOLUME,
    ".mgz": _VOLUME,
    ".mgh": _VOLUME,
}
# How a study file calls the fields of `Keys`.
NAMES = {"columns": "columns", "masks": "mask", "partner": "two files", "pycortex": "pycortex"}


def format_of(path) -> Format:
    """How a BOLD file is read, by the ending of its name.

    Raises
    ------
    UserError
        For a format that is not known.
    """
    name = Path(path).name.lower()
    for ending, found in FORMATS.items():
        if name.endswith(ending):
            return found
    raise UserError(f"{path}: BOLD of this format is not known; allowed: {', '.join(FORMATS)}")


def check_keys(path, found: Format, keys: Keys) -> None:
    """Refuse keys of the study file that do not go with a format."""
    for field, name in NAMES.items():
        if getattr(keys, field) and field not in found.keys:
            allowed = ", ".join(ending for ending, other in FORMATS.items() if field in other.keys)
            raise UserError(f"{path}: {name}: only for {allowed}; remove it")


def header_tr(path) -> float | None:
    """Repetition time in the header of a BOLD file, seconds; None where it has none, 0 where it says unknown."""
    found = format_of(path)
    return None if found.tr is None else found.tr(Path(path))


def noise_ceiling_of(path) -> np.ndarray | None:
    """Noise ceiling of each column of a BOLD file, array (n_columns,); None where the file holds no repeats."""
    found = format_of(path)
    return None if found.ceiling is None else found.ceiling(Path(path))
