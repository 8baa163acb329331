"""Train a study: files in, run folder out."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ..brain.atlas import load_atlas
from ..brain.parcels import ParcelBasis, fit_atlas_basis, fit_voxel_basis, table_basis
from ..brain.voxels import block_names, block_regions, voxel_blocks
from ..data.atomic import read_json, write_json
from ..data.study.folds import BrainStory, training_folds
from ..data.study.load import load_study
from ..data.study.model import Study
from ..errors import Cancelled, UserError
from ..models.device import resolve_device
from ..models.generator import Generator
from ..models.readout import best_penalty
from ..motion.features import resample, to_bones
from ..provenance import build_manifest
from ..storage import models as store
from ..storage.folder import RunFolder
from ..text.embeddings import WordVectors, load_vectors
from ..text.open_lm import fastest_choice
from ..text.statistics import text_statistics
from ..types import Recording
from .corpus import GestureStory
from .loop import LoopConfig
from .phase1 import f2t_problem, fit_f2t, pseudo_gestures, train_t2g
from .phase2 import decoded_tracks, random_choices, roi_tracks, train_f2g
from .presets import TrainConfig, preset_config


class Stages:
    """Progress of several stages as one bar, and the check for a stop in between."""

    def __init__(self, progress, should_stop):
        self.progress, self.should_stop = progress, should_stop
        self.lo = self.hi = 0.0

    def next(self, upto: float, message: str):
        """Start a stage that ends at `upto` of the whole; returns its progress callable."""
        self.lo, self.hi = self.hi, upto
        if self.should_stop is not None and self.should_stop():
            raise Cancelled
        self(0.0, message)
        return self

    def __call__(self, fraction: float, message: str) -> None:
        if self.progress is not None:
            self.progress(self.lo + (self.hi - self.lo) * fraction, message)


def train_study(
    study_toml,
    out,
    preset: str = "demo",
    device: str = "auto",
    seed: int = 0,
    config: TrainConfig | None = None,
    lm: str = "",
    lm_layer: int | None = None,
    lm_context: int | None = None,
    progress=None,
    should_stop=None,
) -> Path:
    """Train F2T, T2G and F2G on a study.

    Parameters
    ----------
    study_toml : the study file; a study without gesture clips uses the T2G of the demo
    out : run folder to make
    preset : 'demo' or 'full'; `config` overrides it
    seed : of weights, batches and pseudo-gestures
    lm : language model of the Bayesian F2T ('bigram', 'smollm2' or a folder); empty = the fast F2T only
    lm_layer, lm_context : block whose output is the feature, and words that each word sees

    Returns
    -------
    Path of the run folder

    Raises
    ------
    UserError, Cancelled
        Nothing is left under `out` in either case.
    """
    config = config or preset_config(preset)
    options = {"lm": lm or None, "lm_layer": lm_layer, "lm_context": lm_context}
    config = replace(config, **{k: v for k, v in options.items() if v is not None})
    device = resolve_device(device)
    study = load_study(study_toml)
    started = time.time()
    with RunFolder(out) as run:

        def report(fraction, message):
            run.progress(fraction, message)
            if progress is not None:
                progress(fraction, message)

        summary = train_models(study, run.path, config, device, seed, Stages(report, should_stop))
        planted = study.root / "truth" / "planted.json"
        if study.simulated and planted.is_file():
            summary["world"] = read_json(planted)["world"]
        inputs = {
            str(p.relative_to(study.root)) if p.is_relative_to(study.root) else p.name: p for p in study_inputs(study)
        }
        manifest = build_manifest(
            "train",
            {"preset": preset, **asdict(config)},
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


def study_inputs(study: Study) -> list[Path]:
    """Files that the models were trained on, without the BOLD itself (too large to digest each time)."""
    files = [
        study.path,
        *(r.words for r in study.recordings),
        *(mask for r in study.recordings for mask in r.mask),
        *(file for r in study.recordings if r.pycortex for file in r.pycortex.files()),
        *(g.words for g in study.gestures),
        *(g.motion for g in study.gestures),
    ]
    return list(dict.fromkeys(files))


def train_models(study: Study, folder: Path, config: TrainConfig, device: str, seed: int, stages: Stages) -> dict:
    """Train and store every model of a study; returns what the manifest says about them."""
    vectors = load_vectors()
    rng = np.random.default_rng(seed)
    t2g, t2g_of, real = obtain_t2g(study, vectors, config, rng, device, stages)
    store.write_generator(folder / "t2g.safetensors", t2g)

    stages.next(0.5, "reading BOLD and fitting parcel components")
    bases, held = read_brains(study, config, stages)
    for k, subject in enumerate(study.subjects):
        store.write_basis(folder / f"basis-{k}.safetensors", bases[subject])

    folds = training_folds(study, held)
    speakers = [s % t2g.denoiser.config.n_speakers for s in ([0, 0, 1, 2, 3, 0] * 4)[: config.renditions]]
    share = 0.35 if config.lm else 0.5
    for k, stories in enumerate(folds):
        low, high = 0.5 + share * k / len(folds), 0.5 + share * (k + 1) / len(folds)
        tag = "" if len(folds) == 1 else f" (fold {k + 1} of {len(folds)})"
        fit_fold(
            k, stories, study, t2g, real, bases, vectors, config, speakers, rng, device, folder, stages, low, high, tag
        )
    if config.lm:
        from .bayes import train_bayes

        stages.next(1.0, "Bayesian F2T")
        choice = fastest_choice(config.lm, config.lm_layer, config.lm_context, device)
        train_bayes(study, folder, bases, len(folds), choice, vectors, device, stages)
    space = held[0].space
    columns = () if space == "fsaverage5" else bases[study.subjects[0]].names
    return {
        "subjects": list(study.subjects),
        "folds": len(folds),
        "t2g": t2g_of,
        "space": space,
        "columns": list(columns),
    }


def obtain_t2g(
    study: Study, vectors: WordVectors, config: TrainConfig, rng, device: str, stages: Stages
) -> tuple[Generator, str, list[np.ndarray]]:
    """Train T2G on the study's clips, or take the demo's when there are none; with the first speaker's codes of the clips."""
    if not study.train_gestures:
        stages.next(0.05, "the study has no gesture clips: taking T2G of the demo (trained on simulated gestures)")
        from ..demo import WEIGHTS

        return (
            replace(store.read_generator(WEIGHTS / "t2g.safetensors", device), guidance=config.t2g_guidance),
            "demo",
            [],
        )
    clips = read_clips(study, stages.next(0.05, "reading gesture clips"))
    stages.next(0.45, "T2G")
    loop = LoopConfig(config.t2g_steps, config.t2g_rate, 0.02, 0.995)
    t2g = train_t2g(
        clips,
        vectors,
        1 + max(c.speaker for c in clips),
        loop,
        rng,
        device,
        guidance=config.t2g_guidance,
        progress=stages,
        should_stop=stages.should_stop,
    )
    return t2g, "study", [t2g.codec.encode(c.bones) for c in clips if c.speaker == 0]


