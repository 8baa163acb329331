"""What a fold trains on: whole stories, or what lies outside a test block of a single story."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import UserError
from ...types import Recording, Words
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


@dataclass(frozen=True)
class BrainStory:
    """One subject hearing one story.

    Parameters
    ----------
    features : array (n_volumes, n_features), parcel features z-scored within the story
    volume_times : array (n_volumes,), seconds, centres of the volumes on the words' clock
    """

    subject: str
    story: str
    features: np.ndarray
    volume_times: np.ndarray
    tr: float
    words: Words

    @property
    def start(self) -> float:
        return float(self.volume_times[0] - self.tr / 2)

    @property
    def seconds(self) -> float:
        return float(len(self.volume_times) * self.tr)


BLOCK_VOLUMES = 60  # cross-fitting blocks where a single story is split into folds


def training_folds(study: Study, held: list[Recording]) -> list[list[BrainStory]]:
    """Training stories of each fold; inside a single story they are blocks of about two minutes."""
    if not study.split.within_story_folds:
        return [[BrainStory(r.subject, r.story, r.bold, r.volume_times, r.tr, r.words) for r in held]]
    folds: list[list[BrainStory]] = []
    for r in held:
        for k, (train, _) in enumerate(
            within_story_folds(r.volume_times, study.split.within_story_folds, study.split.gap)
        ):
            if len(folds) <= k:
                folds.append([])
            folds[k] += blocks_of(r, train)
    return folds


def blocks_of(r: Recording, train: np.ndarray) -> list[BrainStory]:
    """Contiguous training blocks of one recording, with only the words heard during them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], train, [False]]).astype(int)))
    blocks = []
    for lo, hi in edges.reshape(-1, 2):
        parts = max(1, round((hi - lo) / BLOCK_VOLUMES))
        for rows in np.array_split(np.arange(lo, hi), parts):
            times = r.volume_times[rows]
            words = r.words.slice(times[0] - r.tr / 2, times[-1] + r.tr / 2)
            blocks.append(BrainStory(r.subject, f"{r.story} from {times[0]:.0f} s", r.bold[rows], times, r.tr, words))
    return blocks
