"""Recordings whose columns are voxels: where they lie, blocks of neighbours, and which voxel a vertex lies in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError, check_shape

N_BLOCKS = 200
MAX_BLOCK = 500  # voxels; the principal components of a block need a matrix of this size squared
N_REGIONS = 16  # groups of neighbouring blocks, as many as the atlas has groups of areas


@dataclass(frozen=True)
class VoxelGrid:
    """Where the columns of a recording lie in a volume.

    Parameters
    ----------
    shape : (n_i, n_j, n_k) of the volume
    affine : array (4, 4), voxel indices to mm
    ijk : array (n_voxels, 3), int; voxel indices of each column
    """

    shape: tuple[int, int, int]
    affine: np.ndarray
    ijk: np.ndarray

    @property
    def mm(self) -> np.ndarray:
        """Centre of each voxel, array (n_voxels, 3), mm."""
        return self.ijk @ self.affine[:3, :3].T + self.affine[:3, 3]

    def same_place(self, shape, affine) -> bool:
        """Whether another volume has the same voxels (to .01 mm)."""
        return tuple(self.shape) == tuple(shape) and np.allclose(self.affine, affine, atol=0.01)

    def same_voxels(self, other: VoxelGrid) -> bool:
        """Whether another recording has the same voxels in the same order."""
        return self.same_place(other.shape, other.affine) and np.array_equal(self.ijk, other.ijk)

    def volume(self, values: np.ndarray, fill: float = np.nan) -> np.ndarray:
        """One value per column (n_voxels,) put back into the volume, array `shape`, float32."""
        check_shape("values", values, (len(self.ijk),))
        out = np.full(self.shape, fill, np.float32)
        out[tuple(self.ijk.T)] = values
        return out

    def columns_at(self, ijk: np.ndarray) -> np.ndarray:
        """Column of each voxel index (n, 3), array (n,), int; -1 outside the mask or the volume."""
        index = np.full(self.shape, -1, np.int64)
        index[tuple(self.ijk.T)] = np.arange(len(self.ijk))
        inside = ((ijk >= 0) & (ijk < self.shape)).all(1)
        out = np.full(len(ijk), -1, np.int64)
        out[inside] = index[tuple(ijk[inside].T)]
        return out


def voxel_blocks(n_voxels: int, grid: VoxelGrid | None = None) -> np.ndarray:
    """Block of each voxel: 200 or more compact pieces of about equal size.

    Neighbours in space share a block where the grid is known, neighbours in the file elsewhere.
    Blocks that follow each other are neighbours too. The same mask always gives the same blocks.

    Parameters
    ----------
    n_voxels : number of voxels
    grid : where they lie; None where that is not known

    Returns
    -------
    array (n_voxels,), int, 0 to n_blocks - 1
    """
    n_blocks = max(min(N_BLOCKS, n_voxels // 2), -(-n_voxels // MAX_BLOCK), 1)
    if grid is None:
        return np.arange(n_voxels) * n_blocks // n_voxels
    block = np.empty(n_voxels, np.int64)
    _bisect(grid.mm, np.arange(n_voxels), 0, n_blocks, block)
    return block


def _bisect(mm: np.ndarray, rows: np.ndarray, first: int, n_blocks: int, block: np.ndarray) -> None:
    """Give voxels block numbers from `first` on: their box is cut across its longest side, then each part again."""
    if n_blocks == 1:
        block[rows] = first
        return
    # Rounded, so that a rounding error in the affine cannot change the order.
    place = np.round(mm[rows], 2)
    axis = int(np.argmax(np.ptp(place, axis=0)))
    order = np.lexsort((place[:, (axis + 2) % 3], place[:, (axis + 1) % 3], place[:, axis]))
    half = n_blocks // 2
    cut = round(len(rows) * half / n_blocks)
    _bisect(mm, rows[order[:cut]], first, half, block)
    _bisect(mm, rows[order[cut:]], first + half, n_blocks - half, block)


def block_names(n_blocks: int) -> tuple[str, ...]:
    """block-001, block-002, ..."""
    return tuple(f"block-{k + 1:03d}" for k in range(n_blocks))


def block_regions(n_blocks: int) -> list[np.ndarray]:
    """Runs of neighbouring blocks, as arrays of their numbers; a random choice of ROIs takes such a run together."""
    return np.array_split(np.arange(n_blocks), min(N_REGIONS, n_blocks))


def surface_columns(vertices: np.ndarray, coord: np.ndarray, grid: VoxelGrid) -> np.ndarray:
    """Column of the voxel that each surface vertex lies in.

    Parameters
    ----------
    vertices : array (n_vertices, 3), mm, of the subject's own surface
    coord : array (4, 4), takes mm of the surface to voxel indices, see `data.bold.xfm.read_xfm`
    grid : where the voxels of the recording lie

    Returns
    -------
    array (n_vertices,), int; -1 where the vertex lies in no voxel of the mask. Where a surface is
    in register with fsaverage, ``bold[:, columns]`` is the recording on that surface.
    """
    check_shape("vertices", vertices, (None, 3))
    if not np.isfinite(vertices).all():
        raise UserError("vertices: hold NaN or infinite values; give the coordinates of the surface in mm")
    ijk = np.round(vertices @ coord[:3, :3].T + coord[:3, 3]).astype(np.int64)
    return grid.columns_at(ijk)
