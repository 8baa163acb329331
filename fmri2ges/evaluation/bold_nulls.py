"""Null BOLD: shifted, swapped or phase-randomised, with the statistics of real BOLD and nothing of the story.

Decoded by the same model and with the same word times as the real BOLD, it shows what the model finds in noise.
"""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from .nulls import MIN_SHIFT, allowed_shifts


def shifted_bold(bold: np.ndarray, tr: float, rng: np.random.Generator, n: int = 1) -> list[np.ndarray]:
    """Copies that are shifted in a circle by at least 20 s; no shift is used twice unless there are too few.

    Parameters
    ----------
    bold : array (n_volumes, n_columns)
    tr : seconds
    rng : chooses the shifts
    n : number of copies

    Raises
    ------
    UserError
        When the story is shorter than 40 s.
    """
    shifts = allowed_shifts(len(bold), 1 / tr)
    if not len(shifts):
        raise UserError(
            f"shifted BOLD: {len(bold) * tr:g} s are shorter than {2 * MIN_SHIFT:g} s, the least that a shift of "
            f"{MIN_SHIFT:g} s needs"
        )
    drawn = rng.choice(shifts, n, replace=n > len(shifts))
    return [np.roll(bold, s, axis=0) for s in drawn]


def swapped_bold(other: np.ndarray, n_volumes: int, rng: np.random.Generator) -> np.ndarray:
    """BOLD of another story from a random volume on; where it ends, it begins again.

    Parameters
    ----------
    other : array (n_other_volumes, n_columns)
    n_volumes : of the story that it stands for
    rng : chooses the first volume

    Returns
    -------
    array (n_volumes, n_columns)
    """
    first = int(rng.integers(len(other)))
    return other[(first + np.arange(n_volumes)) % len(other)]


def phase_randomised(bold: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A surrogate with the spectrum of each column and the cross-spectrum of each pair of columns, but random phases.

    The phases of all columns turn by the same random angle at each frequency (Prichard and Theiler, Generating
    surrogate data for time series with several simultaneously measured variables, Phys. Rev. Lett. 73, 1994).

    Parameters
    ----------
    bold : array (n_volumes, n_columns)
    rng : draws the angles

    Returns
    -------
    array like `bold`: the same mean, autocorrelation and covariance
    """
    n = len(bold)
    spectrum = np.fft.rfft(bold, axis=0)
    angle = rng.uniform(0, 2 * np.pi, len(spectrum))
    angle[0] = 0.0  # the mean stays
    if n % 2 == 0:
        angle[-1] = 0.0  # the coefficient of the highest frequency is real and has to stay so
    return np.fft.irfft(spectrum * np.exp(1j * angle)[:, None], n, axis=0).astype(bold.dtype, copy=False)
