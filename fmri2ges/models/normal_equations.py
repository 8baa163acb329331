"""Ridge over stories from the normal equations, for recordings of any length.

With X the FIR design, Y the targets and A = X'X + penalty the weights are W = A^-1 X'Y. X is made story by story and
never held whole, and nothing is as large as volumes times volumes. Predictions that leave a story S out are exact:

- its own Gram matrix is taken out, (A - X_S'X_S)^-1 (X'Y - X_S'Y_S);
- where the story has fewer volumes than there are FIR features, the same follows from a matrix of its volumes
  (Woodbury): the residual without it is (1 - X_S A^-1 X_S')^-1 (Y_S - X_S W).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.linalg.blas import dsyrk

from ..brain.hrf import delayed


@dataclass(frozen=True)
class Fit:
    """Ridge at one penalty.

    Parameters
    ----------
    weights : array (n_delays * n_columns, n_targets)
    residual : array (n_train, n_targets), of the fit to all stories
    crossfit : array (n_train, n_targets); leave-one-story-out predictions
    """

    weights: np.ndarray
    residual: np.ndarray
    crossfit: np.ndarray


class NormalEquations:
    """X'X and X'Y of a FIR design; what does not depend on the penalty is made once.

    Parameters
    ----------
    stories : arrays (n_volumes, n_columns), z-scored within the story
    targets : arrays (n_volumes, n_targets) of the same stories
    delays : volumes
    """

    def __init__(self, stories: Sequence[np.ndarray], targets: Sequence[np.ndarray], delays: tuple[int, ...]):
        self.stories, self.targets, self.delays = stories, targets, delays
        size = stories[0].shape[1] * len(delays)
        self.gram = np.zeros((size, size), order="F")  # its lower triangle
        self.moments = np.zeros((size, targets[0].shape[1]))
        for k, y in enumerate(targets):
            x = self._design(k)
            self.gram = _add_gram(self.gram, x, 1.0)
            self.moments += x.T @ y

    def _design(self, k: int) -> np.ndarray:
        """FIR design of a story, array (n_volumes, n_delays * n_columns), float64."""
        return delayed(np.asarray(self.stories[k], np.float64), self.delays)

    def solve(self, penalty: float) -> Fit:
        """Weights and leave-one-story-out predictions at a penalty above 0."""
        lower = _factor(self.gram.copy(order="F"), penalty)
        weights = cho_solve((lower, True), self.moments, check_finite=False)
        residuals, held_out = [], []
        for k, target in enumerate(self.targets):
            x, y = self._design(k), np.asarray(target, np.float64)
            residual = y - x @ weights
            residuals.append(residual)
            if len(x) <= len(weights):
                root = solve_triangular(lower, x.T, lower=True, check_finite=False)  # X A^-1 X' = root' root
                held_out.append(y - np.linalg.solve(np.eye(len(x)) - root.T @ root, residual))
            else:
                without = _factor(_add_gram(self.gram.copy(order="F"), x, -1.0), penalty)
                held_out.append(x @ cho_solve((without, True), self.moments - x.T @ y, check_finite=False))
        return Fit(weights, np.concatenate(residuals), np.concatenate(held_out))


def _add_gram(total: np.ndarray, x: np.ndarray, sign: float) -> np.ndarray:
    """`total` with the lower triangle of sign * X'X added to it, in place."""
    return dsyrk(sign, x.T, beta=1.0, c=total, lower=1, overwrite_c=1)


def _factor(gram: np.ndarray, penalty: float) -> np.ndarray:
    """Lower Cholesky factor of gram + penalty, in place of `gram`, of which only the lower triangle is read."""
    gram[np.diag_indices_from(gram)] += penalty
    return cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)[0]
