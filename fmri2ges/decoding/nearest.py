"""The nearest training segment: words that were heard when training BOLD was most like the BOLD to decode.

Copying them is the simplest decoder there is; another one has to be better.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..data.study.folds import for_crossfit, parts_of
from ..types import Recording, Words

if TYPE_CHECKING:
    from .run import Run

SECONDS = 20.0  # length of a stretch
LAG = 5.0  # seconds from words to BOLD, the peak of the HRF


def nearest_segments(
    features: np.ndarray, volume_times: np.ndarray, span: tuple[float, float], training: list[Recording]
) -> Words:
    """A text for a story, copied from training: for each 20 s the words of the training BOLD that correlates most.

    Parameters
    ----------
    features : array (n_volumes, n_columns), features of the story's BOLD
    volume_times : array (n_volumes,), seconds
    span : start and stop of the text, seconds
    training : recordings whose BOLD is such features, with the same columns

    Returns
    -------
    Words within the span; empty where no stretch of training is long enough
    """
    found: list[tuple[str, float, float]] = []
    for start in np.arange(span[0], span[1], SECONDS):
        stop = min(start + SECONDS, span[1])
        rows = np.flatnonzero((volume_times >= start + LAG) & (volume_times < stop + LAG))
        if len(rows) < 2:
            continue
        long_enough = [h for h in training if len(h.bold) >= len(rows)]
        if not long_enough:
            continue
        places = [(*_most_alike(features[rows], h.bold), h) for h in long_enough]
        _, first, heard = max(places, key=lambda place: place[0])
        begin = heard.volume_times[first] - (volume_times[rows[0]] - start)
        copied = heard.words.slice(begin, begin + (stop - start))
        found += zip(copied.text, copied.start - begin + start, copied.duration, strict=True)
    text, onset, length = zip(*found, strict=True) if found else ((), (), ())
    return Words(tuple(text), np.array(onset, float), np.array(length, float))


def _most_alike(segment: np.ndarray, long: np.ndarray) -> tuple[float, int]:
    """Correlation over all volumes and columns with the most similar part of a longer series, and its first volume."""
    n, count = len(segment), len(long) - len(segment) + 1
    products = segment @ long.T
    cross = sum(products[k, k : k + count] for k in range(n))

    def summed(per_volume: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(per_volume, dtype=np.float64)])
        return total[n:] - total[:-n]

    mean, means = segment.mean(dtype=np.float64), summed(long.sum(1)) / segment.size
    power, powers = ((segment - mean) ** 2).sum(), summed((long**2).sum(1)) - segment.size * means**2
    r = (cross - segment.size * mean * means) / np.sqrt(np.maximum(power * powers, 1e-12))
    best = int(r.argmax())
    return float(r[best]), best


def heard_in_training(run: Run, subject: str, fold: int, columns: np.ndarray) -> list[Recording]:
    """What a subject heard in training, with the features that the run has stored, so that no BOLD is read again.

    Parameters
    ----------
    run : the trained run
    subject : listener
    fold : number of the fold
    columns : array (n_columns,), int; feature columns

    Returns
    -------
    list of Recording whose BOLD is the features of the chosen columns; empty when the study does not hold the stories
    that the run was trained on (the demo's does not)
    """
    readout, study = run.f2t(subject, fold).readout, run.study
    own = [r for r in study.recordings if r.subject == subject]
    if run.n_folds > 1:
        whole = [run.recording(subject, r.story) for r in own]
        heard = [part for r in whole for part in parts_of(r, run.blocks_of(r), fold)]
    else:
        empty, space = np.zeros((0, 0), np.float32), run.space_of(subject)
        heard = [
            Recording(subject, s.story, empty, s.tr, s.first_volume_at, study.read_words(s), space)
            for s in own
            if s.story in study.train_stories
        ]
        if len(heard) == 1:
            heard = for_crossfit([replace(heard[0], bold=readout.features)])
    rows = list(zip(readout.bounds[:-1], readout.bounds[1:], strict=True))
    moved = run.n_folds > 1 and [len(h.bold) for h in heard] != [high - low for low, high in rows]
    if len(rows) != len(heard) or moved:
        return []
    return [replace(h, bold=readout.features[low:high, columns]) for (low, high), h in zip(rows, heard, strict=True)]
