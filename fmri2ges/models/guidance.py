"""How strongly samples of F2G follow the brain: the rule by which a study chooses classifier-free guidance.

At guidance 1 samples are drawn from what the network learned; more makes all of them follow their condition more
closely (Ho and Salimans 2022). It adds no information, and how much of it motion bears depends on the study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tried:
    """What training stories say of one guidance.

    Parameters
    ----------
    guidance : the scale that was tried
    r : of each story; mean of the samples against the gesture that T2G expects of the heard words
    fgd : of the samples of all stories to real gestures
    fgd_without : the same without each story in turn
    """

    guidance: float
    r: tuple[float, ...]
    fgd: float
    fgd_without: tuple[float, ...]

    @property
    def mean_r(self) -> float:
        """The mean of r over the stories."""
        return float(np.mean(self.r))


def chosen(tried: Sequence[Tried]) -> Tried:
    """The smallest guidance whose r is within one standard error of the best one that motion bears.

    Motion bears a guidance if its FGD is not by more than a standard error (jackknife over stories) above that of the
    first one. With one story there is no standard error, and the first one is taken.

    Parameters
    ----------
    tried : at least one; guidance rises, and the first one is 1
    """
    first = tried[0]
    borne = [one for one in tried if one is first or fgd_above(one, first) <= fgd_error(one, first)]
    best = max(borne, key=lambda one: one.mean_r)
    return next(one for one in borne if best.mean_r - one.mean_r <= r_error(best, one))


def fgd_above(one: Tried, other: Tried) -> float:
    """By how much the FGD of one is above that of the other."""
    return one.fgd - other.fgd


def fgd_error(one: Tried, other: Tried) -> float:
    """Standard error of the difference of FGD, by the jackknife over stories (Efron and Tibshirani 1993, chapter 11).

    Negative for fewer than two stories: then no difference is small enough.
    """
    difference = np.subtract(one.fgd_without, other.fgd_without)
    n = len(difference)
    return float(np.sqrt((n - 1) * difference.var())) if n > 1 else -np.inf


def r_error(one: Tried, other: Tried) -> float:
    """Standard error of the difference of r, paired by story; 0 for fewer than two."""
    difference = np.subtract(one.r, other.r)
    n = len(difference)
    return float(difference.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
