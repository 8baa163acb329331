"""The noise ceiling: how well any model could predict a recording, estimated from repeats of one stimulus."""

from __future__ import annotations

import numpy as np

from ..errors import UserError


def noise_ceiling(repeats: np.ndarray) -> np.ndarray:
    """Highest correlation that a perfect model can reach with the mean of the repeats.

    The signal power is what the repeats share, SP = (Var(sum) - sum of Var) / (n (n - 1)), and the
    ceiling is sqrt(SP / Var(mean)): CC_max of Schoppe, Harper, Willmore, King & Schnupp (2016),
    Front. Comput. Neurosci. 10:10.

    Parameters
    ----------
    repeats : array (n_repeats, n_volumes, n_columns)

    Returns
    -------
    array (n_columns,), float64, 0 to 1; 0 where the repeats share nothing, NaN where data are NaN or constant

    Raises
    ------
    UserError
        With fewer than two repeats.
    """
    repeats = np.asarray(repeats, np.float64)
    if repeats.ndim != 3 or len(repeats) < 2:
        raise UserError(f"repeats: must be at least 2 repeats x volumes x columns; got shape {repeats.shape}")
    n = len(repeats)
    of_sum = repeats.sum(0).var(0)
    power = (of_sum - repeats.var(1).sum(0)) / (n * (n - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(np.clip(power / (of_sum / n**2), 0, 1))