def read_clips(study: Study, stages: Stages) -> list[GestureStory]:
    """The gesture clips of the training speakers, at 15 fps; speakers are numbered by name."""
    names = sorted({g.speaker for g in study.train_gestures})
    clips = []
    for k, source in enumerate(study.train_gestures):
        clip = study.read_clip(source)
        motion = resample(clip.motion, 15.0)
        clips.append(
            GestureStory(clip.clip, names.index(clip.speaker), to_bones(motion.positions), motion.start, clip.words)
        )
        stages((k + 1) / len(study.train_gestures), "reading gesture clips")
    return clips


def read_brains(study: Study, config: TrainConfig, stages: Stages) -> tuple[dict[str, ParcelBasis], list[Recording]]:
    """Parcel basis of each subject, and the training recordings with BOLD replaced by features."""
    single = bool(study.split.within_story_folds)
    wanted = study.stories if single else study.train_stories
    if not wanted:
        raise UserError(
            f"{study.path}: split: no story is left for training; take some out of test_stories or validation_stories"
        )
    bases: dict[str, ParcelBasis] = {}
    out: list[Recording] = []
    for k, subject in enumerate(study.subjects):
        sources = [r for r in study.recordings if r.story in wanted and r.subject == subject]
        if not sources:
            raise UserError(f"{study.path}: subject {subject} has no training story; add one or remove the subject")
        bases[subject] = fit_basis(study, sources, config.components)
        for source in sources:
            r = study.read_recording(source)
            # Quantised as they will be stored, so that a stored run decodes exactly as trained.
            features = store.dequantise(store.quantise(bases[subject].transform(r.bold)))
            out.append(replace(r, bold=features))
        stages((k + 1) / len(study.subjects), f"parcel features of {subject}")
    if len({(r.space, r.columns) for r in out}) > 1:
        raise UserError(f"{study.path}: subjects differ in their space or ROI columns; train them as separate studies")
    return bases, out


