"""Train a study: files in, run folder out."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ..data.atomic import read_json, write_json
from ..data.study.folds import training_folds
from ..data.study.load import load_study
from ..data.study.model import Study
from ..models.device import resolve_device
from ..models.generator import GestureGenerator
from ..motion.amount import T2GChoice, choose_t2g
from ..provenance import build_manifest
from ..storage import models as store
from ..storage.folder import RunFolder
from ..text.embeddings import WordVectors, load_vectors
from ..text.open_lm import fastest_choice
from ..work import QUIET, Work
from .brains import map_brains
from .fold import Shared, fit_fold
from .inputs import input_files, read_brains, read_clips, regressed_out
from .phase1 import train_t2g
from .presets import PRESETS, TrainConfig
from .subject_task import FOLDER, Mapper


def train_study(
    study_toml,
    out,
    config: TrainConfig = PRESETS["demo"],
    device: str = "auto",
    seed: int = 0,
    force: bool = False,
    work: Work = QUIET,
    mapper: Mapper | None = None,
) -> Path:
    """Train F2T, T2G and F2G on a study.

    Parameters
    ----------
    study_toml : the study file; a study with too little gesture uses the shipped T2G, see `motion.amount`
    out : run folder to make
    config : settings, see `presets.preset_config`
    device : 'auto', 'cpu', 'cuda' or 'mps'
    seed : seed of weights, batches and pseudo-gestures
    force : replace a finished run of this name, which can be read until the new one is whole
    work : told how far the training is
    mapper : shares the subjects of a study among processes; None, or a single subject: all is done here

    Returns
    -------
    Path of the run folder

    Raises
    ------
    UserError, Cancelled
        Nothing is left under `out` in either case.
    """
    device = resolve_device(device)
    study = load_study(study_toml)
    started = time.time()
    with RunFolder(out, force) as run:

        def tell(fraction: float, message: str) -> None:
            run.progress(fraction, message)
            work.report(fraction, message)

        summary = train_models(study, run.path, config, device, seed, Work(tell, work.should_stop), mapper)
        planted = study.root / "truth" / "planted.json"
        if study.simulated and planted.is_file():
            summary["world"] = read_json(planted)["world"]
        inputs = {
            str(p.relative_to(study.root)) if p.is_relative_to(study.root) else p.name: p for p in input_files(study)
        }
        manifest = build_manifest(
            "train",
            asdict(config),
            seed,
            inputs,
            study.simulated,
            device,
            study=str(study.path.resolve()),
            study_name=study.name,
            seconds=round(time.time() - started, 1),
            **summary,
        )
        write_json(run.path / "manifest.json", manifest)
    return Path(out)


def train_models(
    study: Study,
    folder: Path,
    config: TrainConfig,
    device: str,
    seed: int,
    work: Work = QUIET,
    mapper: Mapper | None = None,
) -> dict:
    """Train and store every model of a study; returns what the manifest says about them."""
    if len(study.subjects) == 1:
        mapper = None  # there is nothing to share
    vectors = load_vectors()
    rng = np.random.default_rng(seed)
    read_from = 0.45 if study.train_gestures else 0.05  # T2G takes no time where it is not trained
    gestures = obtain_t2g(study, vectors, config, rng, device, work.part(0, read_from))
    store.write_generator(folder / "t2g.safetensors", gestures.t2g)

    work.report(read_from, "reading BOLD and fitting parcel components")
    reading = work.part(read_from, 0.5)
    if mapper is None:
        bases, held = read_brains(study, config.components, reading)
    else:
        bases, held = map_brains(study, config.components, folder, mapper, reading)
    for k, subject in enumerate(study.subjects):
        store.write_basis(folder / f"basis-{k}.safetensors", bases[subject])

    folds = training_folds(study, held)
    shared = Shared(folder, config, gestures.t2g, gestures.real, bases, vectors, rng)
    folds_end = 0.85 if config.lm else 1.0
    all_folds = work.part(0.5, folds_end)
    for k, stories in enumerate(folds):
        prefix = "" if len(folds) == 1 else f"fold {k + 1} of {len(folds)}: "
        fit_fold(shared, k, stories, all_folds.part(k / len(folds), (k + 1) / len(folds), prefix=prefix))
    if config.lm:
        from .bayes import map_bayes, train_bayes

        work.report(folds_end, "Bayesian F2T")
        choice = fastest_choice(config.lm, config.lm_layer, config.lm_context, device)
        part = work.part(folds_end, 1)
        if mapper is None:
            train_bayes(study, folder, bases, len(folds), choice, vectors, device, part)
        else:
            map_bayes(study, folder, len(folds), choice, device, mapper, part)
    if mapper is not None:
        shutil.rmtree(folder / FOLDER)
    space = held[0].space
    return {
        "subjects": list(study.subjects),
        "folds": len(folds),
        "t2g": gestures.choice.trained_on,
        "t2g_note": gestures.choice.describe(),
        "space": space.kind,
        "columns": [] if space.has_cortex else list(bases[study.subjects[0]].names),
        "confounds": regressed_out(study),
    }


@dataclass(frozen=True)
class ObtainedT2G:
    """The T2G of a run.

    Parameters
    ----------
    t2g : the text-to-gesture model
    choice : which one it is, and why
    real : codes of the first speaker's clips, arrays (n_latent, n_codes)
    """

    t2g: GestureGenerator
    choice: T2GChoice
    real: list[np.ndarray]


def obtain_t2g(
    study: Study, vectors: WordVectors, config: TrainConfig, rng: np.random.Generator, device: str, work: Work = QUIET
) -> ObtainedT2G:
    """Train T2G on the study's clips, or take the shipped one where they are too few; see `motion.amount`."""
    work.report(0.0, "reading gesture clips")
    clips = read_clips(study, work.part(0, 0.1))
    choice = choose_t2g(len(clip.bones) / 15 for clip in clips)
    work.report(0.1, choice.describe())
    if not choice.own:
        from ..demo import WEIGHTS

        t2g = store.read_generator(WEIGHTS / "t2g.safetensors", device)
        return ObtainedT2G(replace(t2g, guidance=config.t2g_guidance), choice, [])
    t2g = train_t2g(clips, vectors, config, rng, device, work.part(0.1, 1))
    return ObtainedT2G(t2g, choice, [t2g.codec.encode(c.bones) for c in clips if c.speaker == 0])
