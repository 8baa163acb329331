"""Decoded motion against a reference: correlation, position error, identification, smoothness.

Everything is measured on one body (the bone lengths of `motion.features`), relative to the neck, at 15 frames per
second. The main score r is the Pearson correlation over time of each coordinate of wrists, elbows and face (nose,
head), averaged with the variance of the reference as weights, so that what moves much counts much.

A generator that always gives the mean pose has a small position error. Position error is therefore never read alone:
r, the distribution of motion and the spread of the samples stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import UserError
from ..motion.features import from_bones, to_bones
from ..types import TED10_JOINTS, Motion
from . import metrics
from .fold_means import at_own_means
from .intervals import block_edges, block_means, count_blocks
from .measure import Measure, mean_statistic
from .metrics import Metric
from .nulls import allowed_shifts, correlation_at_shifts

FPS = 15.0
LEAST_SHARED = 2.0  # seconds that a reference and a decoded motion must share to be compared
NECK = TED10_JOINTS.index("neck")
WRISTS = [TED10_JOINTS.index(n) for n in ("left_wrist", "right_wrist")]
ELBOWS = [TED10_JOINTS.index(n) for n in ("left_elbow", "right_elbow")]
FACE = [TED10_JOINTS.index(n) for n in ("nose", "head")]
SEGMENT = 10.0  # seconds, identification


def on_body(positions: np.ndarray) -> np.ndarray:
    """The same bone directions on the standard body, relative to the neck.

    Parameters
    ----------
    positions : array (..., 10, 3), metres

    Returns
    -------
    positions : array (..., 10, 3), metres, neck at the origin
    """
    if positions.shape[-2] != len(TED10_JOINTS):
        raise UserError(
            f"gesture metrics: need the {len(TED10_JOINTS)} upper-body joints; got {positions.shape[-2]} joints"
        )
    standard = from_bones(to_bones(positions)).astype(float)
    return standard - standard[..., NECK : NECK + 1, :]


def features(positions: np.ndarray) -> np.ndarray:
    """Wrists, elbows and face of `on_body` positions, array (..., 18), metres."""
    chosen = positions[..., WRISTS + ELBOWS + FACE, :]
    return chosen.reshape(*chosen.shape[:-2], -1)  # (..., 6 joints x 3)


def low_pass(series: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Gaussian smoothing over time (axis -2) with a full width at half maximum of 1 s."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(series, fps / 2.3548, axis=-2, mode="nearest")


def wrist_speed(positions: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Mean speed of both wrists, array (..., n_frames), m/s."""
    velocity = np.gradient(positions[..., WRISTS, :], 1 / fps, axis=-3)
    return np.linalg.norm(velocity, axis=-1).mean(-1)


def weighted_r(reference: np.ndarray, predicted: np.ndarray) -> float:
    """Variance-weighted Pearson r of two arrays (n_frames, n_columns); see `correlation_at_shifts`."""
    return float(correlation_at_shifts(reference, predicted, np.zeros(1, int))[0])


@dataclass(frozen=True)
class Pair:
    """A reference and K samples on one clock, on one body, relative to the neck.

    Parameters
    ----------
    reference : array (n_frames, 10, 3), metres
    samples : array (n_samples, n_frames, 10, 3), metres
    first : first frame of each stretch that models of its own decoded; such a stretch is correlated at its own mean
    """

    reference: np.ndarray
    samples: np.ndarray
    first: tuple[int, ...] = (0,)

    @property
    def mean(self) -> np.ndarray:
        """Mean over samples, array (n_frames, 10, 3)."""
        return self.samples.mean(0)

    @property
    def blocks(self) -> int:
        """Number of blocks of 40 to 60 s, over which the bootstrap resamples."""
        return count_blocks(len(self.reference) / FPS)


def all_samples(motion: Motion) -> np.ndarray:
    """All samples of a motion, array (n_samples, n_frames, n_joints, 3)."""
    return motion.positions[None] if motion.samples is None else motion.samples


