"""How long and with which settings a study is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import check_option


@dataclass(frozen=True)
class TrainConfig:
    """Every setting of `train`; it is stored in the manifest.

    Parameters
    ----------
    preset : name of the preset that the settings come from
    components : principal components per area
    penalties : ridge penalties to choose from by leave-one-story-out, on features of unit variance
    t2g_steps, f2g_steps : optimiser steps of the two networks
    t2g_rate, f2g_rate : highest learning rate of the two networks
    renditions : pseudo-gestures per story heard
    roi_choices : random choices of ROIs that F2G sees in training, beside the full set
    t2g_guidance, f2g_guidance : classifier-free guidance; None for F2G: training stories choose, see `guidance`
    loss, teacher : the alignment, see `models.dbda`
    n_texts : posterior texts that a decoded teacher draws from
    lm, lm_layer, lm_context : language model of the Bayesian F2T, see `text.open_lm`; empty = the fast F2T only
    """

    preset: str = "demo"
    components: int = 1
    penalties: tuple[float, ...] = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
    t2g_steps: int = 1000
    t2g_rate: float = 5e-3
    f2g_steps: int = 500
    f2g_rate: float = 3e-3
    renditions: int = 3
    roi_choices: int = 4
    t2g_guidance: float = 1.5
    f2g_guidance: float | None = None
    loss: str = "soft"
    teacher: str = "observed"
    n_texts: int = 4
    lm: str = ""
    lm_layer: int | None = None
    lm_context: int = 16


PRESETS = {
    "demo": TrainConfig(),
    "full": TrainConfig(preset="full", t2g_steps=2500, f2g_steps=1200, renditions=6, roi_choices=10, n_texts=8),
}


def preset_config(name: str) -> TrainConfig:
    """The settings of a preset by name."""
    return PRESETS[check_option("preset", name, PRESETS)]
