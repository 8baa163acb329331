"""Parcel bases and features of many subjects, each read by a worker of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..brain.parcels import ParcelBasis
from ..brain.space import Space, Voxels, space_of
from ..brain.voxels import VoxelGrid
from ..data.atomic import write_npz
from ..data.npz import npz_arrays
from ..data.study.load import load_study
from ..data.study.model import Study
from ..storage import models as store
from ..types import Recording
from ..work import QUIET, Work
from .inputs import check_spaces, read_brain, training_sources
from .subject_task import FOLDER, Mapper, SubjectTask, check_written, written


@dataclass(frozen=True)
class BrainTask(SubjectTask):
    """Parcel basis of a subject with `components` to an area, and the features of its training stories."""

    components: int

    @property
    def basis(self) -> Path:
        """File of the basis, a part of the run."""
        return self.file(f"basis-{self.number}.safetensors")

    @property
    def features(self) -> Path:
        """File of the features, which goes when they are read."""
        return self.file(f"features-{self.number}.npz")


def make_brain(task: BrainTask) -> dict[str, str]:
    """Write basis and features of a subject; returns the digests of the files by their names."""
    study = load_study(task.study)
    brain = read_brain(study, training_sources(study, task.subject), task.components)
    store.write_basis(task.basis, brain.basis)
    features = {f"story-{k}": store.quantise(r.bold) for k, r in enumerate(brain.stories)}
    write_npz(task.features, **features, **_space_arrays(brain.stories[0].space))
    return written(task.basis, task.features)


def map_brains(
    study: Study, n_components: int, folder: Path, mapper: Mapper, work: Work = QUIET
) -> tuple[dict[str, ParcelBasis], list[Recording]]:
    """What `inputs.read_brains` returns, made by tasks.

    Parameters
    ----------
    n_components : principal components per area
    folder : the run folder, into which the bases are written
    mapper : runs the tasks
    work : progress and cancel

    Raises
    ------
    UserError
        See `inputs.read_brains`; and when what workers write cannot be seen here.
    """
    for subject in study.subjects:
        training_sources(study, subject)  # a subject without training is told before any work
    place = str(folder.resolve())
    names = (str(study.path.resolve()), place)
    tasks = [BrainTask(*names, subject, k, n_components) for k, subject in enumerate(study.subjects)]
    check_written(tasks, mapper(make_brain, tasks, folder / FOLDER, work=work))
    bases: dict[str, ParcelBasis] = {}
    held: list[Recording] = []
    for task in tasks:
        bases[task.subject] = store.read_basis(task.basis)
        held += _read_stories(study, task)
        task.features.unlink()
    check_spaces(study, held)
    return bases, held


def _read_stories(study: Study, task: BrainTask) -> Iterable[Recording]:
    """The training stories of a subject, with their features, as its worker wrote them."""
    sources = training_sources(study, task.subject)
    arrays = npz_arrays(task.features, [*(f"story-{k}" for k in range(len(sources))), *SPACE])
    space = _space_from(arrays)
    for k, source in enumerate(sources):
        features = store.dequantise(arrays[f"story-{k}"])
        words = study.read_words(source)
        yield Recording(source.subject, source.story, features, source.tr, source.first_volume_at, words, space)


SPACE = ("kind", "columns", "n_columns", "shape", "affine", "ijk")  # names of the arrays of a space


def _space_arrays(space: Space) -> dict[str, np.ndarray]:
    arrays = {
        "kind": np.array(space.kind),
        "columns": np.array([] if space.has_cortex else list(space.names), dtype=str),
        "n_columns": np.array(space.n_columns),
    }
    grid = space.grid if isinstance(space, Voxels) else None
    return arrays if grid is None else arrays | {"shape": np.array(grid.shape), "affine": grid.affine, "ijk": grid.ijk}


def _space_from(arrays: dict[str, np.ndarray]) -> Space:
    grid = None
    if "ijk" in arrays:
        i, j, k = arrays["shape"].tolist()
        grid = VoxelGrid((i, j, k), arrays["affine"], arrays["ijk"])
    return space_of(str(arrays["kind"]), tuple(arrays["columns"].tolist()), int(arrays["n_columns"]), grid)
