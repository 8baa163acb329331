"""The noise ceiling: how well any model could predict a recording, estimated from repeats of one stimulus."""

from __future__ import annotations

import numpy as np

from ..errors import UserError


def split_half_ceiling(first: np.ndarray, second: np.ndarray, repeats: int) -> float:
    """Highest r that a prediction from noisy BOLD can have, from how alike those from two halves of the repeats are.

    The halves' correlation is stepped up to all repeats (Spearman 1910; Brown 1910, British Journal of Psychology 3,
    271-295 and 296-322), and its root is the most by which noise in the prediction lets it correlate with anything
    (Spearman 1904, American Journal of Psychology 15, 72-101, correction for attenuation).

    Parameters
    ----------
    first, second : arrays (n, n_columns), what was predicted from the mean of each half of the repeats,
        `repeats` // 2 in each
    repeats : number of repeats behind the prediction that is scored

    Returns
    -------
    ceiling : 0 to 1; 0 where the halves share nothing
    """
    if repeats < 2:
        raise UserError(f"repeats: a ceiling needs at least 2; got {repeats}")
    a, b = first - first.mean(0), second - second.mean(0)
    spread = float((a.std(0) * b.std(0)).sum())
    r = float((a * b).mean(0).sum()) / spread if spread > 0 else 0.0
    longer = repeats / (repeats // 2)
    return float(np.sqrt(max(0.0, longer * r / (1 + (longer - 1) * r)))) if r > 0 else 0.0


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
