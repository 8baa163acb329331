"""The clock check on recordings of a study: words and volumes on one clock, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UserError
from ...types import Recording

if TYPE_CHECKING:
    from ...evaluation.clock import ClockCheck

DOUBTFUL = ("shifted", "unclear")


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


def region_means(recording: Recording) -> tuple[tuple[str, ...], np.ndarray]:
    """Time courses that stand for a whole recording.

    Returns
    -------
    names : areas of the atlas, blocks of voxels, or columns of a table
    means : array (n_volumes, n_names), float32
    """
    if recording.space == "table":
        return recording.columns, recording.bold
    if recording.space == "voxels":
        from ...brain.voxels import block_means, block_names

        means = block_means(recording)
        return block_names(means.shape[1]), means
    from ...brain.atlas import load_atlas
    from ...brain.roi import parcel_means

    return load_atlas().areas, parcel_means(recording.bold)


def check_recording_clock(recording: Recording, means: np.ndarray) -> ClockCheck | None:
    """The clock check over `region_means`; None where nothing can be said.

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
    found = check_recording_clock(recording, region_means(recording)[1])
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
