"""A fixed linear code of motion: 14 principal components of bone directions at 7.5 fps.

It has half the frames of motion at 15 fps and half of its 27 numbers; a cubic spline leads back. The low-pass drops
the fastest beats, which fMRI at TR 2 s cannot carry anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from .features import N_FEATURES, normalise

FPS = 15.0
LATENT_FPS = 7.5


@dataclass(frozen=True)
class Codec:
    """Principal components of standardised bone directions.

    Parameters
    ----------
    mean, sd : arrays (27,)
    components : array (27, n_codes), orthonormal columns
    scale : array (n_codes,); codes are divided by it: their variance comes near 1, and the first ones stay the largest
    """

    mean: np.ndarray
    sd: np.ndarray
    components: np.ndarray
    scale: np.ndarray

    @property
    def n_codes(self) -> int:
        """Number of codes of each frame."""
        return self.components.shape[1]

    def encode(self, bones: np.ndarray) -> np.ndarray:
        """Codes (n_latent, n_codes), float32, of bones (n_frames, 27) at 15 fps."""
        z = (_every_second(bones) - self.mean) / self.sd
        return ((z @ self.components) / self.scale).astype(np.float32)

    def standardised_on(self, clips) -> Codec:
        """The same components with the mean and the spread of other people's clips.

        Parameters
        ----------
        clips : sequence of arrays (n_frames, 27) at 15 fps
        """
        mean, sd = _moments(_smoothed(clips))
        return replace(self, mean=mean.astype(np.float32), sd=sd.astype(np.float32))

    def decode(self, codes: np.ndarray, n_frames: int | None = None) -> np.ndarray:
        """Unit bone vectors (..., n_frames, 27) at 15 fps of codes (..., n_latent, n_codes)."""
        n = codes.shape[-2]
        n_frames = 2 * n if n_frames is None else n_frames
        z = (np.asarray(codes, np.float64) * self.scale) @ self.components.T
        bones = z * self.sd + self.mean
        # After the last code its value is kept, because a cubic swings away where it is extrapolated.
        t = np.minimum(np.arange(n_frames) / 2, n - 1)
        if n < 2:
            return normalise(np.repeat(bones, n_frames, axis=-2))
        return normalise(CubicSpline(np.arange(n), bones, axis=-2)(t))


def _every_second(bones: np.ndarray) -> np.ndarray:
    """Low-passed bones at half the frame rate, array (n_latent, 27)."""
    padded = np.concatenate([bones[:1], bones, bones[-1:]])
    return ((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4)[::2]


def _smoothed(clips) -> np.ndarray:
    return np.concatenate([_every_second(bones) for bones in clips]).astype(np.float64)


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(0), np.maximum(x.std(0), 1e-3)


def fit_codec(clips, n_codes: int = 14) -> Codec:
    """Fit the code on bones of training clips.

    Parameters
    ----------
    clips : sequence of arrays (n_frames, 27) at 15 fps
    n_codes : number of components that are kept
    """
    x = _smoothed(clips)
    mean, sd = _moments(x)
    z = (x - mean) / sd
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    top = vectors[:, ::-1][:, :n_codes]
    top = top * np.sign(top[np.abs(top).argmax(0), np.arange(n_codes)])
    spread = np.sqrt(np.maximum(values[::-1][:n_codes], 1e-8))
    scale = 0.9 * np.sqrt(spread * spread[0])
    assert len(mean) == N_FEATURES
    return Codec(*(a.astype(np.float32) for a in (mean, sd, top, scale)))
