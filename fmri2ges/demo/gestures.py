"""The gestures of the simulated study: strokes, beats, posture and style, then inverse kinematics.

A rendition is random: which words get a stroke, when, how large, plus posture drift and tremor.
Two renditions of one text by one speaker correlate about .5, as real repetitions would not do
better: that sets the ceiling of every score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion.features import BONE_LENGTHS
from ..types import Motion
from .stories import STROKES, Script
from .strokes import displacement, path_motion

FPS = 15.0
N_TOPICS = 14
# Right and left wrist at rest, relative to the neck (metres): hands in front of the belly.
REST = np.array([[-0.13, -0.40, 0.24], [0.13, -0.40, 0.24]])
SHOULDERS = np.array([[-0.185, -0.04, 0.0], [0.185, -0.04, 0.0]])
ELBOW_POLE = np.array([[-0.55, -1.0, -0.35], [0.55, -1.0, -0.35]])
STROKE_PROBABILITY = 0.8


@dataclass(frozen=True)
class Speaker:
    """How one person gestures: the habits that all their renditions share."""

    name: str
    amplitude: float
    speed: float
    left_handed: bool
    rest: np.ndarray  # (2, 3) metres, added to REST
    beat: float
    topic_posture: np.ndarray  # (N_TOPICS, 2, 3) metres
    topic_lean: np.ndarray  # (N_TOPICS, 3) tilt of the trunk


def make_speakers(n: int = 4) -> tuple[Speaker, ...]:
    """The speakers of the study; the same in every world, because people do not change with it."""
    shared = np.random.default_rng(20_251)
    posture = shared.normal(0, 1, (N_TOPICS, 2, 3)) * [0.05, 0.06, 0.04]
    lean = shared.normal(0, 0.035, (N_TOPICS, 3))
    speakers = []
    for k in range(n):
        rng = np.random.default_rng([20_252, k])
        speakers.append(
            Speaker(
                name=f"speaker-{k + 1}",
                amplitude=float(rng.uniform(0.85, 1.15)),
                speed=float(rng.uniform(0.9, 1.1)),
                left_handed=k == 3,
                rest=rng.normal(0, 0.025, (2, 3)),
                beat=float(rng.uniform(0.02, 0.045)),
                topic_posture=posture + rng.normal(0, 0.015, (N_TOPICS, 2, 3)),
                topic_lean=lean + rng.normal(0, 0.01, (N_TOPICS, 3)),
            )
        )
    return tuple(speakers)


def _smooth_noise(rng, n: int, width: int, seconds: float, sd: float) -> np.ndarray:
    """Second-order low-passed noise (n, width) with a time constant in seconds and a given sd."""
    a = np.exp(-1.0 / (FPS * seconds))
    x = rng.standard_normal((n + 200, width))
    x = _low_pass(_low_pass(x, a), a)[200:]
    gain = np.sqrt((1 - a) ** 4 * (1 + a * a) / (1 - a * a) ** 3)
    return sd * x / gain


def _bump(t: np.ndarray, onset: float, rise: float, hold: float, fall: float) -> np.ndarray:
    """Minimum-jerk rise, hold and fall of a stroke, in [0, 1]."""
    up = np.clip((t - onset + rise) / rise, 0, 1)
    down = np.clip((t - onset - hold) / fall, 0, 1)

    def ease(x):
        return x**3 * (10 - 15 * x + 6 * x * x)

    return ease(up) * (1 - ease(down))


def _stroke_targets(rng, script: Script, speaker: Speaker, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of weighted displacements (n, 2, 3) and of weights (n,) of all strokes of a rendition."""
    total, weight = np.zeros((len(t), 2, 3)), np.zeros(len(t))
    for k in np.flatnonzero(script.stroke > 0):
        if rng.random() > STROKE_PROBABILITY:
            continue
        name = STROKES[script.stroke[k]]
        size = speaker.amplitude * (0.8 + 0.4 * script.stress[k]) * rng.lognormal(0, 0.25)
        onset = script.words.start[k] - 0.05 + rng.normal(0, 0.07)
        rise = speaker.speed * rng.uniform(0.38, 0.55)
        hold = script.words.duration[k] + rng.uniform(0.15, 0.45)
        fall = speaker.speed * rng.uniform(0.6, 0.95)
        lo = max(0, int((onset - rise) * FPS))
        hi = min(len(t), int((onset + hold + fall) * FPS) + 2)
        if hi <= lo:
            continue
        window = t[lo:hi]
        w = _bump(window, onset, rise, hold, fall)
        phase = np.clip((window - onset + rise) / (rise + hold), 0, 1)
        hands = displacement(name, script.words.text[k]) + path_motion(name, phase)
        hands = size * (hands + rng.normal(0, 0.025, (2, 3)))
        if speaker.left_handed != (rng.random() < 0.08):  # mirrored: the other hand leads
            hands = hands[:, ::-1] * np.array([-1.0, 1.0, 1.0])
        total[lo:hi] += w[:, None, None] * hands
        weight[lo:hi] += w
    return total, weight


