"""What a fold trains on: whole stories, or what lies outside a test block of a single story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ...errors import UserError
from ...types import Recording
from .model import Study

BLOCK_SECONDS = 120.0  # cross-fitting blocks where a single story is cut
ROUNDING = 1e-6  # seconds


@dataclass(frozen=True)
class StoryBlocks:
    """The test blocks of a single story: the same words for every listener, however long their scans are.

    Blocks that each listener's own volumes made would differ with the length of the scan, and what is a test block for
    one would train the language model and F2G for it through the others.

    Parameters
    ----------
    borders : where one block ends and the next begins, seconds after the first word; the first block has no beginning
        and the last no end
    gap : seconds left out of training on both sides of a test block
    """

    borders: tuple[float, ...]
    gap: float

    @classmethod
    def of(cls, recordings: Iterable[Recording], n_folds: int, gap: float) -> StoryBlocks:
        """Blocks of equal numbers of volumes of the longest recording."""
        longest = max(recordings, key=lambda r: r.seconds)
        return cls(tuple(_borders(_since_first_word(longest), n_folds)), float(gap))

    @property
    def n_folds(self) -> int:
        """Number of blocks."""
        return len(self.borders) + 1

    def number(self, since_first_word: np.ndarray) -> np.ndarray:
        """The block that times lie in, array like `since_first_word` (seconds), int."""
        return np.searchsorted(np.array(self.borders), since_first_word, side="right")

    def rows(self, recording: Recording) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each block (train, test), boolean arrays (n_volumes,) of a whole recording.

        Raises
        ------
        UserError
            Where the recording has no volume in a block, or none to train on beside it.
        """
        name = f"recording {recording.subject}/{recording.story}"
        try:
            rows = _rows(_since_first_word(recording), recording.tr / 2, self.borders, self.gap)
        except UserError as error:
            raise UserError(f"{name}: {error}") from None
        for k, (_, test) in enumerate(rows):
            if not test.any():
                raise UserError(
                    f"{name}: has no volume in test block {k + 1} of "
                    f"{self.n_folds}, which other listeners have; take this recording out, or give fewer folds"
                )
        return rows


def within_story_folds(times: np.ndarray, n_folds: int, gap: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Contiguous test blocks of one recording by itself, each with the volumes that may train for it.

    Parameters
    ----------
    times : array (n_volumes,), seconds, evenly spaced
    n_folds : number of blocks
    gap : seconds left out of training on both sides of the test block

    Returns
    -------
    folds : list of (train, test), boolean arrays (n_volumes,)
    """
    times = np.asarray(times, float)
    borders = _borders(times, n_folds)
    return _rows(times, (times[1] - times[0]) / 2, borders, gap)


def _since_first_word(recording: Recording) -> np.ndarray:
    """Centre of each volume, seconds after the first word: a clock that listeners share whose scans do not."""
    return recording.volume_times - (recording.words.start[0] if len(recording.words) else 0.0)


def _borders(times: np.ndarray, n_folds: int) -> list[float]:
    if not 2 <= n_folds <= len(times):
        raise UserError(
            f"within_story_folds: must be between 2 and the number of volumes ({len(times)}); got {n_folds}"
        )
    blocks = np.array_split(times, n_folds)
    return [float(one[-1] + other[0]) / 2 for one, other in pairwise(blocks)]


def _rows(times: np.ndarray, half: float, borders: Sequence[float], gap: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) of each block; `half` is half a TR, from a border to the centre of the volume beside it."""
    rows = []
    for low, high in pairwise([-np.inf, *borders, np.inf]):
        test = (times >= low) & (times < high)
        before, after = times < low + half - gap - ROUNDING, times > high - half + gap + ROUNDING
        train = (before | after) & ~test
        if not train.any():
            n = len(borders) + 1
            raise UserError(f"gap: {gap:g} s leaves nothing to train on beside a test block of one of {n} folds")
        rows.append((train, test))
    return rows


@dataclass(frozen=True)
class Fold:
    """What one fold trains on.

    Parameters
    ----------
    stories : training stories of all listeners, or blocks of a single one
    texts : the words that are told in them, each text once, however many heard it
    """

    stories: list[Recording]
    texts: list[tuple[str, ...]]


def story_blocks(study: Study, held: list[Recording]) -> StoryBlocks | None:
    """The test blocks of a study with a single story; None where whole stories are held out."""
    split = study.split
    return StoryBlocks.of(held, split.within_story_folds, split.gap) if split.within_story_folds else None


def training_folds(held: list[Recording], blocks: StoryBlocks | None) -> list[Fold]:
    """What each fold trains on, of whole recordings; inside a single story it is blocks of about two minutes."""
    if blocks is None:
        return [Fold(for_crossfit(held), list({r.story: r.words.text for r in held}.values()))]
    folds = []
    for k in range(blocks.n_folds):
        by_listener = [parts_of(r, blocks, k) for r in held]
        # All heard the same story: who heard most of it has its text.
        most = max(by_listener, key=lambda parts: sum(len(part.words) for part in parts))
        folds.append(Fold([part for parts in by_listener for part in parts], [part.words.text for part in most]))
    return folds


def parts_of(recording: Recording, blocks: StoryBlocks | None, fold: int) -> list[Recording]:
    """What of a whole recording a fold trains on."""
    return [recording] if blocks is None else blocks_of(recording, blocks.rows(recording)[fold][0])


def for_crossfit(stories: list[Recording]) -> list[Recording]:
    """Stories that can be left out of the training in turn: the only one of a listener is cut into blocks.

    Without a second one there is nothing that predicts the first, and F2G would learn from tokens that are all zero.
    """
    n = Counter(story.subject for story in stories)
    parts = [[s] if n[s.subject] > 1 else blocks_of(s, np.ones(len(s.bold), bool)) for s in stories]
    return [part for of_story in parts for part in of_story]


def blocks_of(r: Recording, train: np.ndarray) -> list[Recording]:
    """Contiguous training blocks of one recording, two or more, with only the words heard during them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], train, [False]]).astype(int)))
    blocks = []
    for lo, hi in edges.reshape(-1, 2):
        parts = max(2 if len(edges) == 2 else 1, round((hi - lo) * r.tr / BLOCK_SECONDS))
        for rows in np.array_split(np.arange(lo, hi), parts):
            part = r.part(int(rows[0]), int(rows[-1]) + 1)
            blocks.append(replace(part, story=f"{r.story} from {part.first_volume_at:.0f} s"))
    return blocks
