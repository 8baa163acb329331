"""The readout solved for many choices of ROIs: what they share is computed once, and the rest is small.

With X the FIR design of all features, Y the targets and G = (X X' + penalty)^-1, everything about a choice S of columns
follows from a few products that are made once:

- S alone: A = X_S' X_S + penalty is a block of the Gram matrix, and as small as S;
- all without S: taking columns out of X is a low-rank change of G (Woodbury),
  (G^-1 - X_S X_S')^-1 = G + M_S C M_S' with M = G X and C = (1 - X_S' M_S)^-1, again as small as S.

Both give the weights, and the predictions that leave one story out, in closed form. `Readout.solve` gives the same
numbers, to rounding, in 10 to 100 times as long.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from ..brain.hrf import delayed
from ..errors import UserError
from .readout import Readout, Solution, agreement, best_penalty, without_own

EXACT_FEATURES = 4096  # FIR features; the matrices of more are kept in single precision, to save memory


class RegionReadout:
    """A readout whose choices of ROIs share their work.

    Parameters
    ----------
    readout : the readout, with its training stories
    penalty : ridge penalty; None takes that of the readout
    """

    def __init__(self, readout: Readout, penalty: float | None = None):
        self.readout = readout
        self.penalty = readout.penalty if penalty is None else float(penalty)
        self.n_features = readout.features.shape[1]
        self.kind: Any = np.float64 if self.n_features * len(readout.delays) <= EXACT_FEATURES else np.float32

    def with_penalty(self, penalty: float) -> RegionReadout:
        """The same with another penalty; what does not depend on the penalty is shared."""
        other = RegionReadout(self.readout, penalty)
        other.__dict__.update({name: getattr(self, name) for name in ("_design", "_gram", "_moments")})
        return other

    # Made once.

    @cached_property
    def _design(self) -> np.ndarray:
        """FIR design of the training stories, array (n_train, n_delays * n_features)."""
        readout = self.readout
        return np.concatenate([delayed(readout.features[rows], readout.delays) for rows in self._stories])

    @cached_property
    def _gram(self) -> np.ndarray:
        """X'X, array (n_delays * n_features, n_delays * n_features)."""
        x: Any = self._design.astype(self.kind, copy=False)
        return x.T @ x

    @cached_property
    def _moments(self) -> np.ndarray:
        """X'Y, array (n_delays * n_features, n_targets)."""
        return self._design.T.astype(self.kind) @ self.readout.targets

    @cached_property
    def _inside(self) -> np.ndarray:
        """M = G X, array (n_train, n_delays * n_features)."""
        x: Any = self._design.astype(self.kind, copy=False)
        if x.shape[1] <= len(x):
            primal = self._gram + self.penalty * np.eye(x.shape[1], dtype=self.kind)
            return cho_solve(cho_factor(primal, lower=True, overwrite_a=True), x.T).T
        kernel = x @ x.T
        kernel[np.diag_indices_from(kernel)] += self.penalty
        return cho_solve(cho_factor(kernel, lower=True, overwrite_a=True), x)

    @cached_property
    def _hat(self) -> np.ndarray:
        """X'GX, array (n_delays * n_features, n_delays * n_features)."""
        return self._design.T @ self._inside

    @cached_property
    def _weights(self) -> np.ndarray:
        """Weights of all columns, array (n_delays * n_features, n_targets)."""
        return self._inside.T @ self.readout.targets

    @cached_property
    def _dual(self) -> np.ndarray:
        """G Y, array (n_train, n_targets)."""
        return (self.readout.targets - self._design @ self._weights) / self.penalty

    @cached_property
    def _blocks(self) -> list[np.ndarray]:
        """The block of G that belongs to each story, arrays (n_volumes, n_volumes)."""
        return [(np.eye(len(rows)) - self._inside[rows] @ self._design[rows].T) / self.penalty for rows in self._rows]

    @cached_property
    def _rows(self) -> list[np.ndarray]:
        return [np.arange(lo, hi) for lo, hi in zip(self.readout.bounds[:-1], self.readout.bounds[1:], strict=True)]

    @property
    def _stories(self) -> list[slice]:
        return [slice(lo, hi) for lo, hi in zip(self.readout.bounds[:-1], self.readout.bounds[1:], strict=True)]

    # For each choice.

    def solve(self, columns: np.ndarray) -> Solution:
        """The solution for some feature columns, as `Readout.solve` gives it, with its weights.

        Parameters
        ----------
        columns : array (n_columns,), int, each column once

        Raises
        ------
        UserError
            Without a column.
        """
        columns = np.unique(np.asarray(columns, int))
        if not len(columns):
            raise UserError("rois: the selection holds no parcel of this recording; choose at least one ROI")
        others = np.setdiff1d(np.arange(self.n_features), columns)
        return self._alone(columns) if len(columns) <= len(others) else self._without(columns, others)

    def _at(self, columns: np.ndarray) -> np.ndarray:
        """Where the FIR features of some columns stand in the design."""
        return np.concatenate([delay * self.n_features + columns for delay in range(len(self.readout.delays))])

    def _alone(self, columns: np.ndarray) -> Solution:
        at = self._at(columns)
        x, y = self._design[:, at], self.readout.targets
        small = self._gram[np.ix_(at, at)].astype(np.float64)
        small[np.diag_indices_from(small)] += self.penalty
        lower = np.linalg.cholesky(small)
        weights = cho_solve((lower, True), self._moments[at])
        residual = y - x @ weights.astype(np.float32)
        root = solve_triangular(lower, x.T, lower=True).T  # X A^-1 X' = root @ root.T
        held_out = np.empty_like(residual)
        for rows in self._stories:
            held_out[rows] = without_own(root[rows], residual[rows])
        dual = residual / np.float32(self.penalty)
        return Solution(columns, dual, y - held_out, weights.astype(np.float32))

    def _without(self, columns: np.ndarray, others: np.ndarray) -> Solution:
        """All columns but `others`; `columns` are those that stay."""
        y, at, out = self.readout.targets, self._at(columns), self._at(others)
        inside = self._inside[:, out]
        small = np.eye(len(out)) - self._hat[np.ix_(out, out)]
        change = np.linalg.solve(small, np.concatenate([self._weights[out], inside.T], axis=1))  # C [M_S' Y, M_S']
        n_targets = y.shape[1]
        dual = self._dual + inside @ change[:, :n_targets]
        weights = self._weights[at] + self._hat[np.ix_(at, out)] @ change[:, :n_targets]
        held_out = np.empty_like(y)
        for rows, block in zip(self._stories, self._blocks, strict=True):
            own = block + inside[rows] @ change[:, n_targets:][:, rows]
            held_out[rows] = np.linalg.solve(own, dual[rows])
        return Solution(columns, dual.astype(np.float32), y - held_out, weights.astype(np.float32))


def chosen_penalty(solutions: dict[float, Solution], targets: np.ndarray, blocks) -> float:
    """The penalty whose leave-one-story-out predictions correlate best with the targets; ties go to the stronger one.

    Parameters
    ----------
    solutions : penalty -> the solution of one choice of ROIs
    targets : array (n_train, n_targets), centred
    blocks : iterable of slice, columns of `targets`; correlations are pooled within each and averaged over them
    """
    return best_penalty([{penalty: agreement(s.crossfit, targets, blocks) for penalty, s in solutions.items()}])
