"""The training loop that T2G and F2G share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import Cancelled


@dataclass(frozen=True)
class LoopConfig:
    """Optimiser settings: AdamW with a one-cycle rate and an average of the weights."""

    steps: int
    rate: float
    decay: float
    ema: float
    batch: int = 48
    warm_up: float = 0.08
    clip: float = 1.0


def fit(
    model: nn.Module,
    loss_of: Callable[[], Tensor],
    config: LoopConfig,
    *,
    rng: np.random.Generator,
    progress=None,
    should_stop=None,
    message: str = "training",
) -> list[float]:
    """Train `model` in place; it ends with the averaged weights, in evaluation mode.

    Parameters
    ----------
    loss_of : draws a batch and returns its loss
    rng : seeds the dropout of this run; torch's global state is restored afterwards

    Returns
    -------
    loss of each step

    Raises
    ------
    Cancelled
        When `should_stop` says so; the caller writes nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        return _fit(model, loss_of, config, progress, should_stop, message)


def _fit(model, loss_of, config, progress, should_stop, message) -> list[float]:
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.rate, betas=(0.9, 0.98), weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=config.rate, total_steps=config.steps, pct_start=config.warm_up
    )
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    losses = []
    for step in range(config.steps):
        if should_stop is not None and should_stop():
            raise Cancelled
        loss = loss_of()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimiser.step()
        schedule.step()
        keep = min(config.ema, (1 + step) / (10 + step))  # warm-up: early weights are forgotten fast
        with torch.no_grad():
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - keep)
        losses.append(float(loss.detach()))
        if progress is not None and (step % 10 == 9 or step + 1 == config.steps):
            recent = losses[-10:]
            progress(
                (step + 1) / config.steps, f"{message}: step {step + 1} of {config.steps}, loss {sum(recent) / len(recent):.3f}"
            )
    model.load_state_dict(average)
    model.eval()
    return losses
