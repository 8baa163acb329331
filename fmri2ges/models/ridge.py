"""Ridge with one penalty per voxel, chosen over story-grouped folds, for more voxels than fit in memory.

Himalaya's solvers factorise the design at each call, so a fit streamed over voxel batches would pay for
the factor again and again. Here everything that depends on the design alone is computed once; a batch of
voxels then costs matrix products only. Results equal himalaya's `solve_ridge_cv_svd` (tested).

The loss of a penalty on held-out stories is a quadratic form in the data of a voxel, so it is the squared
norm of one triangular product and no prediction is ever formed:

- dual (few volumes): the held-out residual is R y, R_S = [M_SS]^-1 M_S with M = (XX' + a I)^-1 for each
  fold S (the closed form of leave-one-group-out ridge), and ||R y|| = ||Q y|| with the QR factor Q of R;
- primal (few features): per fold, ||y_S||^2 - 2 b_S' w + w' X_S'X_S w in the eigenbasis of the other folds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..errors import Cancelled, UserError
from ..threads import SpareCores, torch_threads

# Above this many volumes per feature the primal form needs fewer operations (10 penalties, 5 folds).
DUAL_UP_TO = 1.5
TIE = 1e-6  # relative: losses of float32 sums that differ by less are equal
BATCH_BYTES = 256e6
LARGE = 1e6  # numbers in the design from which more than one thread pays
FACTOR_BYTES = 1e9  # factors held at once; when they are larger the voxels are read again


class VoxelSource(Protocol):
    """Voxels of all training stories, one story under the other, read a block of columns at a time."""

    n_volumes: int
    n_voxels: int

    def read(self, columns: slice) -> np.ndarray:
        """Array (n_volumes, n), float32."""


@dataclass(frozen=True)
class Fitted:
    """A ridge solution.

    Parameters
    ----------
    weights : array (n_features, n_voxels), float32
    penalty : array (n_voxels,), float32; chosen from the grid
    score : array (n_voxels,), float32; cross-validated R2 at that penalty, negative where nothing is predicted
    """

    weights: np.ndarray
    penalty: np.ndarray
    score: np.ndarray


def story_folds(lengths, n_folds: int) -> np.ndarray:
    """Fold of each story, array (n_stories,), int: whole stories, folds of about equal length.

    Raises
    ------
    UserError
        With fewer than two stories: nothing can be held out.
    """
    lengths = np.asarray(lengths, int)
    if len(lengths) < 2:
        raise UserError(f"training: {len(lengths)} story; the penalty is chosen on held-out stories, so give at least 2")
    total = np.zeros(min(n_folds, len(lengths)))
    fold = np.zeros(len(lengths), int)
    for story in np.argsort(-lengths, kind="stable"):
        fold[story] = int(total.argmin())
        total[fold[story]] += lengths[story]
    return fold


def fit_ridge(
    design: np.ndarray,
    voxels: VoxelSource,
    lengths,
    penalties,
    n_folds: int = 5,
    device: str = "cpu",
    out: np.ndarray | None = None,
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fitted:
    """Fit every voxel; no intercept, so design and voxels are z-scored.

    Parameters
    ----------
    design : array (n_volumes, n_features), float32; stories one under the other
    voxels : source of (n_volumes, n_voxels)
    lengths : volumes of each story
    penalties : grid; of equal losses the stronger penalty wins
    n_folds : folds of whole stories
    device : 'cpu', 'cuda' or 'mps'
    out : array (n_features, n_voxels), float32, or None; filled with the weights (a memory map, say)
    progress, should_stop : see `Cancelled`

    Raises
    ------
    UserError
        For a voxel with NaN, volumes that do not match, fewer than two stories or a penalty not above 0.
    """
    penalties = np.sort(np.asarray(penalties, np.float64))
    if not len(penalties) or not penalties[0] > 0 or not np.isfinite(penalties[-1]):
        raise UserError(f"penalties: must be numbers above 0; got {penalties.tolist()}")
    if voxels.n_volumes != len(design) or sum(lengths) != len(design):
        raise UserError(
            f"training: {len(design)} volumes of features, {voxels.n_volumes} of BOLD and stories of {sum(lengths)} in all; they must agree"
        )
    rows = _rows_of_folds(lengths, story_folds(lengths, n_folds))
    solver_type = _Dual if len(design) <= DUAL_UP_TO * design.shape[1] else _Primal
    cores = SpareCores(most=None if design.size >= LARGE else 1)
    with torch_threads(cores.count()):
        solver = solver_type(design, rows, penalties, device)
    n = voxels.n_voxels
    weights = np.empty((design.shape[1], n), np.float32) if out is None else out
    loss, power = np.zeros((len(penalties), n)), np.zeros(n)
    chosen = np.zeros(n, int)
    width = max(1, min(n, int(BATCH_BYTES / solver.bytes_per_voxel)))
    groups = solver.groups()
    done, work = 0, len(groups) * -(-n // width)
    for last, build in ((g is groups[-1], g) for g in groups):
        with torch_threads(cores.count()):
            pieces = [piece() for piece in build]
        for columns, y in _batches(voxels, width, device):
            if should_stop is not None and should_stop():
                raise Cancelled()
            with torch_threads(cores.count()):
                data = solver.project(y)
                for piece in pieces:
                    piece.add_losses(data, loss[:, columns])
                if last:
                    power[columns] = (y.double() ** 2).sum(0).cpu().numpy()
                    chosen[columns] = _strongest_of_the_best(loss[:, columns])
                    weights[:, columns] = solver.solve(data, penalties[chosen[columns]])
            done += 1
            if progress is not None:
                progress(done / work, f"encoding model: voxel {columns.stop} of {n}")
    best = loss[chosen, np.arange(n)]
    score = 1 - best / np.where(power > 0, power, 1.0)
    return Fitted(weights, penalties[chosen].astype(np.float32), np.where(power > 0, score, 0.0).astype(np.float32))


def _strongest_of_the_best(loss: np.ndarray) -> np.ndarray:
    """Index of the last (strongest) penalty whose loss (n_penalties, n) is the smallest, up to rounding."""
    equal = loss <= loss.min(0) * (1 + TIE)
    return len(loss) - 1 - equal[::-1].argmax(0)


def _rows_of_folds(lengths, fold: np.ndarray) -> list[list[slice]]:
    """The rows of each fold as one slice per story: slices of an array need no copy."""
    stop = np.cumsum(lengths)
    return [[slice(int(stop[s] - lengths[s]), int(stop[s])) for s in np.flatnonzero(fold == k)] for k in range(fold.max() + 1)]


def _batches(voxels: VoxelSource, width: int, device: str) -> Iterator:
    import torch

    for start in range(0, voxels.n_voxels, width):
        columns = slice(start, min(start + width, voxels.n_voxels))
        y = np.ascontiguousarray(voxels.read(columns), np.float32)
        bad = ~np.isfinite(y).all(0)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            count = int((~np.isfinite(y[:, first])).sum())
            raise UserError(
                f"voxels: column {start + first} holds NaN or infinity in {count} of {len(y)} volumes "
                f"({int(bad.sum())} such columns among {columns.start} to {columns.stop - 1}); drop these voxels or set them to 0"
            )
        yield columns, torch.from_numpy(y).to(device)


def _factor_device(device: str) -> str:
    """Factors are computed in float64, which Apple's GPUs do not have."""
    return "cpu" if device == "mps" else device


