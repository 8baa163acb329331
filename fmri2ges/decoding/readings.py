"""What the readout of a run says about a recording: the value that both branches start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..models.f2t import F2T, Decoder


@dataclass(frozen=True)
class Reading:
    """The decoded quantities of one stretch of volumes: a whole story, or the test block of one fold.

    Parameters
    ----------
    fold : number of the fold whose models have not seen this stretch
    f2t : text decoder of this fold
    decoder : its readout, solved for the chosen ROIs
    prediction : array (n_volumes, n_targets), what the readout predicts
    rate : array (n_volumes,), decoded words per volume
    rows : array (n_volumes,), int; the volumes of the recording
    times : array (n_volumes,), seconds, their centres
    """

    fold: int
    f2t: F2T
    decoder: Decoder
    prediction: np.ndarray
    rate: np.ndarray
    rows: np.ndarray
    times: np.ndarray

    @property
    def tokens(self) -> np.ndarray:
        """Calibrated tokens for F2G, array (n_volumes, token width)."""
        return self.f2t.tokens(self.decoder, self.prediction)


def decoded_rate(readings: list[Reading]) -> np.ndarray:
    """Decoded words per volume of a whole recording, array (n_volumes,)."""
    return np.concatenate([reading.rate for reading in readings])


def rates_of(readings: list[Reading], rate: np.ndarray | None) -> list[np.ndarray]:
    """Words per volume of each reading: the decoded ones, or those of a given rate of the whole recording."""
    if rate is None:
        return [reading.rate for reading in readings]
    return np.split(rate, np.cumsum([len(reading.times) for reading in readings])[:-1])
