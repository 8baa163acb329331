"""Phase 1: T2G and F2T, each with the supervision that exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..brain.hrf import fir_delays
from ..models.conditions import TokenTrack, word_track
from ..models.denoiser import LATENT_FPS, Denoiser
from ..models.f2t import F2T, Blocks, text_targets
from ..models.generator import GestureGenerator, calibrate
from ..models.readout import Readout, penalty_scores
from ..models.schedule import noised
from ..models.signatures import Heard, choose_shrinkage, words_heard
from ..models.t2g import WindowBatches, for_speakers, t2g_batch, t2g_config, t2g_loss
from ..models.word_rate import RateTraining, WordRate
from ..motion.codec import Codec, fit_codec
from ..text.embeddings import WordVectors
from ..text.statistics import TextStatistics
from ..text.timing import words_of_volumes
from ..types import Recording
from ..work import QUIET, Work
from .corpus import GestureStory
from .keeper import Keeper
from .loop import LoopConfig, fit
from .presets import TrainConfig

NOISES = 8  # noise times at which each held-out window is judged
CALIBRATION_SECONDS = 150  # seconds of each clip that the moments of generated codes are taken from
BIN_SECONDS = 1.0  # gesture targets of the readout: means of the motion codes over about so long


def train_t2g(
    clips: list[GestureStory],
    vectors: WordVectors,
    config: TrainConfig,
    keeper: Keeper,
    device: str,
    work: Work = QUIET,
    begin: GestureGenerator | None = None,
    held_out: Sequence[GestureStory] = (),
) -> GestureGenerator:
    """Fit the motion code and train the text-to-gesture model.

    Parameters
    ----------
    clips : gestures of all speakers, with their words
    config : steps, learning rate and guidance of T2G
    keeper : has numpy's random generator, which draws weights, windows and noise, and keeps the state of the loop
    device : where the network is trained
    work : told how far the training is
    begin : a T2G that is fine-tuned, with the components of its motion code; None = both are new
    held_out : gestures of the same speakers that are not learnt from; the weights that predict them best are kept
    """
    rng, loop = keeper.rng, LoopConfig(config.t2g_steps, config.t2g_rate, 0.02, 0.995)
    bones = [c.bones for c in clips]
    codec = fit_codec(bones) if begin is None else begin.codec.standardised_on(bones)
    tracks = [word_track(c.words, vectors.matrix(c.words.text)) for c in clips]
    sizes = t2g_config(vectors.dim, codec.n_codes, 1 + max(c.speaker for c in clips))
    batches = window_batches(clips, codec, vectors, rng)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    denoiser = seeded(lambda: Denoiser(sizes) if begin is None else for_speakers(begin.denoiser, sizes.n_speakers), rng)
    denoiser.to(device)
    judge = held_out_loss(denoiser, window_batches(held_out, codec, vectors, rng)) if held_out else None

    def draw():
        x, condition = batches.batch(loop.batch)
        return t2g_batch(x.to(device), condition.to(device), generator)

    def loss(*batch):
        return t2g_loss(denoiser, *batch)

    saved = keeper.loop(generator)
    fit(denoiser, draw, loss, loop, name="T2G", work=work.part(0, 0.9), saved=saved, held_out=judge)
    raw = GestureGenerator(denoiser, codec, config.t2g_guidance)
    return calibrated_t2g(raw, clips, tracks, generator, work.part(0.9, 1))


def window_batches(
    clips: Sequence[GestureStory], codec: Codec, vectors: WordVectors, rng: np.random.Generator
) -> WindowBatches:
    """Windows of clips with their words, as T2G learns from them; `rng` will draw them."""
    codes = [codec.encode(c.bones) for c in clips]
    tracks = [word_track(c.words, vectors.matrix(c.words.text)) for c in clips]
    starts, speakers = [c.start for c in clips], [c.speaker for c in clips]
    return WindowBatches(codes, tracks, speakers, vectors.dim + 3, rng, starts)


def held_out_loss(denoiser: Denoiser, clips: WindowBatches) -> Callable[[], float]:
    """The denoising loss of a T2G on windows that cover these clips, always with the same noise.

    Parameters
    ----------
    denoiser : the network, judged with the weights that it has when the loss is asked for
    """
    device = next(denoiser.parameters()).device
    x0, condition = clips.side_by_side(NOISES)
    x, t = noised(x0, torch.Generator().manual_seed(0))

    @torch.no_grad()
    def loss() -> float:
        return float(t2g_loss(denoiser, x.to(device), t.to(device), x0.to(device), condition.to(device)))

    return loss


def calibrated_t2g(
    t2g: GestureGenerator,
    clips: list[GestureStory],
    tracks: list[TokenTrack],
    generator: torch.Generator,
    work: Work = QUIET,
) -> GestureGenerator:
    """T2G with its moments fitted on the clips that it was trained on.

    Parameters
    ----------
    tracks : word tokens of each clip
    generator : torch's random generator, which draws the noise of the samples
    work : told how far the sampling is
    """
    parts, real = [], []
    for clip, track in zip(clips, tracks, strict=True):
        bones = clip.bones[: CALIBRATION_SECONDS * 15]
        parts.append((track, clip.start, len(bones) / 15, clip.speaker))
        real.append(t2g.codec.encode(bones))
    return calibrate(t2g, parts, real, generator, work)


def seeded(build, rng: np.random.Generator):
    """Build a network with initial weights drawn from `rng`, leaving torch's global state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        return build()


