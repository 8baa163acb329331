"""Beat consistency with word onsets (BC-word): whether the hands pause where words begin.

A motion beat is a moment at which the hands are slowest. Raw consistency is far from 0 for motion that has
nothing to do with the words, because any motion has beats near any onset; jitter raises it and smoothing
lowers it. So the score is what it exceeds its mean under circular shifts by. It is made with word onsets and
cannot be compared with beat consistency that is made with audio.
"""

from __future__ import annotations

import numpy as np

from ..types import Motion, Words
from . import metrics
from .gesture import ELBOWS, FPS, WRISTS, all_samples, at_times, motion_clock, on_body
from .intervals import count_blocks
from .measure import Measure
from .metrics import Metric
from .nulls import MIN_SHIFT, N_NULL

SIGMA = 0.1  # seconds; a beat this far from an onset counts exp(-1/2)
SMOOTH = 0.1  # seconds; the speed is smoothed by a Gaussian of this width before its minima are found


def motion_beats(positions: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Times of the local minima of the smoothed speed of wrists and elbows.

    Parameters
    ----------
    positions : array (n_frames, 10, 3), metres
    fps : frames per second

    Returns
    -------
    beats : array (n_beats,), seconds from the first frame
    """
    from scipy.ndimage import gaussian_filter1d

    velocity = np.gradient(positions[:, WRISTS + ELBOWS], 1 / fps, axis=0)
    speed = gaussian_filter1d(np.linalg.norm(velocity, axis=-1).mean(-1), SMOOTH * fps)
    # Written out, because scipy.signal takes seconds to import.
    return (1 + np.flatnonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] < speed[2:]))) / fps


def consistency(targets: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """exp(-d^2 / (2 sigma^2)) for the distance d of each target to the nearest beat.

    Parameters
    ----------
    targets : array (...), seconds
    beats : array (n_beats,), sorted, seconds

    Returns
    -------
    closeness : array like `targets`, 0 to 1; 0 when there is no beat
    """
    if len(beats) == 0:
        return np.zeros(np.shape(targets))
    right = np.searchsorted(beats, targets).clip(0, len(beats) - 1)
    left = np.maximum(right - 1, 0)
    distance = np.minimum(np.abs(targets - beats[left]), np.abs(targets - beats[right]))
    return np.exp(-(distance**2) / (2 * SIGMA**2))


def f_measure(onsets: np.ndarray, beats: np.ndarray) -> float:
    """Harmonic mean of how near a beat each onset is, and how near an onset each beat is, 0 to 1.

    Parameters
    ----------
    onsets, beats : arrays (n_onsets,) and (n_beats,), seconds; `beats` is sorted
    """
    if len(onsets) == 0 or len(beats) == 0:
        return 0.0
    there, back = consistency(onsets, beats).mean(), consistency(beats, np.sort(onsets)).mean()
    return float(2 * there * back / max(there + back, 1e-12))


def beat_scores(motion: Motion, words: Words, branch: str, shifts: int = N_NULL) -> list[Measure]:
    """BC-word and F-measure minus their shift null, and beats per second, for one story.

    Parameters
    ----------
    motion : its scores are means over its samples
    words : on the same clock
    branch : 'text' or 'direct', or what else the motion is called in the report
    shifts : number of evenly spaced shifts of at least 20 s

    Returns
    -------
    measures : beats per second alone where there is no word, or the motion is too short for a shift
    """
    clock = motion_clock(motion)
    length = len(clock) / FPS
    onsets = words.slice(motion.start, motion.start + length).start - motion.start
    samples = on_body(at_times(all_samples(motion), motion, clock))
    beats = [motion_beats(x) for x in samples]
    rate = float(np.mean([len(b) for b in beats]) / length)
    found = [Measure(metrics.BEATS, branch, rate, n=len(clock))]
    if len(onsets) == 0 or length < 2 * MIN_SHIFT + 1:
        return found
    grid = np.linspace(MIN_SHIFT, length - MIN_SHIFT, shifts)
    moved = np.sort((onsets[None] + grid[:, None]) % length, axis=1)  # (n_shifts, n_words)
    near = np.mean([consistency(onsets, b) for b in beats], axis=0)  # (n_words,)
    null = np.mean([consistency(moved, b).mean(1) for b in beats], axis=0)
    blocks = count_blocks(length)
    place = np.minimum((onsets / length * blocks).astype(int), blocks - 1)
    sums = np.stack([np.bincount(place, near, blocks), np.bincount(place, minlength=blocks)], axis=1)
    both = float(np.mean([f_measure(onsets, b) for b in beats]))
    # The F measure searches in both directions for each shift; a quarter of the shifts is enough for mean and p.
    null_both = np.array([np.mean([f_measure(m, b) for b in beats]) for m in moved[::4]])

    def minus_null(metric: Metric, value, null, statistic) -> Measure:
        z = (value - null.mean()) / max(null.std(), 1e-12)
        return Measure(
            metric,
            branch,
            float(value - null.mean()),
            shifted=null - null.mean(),
            statistic=statistic,
            blocks=blocks,
            n=len(onsets),
            floor=0.0,
            note=f"raw {value:.3f}, null {null.mean():.3f}, z {z:.2f}",
        )

    def resampled(w: np.ndarray) -> np.ndarray:
        total = w @ sums
        return total[:, 0] / np.maximum(total[:, 1], 1) - null.mean()

    return [
        *found,
        minus_null(metrics.BC_WORD, near.mean(), null, resampled),
        minus_null(metrics.BC_WORD_F, both, null_both, None),
    ]
