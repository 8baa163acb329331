"""The expected gesture of a generator: one pass of its network at the largest noise; what is fixed is made once.

At the largest noise the noised windows say nothing about the motion, so the clean estimate of the network is the mean
of the codes given the condition. The mean of the noise, zero, stands for the noise. Without guidance, whose samples are
not those of the conditional distribution. What then differs between windows is their tokens alone: the modulation of
the blocks is a number of the network, as is all that comes before the first token is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .conditions import TokenTrack, windows_of
from .denoiser import LATENT_FPS, WINDOW_FRAMES, Block, timestep_embedding
from .generator import GestureGenerator
from .schedule import blend, window_starts

TOGETHER = 32  # windows of a pass; what it computes with then stays in the cache
FAR = 1e4  # seconds; an attention so far away is nothing in single precision


class Expectation:
    """Expected gestures of one generator and speaker.

    Parameters
    ----------
    generator : T2G or F2G
    speaker : index of the speaker whose style is used
    """

    def __init__(self, generator: GestureGenerator, speaker: int):
        net: Any = generator.denoiser  # its parts are layers, which torch does not type
        config, device = net.config, next(net.parameters()).device
        self.generator, self.net, self.device = generator, net, device
        with torch.inference_mode():
            time = timestep_embedding(torch.ones(1, device=device), config.width)
            style = net.time(time) + net.speaker(torch.tensor([speaker], device=device))
            modulation = net.modulation(functional.silu(style)).view(6, config.width)
            self._blocks = [_Modulated.of(block, modulation) for block in net.blocks]
            silent = torch.zeros(1, net.n_patches, config.patch * config.n_codes, device=device)
            first = self._blocks[0]
            self._start = first.attended(net.embed(silent) + net.position)
            self._query = first.query(self._start)

    @torch.inference_mode()
    def codes(self, track: TokenTrack, start: float, n_frames: int) -> Tensor:
        """Expected motion codes (n_frames, n_codes), 7.5 per second, of a stretch that begins at `start` seconds."""
        padded = max(n_frames, WINDOW_FRAMES)
        starts = window_starts(padded)
        windows = windows_of(track, start + np.array(starts) / LATENT_FPS)
        made = []
        for first in range(0, len(starts), TOGETHER):
            rows = slice(first, first + TOGETHER)
            tokens, times, present = (
                torch.from_numpy(x[rows]).to(self.device) for x in (windows.tokens, windows.times, windows.present)
            )
            made.append(self._clean(tokens, times.masked_fill(~present, FAR)))
        return blend(torch.cat(made)[None], starts, padded)[0, :n_frames]

    def _clean(self, tokens: Tensor, times: Tensor) -> Tensor:
        """The clean estimate of some windows, tensor (batch, WINDOW_FRAMES, n_codes); at sigma 1 it is minus v."""
        net, n = self.net, len(tokens)
        tokens = net.condition(tokens)
        gaps = times[:, None, None, :] - net.patch_times[:, None]  # (batch, 1, patches, tokens)
        first, *others = self._blocks
        h = first.answered(self._start, self._query.expand(n, -1, -1, -1), tokens, gaps)
        for block in others:
            h = block.attended(h)
            h = block.answered(h, block.query(h), tokens, gaps)
        v = net.out(net.norm(h)).reshape(n, WINDOW_FRAMES, net.config.n_codes).transpose(1, 2)
        wide, between, back = net.refine
        # The other half of its inputs are the noised codes, which are zero.
        fine = functional.conv1d(v, wide.weight[:, : net.config.n_codes], wide.bias, padding=wide.padding)
        return -(v + back(between(fine))).transpose(1, 2)

    def bones(self, tracks: list[TokenTrack], start: float, seconds: float) -> np.ndarray:
        """Expected gesture, bones (n_frames, 27) at 15 fps: the mean over `tracks` of their expected codes.

        Parameters
        ----------
        tracks : tokens, of one text or of several
        start, seconds : begin and length of the stretch on the story's clock, seconds
        """
        n = max(1, int(np.ceil(seconds * LATENT_FPS)))
        codes = torch.stack([self.codes(track, start, n) for track in tracks]).mean(0).float().cpu().numpy()
        calibration = self.generator.calibration
        codes = codes if calibration is None else calibration(codes)  # linear, so it may follow the mean
        return self.generator.codec.decode(codes, n_frames=int(round(seconds * 15)))


@dataclass(frozen=True)
class _Norm:
    """A layer norm; what modulates it is its weight and bias."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias)


@dataclass(frozen=True)
class _Linear:
    """A linear layer; what gates it is in its weight and bias."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, layer, gate: Tensor | None = None) -> _Linear:
        if gate is None:
            return cls(layer.weight, layer.bias)
        return cls(layer.weight * (1 + gate)[:, None], layer.bias * (1 + gate))

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class _Modulated:
    """A block of the network at one noise level and speaker, see `denoiser.Block`."""

    block: Block
    norms: tuple[_Norm, _Norm]
    attention_out: _Linear
    mlp: tuple[_Linear, _Linear]
    sharpness: Tensor  # (heads, 1, 1)
    delay: Tensor  # (heads, 1, 1)

    @classmethod
    def of(cls, block: Block, modulation: Tensor) -> _Modulated:
        """A block with its modulation, tensor (6, width)."""
        shift1, scale1, gate1, shift2, scale2, gate2 = modulation + block.table
        cross = block.cross
        return cls(
            block,
            (_Norm(1 + scale1, shift1), _Norm(1 + scale2, shift2)),
            _Linear.of(block.attention_out, gate1),
            (_Linear.of(block.mlp[0]), _Linear.of(block.mlp[2], gate2)),
            (1 / (2 * cross.log_sigma.exp() ** 2))[:, None, None],
            (cross.lag + cross.mu)[:, None, None],
        )

    def _heads(self, x: Tensor) -> Tensor:
        """(batch, n, width) as (batch, heads, n, width / heads)."""
        return x.unflatten(-1, (self.block.heads, -1)).transpose(1, 2)

    def attended(self, x: Tensor) -> Tensor:
        """The state after self-attention."""
        q, k, v = map(self._heads, self.block.qkv(self.norms[0](x)).chunk(3, dim=-1))
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return x + self.attention_out(mixed.transpose(1, 2).flatten(2))

    def query(self, x: Tensor) -> Tensor:
        """What each patch asks the tokens for, tensor (batch, heads, n_patches, width / heads)."""
        return self._heads(self.block.cross.query(self.block.cross_norm(x)))

    def answered(self, x: Tensor, query: Tensor, tokens: Tensor, gaps: Tensor) -> Tensor:
        """The state after what tokens (batch, n_tokens, width) answer, and after the MLP.

        `gaps` are seconds from each patch to each token, tensor (batch, 1, n_patches, n_tokens).
        """
        cross, n = self.block.cross, len(tokens)
        keys = cross.key_value(torch.cat([cross.null.expand(n, 1, -1), tokens], dim=1))
        k, v = map(self._heads, keys.chunk(2, dim=-1))
        bias = gaps.new_empty(n, self.block.heads, gaps.shape[2], gaps.shape[3] + 1)
        bias[..., 0] = -2.0
        bias[..., 1:] = (gaps - self.delay).square_().mul_(-self.sharpness)
        mixed = functional.scaled_dot_product_attention(query, k, v, attn_mask=bias)
        x = x + cross.out(mixed.transpose(1, 2).flatten(2))
        first, last = self.mlp
        return x + last(functional.gelu(first(self.norms[1](x))))
