"""FIR ridge from parcel features to anything known per volume, re-solved for any choice of parcels.

A choice of a few ROIs has fewer FIR features than there are volumes and is solved in the primal form
in a fraction of a second. For many, the dual form is used: its kernel is a sum over FIR delays of one
shifted linear kernel. Where there are too many volumes for a kernel, the normal equations are made story
by story. All give leave-one-story-out predictions in closed form from the same factor, so nothing downstream
ever sees a prediction made from its own story.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import get_lapack_funcs, solve_triangular

from ..brain.hrf import delayed, fir_delays
from ..errors import UserError
from .normal_equations import NormalEquations

DELAYS = fir_delays(2.0)  # volumes after the words, where none are given: 2 to 10 s at TR 2 s
MAX_VOLUMES = 12_000  # of a kernel, which is n_volumes squared: 0.6 GB here
MAX_FIR = 12_000  # of the normal equations, which are FIR features squared: 1.2 GB here, and again for their factor


@dataclass(frozen=True)
class Solution:
    """A readout solved for one choice of parcels.

    Parameters
    ----------
    columns : array, int; feature columns used
    dual : array (n_train, n_targets)
    crossfit : array (n_train, n_targets); leave-one-story-out predictions, centred
    weights : array (n_delays * n_columns, n_targets) or None; of the FIR features, where they are known
    """

    columns: np.ndarray
    dual: np.ndarray
    crossfit: np.ndarray
    weights: np.ndarray | None = None


class Readout:
    """Kernel FIR ridge over stories.

    Parameters
    ----------
    stories : list of arrays (n_volumes, n_features), z-scored within the story
    targets : array (sum of n_volumes, n_targets)
    penalty : ridge penalty on features of unit variance
    delays : volumes after the words, see `brain.hrf.fir_delays`; a run keeps them with its readout
    """

    def __init__(self, stories: list[np.ndarray], targets: np.ndarray, penalty: float, delays=DELAYS):
        self.delays, self.penalty = tuple(delays), float(penalty)
        self.lengths = np.array([len(s) for s in stories])
        self.features = np.concatenate(stories).astype(np.float32)
        n, width = self.features.shape
        if n > MAX_VOLUMES and width * len(self.delays) > MAX_FIR:
            raise UserError(
                f"training: {n:,} volumes and {width * len(self.delays):,} FIR features ({width:,} features at "
                f"{len(self.delays)} delays) are too many together: up to {MAX_VOLUMES:,} volumes or {MAX_FIR:,} FIR "
                "features fit into memory; train on fewer stories, or with fewer components or areas"
            )
        if self.lengths.min() <= max(self.delays):
            short = int(self.lengths.argmin())
            raise UserError(
                f"training: story {short + 1} has {self.lengths[short]} volumes, "
                f"not more than the longest FIR delay of {max(self.delays)}; leave it out"
            )
        self.mean = targets.mean(0).astype(np.float32)
        self.targets = (targets - self.mean).astype(np.float32)

    @property
    def step(self) -> int:
        """Volumes from one delay to the next: at a short TR several, which F2G takes together."""
        return self.delays[0]

    @property
    def bounds(self) -> np.ndarray:
        """First row of each story and the end, array (n_stories + 1,)."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    def solve(self, columns: np.ndarray) -> Solution:
        """Fit with the given feature columns; story-wise cross-fitting included."""
        columns = np.asarray(columns, int)
        if not len(columns):
            raise UserError("rois: the selection holds no parcel of this recording; choose at least one ROI")
        if len(self.features) > MAX_VOLUMES:
            return self._streamed(columns)
        return (
            self._primal(columns)
            if self._has_few(columns)
            else self._dual(columns, self._kernel(columns), self.penalty)
        )

    def _has_few(self, columns: np.ndarray) -> bool:
        """Whether FIR features are so few that solving with them is cheaper than with a kernel of the volumes."""
        return len(columns) * len(self.delays) <= len(self.features) // 2

    def _primal(self, columns: np.ndarray) -> Solution:
        """With A = X'X + penalty, K^-1 = (1 - X A^-1 X') / penalty: only A is factorised."""
        x = np.concatenate([delayed(self.features[lo:hi, columns], self.delays) for lo, hi in self._stories()])
        gram = (x.T @ x).astype(np.float64)
        gram[np.diag_indices_from(gram)] += self.penalty
        root = solve_triangular(np.linalg.cholesky(gram), x.T, lower=True).T.astype(
            np.float32
        )  # X A^-1 X' = root @ root.T
        residual = self.targets - root @ (root.T @ self.targets)
        held_out = np.empty_like(residual)
        for lo, hi in self._stories():
            held_out[lo:hi] = without_own(root[lo:hi], residual[lo:hi])
        return Solution(columns, residual / np.float32(self.penalty), self.targets - held_out)

    def _equations(self, columns: np.ndarray) -> NormalEquations:
        stories = [self.features[lo:hi, columns] for lo, hi in self._stories()]
        return NormalEquations(stories, [self.targets[lo:hi] for lo, hi in self._stories()], self.delays)

    def _streamed(self, columns: np.ndarray) -> Solution:
        fit = self._equations(columns).solve(self.penalty)
        dual, crossfit, weights = fit.residual / self.penalty, fit.crossfit, fit.weights
        return Solution(columns, *(part.astype(np.float32) for part in (dual, crossfit, weights)))

    def _kernel(self, columns: np.ndarray) -> np.ndarray:
        x = self.features[:, columns]
        return self._lag(x @ x.T, self.bounds, self.bounds)

    def _dual(self, columns: np.ndarray, kernel: np.ndarray, penalty: float) -> Solution:
        """Solve with the kernel, which is overwritten."""
        kernel[np.diag_indices_from(kernel)] += penalty
        factorise, invert = get_lapack_funcs(("potrf", "trtri"), (kernel,))
        lower, failed = factorise(kernel, lower=1, clean=1, overwrite_a=1)
        assert failed == 0, "a kernel with a positive penalty is positive definite"
        root, failed = invert(lower, lower=1, overwrite_c=1)  # K^-1 = root.T @ root
        dual = root.T @ (root @ self.targets)
        # Without the own story S the residual is [(K^-1)_SS]^-1 (K^-1 y)_S.
        held_out = np.empty_like(dual)
        for lo, hi in self._stories():
            tall = root[lo:, lo:hi]  # the rows above are zero
            held_out[lo:hi] = np.linalg.solve((tall.T @ tall).astype(np.float64), dual[lo:hi])
        return Solution(columns, dual, self.targets - held_out)

    def crossfits(self, columns: np.ndarray, penalties: Iterable[float]) -> Iterator[tuple[float, np.ndarray]]:
        """Each penalty with the leave-one-story-out predictions (n_train, n_targets) that it gives, centred."""
        if self._has_few(columns) or len(self.features) > MAX_VOLUMES:
            equations = self._equations(columns)
            yield from ((float(p), equations.solve(p).crossfit) for p in penalties)
        else:
            kernel = self._kernel(columns)
            yield from ((float(p), self._dual(columns, kernel.copy(), float(p)).crossfit) for p in penalties)

    def _stories(self):
        return zip(self.bounds[:-1], self.bounds[1:], strict=True)

    def predict(self, solution: Solution, story: np.ndarray) -> np.ndarray:
        """Centred prediction for a new story.

        Parameters
        ----------
        story : array (n_volumes, n_features), z-scored within the story

        Returns
        -------
        array (n_volumes, n_targets); add `mean` for absolute values
        """
        x = np.asarray(story, np.float32)[:, solution.columns]
        if solution.weights is not None:
            return delayed(x, self.delays) @ solution.weights
        kernel = x @ self.features[:, solution.columns].T
        return self._lag(kernel, np.array([0, len(x)]), self.bounds) @ solution.dual

    def _lag(self, base: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Sum of base[i + d, j + d] over the delays, within each pair of stories."""
        out = np.zeros_like(base)
        for r0, r1 in zip(rows[:-1], rows[1:], strict=True):
            for c0, c1 in zip(cols[:-1], cols[1:], strict=True):
                for d in self.delays:
                    if d < min(r1 - r0, c1 - c0):
                        out[r0 : r1 - d, c0 : c1 - d] += base[r0 + d : r1, c0 + d : c1]
        return out


def without_own(root: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """The residual of a story in a fit to all others, from its residual in the fit to all: (1 - R R')^-1 r.

    Solved in whichever space is smaller, that of the volumes or that of the FIR features (Woodbury).

    Parameters
    ----------
    root : array (n_volumes, n_fir), the story's rows of a root of the hat matrix
    residual : array (n_volumes, n_targets)
    """
    n_volumes, n_fir = root.shape
    if n_fir < n_volumes:
        return residual + root @ np.linalg.solve(np.eye(n_fir) - root.T @ root, root.T @ residual)
    return np.linalg.solve(np.eye(n_volumes) - root @ root.T, residual)


def penalty_scores(stories, targets: np.ndarray, blocks, grid, delays=DELAYS) -> dict[float, float]:
    """Leave-one-story-out correlation of each penalty of a grid.

    Correlations are pooled within each block of targets and averaged over blocks, so that a single
    number (the word rate) weighs as much as fifty of a word vector.

    Parameters
    ----------
    blocks : iterable of slice, columns of `targets`
    delays : volumes after the words
    """
    columns = np.arange(stories[0].shape[1])
    readout = Readout(stories, targets, 1.0, delays)
    return {penalty: agreement(p, readout.targets, blocks) for penalty, p in readout.crossfits(columns, grid)}


def agreement(predicted: np.ndarray, targets: np.ndarray, blocks) -> float:
    """Correlation pooled within each block of targets and averaged over the blocks that have columns.

    Parameters
    ----------
    predicted, targets : arrays (n_volumes, n_targets), centred
    blocks : iterable of slice, columns of both
    """
    pairs = [(predicted[:, b], targets[:, b]) for b in blocks if targets[:, b].size]
    return float(np.mean([(p * y).sum() / np.sqrt((p**2).sum() * (y**2).sum() + 1e-12) for p, y in pairs]))


def best_penalty(scores_of_subjects: list[dict[float, float]]) -> float:
    """The penalty with the best mean score over subjects; ties go to the stronger one.

    One setting for all subjects: chosen for each alone it is noise in short recordings.
    """
    grid = scores_of_subjects[0]
    mean = {k: round(float(np.mean([s[k] for s in scores_of_subjects])), 6) for k in grid}
    return max(mean, key=lambda k: (mean[k], k))
