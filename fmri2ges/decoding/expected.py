"""The expected gesture of a branch: the mean of very many samples, from one pass of the network.

For scores it does what `Run.decode` does with many samples, in a hundredth of the time. It is a mean, hence smoother
and smaller than any gesture: it is not shown.
"""

from __future__ import annotations

import numpy as np

from ..models.conditions import TokenTrack, volume_track
from .direct_branch import joined_folds
from .readings import Reading
from .run import Run

SPEAKER = 0  # one speaker's style for all scores


def expected_direct(run: Run, readings: list[Reading], start: float, stop: float) -> np.ndarray:
    """Expected gesture of the direct branch, bones (n_frames, 27) at 15 fps.

    Parameters
    ----------
    run : whose F2G is used
    readings : what the readout says about the story, one for each fold
    start, stop : seconds on the story's clock
    """

    def expected(reading: Reading, low: float, seconds: float) -> np.ndarray:
        track = volume_track(reading.tokens, reading.times, reading.f2t.readout.step)
        return run.f2g(reading.fold).expected_bones([track], low, seconds, SPEAKER)[None]

    return joined_folds(readings, start, stop, expected)[0]


def expected_text(run: Run, tracks: list[TokenTrack], start: float, stop: float) -> np.ndarray:
    """Mean over some texts of the expected gesture of T2G, bones (n_frames, 27) at 15 fps.

    Parameters
    ----------
    run : whose T2G is used
    tracks : tokens of each text, at least one
    start, stop : seconds on the story's clock
    """
    return run.t2g.expected_bones(tracks, start, stop - start, SPEAKER)
