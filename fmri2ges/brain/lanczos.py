"""Word features resampled to fMRI volumes by a Lanczos filter (Duchon 1979; for words Huth et al. 2016)."""

from __future__ import annotations

import numpy as np

from ..errors import UserError

WINDOW = 3  # lobes of the filter on each side of a word, in volumes


def lanczos_matrix(
    word_times: np.ndarray, volume_times: np.ndarray, window: int = WINDOW, cutoff_mult: float = 1.0
) -> np.ndarray:
    """Weight of each word in each volume: ``resampled = matrix @ features``.

    With t the distance in cycles of the cutoff frequency, the weight is sinc(t) sinc(t / window) for
    |t| <= window and 0 beyond it. Words add up (rows are not normalised): a volume with more words has
    larger features.

    Parameters
    ----------
    word_times : array (n_words,), seconds; the middle of each word
    volume_times : array (n_volumes,), seconds, evenly spaced
    window : lobes of the filter on each side
    cutoff_mult : cutoff frequency in units of 1 / TR

    Returns
    -------
    array (n_volumes, n_words), float64

    Raises
    ------
    UserError
        With fewer than two volumes: their spacing sets the cutoff.

    References
    ----------
    Duchon, Lanczos filtering in one and two dimensions, J. Appl. Meteorol. 18, 1979.
    Huth et al., Natural speech reveals the semantic maps that tile human cerebral cortex, Nature 532, 2016.
    """
    volume_times = np.asarray(volume_times, np.float64)
    if len(volume_times) < 2:
        raise UserError(f"volume times: Lanczos resampling needs at least 2 volumes; got {len(volume_times)}")
    cutoff = cutoff_mult / np.diff(volume_times).mean()
    t = cutoff * (volume_times[:, None] - np.asarray(word_times, np.float64)[None, :])
    return np.where(np.abs(t) <= window, np.sinc(t) * np.sinc(t / window), 0.0)
