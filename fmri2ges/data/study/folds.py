"""What a fold trains on: whole stories, or what lies outside a test block of a single story."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import UserError
from ...types import Recording
from .model import Study


def within_story_folds(times: np.ndarray, n_folds: int, gap: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Contiguous test blocks of one story, each with the volumes that may train for it.

    Parameters
    ----------
    times : array (n_volumes,), seconds
    n_folds : number of blocks
    gap : seconds left out of training on both sides of the test block

    Returns
    -------
    folds : list of (train, test), boolean arrays (n_volumes,)
    """
    times = np.asarray(times, float)
    if not 2 <= n_folds <= len(times):
        raise UserError(
            f"within_story_folds: must be between 2 and the number of volumes ({len(times)}); got {n_folds}"
        )
    folds = []
    for block in np.array_split(np.arange(len(times)), n_folds):
        test = np.zeros(len(times), bool)
        test[block] = True
        train = (times < times[block[0]] - gap) | (times > times[block[-1]] + gap)
        if not train.any():
            raise UserError(f"gap: {gap:g} s leaves nothing to train on beside a test block of one of {n_folds} folds")
        folds.append((train, test))
    return folds


BLOCK_VOLUMES = 60  # cross-fitting blocks where a single story is split into folds


def training_folds(study: Study, held: list[Recording]) -> list[list[Recording]]:
    """Training stories of each fold; inside a single story they are blocks of about two minutes."""
    if not study.split.within_story_folds:
        return [held]
    folds: list[list[Recording]] = []
    for r in held:
        for k, (train, _) in enumerate(
            within_story_folds(r.volume_times, study.split.within_story_folds, study.split.gap)
        ):
            if len(folds) <= k:
                folds.append([])
            folds[k] += blocks_of(r, train)
    return folds


def blocks_of(r: Recording, train: np.ndarray) -> list[Recording]:
    """Contiguous training blocks of one recording, with only the words heard during them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], train, [False]]).astype(int)))
    blocks = []
    for lo, hi in edges.reshape(-1, 2):
        parts = max(1, round((hi - lo) / BLOCK_VOLUMES))
        for rows in np.array_split(np.arange(lo, hi), parts):
            part = r.part(int(rows[0]), int(rows[-1]) + 1)
            blocks.append(replace(part, story=f"{r.story} from {part.first_volume_at:.0f} s"))
    return blocks
