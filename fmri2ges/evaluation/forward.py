"""Greedy forward choice of regions, scored on stories that it was not chosen by.

Regions are added one by one, each time the one with which the score is largest, until the chosen ones reach a share of
the score of all regions. The largest of many scores is too large, so every set is also scored where it was not chosen:
the whole choice is made again without each part of the data (Hastie, Tibshirani & Friedman 2009, "The Elements of
Statistical Learning", 7.10.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import MIN_UNITS

REACH = 0.95  # share of the score of all regions at which a path ends
MOST_STEPS = 20  # regions of one path; each costs a score of every region that is left
FOLDS = 5  # parts that are left out in turn, where there are so many units
Choice = frozenset[str]
Scores = Callable[[Sequence[Choice]], Mapping[Choice, np.ndarray]]


@dataclass(frozen=True)
class Part:
    """Which units choose a path, and which score it: arrays (n_units,), bool.

    Units are stories, or the blocks of 40 to 60 s of a single one.
    """

    choose: np.ndarray
    held_out: np.ndarray


def parts_of(units: int, blocks: bool) -> list[Part]:
    """The parts whose paths are compared; empty where there is too little to leave anything out.

    Parameters
    ----------
    units : number of stories, or of blocks of one story
    blocks : whether they are blocks; then one block on each side of those held out chooses nothing either
    """
    if units < (MIN_UNITS if blocks else 2):
        return []
    found = []
    for held in np.array_split(np.arange(units), min(FOLDS, units)):
        gap = int(blocks)
        choose = np.ones(units, bool)
        choose[max(0, held[0] - gap) : held[-1] + 1 + gap] = False
        found.append(Part(choose, np.isin(np.arange(units), held)))
    return found


def forward_paths(
    regions: Sequence[str], whole: np.ndarray, choosing: Sequence[np.ndarray], scores: Scores
) -> list[list[str]]:
    """The order in which each set of units would add regions; all paths have the same length.

    Parameters
    ----------
    regions : names; of equal scores, the first is taken
    whole : array (n_units,), scores of all regions together
    choosing : for each path the units that choose it, array (n_units,), bool
    scores : takes sets of regions, returns the scores of each, arrays (n_units,)

    Returns
    -------
    paths : for each of `choosing` the regions in the order of their choice. They end when every path has reached
        `REACH` of what all regions score on its own units, or after `MOST_STEPS`; empty where all regions together
        score nothing above 0 on the units of some path
    """
    goals = [REACH * float(whole[units].mean()) for units in choosing]
    paths: list[list[str]] = [[] for _ in choosing]
    if min(goals) <= 0:
        return paths
    reached = [-np.inf] * len(paths)
    known: dict[Choice, np.ndarray] = {}
    while len(paths[0]) < min(len(regions), MOST_STEPS) and any(r < g for r, g in zip(reached, goals, strict=True)):
        wanted = {frozenset([*path, one]): None for path in paths for one in regions if one not in path}
        known |= scores([choice for choice in wanted if choice not in known])
        for k, (path, units) in enumerate(zip(paths, choosing, strict=True)):
            left = [one for one in regions if one not in path]
            values = [float(known[frozenset([*path, one])][units].mean()) for one in left]
            best = int(np.argmax(values))
            path.append(left[best])
            reached[k] = values[best]
    return paths
