"""What the encoding model does not explain: residuals of left-out stories and their covariance over voxels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import UserError, check_shape


def left_out_residuals(design: np.ndarray, bold: np.ndarray, lengths, penalty: np.ndarray) -> np.ndarray:
    """BOLD minus its prediction by the ridge trained on all other stories, in closed form.

    For story S: (I - H_SS)^-1 (y - H y)_S, with H the ridge's hat matrix over all stories.

    Parameters
    ----------
    design : array (n_volumes, n_features); stories one under the other
    bold : array (n_volumes, n_voxels), the chosen voxels
    lengths : volumes of each story; at least two stories
    penalty : array (n_voxels,)

    Returns
    -------
    array (n_volumes, n_voxels), float32

    Raises
    ------
    UserError
        With fewer than two stories.
    """
    if len(lengths) < 2:
        raise UserError(f"noise: {len(lengths)} story; residuals come from left-out stories, so give at least 2")
    check_shape("bold", bold, (len(design), len(penalty)))
    x = _smaller(np.asarray(design, np.float64))
    gram = x.T @ x
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    out = np.empty(bold.shape, np.float32)
    for p in np.unique(penalty):
        columns = np.flatnonzero(penalty == p)
        _residuals_of_penalty(x, gram, bold, bounds, float(p), columns, out)
    return out


def _smaller(x: np.ndarray) -> np.ndarray:
    """A design with the same kernel XX' and at most as many features as volumes."""
    if x.shape[1] <= len(x):
        return x
    values, vectors = np.linalg.eigh(x @ x.T)
    return vectors * np.sqrt(values.clip(0))


def _residuals_of_penalty(x, gram, bold, bounds, penalty: float, columns: np.ndarray, out: np.ndarray) -> None:
    from scipy.linalg import cho_solve, cholesky, solve_triangular

    lower = cholesky(gram + penalty * np.eye(len(gram)), lower=True)
    for batch in np.array_split(columns, -(-len(columns) // 2000)):
        y = bold[:, batch].astype(np.float64)
        out[:, batch] = y - x @ cho_solve((lower, True), x.T @ y)
    for lo, hi in pairwise(bounds):
        half = solve_triangular(lower, x[lo:hi].T, lower=True)
        left = np.eye(hi - lo) - half.T @ half
        out[lo:hi, columns] = np.linalg.solve(left, out[lo:hi, columns].astype(np.float64))


@dataclass(frozen=True)
class NoiseModel:
    """Covariance of the residuals over voxels.

    Parameters
    ----------
    covariance : array (n_voxels, n_voxels), float32, as measured
    n_effective : number of independent volumes that it is worth
    """

    covariance: np.ndarray
    n_effective: float

    @property
    def shrinkage(self) -> float:
        """Weight of the sphere in `shrunk`, 0 to 1.

        Oracle approximating shrinkage: Chen, Wiesel, Eldar, Hero, Shrinkage algorithms for MMSE covariance
        estimation, IEEE Trans. Signal Processing 58, 2010, as in scikit-learn. It needs only the covariance and
        the number of volumes, so a choice of voxels gets its own.
        """
        n_voxels = len(self.covariance)
        square = float(np.einsum("ij,ij->", self.covariance, self.covariance, dtype=np.float64)) / n_voxels**2
        level = float(np.trace(self.covariance, dtype=np.float64)) / n_voxels
        spread = (self.n_effective + 1) * (square - level**2 / n_voxels)
        return 1.0 if spread <= 0 else min((square + level**2) / spread, 1.0)

    def shrunk(self) -> np.ndarray:
        """Positive definite covariance, array (n_voxels, n_voxels), float64; its inverse is the precision P."""
        s = self.shrinkage
        out = (1 - s) * self.covariance.astype(np.float64)
        out[np.diag_indices_from(out)] += s * np.trace(self.covariance, dtype=np.float64) / len(out)
        return out

    def select(self, columns: np.ndarray) -> NoiseModel:
        """The noise of some voxels (an ROI)."""
        return NoiseModel(self.covariance[np.ix_(columns, columns)], self.n_effective)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything, ready for a safetensors file."""
        return {"covariance": self.covariance, "n_effective": np.array([self.n_effective])}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> NoiseModel:
        """The inverse of `to_arrays`."""
        return cls(arrays["covariance"], float(arrays["n_effective"][0]))


def fit_noise(residuals: np.ndarray, lengths) -> NoiseModel:
    """Noise model from the residuals of left-out stories.

    Residuals follow each other slowly, so they are worth fewer volumes than they are: with lag-1 correlation r,
    n (1 - r^2) / (1 + r^2), the variance of a covariance of AR(1) series (Bartlett 1946).

    Parameters
    ----------
    residuals : array (n_volumes, n_voxels)
    lengths : volumes of each story

    Raises
    ------
    UserError
        When nothing varies.
    """
    power = float(np.square(residuals, dtype=np.float64).sum())
    if not power > 0:
        raise UserError("noise: the residuals of all voxels are zero; choose voxels that hold data")
    starts = np.cumsum(lengths)[:-1]
    product = np.einsum("tv,tv->t", residuals[1:], residuals[:-1], dtype=np.float64)
    product[starts - 1] = 0.0  # the last volume of a story and the first of the next
    r = min(max(product.sum() / power, 0.0), 0.99)
    covariance = (residuals.T @ residuals) / np.float32(len(residuals))
    return NoiseModel(covariance, len(residuals) * (1 - r * r) / (1 + r * r))