def fit_basis(study: Study, sources, n_components: int) -> ParcelBasis:
    """Parcel components of one subject. One story is in memory at a time, so each is read again later."""
    first = study.read_recording(sources[0])
    story, space, columns, width = first.story, first.space, first.columns, first.bold.shape[1]
    block = voxel_blocks(width, first.grid) if space == "voxels" else None
    del first

    def stories():
        for source in sources:
            r = study.read_recording(source)
            if r.space != space or r.columns != columns or r.bold.shape[1] != width:
                raise UserError(
                    f"{study.path}: {r.story} of {r.subject} has other columns than {story} ({r.bold.shape[1]} and {width}); "
                    "give all stories the same ROIs or mask"
                )
            yield r.bold

    if space == "table":
        for _ in stories():  # for the check alone
            pass
        return table_basis(columns)
    return (
        fit_atlas_basis(stories(), n_components) if block is None else fit_voxel_basis(stories(), block, n_components)
    )


def fit_fold(
    k: int,
    stories: list[BrainStory],
    study: Study,
    t2g: Generator,
    real: list[np.ndarray],
    bases,
    vectors: WordVectors,
    config: TrainConfig,
    speakers,
    rng,
    device,
    folder: Path,
    stages: Stages,
    low,
    high,
    tag,
) -> None:
    """F2T of every subject and F2G of one fold, written into the run folder."""
    texts = {s.story: s.words.text for s in stories}  # a story that several subjects heard counts once
    statistics = text_statistics(list(texts.values()), vectors)
    store.write_text(folder / f"text-{k}.safetensors", statistics)
    span = high - low
    stages.next(low + 0.25 * span, f"pseudo-gestures{tag}")
    unique = list({s.story: s for s in stories}.values())
    made = pseudo_gestures(t2g, unique, vectors, speakers, rng, progress=stages, should_stop=stages.should_stop)
    gestures = {s.story: g for s, g in zip(unique, made)}
    if not real:  # without clips, what T2G makes of the stories has to do
        real = [
            t2g.calibration(codes) for renditions in made for codes in renditions[[s == speakers[0] for s in speakers]]
        ]
    tracks, decoded, order = [], [], []
    stages.next(low + 0.4 * span, f"F2T{tag}")
    own_of = {subject: [s for s in stories if s.subject == subject] for subject in study.subjects}
    problems = {
        subject: f2t_problem(own, [gestures[s.story][:2] for s in own], statistics, vectors)
        for subject, own in own_of.items()
    }
    penalty = best_penalty([p.scores(config.penalties) for p in problems.values()])
    for i, (subject, own) in enumerate(own_of.items()):
        f2t = fit_f2t(problems[subject], statistics, penalty)
        store.write_f2t(folder / f"f2t-{i}-{k}.safetensors", f2t)
        choices = random_choices(bases[subject].parcel, roi_groups(bases[subject]), config.roi_choices, rng)
        source = roi_tracks(f2t, own, choices, rng)
        tracks += [(source, j) for j in range(len(own))]
        order += own
        if config.teacher != "observed":
            decoded += decoded_tracks(f2t, own, vectors, config.n_texts, rng)
        stages((i + 1) / len(study.subjects), f"F2T of {subject}{tag}")
    stages.next(high, f"F2G{tag}")
    loop = LoopConfig(config.f2g_steps, config.f2g_rate, 0.05, 0.99)
    f2g = train_f2g(
        t2g,
        order,
        [gestures[s.story] for s in order],
        speakers,
        tracks,
        real,
        vectors,
        loop,
        rng,
        device,
        guidance=config.f2g_guidance,
        loss=config.loss,
        teacher=config.teacher,
        decoded=decoded or None,
        progress=stages,
        should_stop=stages.should_stop,
    )
    store.write_generator(folder / f"f2g-{k}.safetensors", f2g)


def roi_groups(basis: ParcelBasis) -> list[np.ndarray]:
    """Parcels that random ROI choices draw together: atlas groups, regions of blocks, or single table columns."""
    atlas, n = load_atlas(), len(basis.names)
    if basis.names == block_names(n):
        return block_regions(n)
    if basis.names != atlas.areas:
        return [np.array([k]) for k in range(n)]
    grouped = [np.array([atlas.area_index[a] for a in members]) for _, members in atlas.groups.values()]
    rest = [np.array([k]) for k, a in enumerate(atlas.areas) if a not in atlas.group_of_area]
    return [*grouped, *rest]