def _gram(x, rows: list[slice]):
    """X'X over some rows, float64."""
    return sum(part.T @ part for part in (x[r].double() for r in rows))


def _eigh(gram):
    import torch

    values, vectors = torch.linalg.eigh(gram)
    return values.clamp_min(0), vectors


def _upper_square_norm(upper, x, n_blocks: int = 6):
    """Column sums of squares of ``upper @ x``; the zeros below the diagonal are not multiplied."""
    step = -(-len(upper) // n_blocks)
    total = 0
    for start in range(0, len(upper), step):
        part = upper[start : start + step, start:] @ x[start:]
        total = total + part.square_().sum(0)
    return total


class _Dual:
    """Factors of XX': for fewer volumes than about 1.5 times the features."""

    def __init__(self, design: np.ndarray, rows, penalties: np.ndarray, device: str):
        import torch

        self.rows, self.penalties, self.device = rows, penalties, device
        self.x = torch.from_numpy(np.ascontiguousarray(design, np.float32)).to(device)
        exact = self.x.to(_factor_device(device)).double()
        self.kernel = exact @ exact.T
        self.bytes_per_voxel = 4 * (4 * len(design) + 2 * design.shape[1])
        # Inverses are kept for the final weights when they fit; an eigenbasis needs less room and more work.
        self.inverses: dict[float, object] = {}
        self.keeps_inverses = 4 * len(design) ** 2 * len(penalties) <= FACTOR_BYTES
        if not self.keeps_inverses:
            values, vectors = _eigh(self.kernel)
            self.values, self.basis = values.float().to(device), vectors.float().to(device)

    def groups(self) -> list[list[Callable]]:
        per_group = max(1, int(FACTOR_BYTES / (4 * len(self.x) ** 2)))
        pieces = [lambda k=k: self._piece(k) for k in range(len(self.penalties))]
        return [pieces[i : i + per_group] for i in range(0, len(pieces), per_group)]

    def _piece(self, k: int) -> _DualPiece:
        import torch

        inverse = self.kernel + self.penalties[k] * torch.eye(len(self.kernel), dtype=self.kernel.dtype, device=self.kernel.device)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(inverse))
        if self.keeps_inverses:
            self.inverses[float(self.penalties[k])] = inverse.float().to(self.device)
        residual = torch.empty_like(inverse, dtype=torch.float32)
        for fold in self.rows:
            own = torch.cat([torch.arange(r.start, r.stop, device=inverse.device) for r in fold])
            block = inverse[own]
            residual[own] = torch.cholesky_solve(block, torch.linalg.cholesky(block[:, own])).float()
        return _DualPiece(k, torch.linalg.qr(residual, mode="r").R.to(self.device))

    def project(self, y):
        return y

    def solve(self, y, penalty: np.ndarray) -> np.ndarray:
        import torch

        if self.keeps_inverses:
            dual = torch.empty_like(y)
            for value in np.unique(penalty):
                columns = torch.from_numpy(np.flatnonzero(penalty == value)).to(self.device)
                dual[:, columns] = self.inverses[float(value)] @ y[:, columns]
        else:
            shrink = self.values[:, None] + torch.from_numpy(penalty.astype(np.float32)).to(self.device)
            dual = self.basis @ ((self.basis.T @ y) / shrink)
        return (self.x.T @ dual).cpu().numpy()


