"""Where the columns of a recording lie, and which ROIs they can be chosen by.

`Cortex` is fsaverage5 with the areas of the atlas, `Table` a table of ROI time courses, `Voxels` a subject's own
volume. Each knows its units (areas, ROIs, blocks of voxels), what a choice of ROIs means, and whether it has a place
on the cortex, so that no other code has to ask what kind of space it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from .atlas import N_VERTICES, load_atlas
from .parcels import ParcelBasis, fit_atlas_basis, fit_voxel_basis, table_basis
from .roi import parcel_means
from .voxels import VoxelGrid, block_names, block_regions, voxel_blocks

ALL = "all"
SHOWN = 20  # names that a message lists; of more it shows the first and the last


class Space(ABC):
    """The columns of a recording.

    Attributes
    ----------
    kind : how manifests name the space
    has_cortex : whether the columns have a place on the cortical surface
    unit, column_unit : what ROIs and columns are called, in the plural, such as areas and vertices
    whole : all columns together, in words, such as "the whole cortex"
    names : the ROIs that the columns belong to, in their order
    n_columns : number of columns
    """

    kind: str
    has_cortex = False
    unit: str
    column_unit: str

    if TYPE_CHECKING:  # a space may keep them as fields, which an abstract property would not let it do

        @property
        def names(self) -> tuple[str, ...]:
            """The ROIs that the columns belong to, in their order."""

        @property
        def n_columns(self) -> int:
            """Number of columns."""

    @property
    @abstractmethod
    def whole(self) -> str:
        """All columns together, in words."""

    @property
    def place(self) -> str:
        """The space in words."""
        return self.kind

    @property
    @abstractmethod
    def owner(self) -> np.ndarray:
        """Number of the ROI that each column belongs to, array (n_columns,), int; -1 where it belongs to none."""

    @property
    @abstractmethod
    def regions(self) -> dict[str, np.ndarray]:
        """ROIs that belong together: name -> their numbers."""

    def expand(self, rois: Iterable[str]) -> tuple[str, ...]:
        """The ROIs that a choice means, each once, in the order of `names`.

        Parameters
        ----------
        rois : names of this space; 'all' is everything

        Raises
        ------
        UserError
            For a name that the space does not have.
        """
        rois = tuple(rois)
        unknown = [name for name in rois if name != ALL and name not in self.names]
        if unknown:
            names = self.names if len(self.names) <= SHOWN else (self.names[0], "...", self.names[-1])
            raise UserError(
                f"rois: {unknown[0]!r} is not an ROI of this study ({self.place}); allowed: all, {', '.join(names)}"
            )
        return self.names if ALL in rois else tuple(name for name in self.names if name in rois)

    def numbers(self, rois: Iterable[str]) -> np.ndarray:
        """Numbers of the ROIs that a choice means, array (n_chosen,), int; an empty choice is a `UserError`."""
        chosen = self.expand(rois)
        if not chosen:
            raise UserError("rois: the selection is empty; choose at least one ROI")
        index = {name: k for k, name in enumerate(self.names)}
        return np.array([index[name] for name in chosen])

    def columns(self, rois: Iterable[str]) -> np.ndarray:
        """The columns of a choice of ROIs, boolean array (n_columns,)."""
        return np.isin(self.owner, self.numbers(rois))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Number of columns of each ROI, array (n_rois,), int."""
        return np.bincount(self.owner[self.owner >= 0], minlength=len(self.names))

    def means(self, bold: np.ndarray) -> np.ndarray:
        """Mean of the columns of each ROI, array (n_volumes, n_columns) -> (n_volumes, n_rois)."""
        order = np.argsort(self.owner, kind="stable")
        edges = np.searchsorted(self.owner[order], np.arange(len(self.names) + 1))
        return np.stack([bold[:, order[low:high]].mean(1) for low, high in pairwise(edges)], 1)

    def describe(self, rois: Iterable[str], most: int = 4) -> str:
        """A choice of ROIs in a few words: 'the whole cortex', 'AC, Broca', 'AC, Broca + 7 more'."""
        rois = tuple(rois)
        if ALL in rois:
            return self.whole
        extra = len(rois) - most
        return ", ".join(rois[:most]) + (f" + {extra} more" if extra > 0 else "")

    @abstractmethod
    def fit_basis(self, stories: Iterable[np.ndarray], n_components: int) -> ParcelBasis:
        """Components of each ROI over training stories, arrays (n_volumes, n_columns), read one at a time."""

    @property
    def together(self) -> list[np.ndarray]:
        """ROIs that a random choice draws together: the regions, then each ROI outside them; arrays of numbers."""
        regions = list(self.regions.values())
        inside = {int(k) for part in regions for k in part}
        return [*regions, *(np.array([k]) for k in range(len(self.names)) if k not in inside)]

    @property
    def own_columns(self) -> bool:
        """Whether every subject has columns of their own, which are not those of the others."""
        return False

    def difference(self, other: Space) -> str:
        """How the columns of another recording differ, in words; empty where they are the same in the same order."""
        return "" if self == other else f"{self.place} and {other.place}"

    def fits_with(self, other: Space) -> bool:
        """Whether the recordings of another subject may stand in the same study."""
        return not self.difference(other)


