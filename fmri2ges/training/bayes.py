"""Fit the Bayesian F2T of a study: an optional part of `train`, beside the fast form."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..brain.parcels import ParcelBasis
from ..data.study.folds import StoryBlocks, for_crossfit, parts_of
from ..data.study.load import load_study
from ..data.study.model import Study
from ..models.bayes import BayesDecoder, fit_bayes
from ..storage import models as store
from ..text.embeddings import WordVectors, load_vectors
from ..text.open_lm import LmChoice, open_lm
from ..types import Recording
from ..work import QUIET, Work
from .inputs import training_sources
from .keeper import Keeper
from .subject_task import FOLDER, Mapper, SubjectTask, check_written, written


def train_bayes(
    study: Study,
    keeper: Keeper,
    bases: dict[str, ParcelBasis],
    blocks: StoryBlocks | None,
    choice: LmChoice,
    vectors: WordVectors,
    device: str,
    work: Work = QUIET,
) -> None:
    """Write ``bayes-SUBJECT-FOLD.safetensors`` for every subject and fold.

    Parameters
    ----------
    keeper : keeps each decoder in the run folder, where the text statistics of each fold lie
    bases : parcel basis of each subject
    blocks : test blocks of a single story; None where whole stories are held out
    choice : the language model
    vectors : public word vectors, for the small language model
    device : where models compute
    work : told how far the fits are
    """
    names = str(study.path.resolve()), str(keeper.folder.resolve())
    n_folds = 1 if blocks is None else blocks.n_folds
    for k in range(n_folds):
        language = store.read_text(keeper.folder / f"text-{k}.safetensors", vectors).language
        model = open_lm(choice, language, vectors, device)
        for i, subject in enumerate(study.subjects):
            step = 1 / (n_folds * len(study.subjects))
            done = (k * len(study.subjects) + i) * step
            part = work.part(done, done + step, prefix=f"{subject}, ")
            task = BayesTask(*names, subject, i, k, choice, device, blocks)
            fit = partial(_fitted, task, study, bases[subject], model, part)
            keeper.stage(f"bayes-{i}-{k}", fit, store.write_bayes)


@dataclass(frozen=True)
class BayesTask(SubjectTask):
    """The Bayesian F2T of a subject and `fold`, with the language model `choice`, computed on `device`.

    `blocks` are the test blocks of a single story, or None.
    """

    fold: int
    choice: LmChoice
    device: str
    blocks: StoryBlocks | None = None

    @property
    def decoder(self) -> Path:
        """The file that is written."""
        return self.file(f"bayes-{self.number}-{self.fold}.safetensors")


def map_bayes(
    study: Study,
    folder: Path,
    blocks: StoryBlocks | None,
    choice: LmChoice,
    device: str,
    mapper: Mapper,
    work: Work = QUIET,
) -> None:
    """What `train_bayes` writes, made by tasks; text statistics and bases are read from the run folder.

    Parameters
    ----------
    folder, blocks, choice, device, work : as in `train_bayes`
    mapper : runs the tasks
    """
    names = str(study.path.resolve()), str(folder.resolve())
    tasks = [
        BayesTask(*names, subject, i, k, choice, device, blocks)
        for k in range(1 if blocks is None else blocks.n_folds)
        for i, subject in enumerate(study.subjects)
    ]
    check_written(tasks, mapper(make_bayes, tasks, folder / FOLDER, work=work))


def make_bayes(task: BayesTask) -> dict[str, str]:
    """Fit and write the Bayesian F2T of a subject and fold; returns the digest of the file by its name."""
    basis = store.read_basis(task.file(f"basis-{task.number}.safetensors"))
    model = _language_model(task.choice, task.file(f"text-{task.fold}.safetensors"), task.device)
    store.write_bayes(task.decoder, _fitted(task, load_study(task.study), basis, model))
    return written(task.decoder)


@lru_cache(maxsize=1)
def _language_model(choice: LmChoice, text: Path, device: str):
    """The language model of a fold, which a worker keeps for the next subject."""
    vectors = load_vectors()
    return open_lm(choice, store.read_text(text, vectors).language, vectors, device)


def _fitted(task: BayesTask, study: Study, basis: ParcelBasis, model, work: Work = QUIET) -> BayesDecoder:
    # One story in memory at a time: the encoding model reads batches of voxels from the disk.
    with tempfile.TemporaryDirectory(dir=task.folder) as temp:
        stories = heard_stories(study, task, Path(temp))
        parcels = parcel_of_column(basis, stories[0].bold.shape[1])
        decoder = fit_bayes(stories, parcels, model, task.choice, device=task.device, work=work)
        del stories
    return decoder


def heard_stories(study: Study, task: BayesTask, folder: Path) -> list[Recording]:
    """What a fold trains on: stories of a subject, or blocks of them; their BOLD lies in `folder`."""
    out: list[Recording] = []

    def add(recording: Recording) -> None:
        path = folder / f"{len(out)}.npy"
        np.save(path, recording.bold.astype(np.float32, copy=False))
        out.append(replace(recording, bold=np.load(path, mmap_mode="r")))

    for source in training_sources(study, task.subject):
        for part in parts_of(study.read_recording(source), task.blocks, task.fold):
            add(part)
    return for_crossfit(out)


def parcel_of_column(basis: ParcelBasis, n_columns: int) -> np.ndarray:
    """Parcel of each column of a recording, -1 outside all, array (n_columns,)."""
    parcel = np.full(n_columns, -1)
    parcel[basis.members] = basis.owner
    return parcel
