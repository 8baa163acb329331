"""Fit the Bayesian F2T of a study: an optional part of `train`, beside the fast form."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..brain.parcels import ParcelBasis
from ..data.study.folds import blocks_of, within_story_folds
from ..data.study.model import Study
from ..models.bayes import BayesDecoder, fit_bayes
from ..storage import models as store
from ..text.embeddings import WordVectors
from ..text.open_lm import LmChoice, open_lm
from ..types import Recording
from ..work import QUIET, Work
from .keeper import Keeper


def train_bayes(
    study: Study,
    keeper: Keeper,
    bases: dict[str, ParcelBasis],
    n_folds: int,
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
    n_folds : number of folds
    choice : the language model
    vectors : public word vectors, for the small language model
    device : where models compute
    work : told how far the fits are
    """
    for k in range(n_folds):
        language = store.read_text(keeper.folder / f"text-{k}.safetensors", vectors).language
        model = open_lm(choice, language, vectors, device)
        for i, subject in enumerate(study.subjects):
            step = 1 / (n_folds * len(study.subjects))
            done = (k * len(study.subjects) + i) * step
            part = work.part(done, done + step, prefix=f"{subject}, ")

            def fit(k=k, subject=subject, model=model, part=part) -> BayesDecoder:
                # One story in memory at a time: the encoding model reads batches of voxels from the disk.
                with tempfile.TemporaryDirectory(dir=keeper.folder) as temp:
                    stories = heard_stories(study, subject, k, Path(temp))
                    parcel = parcel_of_column(bases[subject], stories[0].bold.shape[1])
                    decoder = fit_bayes(stories, parcel, model, choice, device=device, work=part)
                    del stories
                return decoder

            keeper.stage(f"bayes-{i}-{k}", fit, store.write_bayes)


def heard_stories(study: Study, subject: str, fold: int, folder: Path) -> list[Recording]:
    """What a fold trains on: stories of a subject, or blocks of them; their BOLD lies in `folder`."""
    split = study.split
    out: list[Recording] = []

    def add(recording: Recording) -> None:
        path = folder / f"{len(out)}.npy"
        np.save(path, recording.bold.astype(np.float32, copy=False))
        out.append(replace(recording, bold=np.load(path, mmap_mode="r")))

    for source in study.recordings:
        if source.subject != subject:
            continue
        if split.within_story_folds:
            recording = study.read_recording(source)
            folds = within_story_folds(recording.volume_times, split.within_story_folds, split.gap)
            for block in blocks_of(recording, folds[fold][0]):
                add(block)
        elif source.story in study.train_stories:
            add(study.read_recording(source))
    return out


def parcel_of_column(basis: ParcelBasis, n_columns: int) -> np.ndarray:
    """Parcel of each column of a recording, -1 outside all, array (n_columns,)."""
    parcel = np.full(n_columns, -1)
    parcel[basis.members] = basis.owner
    return parcel
