"""T2G: from words to gesture, trained on the {text, gesture} of other people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .conditions import TokenTrack, collate
from .denoiser import LATENT_FPS, WINDOW_FRAMES, Condition, Denoiser, DenoiserConfig
from .schedule import noised, to_x0, x0_loss

CONDITION_DROPOUT = 0.1


def t2g_config(dim: int, n_codes: int, n_speakers: int) -> DenoiserConfig:
    """Sizes for word tokens of `dim` numbers, a duration and the relative time."""
    return DenoiserConfig(n_codes=n_codes, token_width=dim + 3, n_speakers=n_speakers)


def for_speakers(t2g: Denoiser, n_speakers: int) -> Denoiser:
    """A copy of a T2G for other people: each of them begins with the mean style of those that it knows.

    Parameters
    ----------
    n_speakers : number of the other people
    """
    copy, state = Denoiser(replace(t2g.config, n_speakers=n_speakers)), dict(t2g.state_dict())
    style = state["speaker.weight"][: t2g.config.n_speakers].mean(0)
    copy.load_state_dict(state | {"speaker.weight": style.repeat(n_speakers + 1, 1)})
    return copy


class WindowBatches:
    """Random windows of motion codes with their tokens, a few stories at a time.

    Parameters
    ----------
    codes : list of arrays (n_latent, n_codes), one per rendition
    tracks : list of TokenTrack, the tokens of each rendition
    speakers : list of int
    starts : list of float; story time of the first code of each rendition, seconds
    """

    def __init__(self, codes, tracks: list[TokenTrack], speakers, width: int, rng: np.random.Generator, starts=None):
        self.codes, self.tracks, self.speakers = codes, tracks, list(speakers)
        self.width, self.rng = width, rng
        self.starts = [0.0] * len(codes) if starts is None else list(starts)
        room = np.array([max(0, len(c) - WINDOW_FRAMES + 1) for c in codes], float)
        if not room.any():
            raise ValueError("every clip is shorter than a window")
        self.odds = room / room.sum()

    def draw(self, n: int) -> tuple[Tensor, list[int], list[float]]:
        """Codes (n, WINDOW_FRAMES, n_codes), the rendition of each window and its start in seconds."""
        which = self.rng.choice(len(self.codes), n, p=self.odds)
        first = [int(self.rng.integers(len(self.codes[k]) - WINDOW_FRAMES + 1)) for k in which]
        x = np.stack([self.codes[k][f : f + WINDOW_FRAMES] for k, f in zip(which, first, strict=True)])
        return (
            torch.from_numpy(x),
            list(which),
            [self.starts[k] + f / LATENT_FPS for k, f in zip(which, first, strict=True)],
        )

    def condition(self, tracks: list[TokenTrack], which, seconds) -> Condition:
        """Tokens and speakers of windows: the rendition of each, and its start in seconds."""
        windows = [tracks[k].window(s) for k, s in zip(which, seconds, strict=True)]
        return collate(windows, [self.speakers[k] for k in which], self.width)

    def batch(self, n: int) -> tuple[Tensor, Condition]:
        """Codes (n, WINDOW_FRAMES, n_codes) of random windows, and their tokens and speakers."""
        x, which, seconds = self.draw(n)
        return x, self.condition(self.tracks, which, seconds)

    def side_by_side(self, times: int) -> tuple[Tensor, Condition]:
        """All windows that stand side by side in the renditions, each so many times; see `batch`."""
        places = [
            (k, f) for k, c in enumerate(self.codes) for f in range(0, len(c) - WINDOW_FRAMES + 1, WINDOW_FRAMES)
        ] * times
        x = np.stack([self.codes[k][f : f + WINDOW_FRAMES] for k, f in places])
        which, seconds = [k for k, _ in places], [self.starts[k] + f / LATENT_FPS for k, f in places]
        return torch.from_numpy(x), self.condition(self.tracks, which, seconds)


def drop_condition(condition: Condition, generator: torch.Generator, share: float = CONDITION_DROPOUT) -> Condition:
    """Hide all tokens of a share of the windows, so that guidance has an unconditional model."""
    keep = (torch.rand(len(condition.tokens), 1, generator=generator) >= share).to(condition.present.device)
    return Condition(condition.tokens, condition.times, condition.present & keep, condition.speaker)


def t2g_batch(x0: Tensor, condition: Condition, generator: torch.Generator) -> tuple:
    """Everything random of one training step: noised windows, noise times, clean windows, condition."""
    return *noised(x0, generator), x0, drop_condition(condition, generator)


def t2g_loss(denoiser: Denoiser, x: Tensor, t: Tensor, x0: Tensor, condition: Condition) -> Tensor:
    """Denoising loss of a batch from `t2g_batch`."""
    return x0_loss(to_x0(x, denoiser(x, t, condition), t), x0, t)
