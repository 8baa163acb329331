"""The energy score: how well samples of motion predict what a person did, in one number.

It is a proper score (Gneiting and Raftery 2007, J. Am. Stat. Assoc. 102, equation 21): on average nothing scores lower
than samples of the true distribution. It compares motion itself, so models with different motion codes can be compared.
"""

from __future__ import annotations

import numpy as np


def energy_score(samples: np.ndarray, real: np.ndarray) -> float:
    """Mean distance of the samples to the real motion, less half of their mean distance to each other.

    The distance of two motions is the root of the mean squared distance between their bone directions: 0 for the same
    motion, at most 2.

    Parameters
    ----------
    samples : array (n_samples, n_frames, 27), bone directions; at least two samples
    real : array (n_frames, 27)
    """
    n = len(samples)
    to_real = np.mean([_distance(x, real) for x in samples])
    apart = [_distance(samples[i], samples[j]) for i in range(n) for j in range(i)]
    return float(to_real - np.mean(apart) / 2)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    squared = (a.astype(np.float64) - b).reshape(len(a), -1, 3) ** 2
    return float(np.sqrt(squared.sum(-1).mean()))
