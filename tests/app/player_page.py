"""A page with nothing but the player, on motion made here; served by test_player.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dataclasses import replace

import numpy as np
import streamlit as st

from app.components.skeleton_player import skeleton_player
from app.components.track_extras import track_fan
from fmri2ges.motion.features import BONE_LENGTHS, from_bones
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words
from fmri2ges.views.fan import fan_data
from fmri2ges.views.player import player_data
from fmri2ges.views.tracks import Material

REST = [
    0,
    1,
    0,
    0,
    0.7,
    0.5,
    0,
    0.9,
    -0.4,
    1,
    0,
    0,
    0.3,
    -0.9,
    0.1,
    -0.2,
    -0.3,
    0.9,
    -1,
    0,
    0,
    -0.3,
    -0.9,
    0.1,
    0.2,
    -0.3,
    0.9,
]


def wave(phase: float, start: float = 20.0, seconds: float = 12.0) -> Motion:
    """Both arms wave slowly; every frame differs from its neighbours."""
    t = np.arange(int(seconds * 15)) / 15
    swing = np.sin(2 * np.pi * (0.2 * t[:, None] + np.arange(27) / 9 + phase))
    arms = np.repeat([0, 0, 0, 0, 1, 1, 0, 1, 1], 3)
    return Motion(from_bones(np.array(REST) + 0.4 * arms * swing, BONE_LENGTHS), start=start)


def sampled(phases: list[float]) -> Motion:
    """One sample for each phase; the first is shown."""
    waves = [wave(phase) for phase in phases]
    return replace(waves[0], samples=np.stack([w.positions for w in waves]))


heard = Words.from_lists(["the", "<b>old</b>", "sea", "was", "calm"], [20.5, 21, 23, 26, 29], [0.3, 0.4, 0.5, 0.3, 0.6])
guessed = Words.from_lists(["a", "blue", "boat"], [20.2, 23.5, 28], [0.3, 0.5, 0.5])
request = DecodeRequest(subject="S1", story="test-1", rois=("AC",), start=20.0, stop=32.0)
manifest = {"simulated": "real" not in st.query_params}
shift = 0.1 if st.button("other sample") else 0.0
decoded = Decoded(request, sampled([shift, 0.35, 0.7]), wave(0.3), (guessed,), manifest=manifest)
bold = (np.arange(0, 40, 2.0), np.sin(np.arange(20.0)))
motions = Material(decoded, reference=wave(0.6, 0.0, 60.0)).motions()
data = player_data(decoded, motions, heard, bold)
skeleton_player(data | {"extras_of": "this"}, key="player", height=700)
track_fan(fan_data(motions), "this", key="fan")
