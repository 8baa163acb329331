"""Train a study: files in, run folder out."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from ..config import to_dict
from ..data.atomic import read_json, write_json
from ..data.study.folds import story_blocks, training_folds
from ..data.study.load import load_study, tr_problems
from ..data.study.model import Study
from ..errors import StudyError, check_option
from ..models.device import resolve_device
from ..models.generator import GestureGenerator
from ..motion.amount import LearntFrom, T2GChoice, T2GPlan
from ..provenance import build_manifest
from ..storage import models as store
from ..storage.training_folder import TrainingFolder
from ..text.embeddings import WordVectors, load_vectors
from ..text.open_lm import fastest_choice
from ..work import QUIET, Work
from .brains import map_brains
from .few_clips import FewClips, choose_t2g
from .fold import Shared, fit_fold
from .inputs import by_name, input_files, made_for, read_brains, read_clips, regressed_out
from .keeper import Keeper
from .phase1 import train_t2g
from .presets import PRESETS, TrainConfig
from .subject_task import FOLDER, Mapper


class Existing(StrEnum):
    """What becomes of what stands under the name of a new run.

    A finished run that is replaced can be read until the new one is whole; a training of this name that was interrupted
    is dropped with it. Resuming goes on with an interrupted training, if there is one, and ends with the weights of one
    that was not.
    """

    REFUSE = "refuse"
    REPLACE = "replace"
    RESUME = "resume"
    RESUME_OR_REPLACE = "resume or replace"

    @classmethod
    def of(cls, force: bool, resume: bool) -> Existing:
        """What the options --force and --resume mean together."""
        return (cls.RESUME_OR_REPLACE if resume else cls.REPLACE) if force else cls.RESUME if resume else cls.REFUSE

    @property
    def replaces(self) -> bool:
        """Whether a finished run may be replaced."""
        return self in (Existing.REPLACE, Existing.RESUME_OR_REPLACE)

    @property
    def resumes(self) -> bool:
        """Whether an interrupted training is gone on with."""
        return self in (Existing.RESUME, Existing.RESUME_OR_REPLACE)


def train_study(
    study_toml,
    out,
    config: TrainConfig = PRESETS["demo"],
    device: str = "auto",
    seed: int = 0,
    existing: str = "refuse",
    work: Work = QUIET,
    mapper: Mapper | None = None,
) -> Path:
    """Train F2T, T2G and F2G on a study.

    Parameters
    ----------
    study_toml : the study file; with too little gesture T2G is chosen by held-out clips, see `motion.amount`
    out : run folder to make
    config : settings, see `presets.preset_config`
    device : 'auto', 'cpu', 'cuda' or 'mps'
    seed : seed of weights, batches and pseudo-gestures
    existing : what becomes of a run or an interrupted training of this name, see `Existing`
    work : told how far the training is
    mapper : shares the subjects of a study among processes; None, or a single subject: all is done here

    Returns
    -------
    Path of the run folder

    Raises
    ------
    UserError
        Also for an interrupted training of this name that is neither resumed nor replaced, and for one that was made
        for another study, seed, configuration, device or version.
    Cancelled
        Nothing is left under `out`, neither then nor after any other error; behind its first checkpoint the training
        can be resumed.
    """
    device, what = resolve_device(device), Existing(check_option("existing", existing, tuple(Existing)))
    study = load_study(study_toml)
    if problems := tr_problems(study):
        raise StudyError(problems)
    with TrainingFolder(out, made_for(study, config, device, seed), what.replaces, what.resumes) as run:
        keeper = Keeper(np.random.default_rng(seed), run.path, run.checkpoint, run.log)

        def tell(fraction: float, message: str) -> None:
            run.progress(fraction, message)
            work.report(fraction, message)

        summary = train_models(study, keeper, config, device, Work(tell, work.should_stop), mapper)
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


def train_models(
    study: Study,
    keeper: Keeper,
    config: TrainConfig,
    device: str,
    work: Work = QUIET,
    mapper: Mapper | None = None,
) -> dict:
    """Train and store every model of a study; returns what the manifest says about them."""
    if len(study.subjects) == 1:
        mapper = None  # there is nothing to share
    vectors, folder = load_vectors(), keeper.folder
    shutil.rmtree(folder / FOLDER, ignore_errors=True)  # of an interrupted training, whose unfinished files are gone
    read_from = 0.45 if study.train_gestures else 0.05  # T2G takes no time where it is not trained
    gestures = obtain_t2g(study, vectors, config, keeper, device, work.part(0, read_from))

    work.report(read_from, "reading BOLD and fitting parcel components")
    reading = work.part(read_from, 0.5)
    if mapper is None:
        bases, held = read_brains(study, config.components, reading)
    else:
        bases, held = map_brains(study, config.components, folder, mapper, reading)
    for k, subject in enumerate(study.subjects):
        store.write_basis(folder / f"basis-{k}.safetensors", bases[subject])

    blocks = story_blocks(study, held)
    folds = training_folds(held, blocks)
    shared = Shared(keeper, config, gestures.t2g, gestures.real, bases, vectors)
    folds_end = 0.85 if config.lm else 1.0
    all_folds = work.part(0.5, folds_end)
    for k, fold in enumerate(folds):
        prefix = "" if len(folds) == 1 else f"fold {k + 1} of {len(folds)}: "
        fit_fold(shared, k, fold, all_folds.part(k / len(folds), (k + 1) / len(folds), prefix=prefix))
    if config.lm:
        from .bayes import map_bayes, train_bayes

        work.report(folds_end, "Bayesian F2T")
        choice = fastest_choice(config.lm, config.lm_layer, config.lm_context, device)
        part = work.part(folds_end, 1)
        if mapper is None:
            train_bayes(study, keeper, bases, blocks, choice, vectors, device, part)
        else:
            map_bayes(study, folder, blocks, choice, device, mapper, part)
    if mapper is not None:
        shutil.rmtree(folder / FOLDER)
    space = held[0].space
    return {
        "subjects": list(study.subjects),
        "folds": len(folds),
        "train_stories": list(dict.fromkeys(story.story for story in held)),
        "blocks": None if blocks is None else to_dict(blocks),
        **gestures.choice.entries(),
        "f2g_guidance": [store.read_guidance(folder / f"f2g-{k}.safetensors") for k in range(len(folds))],
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
    """Train T2G on the study's clips; where they are few, see `few_clips`; without any, it is the shipped one."""
    work.report(0.0, "reading gesture clips")
    clips = read_clips(study, work.part(0, 0.1))
    plan = T2GPlan.of((str(clip.speaker), len(clip.bones) / 15) for clip in clips)
    work.report(0.1, plan.describe())
    part = work.part(0.1, 1)

    def make() -> tuple[GestureGenerator, T2GChoice]:
        if plan.own:
            return train_t2g(clips, vectors, config, keeper, device, part), T2GChoice(plan, LearntFrom.STUDY)
        from ..demo import WEIGHTS

        shipped = replace(store.read_generator(WEIGHTS / "t2g.safetensors", device), guidance=config.t2g_guidance)
        if not plan.judged:
            return shipped, T2GChoice(plan, LearntFrom.DEMO)
        return choose_t2g(FewClips.of(clips, plan, shipped, vectors, config), plan, keeper, device, part)

    def write(path: Path, made: tuple[GestureGenerator, T2GChoice]) -> None:
        store.write_generator(path, made[0], choice=made[1].entries())

    def read(path: Path) -> tuple[GestureGenerator, T2GChoice]:
        return store.read_generator(path, device), T2GChoice.found(plan, store.read_choice(path))

    t2g, choice = keeper.stage("t2g", make, write, read)
    work.report(1.0, choice.describe())
    if choice.learnt_from is LearntFrom.DEMO:
        return ObtainedT2G(t2g, choice, [])
    return ObtainedT2G(t2g, choice, [t2g.codec.encode(c.bones) for c in clips if c.speaker == 0])
