"""FGD and KID of decoded stories against real motion: the rows of the report."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import UserError
from ..evaluation import metrics
from ..evaluation.encoder import Encoder
from ..evaluation.fgd import MIN_WINDOWS, check_windows, fgd, kernel_distance, real_floor
from ..evaluation.gesture import all_samples, at_times, motion_clock
from ..evaluation.intervals import jackknife
from ..evaluation.rows import ALL_STORIES, Row
from ..evaluation.windows import cut_windows
from ..motion.features import normalise, to_bones
from ..results import BRANCHES
from ..storage.encoder import load_encoder
from ..types import Motion


@dataclass(frozen=True)
class Real:
    """Features of real motion to compare with.

    Parameters
    ----------
    features : array (n_windows, 32)
    clips : array (n_windows,), number of the clip that each window comes from
    still : array (n_windows, 32), features of the mean pose held still
    what : where the motion comes from, in words
    """

    features: np.ndarray
    clips: np.ndarray
    still: np.ndarray
    what: str


def distribution_rows(stories, rng: np.random.Generator, notes: list[str]) -> list[Row]:
    """Rows of each branch; an empty list, with the reason in `notes`, where they cannot be had.

    Parameters
    ----------
    stories : decoded stories of one setting (`decoding.stories.DecodedStory`)
    rng : random generator
    notes : a line is added for each reason
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
        own = [story for story in stories if branch in story.motions]  # a story may be decoded by one branch alone
        if not own:
            continue
        decoded = [encoder(motion_windows(story.motions[branch])) for story in own]
        try:
            rows += _branch_rows(branch, own, decoded, real, encoder.digest, rng)
        except UserError as error:
            notes.append(f"{branch} branch: {error}")
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
    per_clip = [cut_windows(to_bones(at_times(m.positions, m, motion_clock(m)))) for m in motions]
    clips = np.repeat(np.arange(len(per_clip)), [len(w) for w in per_clip])
    windows = np.concatenate(per_clip)
    still = np.broadcast_to(normalise(windows.mean((0, 1))), windows[:1].shape)
    return Real(encoder(windows), clips, np.repeat(encoder(still), len(windows), axis=0), what)


def _branch_rows(branch: str, stories, decoded: list[np.ndarray], real: Real, digest: str, rng) -> list[Row]:
    """FGD and KID of all stories together.

    Parameters
    ----------
    branch : 'text' or 'direct'
    stories : stories of one setting that the branch decoded
    decoded : features of each of them, arrays (n_windows, 32)
    real : real motion to compare with
    digest : digest of the encoder
    rng : draws the subsets of windows

    Raises
    ------
    UserError
        With too few windows.
    """
    everything = np.concatenate(decoded)
    n = check_windows(everything, real.features)
    seed = int(rng.integers(2**32))

    def distance(kept: np.ndarray) -> float:
        # The same seed each time, so that what differs is only the story that is left out.
        part = np.concatenate([decoded[k] for k in kept])
        return fgd(part, real.features, np.random.default_rng(seed))

    def kernel(features: np.ndarray) -> float:
        return kernel_distance(*_equal(features, real.features, n, rng))

    enough = len(decoded) > 1 and min(len(everything) - max(map(len, decoded)), len(real.features)) >= MIN_WINDOWS
    first = Row(
        metrics.FGD,
        branch,
        ALL_STORIES if len(stories) > 1 else stories[0].story,
        distance(np.arange(len(decoded))),
        n,
        metrics.FGD.n_unit,
        stories=len(stories),
        interval=jackknife(distance, len(decoded)) if enough else None,
        floor=fgd(real.still, real.features, rng),
        ceiling=real_floor(real.features, real.clips, rng),
        note=f"against {real.what}, equally many windows; encoder {digest}; "
        "floor: one pose held still; ceiling: real against real",
    )
    value, floor = kernel(everything), kernel(real.still)
    return [first, replace(first, metric=metrics.KID, value=value, interval=None, floor=floor, ceiling=None)]


def _equal(a: np.ndarray, b: np.ndarray, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return a[rng.permutation(len(a))[:n]], b[rng.permutation(len(b))[:n]]
