"""Folds of whole stories: what is predicted in a fold was not in the training of that fold."""

from __future__ import annotations

import numpy as np

from ..errors import UserError


def story_folds(lengths, n_folds: int) -> np.ndarray:
    """Fold of each story, array (n_stories,), int: whole stories, folds of about equal length.

    Raises
    ------
    UserError
        With fewer than two stories: nothing can be held out.
    """
    lengths = np.asarray(lengths, int)
    if len(lengths) < 2:
        raise UserError(
            f"training: {len(lengths)} story; the penalty is chosen on held-out stories, so give at least 2"
        )
    total = np.zeros(min(n_folds, len(lengths)))
    fold = np.zeros(len(lengths), int)
    for story in np.argsort(-lengths, kind="stable"):
        fold[story] = int(total.argmin())
        total[fold[story]] += lengths[story]
    return fold


def rows_of_folds(lengths, fold: np.ndarray) -> list[list[slice]]:
    """The rows of each fold as one slice per story: slices of an array need no copy."""
    stop = np.cumsum(lengths)
    return [
        [slice(int(stop[s] - lengths[s]), int(stop[s])) for s in np.flatnonzero(fold == k)]
        for k in range(fold.max() + 1)
    ]
