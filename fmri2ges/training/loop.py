"""The training loop that T2G and F2G share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..motion.amount import BATCH
from ..work import QUIET, Work
from .keeper import SavedLoop
from .state import LoopState

JUDGED = 10  # times that a training is judged by held-out examples
PATIENCE = 2  # of these times without a lower loss: then it ends


@dataclass(frozen=True)
class LoopConfig:
    """Optimiser settings: AdamW with a one-cycle rate and an average of the weights."""

    steps: int
    rate: float
    decay: float
    ema: float
    batch: int = BATCH
    warm_up: float = 0.08
    clip: float = 1.0


def fit(
    model: nn.Module,
    draw: Callable[[], tuple],
    loss_of: Callable[..., Tensor],
    config: LoopConfig,
    *,
    name: str = "training",
    work: Work = QUIET,
    saved: SavedLoop | None = None,
    held_out: Callable[[], float] | None = None,
) -> list[float]:
    """Train `model` in place; it ends with the averaged weights, in evaluation mode.

    With a held-out loss it ends with those averaged weights for which that was lowest, and it ends early where that
    loss has risen for a while: then the examples are being learnt by heart.

    Parameters
    ----------
    draw : makes a batch, a tuple of things that can be cut by rows; all that is random happens here, and is drawn
        from the generators that `saved` knows
    loss_of : mean loss of the rows of such a tuple
    name : what is trained, for the messages
    work : told after every tenth step how far the training is; it can be stopped at every step
    saved : where the state of the loop is kept, and found again when the training was interrupted; None = nowhere
    held_out : loss of `model` on what it does not learn from; asked before the first step and `JUDGED` times after

    Returns
    -------
    the loss of each step

    Raises
    ------
    Cancelled
        When the work shall stop; the caller writes nothing.
    """
    model.train()
    weights = list(model.parameters())
    optimiser = torch.optim.AdamW(weights, lr=config.rate, betas=(0.9, 0.98), weight_decay=config.decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=config.rate, total_steps=config.steps, pct_start=config.warm_up
    )
    average = [w.detach().clone() for w in weights]
    losses: list[float] = []
    state = LoopState(model, optimiser, schedule, average, losses)
    if saved is not None:
        saved.restore(state)
    if held_out is not None and not state.judged:
        state.judge(_of_average(state, held_out))
    with ThreadPoolExecutor(2 if weights[0].device.type == "cpu" else 1) as pool:
        for step in range(len(losses), config.steps):
            if _is_over(state):
                break
            work.check()
            loss, gradients = parallel_gradients(pool, loss_of, draw(), weights)
            for w, g in zip(weights, gradients, strict=True):
                w.grad = g
            nn.utils.clip_grad_norm_(weights, config.clip)
            optimiser.step()
            schedule.step()
            keep = min(config.ema, (1 + step) / (10 + step))  # warm-up: early weights are forgotten fast
            with torch.no_grad():
                for kept, w in zip(average, weights, strict=True):
                    kept.lerp_(w, 1 - keep)
            losses.append(loss)
            if held_out is not None and (step + 1) * JUDGED // config.steps > step * JUDGED // config.steps:
                state.judge(_of_average(state, held_out))
            last = step + 1 == config.steps or _is_over(state)
            if saved is not None:
                saved.save(state, last)
            if step % 10 == 9 or last:
                recent = losses[-10:]
                mean = sum(recent) / len(recent)
                work.report((step + 1) / config.steps, f"{name}: step {step + 1} of {config.steps}, loss {mean:.3f}")
    with torch.no_grad():
        for w, kept in zip(weights, state.best or average, strict=True):
            w.copy_(kept)
    model.eval()
    return losses


def _is_over(state: LoopState) -> bool:
    """Whether the held-out loss has not become lower for a while."""
    lowest = int(np.argmin(state.judged)) if state.judged else 0
    return len(state.judged) - 1 - lowest >= PATIENCE


@torch.no_grad()
def _of_average(state: LoopState, loss: Callable[[], float]) -> float:
    """A loss of the averaged weights; the network keeps its own."""
    weights = list(state.model.parameters())
    own = [w.detach().clone() for w in weights]
    for w, kept in zip(weights, state.average, strict=True):
        w.copy_(kept)
    state.model.eval()
    found = loss()
    state.model.train()
    for w, kept in zip(weights, own, strict=True):
        w.copy_(kept)
    return found


def parallel_gradients(
    pool: ThreadPoolExecutor, loss_of, batch: tuple, weights: Sequence[Tensor]
) -> tuple[float, list[Tensor]]:
    """Loss and gradients of a batch; on a CPU its halves are computed side by side.

    Nets of this size gain nothing from torch's own threads, which wait for each other at each
    operation; two halves wait once a step. Each half has one place in the sum, so that the result
    does not depend on which is ready first.
    """
    n = len(batch[0])
    middle = (n + 1) // 2 if weights[0].device.type == "cpu" else n
    parts = [(rows.stop - rows.start, tuple(x[rows] for x in batch)) for rows in (slice(0, middle), slice(middle, n))]

    def run(rows, part):
        loss = loss_of(*part) * (rows / n)
        return float(loss.detach()), torch.autograd.grad(loss, weights)

    done = [job.result() for job in [pool.submit(run, *p) for p in parts if p[0]]]
    return sum(loss for loss, _ in done), [sum(g) for g in zip(*(gradients for _, gradients in done), strict=True)]
