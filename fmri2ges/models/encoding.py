"""Encoding model: from word features to the BOLD of each voxel.

Word features are resampled to volumes (`brain.lanczos`), z-scored with the training stories, delayed by 2 to
8 s within each story and mapped to voxels by ridge, as in Tang et al., Semantic reconstruction of
continuous language from non-invasive brain recordings, Nature Neuroscience 26, 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..brain.hrf import delayed, fir_delays
from ..errors import UserError, check_finite
from ..work import QUIET, Work
from .device import resolve_device
from .ridge import VoxelSource, fit_ridge

RESPONSE_SECONDS = 8.0  # after the words, as in Tang et al.
DELAYS = fir_delays(2.0, RESPONSE_SECONDS)  # volumes from the words to the response, where none are given: TR 2 s
PENALTIES = tuple(float(p) for p in np.logspace(1, 6, 10))


class StoryVoxels:
    """A `VoxelSource` over one array per story: in memory, memory-mapped, or an h5py data set.

    Parameters
    ----------
    stories : list of array-like (n_volumes, n_voxels); sliced by columns, never read whole
    """

    def __init__(self, stories: list):
        widths = [int(s.shape[1]) for s in stories]
        if len(set(widths)) != 1:
            raise UserError(f"voxels: stories have {', '.join(map(str, widths))} voxels; all must have the same ones")
        self.stories, self.n_voxels = stories, widths[0]
        self.n_volumes = sum(int(s.shape[0]) for s in stories)

    def read(self, columns: slice) -> np.ndarray:
        """Array (n_volumes, n), float32."""
        out = np.empty((self.n_volumes, len(range(self.n_voxels)[columns])), np.float32)
        row = 0
        for story in self.stories:
            out[row : row + len(story)] = story[:, columns]
            row += len(story)
        return out


@dataclass(frozen=True)
class EncodingModel:
    """A fitted encoding model.

    Parameters
    ----------
    mean, sd : arrays (n_features,), of the resampled features over the training stories
    weights : array (n_delays * n_features, n_voxels), float32; delay by delay
    penalty : array (n_voxels,)
    score : array (n_voxels,); cross-validated R2 inside the training stories: for choosing voxels
    delays : volumes from feature to response
    """

    mean: np.ndarray
    sd: np.ndarray
    weights: np.ndarray
    penalty: np.ndarray
    score: np.ndarray
    delays: tuple[int, ...] = DELAYS

    def design(self, features: np.ndarray) -> np.ndarray:
        """Z-scored and delayed features of one story.

        Parameters
        ----------
        features : array (n_volumes, n_features), resampled

        Returns
        -------
        array (n_volumes, n_delays * n_features), float32; before the story there are zeros
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise UserError(
                f"features: shape {features.shape}, but the encoding model was trained on {len(self.mean)} features"
            )
        return delayed(((features - self.mean) / self.sd).astype(np.float32), [-d for d in self.delays])

    def predict(self, features: np.ndarray, columns=slice(None)) -> np.ndarray:
        """Predicted BOLD of one story, array (n_volumes, n_voxels)."""
        return self.design(features) @ self.weights[:, columns]

    def correlation(self, features: list[np.ndarray], voxels: VoxelSource, width: int = 2000) -> np.ndarray:
        """Held-out Pearson r of each voxel over some stories, array (n_voxels,); 0 where nothing varies.

        Parameters
        ----------
        features : list of arrays (n_volumes, n_features), one per story that was not trained on
        voxels : the same stories
        """
        n = self.weights.shape[1]
        if voxels.n_voxels != n:
            raise UserError(f"voxels: {voxels.n_voxels} given, but the encoding model was trained on {n}")
        design = np.concatenate([self.design(f) for f in features])
        if voxels.n_volumes != len(design):
            raise UserError(f"voxels: {voxels.n_volumes} volumes, but {len(design)} of features; they must agree")
        out = np.zeros(n, np.float32)
        for start in range(0, n, width):
            columns = slice(start, min(start + width, n))
            out[columns] = _column_correlation(design @ self.weights[:, columns], voxels.read(columns))
        return out

    def best(self, n: int) -> np.ndarray:
        """Columns of the n voxels with the best cross-validated score, in ascending order."""
        return np.sort(np.argsort(-self.score, kind="stable")[:n])

    def select(self, columns: np.ndarray) -> EncodingModel:
        """The model of some voxels."""
        return EncodingModel(
            self.mean, self.sd, self.weights[:, columns], self.penalty[columns], self.score[columns], self.delays
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything, ready for a safetensors file."""
        names = ("mean", "sd", "weights", "penalty", "score")
        return {**{k: getattr(self, k) for k in names}, "delays": np.array(self.delays, np.int64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> EncodingModel:
        """The inverse of `to_arrays`."""
        fields = {k: v for k, v in arrays.items() if k != "delays"}
        return cls(**fields, delays=tuple(int(d) for d in arrays["delays"]))


def fit_encoding(
    features: list[np.ndarray],
    voxels: VoxelSource,
    delays: tuple[int, ...] = DELAYS,
    penalties=PENALTIES,
    n_folds: int = 5,
    device: str = "auto",
    out: np.ndarray | None = None,
    work: Work = QUIET,
) -> EncodingModel:
    """Fit on training stories; the penalty of each voxel is chosen on held-out training stories.

    Parameters
    ----------
    features : list of arrays (n_volumes, n_features), resampled to volumes, one per story
    voxels : BOLD of the same stories, z-scored within the story
    delays : volumes from feature to response, above 0; for another TR than 2 s see `brain.hrf.fir_delays`
    penalties : ridge penalties to choose from; of equal losses the stronger penalty wins
    n_folds : inner folds of whole stories
    device : 'auto', 'cpu', 'cuda' or 'mps'
    out : array (n_delays * n_features, n_voxels), float32, or None; filled with the weights (a memory map, say)
    work : told after each batch of voxels how far the fit is

    Raises
    ------
    UserError
        For stories shorter than the delays, NaN, volumes that do not match, or fewer than two stories.
    """
    lengths = [len(f) for f in features]
    widths = {f.shape[1] for f in features}
    if len(widths) > 1:
        raise UserError(
            f"features: stories have {', '.join(map(str, sorted(widths)))} features; all must have the same ones"
        )
    for k, f in enumerate(features):
        check_finite("features", f, f"story {k + 1}")
        if len(f) <= max(delays):
            raise UserError(
                f"training: story {k + 1} has {len(f)} volumes, not more than the longest delay of {max(delays)}; "
                "leave it out"
            )
    both = np.concatenate(features)
    mean, sd = both.mean(0, dtype=np.float64).astype(np.float32), both.std(0, dtype=np.float64).astype(np.float32)
    sd[sd <= 1e-6 * np.maximum(np.abs(mean), 1e-30)] = 1.0  # a constant feature becomes zero
    design = np.concatenate([delayed(((f - mean) / sd).astype(np.float32), [-d for d in delays]) for f in features])
    fitted = fit_ridge(design, voxels, lengths, penalties, n_folds, resolve_device(device), out, work)
    return EncodingModel(mean, sd, fitted.weights, fitted.penalty, fitted.score, tuple(delays))


def _column_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson r of each pair of columns; 0 where one is constant."""
    a, b = a - a.mean(0), b - b.mean(0)
    scale = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    return np.divide((a * b).sum(0), scale, out=np.zeros(a.shape[1], np.float32), where=scale > 0)
