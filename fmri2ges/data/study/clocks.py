"""The clock check on recordings of a study: words and volumes on one clock, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UserError
from ...types import Recording

if TYPE_CHECKING:
    from ...evaluation.clock import ClockCheck

DOUBTFUL = ("shifted",)  # of an unclear one the interval holds what is expected: nothing to act upon


@dataclass(frozen=True)
class ClockFacts:
    """What the clock check of one recording found; see `evaluation.clock.ClockCheck`. Times in seconds."""

    subject: str
    story: str
    verdict: str
    peak_lag: float
    interval: tuple[float, float]
    offset: float
    p: float
    message: str

    @property
    def note(self) -> str | None:
        """One line where the clock is in doubt, else None."""
        return f"recording {self.subject}/{self.story}: {self.message}" if self.verdict in DOUBTFUL else None


def check_recording_clock(recording: Recording, means: np.ndarray) -> ClockCheck | None:
    """The clock check over the means of each ROI, array (n_volumes, n_rois); None where nothing can be said.

    That is for less than two minutes of BOLD, for no words inside it, and for a word rate that does
    not vary.
    """
    from ...evaluation.clock import check_clock

    try:
        return check_clock(recording.words, means, recording.volume_times, recording.tr)
    except UserError:
        return None


def clock_facts(recording: Recording) -> ClockFacts | None:
    """The clock check of a recording without its curves; None where nothing can be said."""
    found = check_recording_clock(recording, recording.space.means(recording.bold))
    if found is None:
        return None
    return ClockFacts(
        recording.subject,
        recording.story,
        found.verdict,
        found.peak_lag,
        found.interval,
        found.offset,
        found.p,
        found.message,
    )