@dataclass(frozen=True)
class Cortex(Space):
    """Both hemispheres of fsaverage5 (20,484 vertices, left first) with the 360 areas of HCP-MMP1.0."""

    kind = "fsaverage5"
    has_cortex = True
    unit, column_unit = "areas", "vertices"
    whole = "the whole cortex"
    n_columns = 2 * N_VERTICES

    @property
    def names(self) -> tuple[str, ...]:
        """The 360 areas of HCP-MMP1.0."""
        return load_atlas().areas

    @property
    def owner(self) -> np.ndarray:
        """Number of the area of each vertex, array (20484,), int; -1 on the medial wall."""
        return load_atlas().labels.astype(int) - 1

    @property
    def regions(self) -> dict[str, np.ndarray]:
        """The groups of the atlas: short key -> the numbers of their areas in both hemispheres."""
        atlas = load_atlas()
        return {key: np.array([atlas.area_index[a] for a in members]) for key, (_, members) in atlas.groups.items()}

    def expand(self, rois: Iterable[str]) -> tuple[str, ...]:
        """The areas that a choice of areas and groups means; see `Space.expand`."""
        return tuple(load_atlas().expand(rois))

    def means(self, bold: np.ndarray) -> np.ndarray:
        """Mean of the vertices of each area, array (n_volumes, 20484) -> (n_volumes, 360)."""
        return parcel_means(bold)

    def fit_basis(self, stories: Iterable[np.ndarray], n_components: int) -> ParcelBasis:
        """Principal components of each area over training stories, arrays (n_volumes, 20484)."""
        return fit_atlas_basis(stories, n_components)


@dataclass(frozen=True)
class Table(Space):
    """A table of ROI time courses: every column is an ROI with a name.

    Parameters
    ----------
    names : names of the columns
    """

    names: tuple[str, ...]

    kind = "table"
    unit = column_unit = "ROIs"

    @property
    def n_columns(self) -> int:
        """Number of columns, which is the number of ROIs."""
        return len(self.names)

    @property
    def whole(self) -> str:
        """All ROIs together, in words."""
        return f"all {len(self.names)} ROIs"

    @property
    def place(self) -> str:
        """The space in words."""
        return f"table of {len(self.names)} ROIs"

    @property
    def owner(self) -> np.ndarray:
        """Every column is its own ROI: array (n_columns,), int, 0, 1, 2 and so on."""
        return np.arange(len(self.names))

    @property
    def regions(self) -> dict[str, np.ndarray]:
        """Every ROI alone: name -> its number."""
        return {name: np.array([k]) for k, name in enumerate(self.names)}

    def difference(self, other: Space) -> str:
        """How the ROIs of another table differ: their number, or the first name; see `Space.difference`."""
        if not isinstance(other, Table):
            return super().difference(other)
        if len(self.names) != len(other.names):
            return f"{len(self.names)} and {len(other.names)} ROIs"
        named = zip(self.names, other.names, strict=True)
        return next((f"{one!r} and {two!r} in one place" for one, two in named if one != two), "")

    def means(self, bold: np.ndarray) -> np.ndarray:
        """The columns themselves, array (n_volumes, n_columns)."""
        return bold

    def fit_basis(self, stories: Iterable[np.ndarray], n_components: int) -> ParcelBasis:
        """A basis that takes every column as it is; the stories are read for their checks alone."""
        for _ in stories:  # read for the checks alone: a column is its own component
            pass
        return table_basis(self.names)


