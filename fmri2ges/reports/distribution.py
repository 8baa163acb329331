"""FGD and KID of decoded stories against real motion: the rows of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UserError
from ..evaluation.encoder import Encoder
from ..evaluation.fgd import MIN_WINDOWS, check_windows, fgd, kernel_distance, real_floor
from ..evaluation.gesture import all_samples, at_times, motion_clock
from ..evaluation.intervals import jackknife
from ..evaluation.windows import cut_windows
from ..motion.features import normalise, to_bones
from ..results import BRANCHES
from ..storage.encoder import load_encoder
from ..types import Motion


@dataclass(frozen=True)
class Real:
    """Features of real motion (n_windows, 32), the clip of each, one pose held still, what it is."""

    features: np.ndarray
    clips: np.ndarray
    still: np.ndarray
    what: str


def distribution_rows(stories, rng: np.random.Generator, notes: list[str]) -> list[dict[str, Any]]:
    """Rows of each branch; an empty list, with the reason in `notes`, where they cannot be had.

    Parameters
    ----------
    stories : decoded stories of one setting (`runs.evaluate.DecodedStory`)
    rng : random generator
    notes : receives one line per reason
    """
    if stories[0].study is None:
        return []
    try:
        encoder = load_encoder()
        real = real_windows(stories[0].study, encoder)
    except UserError as error:
        notes.append(f"no FGD: {error}")
        return []
    rows = []
    for branch in BRANCHES:
        decoded = [encoder(motion_windows(s.motions[branch])) for s in stories if branch in s.motions]
        if not decoded:
            continue
        try:
            n = check_windows(np.concatenate(decoded), real.features)
        except UserError as error:
            notes.append(f"{branch} branch: {error}")
            continue
        rows += _branch_rows(branch, stories, decoded, real, n, encoder.digest, rng)
    return rows


def motion_windows(motion: Motion) -> np.ndarray:
    """Windows of all samples at 15 fps, none overlapping, array (n, 34, 27)."""
    samples = at_times(all_samples(motion), motion, motion_clock(motion))
    return np.concatenate([cut_windows(to_bones(x)) for x in samples])


def real_windows(study, encoder: Encoder) -> Real:
    """Real motion to compare with.

    A simulated study has the true gesture of the held-out stories, all by one speaker; else the
    gesture clips of the study stand for real motion.
    """
    held_out = (*study.split.test_stories, *study.split.validation_stories)
    motions, what = (
        [m for m in map(study.truth, held_out) if m is not None],
        "the true gestures of the held-out stories",
    )
    if not motions:
        motions, what = [study.read_clip(g).motion for g in study.gestures], "the gesture clips of the study"
    if not motions:
        raise UserError("the study holds no gesture to compare with; add [[gesture]] entries to it")
    windows = [cut_windows(to_bones(at_times(m.positions, m, motion_clock(m)))) for m in motions]
    clips = np.repeat(np.arange(len(windows)), [len(w) for w in windows])
    windows = np.concatenate(windows)
    still = np.broadcast_to(normalise(windows.mean((0, 1))), windows[:1].shape)
    return Real(encoder(windows), clips, np.repeat(encoder(still), len(windows), axis=0), what)


def _branch_rows(branch, stories, decoded, real: Real, n, digest, rng) -> list[dict[str, Any]]:
    everything = np.concatenate(decoded)
    seed = int(rng.integers(2**32))

    def distance(kept: np.ndarray) -> float:
        # The same subsets each time, so that leaving a story out is the only difference.
        part = np.concatenate([decoded[k] for k in kept])
        return fgd(part, real.features, np.random.default_rng(seed))

    enough = len(decoded) > 1 and min(len(everything) - max(map(len, decoded)), len(real.features)) >= MIN_WINDOWS
    interval = jackknife(distance, len(decoded)) if enough else None
    common = {
        "story": "all stories" if len(stories) > 1 else stories[0].story,
        "branch": branch,
        "unit": "",
        "better": "lower",
        "n": n,
        "n_unit": "windows",
        "null": None,
        "ci": None,
    }
    note = f"against {real.what}, equally many windows; encoder {digest}; floor: one pose held still; ceiling: real against real"
    rows = [
        {
            **common,
            "metric": "FGD, N -> infinity",
            "value": distance(np.arange(len(decoded))),
            "floor": fgd(real.still, real.features, rng),
            "ceiling": real_floor(real.features, real.clips, rng),
            "note": note,
        },
        {
            **common,
            "metric": "KID",
            "value": kernel_distance(*_equal(everything, real.features, n, rng)),
            "floor": kernel_distance(*_equal(real.still, real.features, n, rng)),
            "ceiling": None,
            "note": note,
        },
    ]
    if interval is not None:
        rows[0]["ci"] = {"low": interval.low, "high": interval.high, "level": 0.95, "method": interval.method}
    return rows


def _equal(a: np.ndarray, b: np.ndarray, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return a[rng.permutation(len(a))[:n]], b[rng.permutation(len(b))[:n]]