def at_times(positions: np.ndarray, motion: Motion, times: np.ndarray) -> np.ndarray:
    """Positions at other times, linearly interpolated.

    Parameters
    ----------
    positions : array (..., n_frames, n_joints, 3), metres
    motion : whose clock and frame rate they have
    times : array (n_times,), seconds; those outside the motion take its first or last frame

    Returns
    -------
    array (..., n_times, n_joints, 3), metres
    """
    place = np.clip((times - motion.start) * motion.fps, 0, motion.n_frames - 1)
    place = np.where(np.abs(place - place.round()) < 1e-4, place.round(), place)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, motion.n_frames - 1)
    w = (place - low)[:, None, None]
    return (1 - w) * positions[..., low, :, :] + w * positions[..., high, :, :]


def pair(reference: Motion, predicted: Motion, joins: Sequence[float] = ()) -> Pair:
    """The stretch that both motions cover, at 15 fps.

    Parameters
    ----------
    reference, predicted : motions on one clock
    joins : where models of one fold hand over to those of the next, seconds in order

    Raises
    ------
    UserError
        When they share less than 2 s.
    """
    start = max(reference.start, predicted.start)
    stop = min(reference.times[-1], predicted.times[-1])
    n = int(np.floor((stop - start) * FPS + 1e-6)) + 1
    if n < LEAST_SHARED * FPS:
        raise UserError(
            f"gesture metrics: reference ({reference.start:g} to {reference.times[-1]:.1f} s) and decoded motion "
            f"({predicted.start:g} to {predicted.times[-1]:.1f} s) share less than {LEAST_SHARED:g} s"
        )
    times = start + np.arange(n) / FPS
    return Pair(
        on_body(at_times(reference.positions, reference, times)),
        on_body(at_times(all_samples(predicted), predicted, times)),
        (0, *(int(np.searchsorted(times, join)) for join in joins if times[0] < join <= times[-1])),
    )