@dataclass(frozen=True)
class Voxels(Space):
    """Voxels of a subject's own volume, in blocks of neighbours.

    Parameters
    ----------
    n_columns : number of voxels
    grid : where they lie; None where neither the file nor a mask says it
    """

    n_columns: int
    grid: VoxelGrid | None = field(default=None, compare=False)

    kind = "voxels"
    unit, column_unit = "blocks of voxels", "voxels"

    @cached_property
    def owner(self) -> np.ndarray:
        """Number of the block that each voxel belongs to, array (n_columns,), int."""
        return voxel_blocks(self.n_columns, self.grid)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the blocks of voxels."""
        return block_names(int(self.owner.max()) + 1)

    @property
    def whole(self) -> str:
        """All blocks together, in words."""
        return f"all {len(self.names)} blocks of voxels"

    @property
    def regions(self) -> dict[str, np.ndarray]:
        """Neighbouring blocks together: first and last name -> the numbers of the blocks."""
        parts = block_regions(len(self.names))
        return {
            self.names[part[0]] if len(part) == 1 else f"{self.names[part[0]]} to {self.names[part[-1]]}": part
            for part in parts
        }

    def expand(self, rois: Iterable[str]) -> tuple[str, ...]:
        """The blocks that a choice means; areas of the cortex are a `UserError` that says what is missing."""
        rois = tuple(rois)
        known = {*load_atlas().groups, *load_atlas().areas, *(area[2:] for area in load_atlas().areas)}
        areas = [name for name in rois if name in known]
        if areas:
            raise UserError(f"rois: {areas[0]!r} is an area of the cortex; {NEEDS_SURFACES}")
        return super().expand(rois)

    def fit_basis(self, stories: Iterable[np.ndarray], n_components: int) -> ParcelBasis:
        """Principal components of each block over training stories, arrays (n_volumes, n_columns)."""
        return fit_voxel_basis(stories, self.owner, n_components)

    own_columns = True

    def difference(self, other: Space) -> str:
        """How the voxels of another recording differ: their number, or their places where both grids are known."""
        if not isinstance(other, Voxels):
            return super().difference(other)
        if self.n_columns != other.n_columns:
            return f"{self.n_columns} and {other.n_columns} voxels"
        if self.grid is None or other.grid is None or self.grid.same_voxels(other.grid):
            return ""
        return "as many voxels, but at other places"

    def fits_with(self, other: Space) -> bool:
        """Whether the other subject has voxels too; their number may differ."""
        return isinstance(other, Voxels)


NEEDS_SURFACES = (
    "this run has voxels without surfaces. Give the ROI as a NIfTI mask in the subject's own grid, or add `pycortex` "
    "and `transform` to the recordings and train again, which takes the voxels to the cortex"
)


KINDS: dict[str, type[Space]] = {kind.kind: kind for kind in (Cortex, Table, Voxels)}


def has_cortex(kind: str) -> bool:
    """Whether a kind of space, as manifests name it, has a place on the cortex."""
    return kind in KINDS and KINDS[kind].has_cortex


def space_of(kind: str, names: tuple[str, ...] = (), n_columns: int = 0, grid: VoxelGrid | None = None) -> Space:
    """The space that a file or a manifest names.

    Parameters
    ----------
    kind : 'fsaverage5', 'table' or 'voxels'
    names : names of the columns of a table
    n_columns : number of voxels
    grid : where the voxels lie
    """
    makers = {
        Cortex.kind: lambda: Cortex(),
        Table.kind: lambda: Table(tuple(names)),
        Voxels.kind: lambda: Voxels(n_columns, grid),
    }
    if kind not in makers:
        raise UserError(f"space: {kind!r} is not known; allowed: {', '.join(makers)}")
    return makers[kind]()
