"""The expected gesture of a branch: the mean of very many samples, from one pass of the network.

For scores it does what `Run.decode` does with many samples, in a hundredth of the time. It is a mean, hence smoother
and smaller than any gesture: it is not shown.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..models.conditions import TokenTrack, volume_track
from ..models.expectation import Expectation
from .direct_branch import joined_folds
from .readings import Reading
from .run import Run

SPEAKER = 0  # one speaker's style for all scores


class ExpectedGestures:
    """Expected gestures of both branches of a run; what they share is made once.

    Parameters
    ----------
    run : whose T2G and F2G are used
    """

    def __init__(self, run: Run):
        self.run = run
        self._f2g: dict[int, Expectation] = {}

    @cached_property
    def _t2g(self) -> Expectation:
        return Expectation(self.run.t2g, SPEAKER)

    def direct(self, readings: list[Reading], start: float, stop: float) -> np.ndarray:
        """Expected gesture of the direct branch, bones (n_frames, 27) at 15 fps.

        Parameters
        ----------
        readings : what the readout says about the story, one for each fold
        start, stop : seconds on the story's clock
        """

        def expected(reading: Reading, low: float, seconds: float) -> np.ndarray:
            if reading.fold not in self._f2g:
                self._f2g[reading.fold] = Expectation(self.run.f2g(reading.fold), SPEAKER)
            track = volume_track(reading.tokens, reading.times, reading.f2t.readout.step)
            return self._f2g[reading.fold].bones([track], low, seconds)[None]

        return joined_folds(readings, start, stop, expected)[0]

    def text(self, tracks: list[TokenTrack], start: float, stop: float) -> np.ndarray:
        """Mean over some texts of the expected gesture of T2G, bones (n_frames, 27) at 15 fps.

        Parameters
        ----------
        tracks : tokens of each text, at least one
        start, stop : seconds on the story's clock
        """
        return self._t2g.bones(tracks, start, stop - start)
