"""How the shipped encoder of FGD was made from the gesture clips of a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.study.load import load_study
from ..evaluation.encoder import Encoder, train_encoder
from ..evaluation.windows import cut_windows
from ..motion.features import resample, to_bones
from ..storage.encoder import SHIPPED, save_encoder


def train_on_study(study_toml: Path, path: Path = SHIPPED, seed: int = 0) -> Encoder:
    """Train on the gesture clips of a study and save: how the shipped encoder was made.

    ::

        python -c "from fmri2ges.training.encoder import train_on_study as t; print(t('study.toml').digest)"
    """
    study = load_study(study_toml)
    clips = [study.read_clip(source).motion for source in study.gestures]
    windows = np.concatenate([cut_windows(to_bones(resample(m, 15.0).positions)) for m in clips])
    note = f"{len(windows)} windows of {len(clips)} clips of study {study.name}, seed {seed}"
    encoder = train_encoder(windows, seed, note=note)
    save_encoder(encoder, path)
    return encoder
