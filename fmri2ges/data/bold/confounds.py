"""Confounds of a run: columns of a TSV file, as fMRIPrep's desc-confounds_timeseries.tsv, for regressing out."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from ...errors import UserError, one_line
from .tables import read_table

PATTERN = "*?["  # characters that make a name a pattern


@dataclass(frozen=True)
class Confounds:
    """Where the confounds of one recording stand.

    Parameters
    ----------
    file : table with a header and one row per volume of the recording
    columns : names, or patterns such as ``cosine*``; empty takes every column
    """

    file: Path
    columns: tuple[str, ...] = ()

    def read(self, n_volumes: int | None = None) -> tuple[tuple[str, ...], np.ndarray]:
        """The chosen columns.

        A value that is missing in the first rows (the derivatives of fMRIPrep begin with n/a) takes the first
        value that follows.

        Parameters
        ----------
        n_volumes : number of volumes of the recording; None does not compare

        Returns
        -------
        names : tuple of str
        values : array (n_volumes, n_confounds), float64

        Raises
        ------
        UserError
            For a damaged table, no header, a missing column, another length, or values missing inside.
        """
        values, names = read_table(self.file)
        if not names:
            raise UserError(f"{self.file}: confounds need names: add a header line")
        if n_volumes is not None and len(values) != n_volumes:
            raise UserError(
                f"{self.file}: has {len(values)} rows, but the recording has {n_volumes} volumes; confounds need a "
                "row for "
                "each volume of the BOLD file, in the same order"
            )
        chosen = self._chosen(names)
        places = {name: k for k, name in enumerate(names)}
        picked = values[:, [places[name] for name in chosen]].astype(float)
        for k, name in enumerate(chosen):
            picked[:, k] = _filled(f"{self.file}: {name}", picked[:, k])
        return chosen, picked

    def _chosen(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if not self.columns:
            return names
        known: set[str] = set(names)
        found: dict[str, None] = {}
        for wanted in self.columns:
            if wanted in known:
                found[wanted] = None
            elif any(c in wanted for c in PATTERN):
                found.update(dict.fromkeys(n for n in names if fnmatchcase(n, wanted)))
            else:
                held = one_line(", ".join(names), 300)
                raise UserError(f"{self.file}: has no column {wanted!r} of confound_columns; its header holds: {held}")
        if not found:
            raise UserError(f"{self.file}: no column is named by confound_columns ({', '.join(self.columns)})")
        return tuple(found)


def _filled(where: str, values: np.ndarray) -> np.ndarray:
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        raise UserError(f"{where}: holds no number; leave it out with confound_columns")
    values[: finite[0]] = values[finite[0]]
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise UserError(f"{where}: {len(bad)} values are missing, the first in row {bad[0] + 1}; fill them in")
    return values
