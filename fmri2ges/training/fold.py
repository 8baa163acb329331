"""F2T of every subject and F2G: what is trained once for each fold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..brain.parcels import ParcelBasis
from ..data.study.folds import Fold
from ..models.conditions import TokenTrack
from ..models.generator import GestureGenerator
from ..models.readout import best_penalty
from ..storage import models as store
from ..text.embeddings import WordVectors
from ..text.statistics import TextStatistics, text_statistics
from ..types import Recording
from ..work import QUIET, Work
from .corpus import Telling
from .keeper import Keeper
from .phase1 import f2t_problem, fit_f2t, gesture_bins, pseudo_gestures
from .phase2 import AlignedStory, decoded_tracks, random_choices, roi_tracks, train_f2g
from .presets import TrainConfig
from .word_rate import Listener, fit_rates

SPEAKERS = (0, 0, 1, 2, 3, 0)  # whose style each rendition takes, of the speakers that T2G knows


@dataclass(frozen=True)
class Shared:
    """What all folds of a study have in common.

    Parameters
    ----------
    keeper : keeps what the training makes, and has its random generator
    config : settings of the training
    t2g : the text-to-gesture model
    real : codes of the first speaker's clips, arrays (n_latent, n_codes); empty without clips
    bases : parcel basis of each subject, in the order of the study
    vectors : public word vectors
    """

    keeper: Keeper
    config: TrainConfig
    t2g: GestureGenerator
    real: list[np.ndarray]
    bases: dict[str, ParcelBasis]
    vectors: WordVectors

    @property
    def folder(self) -> Path:
        """The run folder that the models are written into."""
        return self.keeper.folder

    @property
    def rng(self) -> np.random.Generator:
        """Numpy's random generator of the whole training."""
        return self.keeper.rng

    @property
    def speakers(self) -> list[int]:
        """Index of the speaker of each pseudo-gesture of a story."""
        n_speakers = self.t2g.denoiser.config.n_speakers
        # In order, because renditions are drawn speaker by speaker.
        return sorted(s % n_speakers for s in (SPEAKERS * 4)[: self.config.renditions])


def fit_fold(shared: Shared, number: int, fold: Fold, work: Work = QUIET) -> None:
    """F2T of every subject and F2G of one fold, written into the run folder.

    Parameters
    ----------
    number : of the fold, from 0
    fold : what it trains on, of all subjects
    work : told how far the fold is
    """
    shared.keeper.stage(f"f2g-{number}", partial(train_fold, shared, number, fold, work), store.write_generator)


def train_fold(shared: Shared, number: int, fold: Fold, work: Work) -> GestureGenerator:
    """F2G of one fold; what F2G learns from is made on the way, and F2T written. Parameters are those of `fit_fold`."""
    statistics = text_statistics(fold.texts, shared.vectors)
    store.write_text(shared.folder / f"text-{number}.safetensors", statistics)
    work.report(0.0, "pseudo-gestures")
    tellings = {Telling.of(s): s for s in fold.stories}  # what several subjects heard alike is gestured once
    speakers = shared.speakers
    made = shared.keeper.stage(
        f"pseudo-{number}",
        lambda: pseudo_gestures(
            shared.t2g, list(tellings.values()), shared.vectors, speakers, shared.rng, work=work.part(0, 0.25)
        ),
        store.write_codes,
        store.read_codes,
        aside=True,
    )
    gestures = dict(zip(tellings, made, strict=True))
    aligned = fit_texts(shared, number, fold.stories, gestures, statistics, work.part(0.25, 0.4))
    work.report(0.4, "F2G")
    real = shared.real or gestures_of_t2g(shared.t2g, made, speakers)
    to = (shared.vectors, shared.config, shared.keeper, work.part(0.4, 1))
    return train_f2g(shared.t2g, aligned, speakers, real, *to)


def gestures_of_t2g(t2g: GestureGenerator, made: list[np.ndarray], speakers: list[int]) -> list[np.ndarray]:
    """What stands for the first speaker's gestures in a study without clips: what T2G makes of the stories."""
    first = [speaker == speakers[0] for speaker in speakers]
    calibration = t2g.calibration
    assert calibration is not None, "the training of T2G ends with its calibration"
    return [calibration(codes) for renditions in made for codes in renditions[first]]


def fit_texts(
    shared: Shared,
    number: int,
    stories: list[Recording],
    gestures: dict[Telling, np.ndarray],
    statistics: TextStatistics,
    work: Work,
) -> list[AlignedStory]:
    """Fit and write F2T of every subject; returns the training stories, subject by subject, as F2G learns from them.

    Parameters
    ----------
    gestures : pseudo-gestures (n_renditions, n_latent, n_codes) of what was heard, from its first volume on
    statistics : statistics of the texts of the fold
    """
    work.report(0.0, "F2T")
    config, rng = shared.config, shared.rng
    own_of = {subject: [s for s in stories if s.subject == subject] for subject in shared.bases}
    bins = gesture_bins(max(s.tr for s in stories))  # listeners share one F2G, whose tokens have one width
    problems = {
        subject: f2t_problem(own, [gestures[Telling.of(s)][:2] for s in own], statistics, shared.vectors, bins)
        for subject, own in own_of.items()
    }
    penalty = best_penalty([p.scores(config.penalties) for p in problems.values()])
    listeners = {s: Listener(i, own_of[s], p.rate_training) for i, (s, p) in enumerate(problems.items())}
    rates = fit_rates(listeners, config.components)
    aligned = []
    for i, (subject, own) in enumerate(own_of.items()):
        f2t = fit_f2t(problems[subject], statistics, penalty, rates[subject])
        store.write_f2t(shared.folder / f"f2t-{i}-{number}.safetensors", f2t)
        basis = shared.bases[subject]
        tokens = roi_tracks(f2t, own, random_choices(basis.parcel, own[0].space.together, config.roi_choices, rng), rng)
        decoded: list[tuple[TokenTrack, ...]] = [()] * len(own)
        if config.teacher != "observed":
            decoded = decoded_tracks(f2t, own, shared.vectors, config.n_texts, rng)
        aligned += [
            AlignedStory(s, gestures[Telling.of(s)], track, texts)
            for s, track, texts in zip(own, tokens, decoded, strict=True)
        ]
        work.report((i + 1) / len(own_of), f"F2T of {subject}")
    return aligned
