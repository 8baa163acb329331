"""BOLD of the simulated study on fsaverage5: planted features, HRF, realistic noise.

The features come from the simulator's own categories (topic, gesture class, letters), never from
the word vectors that the models use. What is planted where is `PLANTED`; `planted_map` returns it
so that every figure can show the truth beside what was recovered.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np

from ..brain.atlas import Atlas, load_atlas
from ..brain.hrf import double_gamma
from .stories import STROKES, Script
from .strokes import displacement

TR = 2.0
BIN = 0.5  # seconds, grid on which features are convolved

FEATURE_WIDTHS = {"acoustic": 2, "phonetic": 8, "semantic": 24, "motor": 6}
# Strength of each kind of feature in each ROI group; groups that are absent carry nothing.
PLANTED: dict[str, dict[str, float]] = {
    "AC": {"acoustic": 1.0, "phonetic": 0.6},
    "STG": {"acoustic": 0.6, "phonetic": 0.8, "semantic": 0.4},
    "STS": {"phonetic": 0.4, "semantic": 0.9},
    "Broca": {"semantic": 0.9, "motor": 0.8},
    "sPMv": {"motor": 1.0, "semantic": 0.4},
    "dPM": {"motor": 0.5},
    "SMA": {"motor": 0.6, "semantic": 0.3},
    "TPJ": {"semantic": 0.9},
    "AG": {"semantic": 0.9},
    "ATL": {"semantic": 0.8},
    "PCC": {"semantic": 0.7},
    "mPFC": {"semantic": 0.6},
    "DLPFC": {"semantic": 0.4},
}
UNPLANTED = ("M1S1", "Visual", "MT")  # negative controls in every condition
SIGNAL = 0.34  # sd of the planted signal in units of the vertex noise, at strength 1
N_SHARED = 12  # noise components shared over the cortex


def planted_map(planted: tuple[str, ...] | None, semantics_only: bool, null: bool) -> dict[str, dict[str, float]]:
    """Group -> feature -> strength of a condition.

    Parameters
    ----------
    planted : short keys of the groups that carry signal, or None for the default map;
        a group without a default entry gets semantics at full strength
    semantics_only : drop motor imagery everywhere
    null : nothing is planted anywhere
    """
    if null:
        return {}
    keys = PLANTED if planted is None else planted
    table = {k: dict(PLANTED.get(k, {"semantic": 1.0})) for k in keys}
    if semantics_only:
        table = {k: {f: s for f, s in v.items() if f != "motor"} for k, v in table.items()}
    return {k: v for k, v in table.items() if v}


@lru_cache(maxsize=8192)
def _word_code(word: str, width: int) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(word.encode()) + width).standard_normal(width)


@lru_cache(maxsize=1)
def _category_codes() -> tuple[np.ndarray, np.ndarray]:
    """Fixed semantic codes of the 14 topics and of the gesture classes (24 numbers each)."""
    rng = np.random.default_rng(20_253)
    return rng.standard_normal((14, 24)), rng.standard_normal((len(STROKES), 24))


def story_features(script: Script, seconds: float) -> dict[str, np.ndarray]:
    """Neural features of a story on a grid of `BIN` seconds from 0 to `seconds`.

    Returns
    -------
    dict of arrays (n_bins, width), one per kind of feature
    """
    n = int(np.ceil(seconds / BIN))
    out = {kind: np.zeros((n, width)) for kind, width in FEATURE_WIDTHS.items()}
    topics, strokes = _category_codes()
    for k, word in enumerate(script.words.text):
        onset, length = script.words.start[k], script.words.duration[k]
        lo = int(onset / BIN)
        hi = min(n, max(lo + 1, int(np.ceil((onset + length) / BIN))))
        share = length / (BIN * max(1, hi - lo))
        has_stroke = script.stroke[k] > 0
        out["acoustic"][lo:hi, 0] += share * (0.7 + 0.6 * script.stress[k])
        out["acoustic"][lo:hi, 1] += 1.0 / max(1, hi - lo)
        out["phonetic"][lo:hi] += _word_code(word, 8) / max(1, hi - lo)
        if script.topic_word[k] or has_stroke:
            meaning = 0.9 * topics[script.topic[k]] + 0.5 * _word_code(word, 24)
            if has_stroke:
                meaning = meaning + 0.9 * strokes[script.stroke[k]]
            out["semantic"][lo:hi] += meaning / max(1, hi - lo)
        if has_stroke:
            hands = displacement(STROKES[script.stroke[k]], word).ravel() / 0.2
            out["motor"][max(0, lo - 1) : min(n, hi + 1)] += hands * (0.6 + 0.8 * script.stress[k])
    return out


class Cortex:
    """One subject's weights and HRFs: how features become BOLD on 20,484 vertices.

    Parameters
    ----------
    rng : fixes the subject
    table : group -> feature -> strength, from `planted_map`
    signal : multiplies `SIGNAL`
    """

    def __init__(self, rng: np.random.Generator, table: dict[str, dict[str, float]], signal: float = 1.0):
        atlas: Atlas = load_atlas()
        self.n_vertices = len(atlas.labels)
        self.table = table
        area = atlas.labels.astype(int)
        # HRF peak: the subject's mean, an offset of each area, a little vertex scatter; 5 to 7 s.
        peaks = 6.0 + rng.normal(0, 0.2) + rng.normal(0, 0.35, 361)[area] + rng.normal(0, 0.15, self.n_vertices)
        self.peak_bin = np.digitize(np.clip(peaks, 5.0, 7.0), [5.25, 5.75, 6.25, 6.75])  # 0..4
        self.weights: dict[str, np.ndarray] = {}
        for kind, width in FEATURE_WIDTHS.items():
            strength = np.zeros(self.n_vertices)
            for key, row in table.items():
                if kind in row:
                    strength[atlas.vertices([key])] = row[kind]
            by_area = rng.standard_normal((361, width))
            own = rng.standard_normal((self.n_vertices, width))
            w = (0.75 * by_area[area] + 0.65 * own) / np.sqrt(width)
            if kind == "acoustic":  # loudness and rate drive auditory areas with one sign
                w = np.abs(w)
            self.weights[kind] = (signal * SIGNAL * strength[:, None] * w).astype(np.float32)
        shared = rng.standard_normal((361, N_SHARED))[area] + 0.7 * rng.standard_normal((self.n_vertices, N_SHARED))
        self.noise_loading = (0.38 / np.sqrt(1.5 * N_SHARED) * shared * np.sqrt(2)).astype(np.float32)

    def signal_of(self, script: Script, n_volumes: int) -> np.ndarray:
        """Noise-free BOLD, array (n_volumes, n_vertices), float32."""
        features = story_features(script, n_volumes * TR)
        out = np.zeros((n_volumes, self.n_vertices), np.float32)
        centres = ((np.arange(n_volumes) + 0.5) * TR / BIN).astype(int)
        t = np.arange(0, 30, BIN)
        for b, peak in enumerate((5.0, 5.5, 6.0, 6.5, 7.0)):
            kernel = double_gamma(t, peak)
            kernel /= np.abs(kernel).sum() * 0.5
            here = self.peak_bin == b
            for kind, x in features.items():
                w = self.weights[kind][here]
                active = np.flatnonzero(np.abs(w).sum(1))
                if not len(active):
                    continue
                response = _filter(kernel, [1.0], x, axis=0)[centres].astype(np.float32)
                response = (response - response.mean(0)) / (response.std(0).mean() + 1e-6)
                out[:, np.flatnonzero(here)[active]] += response @ w[active].T
        return out

    def bold_of(self, script: Script, n_volumes: int, rng: np.random.Generator) -> np.ndarray:
        """Measured BOLD of a story, array (n_volumes, n_vertices), float16, percent-like units."""
        n, v = n_volumes, self.n_vertices
        white = rng.standard_normal((n, v), dtype=np.float32)
        noise = _filter([np.sqrt(1 - 0.35**2)], [1, -0.35], white, axis=0).astype(np.float32)
        slow = rng.standard_normal((n, N_SHARED)).astype(np.float32)
        noise += _filter([np.sqrt(1 - 0.6**2)], [1, -0.6], slow, axis=0).astype(np.float32) @ self.noise_loading.T
        trend = np.linspace(-1, 1, n, dtype=np.float32)
        noise += trend[:, None] * (0.4 * rng.standard_normal(v).astype(np.float32))
        return (self.signal_of(script, n) + noise).astype(np.float16)


def _filter(b, a, x: np.ndarray, axis: int) -> np.ndarray:
    from scipy.signal import lfilter  # a second to import, and most sessions make no BOLD

    return lfilter(b, a, x, axis=axis)