@dataclass(frozen=True)
class _DualPiece:
    """One penalty: the triangular root of the quadratic form of its held-out loss."""

    k: int
    root: object

    def add_losses(self, y, loss: np.ndarray) -> None:
        loss[self.k] += _upper_square_norm(self.root, y).cpu().numpy()


@dataclass(frozen=True)
class _Moments:
    """X'y of each fold, tensor (n_folds, n_features, n), and y'y of each fold, tensor (n_folds, n)."""

    xy: object
    yy: object


class _Primal:
    """Factors of X'X: for many volumes."""

    def __init__(self, design: np.ndarray, rows, penalties: np.ndarray, device: str):
        import torch

        self.rows, self.penalties, self.device = rows, penalties, device
        self.x = torch.from_numpy(np.ascontiguousarray(design, np.float32)).to(device)
        self.gram = _gram(self.x.to(_factor_device(device)), [r for fold in rows for r in fold])
        values, vectors = _eigh(self.gram)
        self.values, self.basis = values.float().to(device), vectors.float().to(device)
        self.bytes_per_voxel = 4 * (2 * len(design) + (len(rows) + 6) * design.shape[1])

    def groups(self) -> list[list[Callable]]:
        per_group = max(1, int(FACTOR_BYTES / (8 * self.x.shape[1] ** 2)))
        pieces = [lambda k=k: self._piece(k) for k in range(len(self.rows))]
        return [pieces[i : i + per_group] for i in range(0, len(pieces), per_group)]

    def _piece(self, k: int) -> _PrimalPiece:
        import torch

        own = torch.cat([self.x[r] for r in self.rows[k]])
        values, vectors = _eigh(self.gram - _gram(own.to(self.gram.device), [slice(None)]))
        basis = vectors.float().to(self.device)
        scores = own @ basis
        root = scores if len(own) <= own.shape[1] else torch.linalg.qr(scores, mode="r").R
        return _PrimalPiece(k, self.penalties, values.float().to(self.device), basis, root, len(own) > own.shape[1])

    def project(self, y) -> _Moments:
        import torch

        xy = torch.stack([sum(self.x[r].T @ y[r] for r in fold) for fold in self.rows])
        return _Moments(xy, torch.stack([sum((y[r] ** 2).sum(0) for r in fold) for fold in self.rows]))

    def solve(self, data: _Moments, penalty: np.ndarray) -> np.ndarray:
        import torch

        shrink = self.values[:, None] + torch.from_numpy(penalty.astype(np.float32)).to(self.device)
        return (self.basis @ ((self.basis.T @ data.xy.sum(0)) / shrink)).cpu().numpy()


@dataclass(frozen=True)
class _PrimalPiece:
    """One fold: the eigenbasis of the other folds' X'X, and this fold's design in it (or its QR factor)."""

    k: int
    penalties: np.ndarray
    values: object
    basis: object
    root: object
    triangular: bool

    def add_losses(self, data: _Moments, loss: np.ndarray) -> None:
        own = self.basis.T @ data.xy[self.k]
        others = self.basis.T @ (data.xy.sum(0) - data.xy[self.k])
        n_blocks = 6 if self.triangular else 1
        for row, penalty in zip(loss, self.penalties):
            w = others / (self.values[:, None] + float(penalty))
            squares = _upper_square_norm(self.root, w, n_blocks)
            row += (data.yy[self.k] - 2 * (own * w).sum(0) + squares).cpu().numpy()
