"""Folds of one story, whose models were trained apart: what each expects without any BOLD is no evidence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def at_own_means(predicted: np.ndarray, first: Sequence[int]) -> np.ndarray:
    """A prediction whose stretches were made by different models, each at mean 0.

    Every fold of one story has models of its own. What they expect without any BOLD is the mean of their training part,
    which lies above that of the story just where the test block lies below: folds at their own means, one after the
    other, go against the reference, and a brain that says nothing has an r below 0. See `text.timing.unit_rate`.

    Parameters
    ----------
    predicted : array (..., n_frames, n_columns)
    first : first frame of each stretch, in order; the first is 0

    Returns
    -------
    array (..., n_frames, n_columns); as it is where there is a single stretch, whose mean r does not depend on
    """
    if len(first) < 2:
        return predicted
    edges = [*first, predicted.shape[-2]]
    parts = [predicted[..., a:b, :] for a, b in pairwise(edges) if b > a]
    return np.concatenate([part - part.mean(-2, keepdims=True) for part in parts], axis=-2)
