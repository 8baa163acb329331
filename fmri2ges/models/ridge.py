"""Ridge with one penalty per voxel, chosen over story-grouped folds, for more voxels than fit in memory.

Himalaya's solvers factorise the design at each call, so a fit streamed over voxel batches would pay for
the factor again and again. Here everything that depends on the design alone is computed once; a batch of
voxels then costs matrix products only. Where every penalty is met, results equal himalaya's
`solve_ridge_cv_svd` (tested).

The loss of a penalty on held-out stories needs no fit without them:

- dual (few volumes): the residual of a held-out fold S is [M_SS]^-1 (M y)_S with M = (XX' + a I)^-1 (the closed
  form of leave-one-group-out ridge), one product with M for all folds. In a large design a voxel walks over the grid:
  from the middle penalty to where its loss falls, until it rises. Of ten penalties it meets about four;
- primal (few features): per fold, ||y_S||^2 - 2 b_S' w + w' X_S'X_S w in the eigenbasis of the other folds; the
  last term is the squared norm of one triangular product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import UserError
from ..threads import SpareCores, torch_threads
from ..work import QUIET, Work
from .story_folds import rows_of_folds, story_folds

if TYPE_CHECKING:
    from torch import Tensor

# Above this many volumes per feature the primal form needs fewer operations (10 penalties, 5 folds).
DUAL_UP_TO = 1.5
TIE = 1e-6  # relative: losses of float32 sums that differ by less are equal
BATCH_BYTES = 256e6
LARGE = 1e6  # numbers in the design from which more than one thread pays
WALK = 1e5  # and from which a voxel walks over the penalties: below, the whole grid costs nothing
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


def fit_ridge(
    design: np.ndarray,
    voxels: VoxelSource,
    lengths,
    penalties,
    n_folds: int = 5,
    device: str = "cpu",
    out: np.ndarray | None = None,
    work: Work = QUIET,
) -> Fitted:
    """Fit every voxel; no intercept, so design and voxels are z-scored.

    Parameters
    ----------
    design : array (n_volumes, n_features), float32; stories one under the other
    voxels : the BOLD of the same volumes, (n_volumes, n_voxels), read a block of columns at a time
    lengths : volumes of each story
    penalties : penalties to choose from; of equal losses the stronger penalty wins. In a large design with few
        volumes the choice is the nearest minimum of the loss from the middle of the grid, see the top of this file
    n_folds : folds of whole stories
    device : 'cpu', 'cuda' or 'mps'
    out : array (n_features, n_voxels), float32, or None; filled with the weights (a memory map, say)
    work : told after each batch of voxels how far the fit is

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
            f"training: {len(design)} volumes of features, {voxels.n_volumes} of BOLD and stories of {sum(lengths)} "
            "in all; they must agree"
        )
    rows = rows_of_folds(lengths, story_folds(lengths, n_folds))
    form = _Dual if len(design) <= DUAL_UP_TO * design.shape[1] else _Primal
    cores = SpareCores(most=None if design.size >= LARGE else 1)
    with torch_threads(cores.count()):
        solver: Any = form(design, rows, penalties, device)  # only its own pieces understand the data of a form
    n = voxels.n_voxels
    weights = np.empty((design.shape[1], n), np.float32) if out is None else out
    loss, power = np.full((len(penalties), n), solver.loss_before), np.zeros(n)
    chosen = np.zeros(n, int)
    width = max(1, min(n, int(BATCH_BYTES / solver.bytes_per_voxel)))
    groups = solver.groups()
    done, n_batches = 0, len(groups) * -(-n // width)
    while groups:
        pieces = groups.pop(0)  # the only reference: the factors of a group are freed before the next
        for columns, y in _batches(voxels, width, device):
            with torch_threads(cores.count()):
                data = solver.project(y)
                for piece in pieces:
                    work.check()
                    piece.add_losses(data, loss[:, columns])
                if not groups:
                    power[columns] = (y.double() ** 2).sum(0).cpu().numpy()
                    chosen[columns] = _strongest_of_the_best(loss[:, columns])
                    weights[:, columns] = solver.solve(data, penalties[chosen[columns]])
            done += 1
            work.report(done / n_batches, f"encoding model: voxel {columns.stop} of {n}")
    best = loss[chosen, np.arange(n)]
    score = 1 - best / np.where(power > 0, power, 1.0)
    return Fitted(weights, penalties[chosen].astype(np.float32), np.where(power > 0, score, 0.0).astype(np.float32))


def _strongest_of_the_best(loss: np.ndarray) -> np.ndarray:
    """Index of the last (strongest) penalty whose loss (n_penalties, n) is the smallest, up to rounding."""
    equal = loss <= loss.min(0) * (1 + TIE)
    return len(loss) - 1 - equal[::-1].argmax(0)


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
                f"({int(bad.sum())} such columns among {columns.start} to {columns.stop - 1}); "
                "drop these voxels or set them to 0"
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

    loss_before = np.inf  # of penalties that a voxel did not meet

    def __init__(self, design: np.ndarray, rows, penalties: np.ndarray, device: str):
        import torch

        self.rows, self.penalties, self.device = rows, penalties, device
        self.walks = design.size >= WALK
        x = torch.from_numpy(np.ascontiguousarray(design, np.float32)).to(device)
        self.transposed = x.T.contiguous()
        exact = x.to(_factor_device(device)).double()
        self.kernel = exact @ exact.T
        self.bytes_per_voxel = 4 * (5 * len(design) + 2 * design.shape[1])
        # With all factors at hand the solution comes with the loss; else at the end from an eigenbasis.
        self.one_group = 4 * len(design) ** 2 * len(penalties) <= FACTOR_BYTES
        if not self.one_group:
            values, vectors = _eigh(self.kernel)
            self.values, self.basis = values.float().to(device), vectors.float().to(device)

    def groups(self) -> list[list[_DualPiece]]:
        per_group = max(1, int(FACTOR_BYTES / (4 * len(self.kernel) ** 2)))
        n, middle = len(self.penalties), len(self.penalties) // 2
        # In these orders the choice of a voxel only ever changes to the penalty that it has just met.
        order: list[tuple[int, int | None]] = [(k, None) for k in range(n)]
        if self.walks:
            order = [
                (middle, None),
                *((k, k - 1) for k in range(middle + 1, n)),
                *((k, k + 1) for k in reversed(range(middle))),
            ]
        pieces = [_DualPiece(self, k, before) for k, before in order]
        return [pieces[i : i + per_group] for i in range(0, len(pieces), per_group)]

    def inverse(self, k: int):
        """(XX' + a I)^-1 in float64."""
        import torch

        ridge = self.kernel.clone()
        ridge.diagonal().add_(float(self.penalties[k]))
        return torch.cholesky_inverse(torch.linalg.cholesky(ridge))

    def project(self, y) -> _Duals:
        import torch

        return _Duals(y, torch.empty_like(y) if self.one_group else None)

    def solve(self, data: _Duals, penalty: np.ndarray) -> np.ndarray:
        import torch

        best = data.best
        if best is None:
            shrink = self.values[:, None] + torch.from_numpy(penalty.astype(np.float32)).to(self.device)
            best = self.basis @ ((self.basis.T @ data.y) / shrink)
        return (self.transposed @ best).cpu().numpy()


@dataclass(frozen=True)
class _Duals:
    """Voxels, tensor (n_volumes, n), and (XX' + a I)^-1 y at the best penalty that each has met, or None."""

    y: Tensor
    best: Tensor | None


@dataclass(frozen=True)
class _DualPiece:
    """One penalty; its factors are made when a voxel first meets it.

    Parameters
    ----------
    k : its place in the grid
    before : None, or the place that a voxel must prefer so far to meet this penalty
    """

    solver: _Dual
    k: int
    before: int | None

    @cached_property
    def factors(self):
        """M = (XX' + a I)^-1, and of each fold its rows and the inverse of its block of M; float32."""
        import torch

        exact, device = self.solver.inverse(self.k), self.solver.device
        inverse, folds = exact.float().to(device), []
        for fold in self.solver.rows:
            own = torch.cat([torch.arange(r.start, r.stop, device=exact.device) for r in fold])
            block = torch.cholesky_inverse(torch.linalg.cholesky(exact[own][:, own]))
            folds.append((own.to(device), block.float().to(device)))
        return inverse, folds

    def add_losses(self, data: _Duals, loss: np.ndarray) -> None:
        import torch

        meets, y = np.arange(loss.shape[1]), data.y
        if self.before is not None:
            meets = np.flatnonzero(_strongest_of_the_best(loss) == self.before)
            if not len(meets):
                return
            y = y[:, torch.from_numpy(meets).to(y.device)]
        inverse, folds = self.factors
        dual = inverse @ y
        loss[self.k, meets] = sum((block @ dual[own]).square_().sum(0) for own, block in folds).cpu().numpy()
        if data.best is not None:
            better = np.flatnonzero(_strongest_of_the_best(loss[:, meets]) == self.k)
            data.best[:, torch.from_numpy(meets[better]).to(y.device)] = dual[:, torch.from_numpy(better).to(y.device)]


@dataclass(frozen=True)
class _Moments:
    """X'y of each fold, tensor (n_folds, n_features, n), and y'y of each fold, tensor (n_folds, n)."""

    xy: Tensor
    yy: Tensor


class _Primal:
    """Factors of X'X: for many volumes."""

    loss_before = 0.0  # a sum over folds

    def __init__(self, design: np.ndarray, rows, penalties: np.ndarray, device: str):
        import torch

        self.rows, self.penalties, self.device = rows, penalties, device
        self.x = torch.from_numpy(np.ascontiguousarray(design, np.float32)).to(device)
        self.gram = _gram(self.x.to(_factor_device(device)), [r for fold in rows for r in fold])
        values, vectors = _eigh(self.gram)
        self.values, self.basis = values.float().to(device), vectors.float().to(device)
        self.bytes_per_voxel = 4 * (2 * len(design) + (len(rows) + 6) * design.shape[1])

    def groups(self) -> list[list[_PrimalPiece]]:
        per_group = max(1, int(FACTOR_BYTES / (8 * self.x.shape[1] ** 2)))
        pieces = [_PrimalPiece(self, k) for k in range(len(self.rows))]
        return [pieces[i : i + per_group] for i in range(0, len(pieces), per_group)]

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
    """One fold; its factors are made when they are first needed."""

    solver: _Primal
    k: int

    @cached_property
    def factors(self):
        """Eigenvalues and eigenbasis of the other folds' X'X, this fold's design in it or its QR factor, and which."""
        import torch

        solver = self.solver
        own = torch.cat([solver.x[r] for r in solver.rows[self.k]])
        values, vectors = _eigh(solver.gram - _gram(own.to(solver.gram.device), [slice(None)]))
        basis = vectors.float().to(solver.device)
        scores, tall = own @ basis, len(own) > own.shape[1]
        return values.float().to(solver.device), basis, torch.linalg.qr(scores, mode="r").R if tall else scores, tall

    def add_losses(self, data: _Moments, loss: np.ndarray) -> None:
        values, basis, root, triangular = self.factors
        own = basis.T @ data.xy[self.k]
        others = basis.T @ (data.xy.sum(0) - data.xy[self.k])
        n_blocks = 6 if triangular else 1
        for row, penalty in zip(loss, self.solver.penalties, strict=True):
            w = others / (values[:, None] + float(penalty))
            squares = _upper_square_norm(root, w, n_blocks)
            row += (data.yy[self.k] - 2 * (own * w).sum(0) + squares).cpu().numpy()
