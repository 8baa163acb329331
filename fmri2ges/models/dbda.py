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
from .schedule import noised, to_x0, x0_loss
from .t2g import drop_condition

LOSSES = ("soft", "hard")


def alignment_batch(x0: Tensor, brain: Condition, text: Condition, generator: torch.Generator) -> tuple:
    """Everything random of one training step.

    Parameters
    ----------
    x0 : (batch, frames, codes), windows of pseudo-gestures
    brain, text : conditions of the same windows

    Returns
    -------
    noised windows, noise times, x0, what the student sees of the brain, text
    """
    x, t = noised(x0, generator)
    return x, t, x0, drop_condition(drop_tokens(brain, generator), generator), text


def alignment_loss(
    student: Denoiser,
    teacher: Denoiser,
    x: Tensor,
    t: Tensor,
    x0: Tensor,
    brain: Condition,
    text: Condition,
    loss: str = "soft",
) -> Tensor:
    """Loss of a batch from `alignment_batch`.

    Parameters
    ----------
    student, teacher : F2G and the frozen T2G
    loss : 'soft' matches the teacher's estimate, 'hard' the pseudo-gesture itself
    """
    target = x0
    if loss == "soft":
        with torch.no_grad():
            target = to_x0(x, teacher(x, t, text), t)
    return x0_loss(to_x0(x, student(x, t, brain), t), target, t)