def position_error(reference: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Distance between the two places of each joint except the neck, array (..., n_frames, 9), cm."""
    distance = np.linalg.norm(predicted - reference, axis=-1) * 100
    return np.delete(distance, NECK, axis=-1)


def diversity(samples: np.ndarray) -> float:
    """Mean distance between the joints of two samples of one input, over all pairs of samples, cm.

    Parameters
    ----------
    samples : array (n_samples >= 2, n_frames, 10, 3), metres
    """
    a, b = np.triu_indices(len(samples), 1)
    return float(np.mean([position_error(samples[i], samples[j]).mean() for i, j in zip(a, b, strict=True)]))


def l1_spread(positions: np.ndarray) -> float:
    """Mean absolute deviation of wrists, elbows and face from their mean over time, cm."""
    x = features(positions)
    return float(np.abs(x - x.mean(-2, keepdims=True)).mean() * 100)


def roughness(positions: np.ndarray, order: int, fps: float = FPS) -> float:
    """Mean size of a time derivative of wrists and elbows: order 2 in m/s^2, 3 in m/s^3."""
    steps = np.diff(positions[..., WRISTS + ELBOWS, :], n=order, axis=-3) * fps**order
    return float(np.linalg.norm(steps, axis=-1).mean())


def segment_ranks(reference: np.ndarray, predicted: np.ndarray, per_segment: int) -> np.ndarray:
    """How well each predicted segment identifies each true segment among all of the story.

    Likeness is the correlation of the two segments after each column's mean is removed within
    the segment (columns pooled, so that those that move much count much).

    Parameters
    ----------
    reference, predicted : arrays (n_frames, n_columns)
    per_segment : frames a segment

    Returns
    -------
    ranks : array (n_segments, n_segments)
        [i, j] = share of the other true segments that are less like prediction i than segment j
        is (ties count half). The diagonal is the identification score; chance is 0.5.
    """
    return ranks(unit_segments(predicted, per_segment) @ unit_segments(reference, per_segment).T)


def unit_segments(series: np.ndarray, per_segment: int) -> np.ndarray:
    """Whole segments of a series (n_frames, n_columns), each centred and of norm 1, array (n_segments, n_values)."""
    n = len(series) // per_segment
    parts = series[: n * per_segment].reshape(n, per_segment, -1)
    parts = (parts - parts.mean(1, keepdims=True)).reshape(n, -1)  # (segments, frames x columns)
    return parts / np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-9)


def ranks(likeness: np.ndarray) -> np.ndarray:
    """Rank of each candidate within its row as a share of the others, ties half, array (n, n)."""
    below = (likeness[:, None, :] < likeness[:, :, None] - 1e-12).sum(2)
    ties = (np.abs(likeness[:, None, :] - likeness[:, :, None]) <= 1e-12).sum(2) - 1
    return (below + 0.5 * ties) / max(1, likeness.shape[1] - 1)


def rank_curve(table: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Mean rank when prediction i is matched with true segment i + shift, array (n_shifts,)."""
    n = len(table)
    rows = np.arange(n)
    return np.array([table[rows, (rows + s) % n].mean() for s in shifts])


def _r_measure(metric: Metric, branch, reference, samples, n_blocks, note, null) -> Measure:
    """Mean over samples (n_samples, n_frames, n_columns) of their r with the reference (n_frames, n_columns)."""
    everything = np.append(0, allowed_shifts(len(reference), FPS) if null else []).astype(int)
    curve = np.mean([correlation_at_shifts(reference, s, everything) for s in samples], axis=0)
    sums = np.stack([block_sums(reference, s, n_blocks) for s in samples])
    return Measure(
        metric,
        branch,
        float(curve[0]),
        shifted=curve[1:],
        blocks=n_blocks,
        n=len(reference),
        statistic=lambda w: np.mean([r_of_sums(w, s) for s in sums], axis=0),
        floor=0.0,
        note=note,
    )


def block_sums(a: np.ndarray, b: np.ndarray, blocks: int) -> np.ndarray:
    """Sums that Pearson r needs, for each block: array (blocks, 6, columns)."""
    # The mean is removed first, because sums of squares lose digits where movements are small beside the mean.
    a, b = a - a.mean(0), b - b.mean(0)
    terms = np.stack([np.ones_like(a), a, b, a * a, b * b, a * b], axis=1)  # (frames, 6, columns)
    edges = block_edges(len(a), blocks)
    return np.array([terms[i:j].sum(0) for i, j in zip(edges[:-1], edges[1:], strict=True)])


def r_of_sums(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Variance-weighted r of resampled blocks, array (n_draws,).

    Parameters
    ----------
    weights : array (n_draws, blocks), how often each block was drawn
    sums : array (blocks, 6, columns) of `block_sums`
    """
    total = (weights @ sums.reshape(len(sums), -1)).reshape(len(weights), *sums.shape[1:])
    n, a, b, aa, bb, ab = np.moveaxis(total, 1, 0)
    var_a, var_b, cov = aa - a * a / n, bb - b * b / n, ab - a * b / n
    gain = np.divide(var_a, var_b, out=np.zeros_like(var_a), where=var_b > 1e-12)
    return (cov * np.sqrt(np.maximum(gain, 0))).sum(-1) / np.maximum(var_a.sum(-1), 1e-12)


def _error_measures(both: Pair, branch: str, null: bool) -> list[Measure]:
    """Position error and PCK of the first sample, with shifts on a 1 s grid (no FFT for a distance)."""
    predicted, still = both.samples[0], np.broadcast_to(both.reference.mean(0), both.reference.shape)
    distance, floor = position_error(both.reference, predicted), position_error(both.reference, still)
    steps = allowed_shifts(len(distance), FPS)[:: int(FPS)] if null else np.zeros(0, int)
    coarse = both.reference.astype(np.float32), predicted.astype(np.float32)
    moved = [position_error(coarse[0], np.roll(coarse[1], s, axis=0)) for s in steps]

    def measure(metric: Metric, score) -> Measure:
        values = score(distance).mean(1)
        return Measure(
            metric,
            branch,
            float(values.mean()),
            shifted=np.array([score(d).mean() for d in moved]),
            statistic=mean_statistic(block_means(values, both.blocks)),
            blocks=both.blocks,
            n=len(values),
            floor=float(score(floor).mean()),
            note="first sample; floor: the reference's own mean pose, held still",
        )

    return [
        measure(metrics.MPJPE, lambda d: d),
        measure(metrics.PCK, lambda d: (d < 10).astype(float)),
    ]


def against_reference(both: Pair, branch: str, null: bool = True) -> list[Measure]:
    """All scores of decoded motion against its reference, for one story.

    Parameters
    ----------
    both : the reference and the decoded samples
    branch : 'text' or 'direct', or what else the motion is called in the report
    null : whether the shifted scores are wanted, which take most of the time
    """
    k = len(both.samples)
    one, mean = f"mean of {k} samples, each alone", f"the mean of {k} samples"
    true, each = features(both.reference), at_own_means(features(both.samples), both.first)
    slow, middle = low_pass(true), each.mean(0)[None]
    speed = wrist_speed(both.reference)[:, None]
    speeds = at_own_means(wrist_speed(both.samples)[..., None], both.first)
    found = [
        _r_measure(metrics.R_ONE, branch, true, each, both.blocks, one, null),
        _r_measure(metrics.R_MEAN.of(k), branch, true, middle, both.blocks, mean, null),
        _r_measure(metrics.R_SLOW_ONE, branch, slow, low_pass(each), both.blocks, one, null),
        _r_measure(metrics.R_SLOW_MEAN.of(k), branch, slow, low_pass(middle), both.blocks, mean, null),
        _r_measure(metrics.WRIST_SPEED_R, branch, speed, speeds, both.blocks, one, null),
        *_error_measures(both, branch, null),
    ]
    return found + identification(true, middle[0], branch)


def identification(reference: np.ndarray, predicted: np.ndarray, branch: str) -> list[Measure]:
    """Rank of the true 10 s segment among all of the story: mean percentile and top-1 share."""
    per_segment = int(SEGMENT * FPS)
    n = len(reference) // per_segment
    if n < 3:
        return []
    table = segment_ranks(reference, predicted, per_segment)
    top = (table >= 1 - 1e-9).astype(float)
    shifts = allowed_shifts(n, 1 / SEGMENT)
    blocks = count_blocks(n * SEGMENT)

    def measure(metric: Metric, scores, chance) -> Measure:
        diagonal = np.diag(scores)
        found = Measure(
            metric,
            branch,
            float(diagonal.mean()),
            shifted=rank_curve(scores, shifts),
            blocks=blocks,
            n=n,
            floor=chance,
            ceiling=1.0,
            note="10 s segments, mean of the samples",
        )
        if metric == metrics.SEGMENT_TOP1:
            return replace(found, hits=diagonal)
        return replace(found, statistic=mean_statistic(block_means(diagonal, blocks)))

    return [measure(metrics.SEGMENT_RANK, table, 0.5), measure(metrics.SEGMENT_TOP1, top, 1 / n)]


def against_heard(both: Pair, branch: str) -> list[Measure]:
    """Scores of decoded motion against the mean of T2G's gestures of the heard words, under metrics of their own.

    Parameters
    ----------
    both : that mean as the reference, and the decoded samples
    branch : 'text' or 'direct'
    """
    k, true, middle = len(both.samples), features(both.reference), at_own_means(features(both.mean), both.first)
    own = {metrics.SEGMENT_RANK: metrics.HEARD_RANK, metrics.SEGMENT_TOP1: metrics.HEARD_TOP1}
    ranked = [replace(m, metric=own[m.metric]) for m in identification(true, middle, branch)]
    return [_r_measure(metrics.HEARD_R.of(k), branch, true, middle[None], both.blocks, "", True), *ranked]


def by_itself(motion: Motion, branch: str, reference: Motion | None = None) -> list[Measure]:
    """Spread and smoothness of decoded motion beside real motion (as the ceiling, where known)."""
    samples = on_body(at_times(all_samples(motion), motion, motion_clock(motion)))
    real = None if reference is None else on_body(at_times(reference.positions, reference, motion_clock(reference)))
    n = samples.shape[1]
    found = []
    for metric, score in (
        (metrics.L1_SPREAD, l1_spread),
        (metrics.ACCELERATION, lambda x: roughness(x, 2)),
        (metrics.JERK, lambda x: roughness(x, 3)),
    ):
        value = float(np.mean([score(s) for s in samples]))
        ceiling = None if real is None else score(real)
        found.append(Measure(metric, branch, value, n=n, ceiling=ceiling, note="ceiling: real motion"))
    if len(samples) > 1:
        pairs = len(samples) * (len(samples) - 1) // 2
        found.append(Measure(metrics.DIVERSITY, branch, diversity(samples), n=pairs, floor=0.0))
    return found


def motion_clock(motion: Motion) -> np.ndarray:
    """The times of the motion at 15 fps, array (n_frames,), seconds."""
    n = int(np.floor((motion.n_frames - 1) / motion.fps * FPS + 1e-6)) + 1
    return motion.start + np.arange(n) / FPS
