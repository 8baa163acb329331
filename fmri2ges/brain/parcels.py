"""Parcel features: a few principal components of each area, fitted on training stories.

A parcel is an area of the atlas on fsaverage5, and a block of neighbours in a voxel space. For a
table of ROI time courses each column is its own parcel with one feature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from .atlas import load_atlas
from .voxels import block_names


@dataclass(frozen=True)
class ParcelBasis:
    """Weights that take the columns of a recording to the components of their parcels.

    A member is a column of the recording in a parcel; one row of `members`, `owner` and `weights` describes it.

    Parameters
    ----------
    names : the parcels: areas, blocks of voxels, or the columns of a table
    members : array (n_members,), int; column of the recording
    owner : array (n_members,), int; number of its parcel
    weights : array (n_members, n_components), float32; its weight in each component, zero where a parcel has fewer
    """

    names: tuple[str, ...]
    members: np.ndarray
    owner: np.ndarray
    weights: np.ndarray

    @property
    def n_components(self) -> int:
        """Number of components of each parcel."""
        return self.weights.shape[1]

    @property
    def parcel(self) -> np.ndarray:
        """Number of the parcel of each feature, array (n_parcels * n_components,)."""
        return np.repeat(np.arange(len(self.names)), self.n_components)

    def parcels_of(self, columns: np.ndarray) -> np.ndarray:
        """Numbers of the parcels that feature columns (n_columns,) belong to, each once, ascending."""
        return np.unique(self.parcel[columns])

    def transform(self, bold: np.ndarray) -> np.ndarray:
        """Features of one story, z-scored within the story.

        Parameters
        ----------
        bold : array (n_volumes, n_columns), z-scored per column

        Returns
        -------
        array (n_volumes, n_parcels * n_components), float32
        """
        if self.members.max() >= bold.shape[1]:
            raise UserError(
                f"bold: {bold.shape[1]} columns, but the model was trained on {int(self.members.max()) + 1}; "
                "use a recording in the same space"
            )
        n, k = len(bold), self.n_components
        out = np.zeros((n, len(self.names), k), np.float32)
        order = np.argsort(self.owner, kind="stable")
        bounds = np.searchsorted(self.owner[order], np.arange(len(self.names) + 1))
        for p in range(len(self.names)):
            rows = order[bounds[p] : bounds[p + 1]]
            out[:, p] = bold[:, self.members[rows]] @ self.weights[rows]
        flat = out.reshape(n, -1)  # (n_volumes, n_parcels * n_components)
        flat -= flat.mean(0)
        return flat / np.maximum(flat.std(0), 1e-6)


def fit_atlas_basis(stories, n_components: int = 4) -> ParcelBasis:
    """Principal components of each of the 360 areas over training stories.

    Parameters
    ----------
    stories : iterable of arrays (n_volumes, 20484), z-scored per vertex; read one at a time, so
        memory does not grow with their number
    n_components : components of each area
    """
    atlas = load_atlas()
    return _fit(
        stories, atlas.areas, [np.flatnonzero(atlas.labels == k + 1) for k in range(len(atlas.areas))], n_components
    )


def fit_voxel_basis(stories, block: np.ndarray, n_components: int = 4) -> ParcelBasis:
    """Principal components of blocks of voxels over training stories.

    Parameters
    ----------
    stories : iterable of arrays (n_volumes, n_voxels), z-scored per voxel; read one at a time
    block : array (n_voxels,), int; see `voxels.voxel_blocks`
    n_components : components of each block
    """
    n_blocks = int(block.max()) + 1
    return _fit(stories, block_names(n_blocks), [np.flatnonzero(block == k) for k in range(n_blocks)], n_components)


def _fit(stories, names: tuple[str, ...], groups: list[np.ndarray], n_components: int) -> ParcelBasis:
    """Principal components of groups of columns, given by their column numbers."""
    grams = [np.zeros((len(g), len(g))) for g in groups]
    for bold in stories:
        for g, gram in zip(groups, grams, strict=True):
            x = bold[:, g].astype(np.float32, copy=False)
            gram += x.T @ x
    weights = []
    for g, gram in zip(groups, grams, strict=True):
        _, vectors = np.linalg.eigh(gram)
        top = vectors[:, ::-1][:, :n_components]
        # The sign of a component is arbitrary; a rule makes the same data give the same bytes on every machine.
        top = top * np.sign(top[np.abs(top).argmax(0), np.arange(top.shape[1])])
        padded = np.zeros((len(g), n_components), np.float32)
        padded[:, : top.shape[1]] = top
        weights.append(padded)
    return ParcelBasis(
        names=names,
        members=np.concatenate(groups).astype(np.int32),
        owner=np.concatenate([np.full(len(g), k) for k, g in enumerate(groups)]).astype(np.int32),
        weights=np.concatenate(weights),
    )


def table_basis(columns) -> ParcelBasis:
    """Every column of a table is a parcel of its own."""
    n = len(columns)
    return ParcelBasis(
        tuple(columns), np.arange(n, dtype=np.int32), np.arange(n, dtype=np.int32), np.ones((n, 1), np.float32)
    )


def parcels_inside(basis: ParcelBasis, inside: np.ndarray) -> tuple[str, ...]:
    """Names of the parcels with more than half of their members inside a selection.

    Parameters
    ----------
    basis : of the recording
    inside : array (n_columns,), bool, over the columns of the recording
    """
    size = np.bincount(basis.owner, minlength=len(basis.names))
    chosen = np.bincount(basis.owner, weights=inside[basis.members], minlength=len(basis.names))
    return tuple(name for name, n, k in zip(basis.names, size, chosen, strict=True) if 2 * k > n)
