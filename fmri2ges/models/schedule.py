"""Noise schedule, loss and sampling of the diffusion models.

Cosine schedule (Nichol and Dhariwal 2021), velocity parameterisation (Salimans and Ho 2022), DDIM
steps (Song et al. 2021) by the scheduler of diffusers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from ..work import QUIET, Work
from .denoiser import LATENT_FPS, WINDOW_FRAMES, Condition, Denoiser

HOP_FRAMES = 42  # windows share 2.4 s: as good as sharing half (docs/decisions/0007) and 30 % less work
# Part of the noise is drawn anew at each DDIM step: 0 is deterministic, 1 is DDPM. Windows are blended
# at each step, which takes variance away; fresh noise gives some back (chosen on validation stories).
ETA = 0.5
FEW = 16  # windows that one pass of the network takes in little more time than half of them
_IMPORTING = Lock()
MAX_WEIGHT = 12.0  # clips SNR + 1, so that nearly clean steps do not take the whole loss


def alpha_sigma(t: Tensor) -> tuple[Tensor, Tensor]:
    """Signal and noise amplitudes at noise time t in [0, 1]; alpha^2 + sigma^2 = 1."""
    angle = t.clamp(1e-3, 1) * (math.pi / 2)
    return angle.cos(), angle.sin()


def draw_times(n: int, generator: torch.Generator, device) -> Tensor:
    """Noise times for training, U^0.7: a little denser where the condition is learnt."""
    return torch.rand(n, generator=generator).pow(0.7).to(device)


def add_noise(x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Noised windows, tensor (batch, n_frames, n_codes): x0 and noise of this shape, mixed at the times t (batch,)."""
    a, s = (y[:, None, None] for y in alpha_sigma(t))
    return a * x0 + s * noise


