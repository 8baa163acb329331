"""A fixed linear code of motion: 14 principal components of bone directions at 7.5 fps.

It has half the frames of motion at 15 fps and half of its 27 numbers; a cubic spline leads back. The low-pass drops
the fastest beats, which fMRI at TR 2 s cannot carry anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import solve_banded

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
        x = np.asarray(codes, np.float64) * self.scale
        # After the last code its value is kept, because a cubic swings away where it is extrapolated.
        frame = np.minimum(np.arange(n_frames), 2 * (n - 1))
        x = np.repeat(x, n_frames, axis=-2) if n < 2 else _twice_as_dense(x)[..., frame, :]
        return normalise((x @ self.components.T) * self.sd + self.mean)


def _twice_as_dense(x: np.ndarray) -> np.ndarray:
    """A cubic spline through x (..., n, n_columns), n at least 2, at each sample and halfway between: 2 n - 1 samples.

    Halfway, a cubic is the mean of both ends plus an eighth of the difference of their slopes. The slopes are those of
    `scipy.interpolate.CubicSpline`, which takes several times as long to make its pieces and to look them up.
    """
    n = x.shape[-2]
    if n < 4:
        return CubicSpline(np.arange(n), x, axis=-2)(np.arange(2 * n - 1) / 2)
    y = np.moveaxis(x, -2, 0).reshape(n, -1)
    step = np.diff(y, axis=0)
    bands = np.ones((3, n))
    bands[1, 1:-1], bands[0, 1], bands[2, -2] = 4.0, 2.0, 2.0  # not-a-knot at both ends
    right = np.empty_like(y)
    right[1:-1] = 3 * (step[1:] + step[:-1])
    right[0], right[-1] = (5 * step[0] + step[1]) / 2, (step[-2] + 5 * step[-1]) / 2
    slope = solve_banded((1, 1), bands, right, overwrite_ab=True, overwrite_b=True, check_finite=False)
    dense = np.empty((2 * n - 1, y.shape[1]))
    dense[::2] = y
    dense[1::2] = (y[1:] + y[:-1]) / 2 + (slope[:-1] - slope[1:]) / 8
    return np.moveaxis(dense.reshape(2 * n - 1, *x.shape[:-2], x.shape[-1]), 0, -2)


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
