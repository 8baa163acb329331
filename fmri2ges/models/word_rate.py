"""Words per volume from the BOLD that follows: the word-rate model of Tang et al. 2023.

Ridge from the responses 2 to 8 s later (of auditory areas, say) to the number of words heard in a volume; the
penalty is chosen on held-out stories. `text.timing.spread_words` turns the rate into whole words and their times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..brain.hrf import delayed
from ..errors import UserError
from .encoding import DELAYS, StoryVoxels
from .ridge import fit_ridge

PENALTIES = tuple(float(p) for p in np.logspace(1, 6, 11))


@dataclass(frozen=True)
class WordRate:
    """A fitted word-rate model.

    Parameters
    ----------
    weights : array (n_delays * n_voxels,), words per volume
    mean : mean number of words per volume in training
    delays : volumes from the words to the response
    score : cross-validated R2
    """

    weights: np.ndarray
    mean: float
    delays: tuple[int, ...]
    score: float

    def predict(self, bold: np.ndarray) -> np.ndarray:
        """Words per volume of one story, array (n_volumes,), never below zero.

        Parameters
        ----------
        bold : array (n_volumes, n_voxels), z-scored within the story; the voxels of training
        """
        if bold.shape[1] * len(self.delays) != len(self.weights):
            raise UserError(
                f"word rate: {bold.shape[1]} voxels given, but it was trained on "
                f"{len(self.weights) // len(self.delays)}; give the same voxels"
            )
        return np.maximum(self.mean + delayed(bold, self.delays) @ self.weights, 0)


def fit_word_rate(
    stories: list[np.ndarray],
    counts: list[np.ndarray],
    delays: tuple[int, ...] = DELAYS,
    penalties=PENALTIES,
    n_folds: int = 5,
) -> WordRate:
    """Fit on training stories.

    Parameters
    ----------
    stories : list of arrays (n_volumes, n_voxels), z-scored within the story; the columns of the chosen ROI
    counts : list of arrays (n_volumes,), words heard in each volume
    delays : volumes from the words to the response; for another TR than 2 s see `brain.hrf.fir_delays`
    penalties : ridge penalties to choose from
    n_folds : folds of whole stories on which the penalty is chosen

    Raises
    ------
    UserError
        For an empty ROI, a story shorter than the delays, or fewer than two stories.
    """
    if not stories or not stories[0].shape[1]:
        raise UserError("word rate: the selection holds no voxel; choose at least one ROI, auditory areas by default")
    for k, story in enumerate(stories):
        if len(story) <= max(delays):
            raise UserError(
                f"word rate: story {k + 1} has {len(story)} volumes, "
                f"not more than the longest delay of {max(delays)}; leave it out"
            )
    mean = float(np.concatenate(counts).mean())
    target = StoryVoxels([(np.asarray(c, np.float32) - np.float32(mean))[:, None] for c in counts])
    design = np.concatenate([delayed(np.asarray(s, np.float32), delays) for s in stories])
    fitted = fit_ridge(design, target, [len(s) for s in stories], penalties, n_folds)
    return WordRate(fitted.weights[:, 0].copy(), mean, tuple(delays), float(fitted.score[0]))
