"""The network of both generators: a small diffusion transformer with cross-attention.

One 8 s window of motion codes is denoised while attending to timed condition tokens: words for
T2G, fMRI volumes for F2G. Attention to a token is biased by how far it lies in time, because
step for step that doubled what the network learnt from its condition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..motion.amount import WINDOW_SECONDS

LATENT_FPS = 7.5
WINDOW_FRAMES = int(WINDOW_SECONDS * LATENT_FPS)  # 60


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of the network; stored with its weights."""

    n_codes: int = 14
    token_width: int = 53
    width: int = 96
    blocks: int = 3
    heads: int = 4
    mlp: int = 3
    hidden: int = 384  # of the token network: wide, because it learns a lexicon
    patch: int = 3
    refine: int = 48
    n_speakers: int = 4
    lag: float = 0.0  # seconds by which tokens are expected to trail the motion


@dataclass(frozen=True)
class Condition:
    """Timed tokens of a batch of windows.

    Parameters
    ----------
    tokens : (batch, n_tokens, token_width)
    times : (batch, n_tokens), seconds from the start of the window
    present : (batch, n_tokens), bool; padded or dropped tokens are False and never seen
    speaker : (batch,), long; n_speakers = no speaker given
    """

    tokens: Tensor
    times: Tensor
    present: Tensor
    speaker: Tensor

    def without_tokens(self) -> Condition:
        """The same windows with nothing to attend to: the unconditional pass of guidance."""
        return Condition(self.tokens[:, :0], self.times[:, :0], self.present[:, :0], self.speaker)

    def twice(self) -> Condition:
        """Every window as it is, and behind them all once more with nothing to attend to."""
        return Condition(
            torch.cat([self.tokens, self.tokens]),
            torch.cat([self.times, self.times]),
            torch.cat([self.present, torch.zeros_like(self.present)]),
            torch.cat([self.speaker, self.speaker]),
        )

    def __getitem__(self, rows) -> Condition:
        """The windows of a slice of the batch."""
        return Condition(self.tokens[rows], self.times[rows], self.present[rows], self.speaker[rows])

    def __len__(self) -> int:
        return len(self.tokens)

    def to(self, device) -> Condition:
        """The same windows on another device of torch."""
        return Condition(*(x.to(device) for x in (self.tokens, self.times, self.present, self.speaker)))


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """Sinusoidal embedding (batch, width) of t in [0, 1] (Vaswani et al. 2017, on 1000 t)."""
    half = width // 2
    rates = torch.exp(-math.log(10_000.0) * torch.arange(half, device=t.device) / half)
    angle = 1000.0 * t[:, None] * rates
    return torch.cat([angle.cos(), angle.sin()], dim=1)


