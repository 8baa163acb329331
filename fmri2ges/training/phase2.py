"""Phase 2: F2G by Dual Brain Decoding Alignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import check_option
from ..models.conditions import TokenTrack, collate, volume_track, word_track
from ..models.dbda import LOSSES, alignment_batch, alignment_loss
from ..models.denoiser import Condition
from ..models.f2g import RoiTracks, f2g_config, from_t2g
from ..models.f2t import F2T
from ..models.generator import GestureGenerator, calibrate
from ..models.t2g import WindowBatches
from ..text.embeddings import WordVectors
from ..types import Recording
from ..work import QUIET, Work
from .guidance import STORIES, Stretch, guided
from .keeper import Keeper
from .loop import LoopConfig, fit
from .phase1 import seeded
from .presets import TrainConfig

CALIBRATION_SECONDS, CALIBRATION_STORIES = 300.0, 24  # 12 stories of 150 s leave FGD a seventh higher
TEACHERS = ("observed", "decoded", "dual")


@dataclass(frozen=True)
class AlignedStory:
    """A training story with all that F2G learns from it.

    Parameters
    ----------
    story : BOLD features and words of one subject hearing the story
    gestures : array (n_renditions, n_latent, n_codes), pseudo-gestures that T2G makes of the words
    tokens : cross-fitted tokens of the BOLD under several choices of ROIs, from `roi_tracks`
    decoded : word tokens of texts decoded from the BOLD, from `decoded_tracks`; needed where decoded text teaches
    """

    story: Recording
    gestures: np.ndarray
    tokens: RoiTracks
    decoded: tuple[TokenTrack, ...] = ()


def roi_tracks(
    f2t: F2T, stories: list[Recording], choices: list[np.ndarray], rng: np.random.Generator
) -> list[RoiTracks]:
    """Cross-fitted tokens of each training story under several choices of feature columns.

    Parameters
    ----------
    stories : the stories that `f2t` was fitted on, in the same order
    choices : arrays of column indices; the first one holds all columns
    rng : numpy's random generator, which will draw a choice for each window of the training
    """
    by_choice = []
    for columns in choices:
        decoder = f2t.decoder(columns)
        tokens = f2t.tokens(decoder, decoder.solution.crossfit)
        bounds = f2t.readout.bounds
        by_choice.append(
            [
                volume_track(tokens[lo:hi], s.volume_times, f2t.readout.step)
                for s, lo, hi in zip(stories, bounds[:-1], bounds[1:], strict=True)
            ]
        )
    return [RoiTracks(list(of_story), rng) for of_story in zip(*by_choice, strict=True)]


def random_choices(
    parcel_of_column: np.ndarray, groups: list[np.ndarray], n: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """The full set of columns, then `n` random unions of parcel groups.

    Parameters
    ----------
    parcel_of_column : array (n_columns,), int
    groups : list of arrays of parcel indices
    n : number of random unions
    rng : numpy's random generator, which draws the unions
    """
    out = [np.arange(len(parcel_of_column))]
    for _ in range(n):
        share = rng.uniform(0.1, 0.7)
        chosen = [g for g in groups if rng.random() < share] or [groups[int(rng.integers(len(groups)))]]
        out.append(np.flatnonzero(np.isin(parcel_of_column, np.concatenate(chosen))))
    return out


def decoded_tracks(
    f2t: F2T, stories: list[Recording], vectors: WordVectors, n_texts: int, rng: np.random.Generator
) -> list[tuple[TokenTrack, ...]]:
    """Word tokens of `n_texts` texts decoded from each training story, by a decoder that was fitted on the others."""
    decoder = f2t.decoder(np.arange(f2t.readout.features.shape[1]))
    bounds, rate = f2t.readout.bounds, f2t.crossfit_rate(decoder)
    out = []
    for k, (story, lo, hi) in enumerate(zip(stories, bounds[:-1], bounds[1:], strict=True)):
        blind, crossfit = f2t.without_story(k), decoder.solution.crossfit[lo:hi]
        texts = blind.decode_texts(decoder, crossfit, story.volume_times, story.tr, n_texts, rng, rate[lo:hi])
        out.append(tuple(word_track(w, vectors.matrix(w.text)) for w in texts))
    return out


def train_f2g(
    t2g: GestureGenerator,
    stories: list[AlignedStory],
    speakers: list[int],
    real: list[np.ndarray],
    vectors: WordVectors,
    config: TrainConfig,
    keeper: Keeper,
    work: Work = QUIET,
) -> GestureGenerator:
    """Train the direct branch, on the device of its teacher T2G.

    Parameters
    ----------
    stories : training stories of all subjects
    speakers : index of the speaker of each rendition
    real : gestures of the first rendition's speaker, see `calibrated_f2g`
    config : steps, learning rate and guidance of F2G; `loss` is 'soft' or 'hard', see `models.dbda`; `teacher` is
        'observed' text, cross-fitted 'decoded' text, or 'dual': either, half of the windows each
    keeper : has numpy's random generator, which draws weights, windows and noise, and keeps the state of the loop
    work : told how far the training is
    """
    check_option("loss", config.loss, LOSSES)
    check_option("teacher", config.teacher, TEACHERS)
    rng, loop = keeper.rng, LoopConfig(config.f2g_steps, config.f2g_rate, 0.05, 0.99)
    observed = [word_track(s.story.words, vectors.matrix(s.story.words.text)) for s in stories]
    codes, owner, voice = [], [], []
    for k, s in enumerate(stories):
        for rendition, speaker in zip(s.gestures, speakers, strict=True):
            codes.append(rendition)
            owner.append(k)
            voice.append(speaker)
    word_width, device = t2g.denoiser.config.token_width, next(t2g.denoiser.parameters()).device
    sizes = f2g_config(t2g.denoiser.config, stories[0].tokens.all_rois.tokens.shape[1])
    batches = WindowBatches(
        codes, [observed[k] for k in owner], voice, word_width, rng, [stories[k].story.start for k in owner]
    )
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    student = seeded(lambda: from_t2g(t2g.denoiser, sizes), rng).to(device)

    def text_of(k: int) -> TokenTrack:
        use_decoded = config.teacher == "decoded" or (config.teacher == "dual" and rng.random() < 0.5)
        if not use_decoded:
            return observed[owner[k]]
        texts = stories[owner[k]].decoded
        return texts[int(rng.integers(len(texts)))]

    def draw():
        x, which, seconds = batches.draw(loop.batch)
        people = [voice[k] for k in which]
        text = collate([text_of(k).window(s) for k, s in zip(which, seconds, strict=True)], people, word_width)
        brain_windows = [stories[owner[k]].tokens.draw().window(s) for k, s in zip(which, seconds, strict=True)]
        brain = collate(brain_windows, people, sizes.token_width)
        return alignment_batch(x.to(device), brain.to(device), text.to(device), generator)

    def loss_of(x: Tensor, t: Tensor, x0: Tensor, brain: Condition, text: Condition) -> Tensor:
        return alignment_loss(student, t2g.denoiser, x, t, x0, brain, text, config.loss)

    fit(student, draw, loss_of, loop, name="F2G", work=work.part(0, 0.8), saved=keeper.loop(generator))
    raw = GestureGenerator(student, t2g.codec, config.f2g_guidance or 1.0)
    if config.f2g_guidance is None:
        judging = [
            Stretch.middle(stories[k].tokens.all_rois, observed[k], stories[k].story.start, stories[k].story.seconds)
            for k in evenly(len(stories), STORIES)
        ]
        raw = guided(raw, t2g, judging, real, speakers[0], work.part(0.8, 0.9))
    heard, tokens = [s.story for s in stories], [s.tokens for s in stories]
    return calibrated_f2g(raw, heard, tokens, real, speakers[0], generator, work.part(0.9, 1))


def evenly(n: int, most: int) -> list[int]:
    """At most so many of n numbers, spread evenly, each once."""
    return np.unique(np.linspace(0, n - 1, most).round().astype(int)).tolist()


def calibrated_f2g(
    f2g: GestureGenerator,
    stories: list[Recording],
    tokens: list[RoiTracks],
    real: list[np.ndarray],
    speaker: int,
    generator: torch.Generator,
    work: Work = QUIET,
) -> GestureGenerator:
    """Bring the moments of F2G on training stories to those of a speaker's gestures, which are not paired with them.

    Parameters
    ----------
    tokens : tokens of each story
    real : pieces of that speaker's codes, arrays (n_latent, n_codes)
    speaker : the speaker's index
    generator : torch's random generator, which draws the noise of the samples
    work : told how far the sampling is
    """
    parts = []
    for k in evenly(len(stories), CALIBRATION_STORIES):
        seconds = min(CALIBRATION_SECONDS, stories[k].seconds)
        parts.append((tokens[k].all_rois, stories[k].start, seconds, speaker))
    return calibrate(f2g, parts, real, generator, work)
