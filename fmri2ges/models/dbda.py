"""Dual Brain Decoding Alignment: how F2G learns without any {fMRI, gesture} pair.

A pseudo-gesture of the frozen T2G is noised; F2G, seeing fMRI, must give the estimate that T2G,
seeing text, gives for the same noised window, noise and time ("soft output alignment"). The text is
the observed transcript where the fMRI set has one, or decoded texts (F2T, cross-fitted), or both.

The paper's exact loss is not public; this form is ours, and `hard` keeps the plain alternative of
training on pseudo-gestures as if they were data.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .denoiser import Condition, Denoiser
from .f2g import drop_tokens
from .schedule import add_noise, draw_times, to_x0, x0_loss
from .t2g import drop_condition

LOSSES = ("soft", "hard")


def alignment_loss(
    student: Denoiser,
    teacher: Denoiser,
    x0: Tensor,
    brain: Condition,
    text: Condition,
    generator: torch.Generator,
    loss: str = "soft",
) -> Tensor:
    """Loss of one batch of pseudo-gesture windows.

    Parameters
    ----------
    student, teacher : F2G and the frozen T2G
    x0 : (batch, frames, codes), windows of pseudo-gestures
    brain, text : conditions of the same windows
    loss : 'soft' matches the teacher's estimate, 'hard' the pseudo-gesture itself
    """
    t = draw_times(len(x0), generator, x0.device)
    x = add_noise(x0, torch.randn(x0.shape, generator=generator).to(x0.device), t)
    if loss == "soft":
        with torch.no_grad():
            target = to_x0(x, teacher(x, t, text), t)
    else:
        target = x0
    hidden = drop_condition(drop_tokens(brain, generator), generator)
    return x0_loss(to_x0(x, student(x, t, hidden), t), target, t)