def noised(x0: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Windows at random noise times, and the times."""
    t = draw_times(len(x0), generator, x0.device)
    return add_noise(x0, torch.randn(x0.shape, generator=generator).to(x0.device), t), t


def to_x0(x: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """Clean windows implied by velocity v at noised windows x."""
    a, s = (y[:, None, None] for y in alpha_sigma(t))
    return a * x - s * v


def x0_loss(prediction: Tensor, target: Tensor, t: Tensor) -> Tensor:
    """Squared error of x0 weighted by clip(SNR + 1): the v-loss with a bounded weight."""
    _, s = alpha_sigma(t)
    weight = (1.0 / s**2).clamp(max=MAX_WEIGHT)  # SNR + 1 = 1 / sigma^2
    return (weight * (prediction - target).pow(2).mean((1, 2))).mean()


def window_starts(n_frames: int) -> list[int]:
    """First frames of overlapping windows that cover n_frames (the last one is moved back)."""
    if n_frames <= WINDOW_FRAMES:
        return [0]
    starts = list(range(0, n_frames - WINDOW_FRAMES, HOP_FRAMES))
    return [*starts, n_frames - WINDOW_FRAMES]


def ddim_scheduler() -> Any:
    """The class of DDIM steps, slow to import; two threads that import it at once would find it half made."""
    with _IMPORTING:
        from diffusers import DDIMScheduler

    return DDIMScheduler


@dataclass(frozen=True)
class FirstOf:
    """The noise of some samples, of which only the first ones are made: each is what it would be among all.

    Parameters
    ----------
    generator : torch's random generator
    n_samples : how many samples there are in all
    """

    generator: torch.Generator
    n_samples: int

    def draw(self, n: int, *shape: int) -> Tensor:
        """Noise of the first n samples, tensor (n, *shape)."""
        return torch.randn(self.n_samples, *shape, generator=self.generator)[:n]


@torch.inference_mode()
def sample_long(
    denoiser: Denoiser,
    conditions: list[Callable[[float], Condition]],
    n_frames: int,
    generator: torch.Generator | FirstOf,
    *,
    steps: int = 8,
    guidance: float = 1.5,
    batch: int = 160,
    work: Work = QUIET,
) -> Tensor:
    """Sample motion codes of any length without seams, one sample for each entry of `conditions`.

    All windows are denoised together; after each step their clean estimates are blended with Hann
    weights into one long estimate, from which the next noise level is made.

    Parameters
    ----------
    conditions : one function per sample; it takes the start of a window, in seconds from the first frame, and
        gives the window's condition (batch of 1). The same function may stand there several times
    n_frames : length in latent frames (7.5 per second)
    generator : torch's random generator, which draws the noise; or that of more samples than are asked for here
    steps : DDIM steps
    guidance : 1 = conditional model; larger pushes away from the unconditional one
    batch : windows per forward pass, bounds the memory
    work : told after each step how far the sampling is; stops it between two batches

    Returns
    -------
    codes : (n_samples, n_frames, n_codes)
    """
    device = next(denoiser.parameters()).device
    padded = max(n_frames, WINDOW_FRAMES)
    starts = window_starts(padded)
    full = _conditions(conditions, starts).to(device)

    scheduler: Any = ddim_scheduler()(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        clip_sample=False,
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    )
    scheduler.set_timesteps(steps)
    n_samples = len(conditions)
    noise = generator if isinstance(generator, FirstOf) else FirstOf(generator, n_samples)
    size = (n_samples, padded, denoiser.config.n_codes)
    x = noise.draw(*size).to(device)
    for k, step in enumerate(scheduler.timesteps):
        # The network knows continuous noise times: the angle of this step's signal-to-noise ratio.
        alpha = scheduler.alphas_cumprod[step].clamp(0, 1).sqrt()
        t = torch.acos(alpha) / (math.pi / 2)
        windows = torch.stack([x[:, s : s + WINDOW_FRAMES] for s in starts], 1).flatten(0, 1)
        x0 = _guided_x0(denoiser, windows, float(t), full, guidance, batch, work).view(
            n_samples, len(starts), WINDOW_FRAMES, -1
        )
        blended = blend(x0, starts, padded)
        fresh = noise.draw(*size).to(device)
        x = scheduler.step(blended, step, x, eta=ETA, variance_noise=fresh).prev_sample
        work.report((k + 1) / steps, "denoising")
    return x[:, :n_frames]


def _conditions(conditions: list[Callable[[float], Condition]], starts: list[int]) -> Condition:
    """The conditions of all windows, one sample after the other; the same function is asked once for each window."""
    cache: dict[int, list[Condition]] = {}
    for source in conditions:
        if id(source) not in cache:
            cache[id(source)] = [source(s / LATENT_FPS) for s in starts]
    return _stack([c for source in conditions for c in cache[id(source)]])


def blend(windows: Tensor, starts: list[int], n_frames: int) -> Tensor:
    """Overlapping windows (n_samples, n_windows, WINDOW_FRAMES, n_codes) as one stretch (n_samples, n_frames, n_codes).

    Where windows overlap, Hann weights take their mean.
    """
    hann = torch.hann_window(WINDOW_FRAMES + 2, periodic=False)[1:-1].to(windows.device) + 1e-3
    weight = torch.zeros(n_frames, device=windows.device)
    blended = torch.zeros(len(windows), n_frames, windows.shape[-1], device=windows.device)
    for j, s in enumerate(starts):
        weight[s : s + WINDOW_FRAMES] += hann
        blended[:, s : s + WINDOW_FRAMES] += hann[:, None] * windows[:, j]
    return blended / weight[:, None]


def _guided_x0(
    denoiser, windows, t: float, condition: Condition, guidance: float, batch: int, work: Work = QUIET
) -> Tensor:
    """Clean estimates with classifier-free guidance; `work` is checked before each batch.

    For few windows its two passes are one; for many they run side by side on a CPU.
    """

    @torch.inference_mode()  # a thread does not inherit it
    def estimate(x: Tensor, c: Condition) -> Tensor:
        time = torch.full((len(x),), t, device=x.device)
        return to_x0(x, denoiser(x, time, c), time)

    if guidance != 1.0 and 2 * len(windows) <= FEW:
        guided, free = estimate(torch.cat([windows, windows]), condition.twice()).chunk(2)
        return torch.lerp(free, guided, guidance)
    out = []
    with ThreadPoolExecutor(2 if windows.device.type == "cpu" else 1) as pool:
        for lo in range(0, len(windows), batch):
            work.check()
            rows = slice(lo, lo + batch)
            x = windows[rows]
            c = condition[rows]
            beside = pool.submit(estimate, x, c.without_tokens()) if guidance != 1.0 else None
            x0 = estimate(x, c)
            out.append(x0 if beside is None else torch.lerp(beside.result(), x0, guidance))
    return torch.cat(out)


def _stack(parts: list[Condition]) -> Condition:
    """Join conditions of one window each, padded to the longest."""
    longest = max(p.tokens.shape[1] for p in parts)

    def pad(x: Tensor) -> Tensor:
        missing = longest - x.shape[1]
        return x if not missing else torch.cat([x, x.new_zeros(1, missing, *x.shape[2:])], dim=1)

    return Condition(
        torch.cat([pad(p.tokens) for p in parts]),
        torch.cat([pad(p.times) for p in parts]),
        torch.cat([pad(p.present) for p in parts]),
        torch.cat([p.speaker for p in parts]),
    )
