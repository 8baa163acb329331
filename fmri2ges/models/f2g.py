"""F2G: from fMRI to gesture, the direct branch.

The network is T2G's; only the tokens differ: one per volume (at a TR of 1 s and less, one per 1.2 to 2 s), the
calibrated readout of the chosen parcels (see `f2t.Decoder`). Predictions shrink to zero where a choice of ROIs carries
nothing, so the same network serves every choice, and falls back on its prior.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from .conditions import TokenTrack
from .denoiser import Condition, Denoiser, DenoiserConfig

TOKEN_DROPOUT = 0.3


def f2g_config(t2g: DenoiserConfig, n_targets: int) -> DenoiserConfig:
    """T2G's sizes with tokens of `n_targets` numbers and the relative time."""
    return replace(t2g, token_width=n_targets + 2, lag=0.0)


def from_t2g(t2g: Denoiser, config: DenoiserConfig) -> Denoiser:
    """A new F2G that starts from T2G's weights wherever the shapes agree."""
    student = Denoiser(config)
    own = student.state_dict()
    own.update({k: v.clone() for k, v in t2g.state_dict().items() if k in own and own[k].shape == v.shape})
    student.load_state_dict(own)
    return student


def drop_tokens(condition: Condition, generator: torch.Generator, share: float = TOKEN_DROPOUT) -> Condition:
    """Hide single tokens, so that no window leans on one volume."""
    keep = (torch.rand(condition.present.shape, generator=generator) >= share).to(condition.present.device)
    return Condition(condition.tokens, condition.times, condition.present & keep, condition.speaker)


class RoiTracks:
    """Tokens of one story under several choices of ROIs; training draws one of them for each window.

    Parameters
    ----------
    by_choice : the story's tokens under each choice; the first choice is the full set of ROIs
    rng : numpy's random generator, which draws the choices; the stories of a training share one
    full : probability of the full set
    """

    def __init__(self, by_choice: list[TokenTrack], rng: np.random.Generator, full: float = 0.6):
        self.by_choice, self.rng, self.full = by_choice, rng, full

    @property
    def all_rois(self) -> TokenTrack:
        """The tokens under the full set of ROIs."""
        return self.by_choice[0]

    def draw(self) -> TokenTrack:
        """The tokens under a random choice."""
        others = len(self.by_choice) - 1
        if not others or self.rng.random() < self.full:
            return self.all_rois
        return self.by_choice[1 + int(self.rng.integers(others))]