def _beats(rng, script: Script, speaker: Speaker, t: np.ndarray) -> np.ndarray:
    """Short downward flicks on stressed words, array (n,), metres."""
    beat = np.zeros(len(t))
    for k in np.flatnonzero(script.stress > 0.55):
        if rng.random() < 0.7:
            onset = script.words.start[k] + rng.normal(0.04, 0.03)
            beat -= speaker.beat * rng.uniform(0.6, 1.4) * np.exp(-0.5 * ((t - onset) / 0.09) ** 2)
    return beat


def _topic_course(script: Script, t: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The row of `table` of the current topic over time, eased over about 1.5 s."""
    index = np.clip(np.searchsorted(script.words.start, t, side="right") - 1, 0, len(script.words) - 1)
    course = table[script.topic[index]]
    a = np.exp(-1.0 / (FPS * 0.8))
    first = course[:1]
    return first + _low_pass(course - first, a)


def solve_arms(shoulder: np.ndarray, wrist: np.ndarray, pole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Elbow and reachable wrist of a two-bone arm.

    Parameters
    ----------
    shoulder, wrist : arrays (n, 3), metres
    pole : array (3,), the direction that the elbow prefers

    Returns
    -------
    elbow, wrist : arrays (n, 3); elbow flexion stays between 15 and 145 degrees
    """
    upper, fore = BONE_LENGTHS[4], BONE_LENGTHS[5]
    reach = [np.sqrt(upper**2 + fore**2 + 2 * upper * fore * np.cos(np.radians(f))) for f in (145, 15)]
    line = wrist - shoulder
    distance = np.linalg.norm(line, axis=1, keepdims=True)
    direction = line / np.maximum(distance, 1e-6)
    distance = np.clip(distance, *reach)
    along = (upper**2 - fore**2 + distance**2) / (2 * distance)
    radius = np.sqrt(np.maximum(upper**2 - along**2, 0))
    side = pole - direction * (direction @ pole)[:, None]
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    return shoulder + along * direction + radius * side, shoulder + distance * direction


def _tilt(vectors: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """Add a small lean (n, 3) to a direction and restore its length: an upright bone that sways."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    moved = vectors + lean * length
    return moved / np.linalg.norm(moved, axis=-1, keepdims=True) * length


def perform(script: Script, speaker: Speaker, rng: np.random.Generator, seconds: float) -> Motion:
    """One rendition of a text by a speaker.

    Returns
    -------
    Motion at 15 fps from 0 to `seconds`; bone lengths are constant.
    """
    n = int(round(seconds * FPS))
    t = np.arange(n) / FPS
    total, weight = _stroke_targets(rng, script, speaker, t)
    wrists = REST + speaker.rest + _topic_course(script, t, speaker.topic_posture)
    wrists = wrists + total / np.maximum(1.0, weight)[:, None, None]
    beat = _beats(rng, script, speaker, t)
    lead = 1 if speaker.left_handed else 0
    wrists[:, lead, 1] += beat
    wrists[:, 1 - lead, 1] += 0.35 * beat
    wrists += _smooth_noise(rng, n, 6, 2.5, 0.06).reshape(n, 2, 3)  # posture drift
    wrists += _smooth_noise(rng, n, 6, 0.15, 0.006).reshape(n, 2, 3)  # tremor
    wrists[..., 2] = np.maximum(wrists[..., 2], 0.06)  # hands stay in front of the trunk

    lean = _topic_course(script, t, speaker.topic_lean) * [1, 0, 1] + _smooth_noise(rng, n, 3, 4.0, 0.025)
    up = np.broadcast_to([0.0, BONE_LENGTHS[0], 0.0], (n, 3))
    positions = np.zeros((n, 10, 3))
    positions[:, 1] = neck = _tilt(up, lean * [1, 0, 1])
    head_sway = _smooth_noise(rng, n, 3, 1.2, 0.07) + 1.5 * _topic_course(script, t, speaker.topic_lean)
    head_sway[:, 1] += 2.0 * beat
    face = np.broadcast_to([0.0, 0.115, 0.125], (n, 3)) / np.hypot(0.115, 0.125) * BONE_LENGTHS[1]
    positions[:, 2] = neck + _tilt(face, head_sway)
    crown = np.broadcast_to([0.0, 0.10, -0.083], (n, 3)) / np.hypot(0.10, 0.083) * BONE_LENGTHS[2]
    positions[:, 3] = positions[:, 2] + _tilt(crown, head_sway)
    for hand, first in ((1, 4), (0, 7)):  # left arm, then right arm
        shrug = np.zeros((n, 3))
        shrug[:, 1] = 0.12 * np.clip(wrists[:, hand, 1] + 0.15, -0.2, 0.3)
        out = SHOULDERS[hand] / np.linalg.norm(SHOULDERS[hand]) * BONE_LENGTHS[3]
        shoulder = neck + _tilt(np.broadcast_to(out, (n, 3)), shrug)
        elbow, wrist = solve_arms(shoulder, neck + wrists[:, hand], ELBOW_POLE[hand])
        positions[:, first], positions[:, first + 1], positions[:, first + 2] = shoulder, elbow, wrist
    return Motion(positions.astype(np.float32), fps=FPS)


def _low_pass(x: np.ndarray, a: float) -> np.ndarray:
    from scipy.signal import lfilter  # a second to import, and most sessions make no gesture

    return lfilter([1 - a], [1, -a], x, axis=0)