def pseudo_gestures(
    t2g: GestureGenerator,
    stories: list[Recording],
    vectors: WordVectors,
    speakers: list[int],
    rng: np.random.Generator,
    *,
    steps: int = 6,
    work: Work = QUIET,
) -> list[np.ndarray]:
    """Renditions of each story's text by T2G, one per entry of `speakers`.

    They are not calibrated: the teacher of the alignment knows the codes of its own sampling.

    Parameters
    ----------
    stories : the stories whose texts are performed
    speakers : index of the speaker of each rendition
    rng : numpy's random generator, from which the noise is seeded
    steps : DDIM steps
    work : told how far the sampling is

    Returns
    -------
    list over stories of arrays (n_renditions, n_latent, n_codes), from the story's first volume on
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    t2g = replace(t2g, calibration=None)
    out, people = [], sorted(set(speakers))
    work = work.part(0, 1, "pseudo-gestures of the stories heard")
    for k, story in enumerate(stories):
        story_work = work.part(k / len(stories), (k + 1) / len(stories))
        track = word_track(story.words, vectors.matrix(story.words.text))
        parts = []
        for i, speaker in enumerate(people):
            tracks, part = [track] * speakers.count(speaker), story_work.part(i / len(people), (i + 1) / len(people))
            parts.append(
                t2g.sample_codes(tracks, story.start, story.seconds, speaker, generator, steps=steps, work=part)
            )
        out.append(np.concatenate(parts))
    return out


def gesture_bins(tr: float) -> int:
    """Equal parts of a volume that are nearest to `BIN_SECONDS`: 1 up to a TR of 1.5 s, 2 at 2 s, 3 at 3 s."""
    return max(1, int(tr / BIN_SECONDS + 0.5))


def gesture_targets(codes: np.ndarray, n_volumes: int, tr: float, bins: int) -> np.ndarray:
    """Mean motion codes per part of a volume, array (n_volumes, bins * n_codes).

    Parameters
    ----------
    codes : array (n_latent, n_codes), already averaged over renditions
    n_volumes : from the beginning of the codes on
    tr : repetition time, seconds
    bins : parts of a volume; listeners of one F2G have as many, see `gesture_bins`
    """
    edges = np.linspace(0, n_volumes * tr * LATENT_FPS, n_volumes * bins + 1).round().astype(int)
    total = np.concatenate([np.zeros((1, codes.shape[1])), np.cumsum(codes, 0, dtype=np.float64)])
    edges = np.minimum(edges, len(codes))
    means = (total[edges[1:]] - total[edges[:-1]]) / np.maximum(edges[1:] - edges[:-1], 1)[:, None]
    return means.reshape(n_volumes, -1).astype(np.float32)


@dataclass(frozen=True)
class F2TProblem:
    """Features and targets of one subject's training stories, and which words were heard in which volumes.

    `delays` are those of the FIR readout, in volumes.
    """

    features: list[np.ndarray]
    targets: np.ndarray
    blocks: Blocks
    heard: Heard
    delays: tuple[int, ...]

    def scores(self, penalties: tuple[float, ...]) -> dict[float, float]:
        """Leave-one-story-out score of each ridge penalty."""
        b = self.blocks
        return penalty_scores(self.features, self.targets, (b.fast, b.slow, b.rate, b.gesture), penalties, self.delays)

    @property
    def rate_training(self) -> RateTraining:
        """What the word rate is learnt from."""
        counts = self.targets[:, self.blocks.rate][:, 0]
        edges = np.cumsum([len(story) for story in self.features])[:-1]
        return RateTraining(self.features, np.split(counts, edges), self.delays)


def f2t_problem(
    stories: list[Recording], gestures: list[np.ndarray], statistics: TextStatistics, vectors: WordVectors, bins: int
) -> F2TProblem:
    """What the text decoder of one subject learns.

    Parameters
    ----------
    stories : training stories of one subject, of one TR
    gestures : arrays (n_renditions, n_latent, n_codes), pseudo-gestures of the same stories
    bins : parts of a volume that each have a gesture target
    """
    targets = []
    for story, codes in zip(stories, gestures, strict=True):
        text = text_targets(
            story.words, vectors.matrix(story.words.text) - statistics.centre, story.volume_times, story.tr
        )
        moves = gesture_targets(codes.mean(0), len(story.volume_times), story.tr, bins)
        targets.append(np.concatenate([text, moves], 1))
    blocks = Blocks(vectors.dim, targets[0].shape[1] - 2 * vectors.dim - 1)
    heard = words_heard(
        [words_of_volumes(s.words, s.volume_times, s.tr) for s in stories],
        [s.words for s in stories],
        [len(s.bold) for s in stories],
        statistics.language.vocabulary,
    )
    return F2TProblem([s.bold for s in stories], np.concatenate(targets), blocks, heard, fir_delays(stories[0].tr))


def fit_f2t(problem: F2TProblem, statistics: TextStatistics, penalty: float, rate: WordRate | None = None) -> F2T:
    """The text decoder of one subject, with its word-rate model."""
    readout = Readout(problem.features, problem.targets, penalty, problem.delays)
    f2t = F2T(
        readout,
        problem.blocks,
        statistics.language,
        statistics.vocabulary_vectors,
        statistics.covariance,
        problem.heard,
        word_rate=rate,
    )
    decoder = f2t.decoder(np.arange(readout.features.shape[1]))
    tokens = f2t.tokens(decoder, decoder.solution.crossfit)
    f2t.shrinkage = choose_shrinkage(tokens, readout.bounds, problem.heard, statistics.vocabulary_vectors)
    return f2t
