"""What the encoding model does not explain: residuals of left-out stories and their covariance over voxels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import UserError, check_shape

SHRINKAGES = tuple(k / 10 for k in range(1, 11))


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
    least : shrinkage is at least this, see `least_shrinkage`
    """

    covariance: np.ndarray
    n_effective: float
    least: float = 0.0

    @property
    def shrinkage(self) -> float:
        """Weight of the sphere in `shrunk`, 0 to 1.

        Oracle approximating shrinkage: Chen, Wiesel, Eldar, Hero, Shrinkage algorithms for MMSE covariance
        estimation, IEEE Trans. Signal Processing 58, 2010, as in scikit-learn. It needs only the covariance and
        the number of volumes, so a choice of voxels gets its own. It knows nothing of the errors of the encoding
        weights, which `least` makes room for.
        """
        n_voxels = len(self.covariance)
        square = float(np.einsum("ij,ij->", self.covariance, self.covariance, dtype=np.float64)) / n_voxels**2
        level = float(np.trace(self.covariance, dtype=np.float64)) / n_voxels
        spread = (self.n_effective + 1) * (square - level**2 / n_voxels)
        own = 1.0 if spread <= 0 else min((square + level**2) / spread, 1.0)
        return max(own, self.least)

    def shrunk(self) -> np.ndarray:
        """Positive definite covariance, array (n_voxels, n_voxels), float64; its inverse is the precision P."""
        s = self.shrinkage
        out = (1 - s) * self.covariance.astype(np.float64)
        out[np.diag_indices_from(out)] += s * np.trace(self.covariance, dtype=np.float64) / len(out)
        return out

    def select(self, columns: np.ndarray) -> NoiseModel:
        """The noise of some voxels (an ROI)."""
        return NoiseModel(self.covariance[np.ix_(columns, columns)], self.n_effective, self.least)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything, ready for a safetensors file."""
        return {
            "covariance": self.covariance,
            "n_effective": np.array([self.n_effective]),
            "least": np.array([self.least]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> NoiseModel:
        """The inverse of `to_arrays`."""
        least = float(arrays["least"][0]) if "least" in arrays else 0.0  # runs made before it was chosen
        return cls(arrays["covariance"], float(arrays["n_effective"][0]), least)


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


def least_shrinkage(bold: np.ndarray, residuals: np.ndarray, lengths, grid=SHRINKAGES) -> float:
    """The shrinkage with which left-out stories are predicted best; of equal ones the stronger.

    A covariance that is right for the noise is not the best one to weigh predictions with: where the residuals
    hardly vary the precision is largest, and there the errors of the encoding weights outweigh the signal. So
    each half of the stories is whitened with the covariance of the other half, and the shrinkage is chosen whose
    matched filter (the prediction x, times the precision P, times the data y) stands out most from its noise:
    (sum_t x_t' P y_t)^2 / sum_t (x_t' P (y_t - a x_t))^2, with a the amplitude that fits best.

    Parameters
    ----------
    bold : array (n_volumes, n_voxels); a few hundred of the best voxels are enough
    residuals : array (n_volumes, n_voxels), from `left_out_residuals`; bold minus these is the prediction
    lengths : volumes of each story; at least two stories
    grid : candidates, above 0 to 1
    """
    half = np.repeat(np.arange(len(lengths)) % 2, lengths)
    total = np.zeros(len(grid))
    for k in (0, 1):
        own, other = half == k, half != k
        noise = residuals[other].astype(np.float64)
        values, axes = np.linalg.eigh(noise.T @ noise / len(noise))
        y, rest = bold[own] @ axes, residuals[own] @ axes
        total += [_matched(y, y - rest, (1 - s) * values + s * values.mean()) for s in grid]
    return float(max(zip(total.round(6), grid, strict=True))[1])


def _matched(y: np.ndarray, x: np.ndarray, variance: np.ndarray) -> float:
    """Signal over noise, squared, of the matched filter for the prediction x in data y; on the noise's own axes."""
    filtered = x / np.maximum(variance, np.finfo(np.float32).tiny)
    found, power = float((filtered * y).sum()), float((filtered * x).sum())
    if found <= 0 or power <= 0:
        return 0.0
    noise = ((y - found / power * x) * filtered).sum(1)
    return found**2 / max(float(noise @ noise), float(np.finfo(np.float32).tiny))
