"""Phase 2: F2G by Dual Brain Decoding Alignment."""

from __future__ import annotations

import numpy as np
import torch

from ..data.study.folds import BrainStory
from ..errors import check_option
from ..models.conditions import TokenTrack, collate, volume_track, word_track
from ..models.dbda import LOSSES, alignment_batch, alignment_loss
from ..models.f2g import RoiTracks, f2g_config, from_t2g
from ..models.f2t import F2T
from ..models.generator import Generator, calibrate
from ..models.t2g import WindowBatches
from ..text.embeddings import WordVectors
from .loop import LoopConfig, fit, part_of
from .phase1 import seeded

CALIBRATION_SECONDS, CALIBRATION_STORIES = 300.0, 24  # 12 stories of 150 s leave FGD a seventh higher
TEACHERS = ("observed", "decoded", "dual")


def roi_tracks(f2t: F2T, stories: list[BrainStory], choices: list[np.ndarray], rng) -> RoiTracks:
    """Cross-fitted tokens of the training stories for several choices of feature columns."""
    by_choice = []
    for columns in choices:
        decoder = f2t.decoder(columns)
        tokens = f2t.tokens(decoder, decoder.solution.crossfit)
        bounds = f2t.readout.bounds
        by_choice.append(
            [volume_track(tokens[lo:hi], s.volume_times) for s, lo, hi in zip(stories, bounds[:-1], bounds[1:])]
        )
    return RoiTracks(by_choice, rng)


def random_choices(
    parcel_of_column: np.ndarray, groups: list[np.ndarray], n: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """The full set of columns, then `n` random unions of parcel groups.

    Parameters
    ----------
    parcel_of_column : array (n_columns,), int
    groups : list of arrays of parcel indices
    """
    out = [np.arange(len(parcel_of_column))]
    for _ in range(n):
        share = rng.uniform(0.1, 0.7)
        chosen = [g for g in groups if rng.random() < share] or [groups[int(rng.integers(len(groups)))]]
        out.append(np.flatnonzero(np.isin(parcel_of_column, np.concatenate(chosen))))
    return out


def decoded_tracks(
    f2t: F2T, stories: list[BrainStory], vectors: WordVectors, n_texts: int, rng
) -> list[list[TokenTrack]]:
    """Word tokens of texts decoded from the training stories themselves, cross-fitted by story."""
    decoder = f2t.decoder(np.arange(f2t.readout.features.shape[1]))
    bounds = f2t.readout.bounds
    out = []
    for story, lo, hi in zip(stories, bounds[:-1], bounds[1:]):
        texts = f2t.decode_texts(decoder, decoder.solution.crossfit[lo:hi], story.volume_times, story.tr, n_texts, rng)
        out.append([word_track(w, vectors.matrix(w.text)) for w in texts])
    return out


def train_f2g(
    t2g: Generator,
    stories: list[BrainStory],
    gestures: list[np.ndarray],
    speakers: list[int],
    tracks: list[RoiTracks],
    real: list[np.ndarray],
    vectors: WordVectors,
    loop: LoopConfig,
    rng: np.random.Generator,
    device,
    *,
    guidance: float = 2.5,
    loss: str = "soft",
    teacher: str = "observed",
    decoded: list[list[TokenTrack]] | None = None,
    progress=None,
    should_stop=None,
) -> Generator:
    """Train the direct branch.

    Parameters
    ----------
    stories : training stories of all subjects
    gestures : pseudo-gestures (n_renditions, n_latent, n_codes) of each
    speakers : speaker of each rendition
    tracks : per story, (RoiTracks, index) giving its cross-fitted tokens
    real : gestures of the first rendition's speaker, see `calibrated_f2g`
    loss : 'soft' or 'hard', see `dbda`
    teacher : 'observed' text, cross-fitted 'decoded' text, or 'dual': either, half of the windows each
    decoded : texts for the last two, from `decoded_tracks`
    """
    check_option("loss", loss, LOSSES)
    check_option("teacher", teacher, TEACHERS)
    observed = [word_track(s.words, vectors.matrix(s.words.text)) for s in stories]
    flat, owner, voice = [], [], []
    for k, codes in enumerate(gestures):
        for rendition, speaker in zip(codes, speakers, strict=True):
            flat.append(rendition)
            owner.append(k)
            voice.append(speaker)
    word_width = t2g.denoiser.config.token_width
    n_targets = tracks[0][0].by_choice[0][0].tokens.shape[1]
    config = f2g_config(t2g.denoiser.config, n_targets)
    batches = WindowBatches(
        flat, [observed[k] for k in owner], voice, word_width, rng, [stories[k].start for k in owner]
    )
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    student = seeded(lambda: from_t2g(t2g.denoiser, config), rng).to(device)

    def text_of(k: int) -> TokenTrack:
        use_decoded = teacher == "decoded" or (teacher == "dual" and rng.random() < 0.5)
        if not use_decoded:
            return observed[owner[k]]
        draws = decoded[owner[k]]
        return draws[int(rng.integers(len(draws)))]

    def draw():
        x, which, seconds = batches.draw(loop.batch)
        people = [voice[k] for k in which]
        text = collate([text_of(k).window(s) for k, s in zip(which, seconds)], people, word_width)
        brain_windows = []
        for k, s in zip(which, seconds):
            source, index = tracks[owner[k]]
            brain_windows.append(source.draw(index).window(s))
        brain = collate(brain_windows, people, config.token_width)
        return alignment_batch(x.to(device), brain.to(device), text.to(device), generator)

    def loss_of(*batch):
        return alignment_loss(student, t2g.denoiser, *batch, loss)

    fit(student, draw, loss_of, loop, progress=part_of(progress, 0, 0.9), should_stop=should_stop, message="F2G")
    return calibrated_f2g(
        Generator(student, t2g.codec, guidance),
        stories,
        tracks,
        real,
        speakers[0],
        generator,
        progress=part_of(progress, 0.9, 1),
        should_stop=should_stop,
    )


def calibrated_f2g(
    f2g: Generator,
    stories: list[BrainStory],
    tracks: list[tuple],
    real: list[np.ndarray],
    speaker: int,
    generator: torch.Generator,
    *,
    progress=None,
    should_stop=None,
) -> Generator:
    """Bring the moments of F2G on training stories to those of a speaker's gestures, which are not paired with them.

    Parameters
    ----------
    real : stretches of that speaker's codes (n_latent, n_codes)
    """
    parts = []
    for k in np.unique(np.linspace(0, len(stories) - 1, CALIBRATION_STORIES).round().astype(int)):
        source, index = tracks[k]
        seconds = min(CALIBRATION_SECONDS, stories[k].seconds)
        parts.append((source.by_choice[0][index], stories[k].start, seconds, speaker))
    return calibrate(f2g, parts, real, generator, progress=progress, should_stop=should_stop)
