"""Train a study: files in, run folder out."""

from __future__ import annotations

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
from ..storage.training_folder import TrainingFolder
from ..text.embeddings import WordVectors, load_vectors
from ..text.open_lm import fastest_choice
from ..work import QUIET, Work
from .fold import Shared, fit_fold
from .inputs import by_name, input_files, made_for, read_brains, read_clips, regressed_out
from .keeper import Keeper
from .phase1 import train_t2g
from .presets import PRESETS, TrainConfig


def train_study(
    study_toml,
    out,
    config: TrainConfig = PRESETS["demo"],
    device: str = "auto",
    seed: int = 0,
    force: bool = False,
    work: Work = QUIET,
    resume: bool = False,
) -> Path:
    """Train F2T, T2G and F2G on a study.

    Parameters
    ----------
    study_toml : the study file; a study with too little gesture uses the shipped T2G, see `motion.amount`
    out : run folder to make
    config : settings, see `presets.preset_config`
    device : 'auto', 'cpu', 'cuda' or 'mps'
    seed : seed of weights, batches and pseudo-gestures
    force : replace a finished run of this name, which can be read until the new one is whole, and drop a training of
        it that was interrupted
    work : told how far the training is
    resume : go on with a training of this name that was interrupted, if there is one; it ends with the weights of one
        that was not

    Returns
    -------
    Path of the run folder

    Raises
    ------
    UserError
        Also for an interrupted training of this name where neither `resume` nor `force` is given, and for one that was
        made for another study, seed, configuration, device or version.
    Cancelled
        Nothing is left under `out`, neither then nor after any other error; behind its first checkpoint the training
        can be resumed.
    """
    device = resolve_device(device)
    study = load_study(study_toml)
    with TrainingFolder(out, made_for(study, config, device, seed), force, resume) as run:
        keeper = Keeper(np.random.default_rng(seed), run.path, run.checkpoint, run.log)

        def tell(fraction: float, message: str) -> None:
            run.progress(fraction, message)
            work.report(fraction, message)

        summary = train_models(study, keeper, config, device, Work(tell, work.should_stop))
        planted = study.root / "truth" / "planted.json"
        if study.simulated and planted.is_file():
            summary["world"] = read_json(planted)["world"]
        manifest = build_manifest(
            "train",
            asdict(config),
            seed,
            by_name(study, input_files(study)),
            study.simulated,
            device,
            study=str(study.path.resolve()),
            study_name=study.name,
            **summary,
            **keeper.summary(),
        )
        write_json(run.path / "manifest.json", manifest)
    return Path(out)


def train_models(study: Study, keeper: Keeper, config: TrainConfig, device: str, work: Work = QUIET) -> dict:
    """Train and store every model of a study; returns what the manifest says about them."""
    vectors, folder = load_vectors(), keeper.folder
    read_from = 0.45 if study.train_gestures else 0.05  # T2G takes no time where it is not trained
    gestures = obtain_t2g(study, vectors, config, keeper, device, work.part(0, read_from))

    work.report(read_from, "reading BOLD and fitting parcel components")
    bases, held = read_brains(study, config.components, work.part(read_from, 0.5))
    for k, subject in enumerate(study.subjects):
        store.write_basis(folder / f"basis-{k}.safetensors", bases[subject])

    folds = training_folds(study, held)
    shared = Shared(keeper, config, gestures.t2g, gestures.real, bases, vectors)
    folds_end = 0.85 if config.lm else 1.0
    all_folds = work.part(0.5, folds_end)
    for k, stories in enumerate(folds):
        prefix = "" if len(folds) == 1 else f"fold {k + 1} of {len(folds)}: "
        fit_fold(shared, k, stories, all_folds.part(k / len(folds), (k + 1) / len(folds), prefix=prefix))
    if config.lm:
        from .bayes import train_bayes

        work.report(folds_end, "Bayesian F2T")
        choice = fastest_choice(config.lm, config.lm_layer, config.lm_context, device)
        train_bayes(study, keeper, bases, len(folds), choice, vectors, device, work.part(folds_end, 1))
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
    study: Study, vectors: WordVectors, config: TrainConfig, keeper: Keeper, device: str, work: Work = QUIET
) -> ObtainedT2G:
    """Train T2G on the study's clips, or take the shipped one where they are too few; see `motion.amount`."""
    work.report(0.0, "reading gesture clips")
    clips = read_clips(study, work.part(0, 0.1))
    choice = choose_t2g(len(clip.bones) / 15 for clip in clips)
    work.report(0.1, choice.describe())

    def make() -> GestureGenerator:
        if choice.own:
            return train_t2g(clips, vectors, config, keeper, device, work.part(0.1, 1))
        from ..demo import WEIGHTS

        return replace(store.read_generator(WEIGHTS / "t2g.safetensors", device), guidance=config.t2g_guidance)

    t2g = keeper.stage("t2g", make, store.write_generator, lambda path: store.read_generator(path, device))
    if not choice.own:
        return ObtainedT2G(t2g, choice, [])
    return ObtainedT2G(t2g, choice, [t2g.codec.encode(c.bones) for c in clips if c.speaker == 0])