class TimedCrossAttention(nn.Module):
    """Cross-attention with a learnt Gaussian preference for tokens near a patch in time."""

    def __init__(self, c: DenoiserConfig):
        super().__init__()
        self.heads, self.lag = c.heads, c.lag
        self.query = nn.Linear(c.width, c.width)
        self.key_value = nn.Linear(c.width, 2 * c.width)
        self.out = nn.Linear(c.width, c.width)
        # Heads start with different time scales, from .04 to .4 of the window.
        sigma = torch.logspace(math.log10(0.04), math.log10(0.4), c.heads) * WINDOW_SECONDS
        self.log_sigma = nn.Parameter(sigma.log())
        self.mu = nn.Parameter(torch.zeros(c.heads))
        # One token that is always there, so that a window without tokens has something to attend to.
        self.null = nn.Parameter(torch.randn(c.width) * 0.02)

    def forward(self, x: Tensor, patch_times: Tensor, tokens: Tensor, times: Tensor, present: Tensor) -> Tensor:
        """What the tokens say to each patch.

        Parameters
        ----------
        x : tensor (batch, n_patches, width)
        patch_times : tensor (n_patches,), seconds in the window
        tokens : tensor (batch, n_tokens, width)
        times : tensor (batch, n_tokens), seconds in the window
        present : bool tensor (batch, n_tokens)

        Returns
        -------
        tensor (batch, n_patches, width)
        """
        b, p, w = x.shape
        tokens = torch.cat([self.null.expand(b, 1, w), tokens], dim=1)
        k, v = self.key_value(tokens).chunk(2, dim=-1)
        offset = times[:, None, None, :] - patch_times[None, None, :, None] - self.lag - self.mu[None, :, None, None]
        bias = -(offset**2) / (2 * self.log_sigma.exp()[None, :, None, None] ** 2)
        bias = bias.masked_fill(~present[:, None, None, :], -1e4)
        bias = torch.cat([bias.new_full((b, self.heads, p, 1), -2.0), bias], dim=-1)

        def split(y):
            return y.view(b, -1, self.heads, w // self.heads).transpose(1, 2)  # (batch, heads, n, width/heads)

        mixed = nn.functional.scaled_dot_product_attention(split(self.query(x)), split(k), split(v), attn_mask=bias)
        return self.out(mixed.transpose(1, 2).reshape(b, p, w))


class Block(nn.Module):
    """Self-attention, cross-attention and MLP, each modulated by noise level and speaker."""

    def __init__(self, c: DenoiserConfig):
        super().__init__()
        self.heads = c.heads
        self.norms = nn.ModuleList(nn.LayerNorm(c.width, elementwise_affine=False) for _ in range(2))
        self.cross_norm = nn.LayerNorm(c.width)
        self.qkv = nn.Linear(c.width, 3 * c.width)
        self.attention_out = nn.Linear(c.width, c.width)
        self.cross = TimedCrossAttention(c)
        self.mlp = nn.Sequential(nn.Linear(c.width, c.mlp * c.width), nn.GELU(), nn.Linear(c.mlp * c.width, c.width))
        # Shift, scale and gate for the two modulated parts, added to the shared modulation.
        self.table = nn.Parameter(torch.randn(6, c.width) * 0.02)

    def forward(self, x: Tensor, modulation: Tensor, patch_times, tokens, times, present) -> Tensor:
        """The next hidden state, tensor (batch, n_patches, width).

        Parameters
        ----------
        x : tensor (batch, n_patches, width)
        modulation : tensor (batch, 6, width); shift, scale and gate of the two parts
        patch_times, tokens, times, present : see `TimedCrossAttention.forward`
        """
        b, p, w = x.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.table).unbind(1)
        h = self.norms[0](x) * (1 + scale1[:, None]) + shift1[:, None]
        q, k, v = self.qkv(h).view(b, p, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        h = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, p, w)
        x = x + (1 + gate1[:, None]) * self.attention_out(h)
        x = x + self.cross(self.cross_norm(x), patch_times, tokens, times, present)
        h = self.norms[1](x) * (1 + scale2[:, None]) + shift2[:, None]
        return x + (1 + gate2[:, None]) * self.mlp(h)


class Denoiser(nn.Module):
    """Predicts the velocity v of a noised window (Salimans and Ho 2022)."""

    def __init__(self, config: DenoiserConfig):
        super().__init__()
        self.config = c = config
        self.n_patches = WINDOW_FRAMES // c.patch
        self.embed = nn.Linear(c.patch * c.n_codes, c.width)
        self.position = nn.Parameter(torch.randn(self.n_patches, c.width) * 0.02)
        self.condition = nn.Sequential(nn.Linear(c.token_width, c.hidden), nn.GELU(), nn.Linear(c.hidden, c.width))
        self.speaker = nn.Embedding(c.n_speakers + 1, c.width)
        self.time = nn.Sequential(nn.Linear(c.width, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
        self.modulation = nn.Linear(c.width, 6 * c.width)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.blocks))
        self.norm = nn.LayerNorm(c.width)
        self.out = nn.Linear(c.width, c.patch * c.n_codes)
        # A correction that sees single frames across patch borders: patches alone leave steps there.
        wide = nn.Conv1d(2 * c.n_codes, c.refine, 5, padding=2)
        back = nn.Conv1d(c.refine, c.n_codes, 5, padding=2)
        self.refine = nn.Sequential(wide, nn.GELU(), back)
        for weight in (*self.out.parameters(), *back.parameters()):
            nn.init.zeros_(weight)
        centres = (torch.arange(self.n_patches) + 0.5) * c.patch / LATENT_FPS
        self.register_buffer("patch_times", centres, persistent=False)

    def forward(self, x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        """Velocity of noised windows.

        Parameters
        ----------
        x : (batch, WINDOW_FRAMES, n_codes), noised codes
        t : (batch,), noise time in [0, 1]
        condition : what to attend to

        Returns
        -------
        v : (batch, WINDOW_FRAMES, n_codes)
        """
        c, b = self.config, len(x)
        h = self.embed(x.reshape(b, self.n_patches, c.patch * c.n_codes)) + self.position
        tokens = self.condition(condition.tokens)
        style = self.time(timestep_embedding(t, c.width)) + self.speaker(condition.speaker)
        modulation = self.modulation(nn.functional.silu(style)).view(b, 6, c.width)
        for block in self.blocks:
            h = block(h, modulation, self.patch_times, tokens, condition.times, condition.present)
        v = self.out(self.norm(h)).reshape(b, WINDOW_FRAMES, c.n_codes)
        return v + self.refine(torch.cat([v, x], dim=2).transpose(1, 2)).transpose(1, 2)
