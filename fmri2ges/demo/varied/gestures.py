"""How the speakers of a varied world move: strokes of words, postures of topics, habits, and movement without meaning.

A pose is the directions of bones. The joints that a rig has are placed from them (`rigs.py` writes such a file); the
true motion of a story has the canonical joints, as the readers of the package take them from any rig.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...motion.orient import canonical_motion
from ...types import Motion
from .laws import GestureLaws
from .stories import Language, Script

# Lengths of an adult's bones, metres, in the order of `GestureLaws.lengths`.
BONES = {"trunk": 0.48, "neck": 0.12, "shoulder": 0.19, "upper arm": 0.29, "forearm": 0.26}
ARMS = np.array([[0.3, -1.0, 0.1], [-0.1, -0.35, 0.95]])  # directions of the left arm's bones at rest
SHOULDER = np.array([1.0, -0.15, 0.0])  # from the neck to the left shoulder
LEFT_AND_RIGHT = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])


@dataclass(frozen=True)
class Performance:
    """The joints of a speaker over time.

    Parameters
    ----------
    joints : role -> array (n_frames, 3), metres, y up, facing +z; `head` is the base of the skull
    head : array (n_frames, 3, 3), rotations of the head
    fps : frames per second
    """

    joints: dict[str, np.ndarray]
    head: np.ndarray
    fps: float

    @property
    def motion(self) -> Motion:
        """The motion on the canonical skeleton."""
        return canonical_motion(self.joints, self.head, self.fps)[0]


@dataclass(frozen=True)
class Habits:
    """What words, topics and speakers mean for the arms.

    Parameters
    ----------
    stroke : word -> array (2, 2, 3): sides, bones of the arm, direction; for the words that have one
    posture : array (n_topics, 2, 2, 3)
    style : array (n_speakers, 2, 2, 3)
    """

    stroke: dict[str, np.ndarray]
    posture: np.ndarray
    style: np.ndarray


def draw_habits(laws: GestureLaws, language: Language, rng: np.random.Generator) -> Habits:
    """Draw the strokes of words, the postures of topics and the habits of speakers."""
    words = tuple(dict.fromkeys(w for topic in language.topics for w in topic))
    chosen = rng.permutation(len(words))[: round(laws.gesture_words * len(words))]
    stroke = {words[k]: rng.normal(0, laws.stroke, (2, 2, 3)) for k in sorted(chosen)}
    posture = rng.normal(0, laws.posture, (len(language.topics), 2, 2, 3))
    return Habits(stroke, posture, rng.normal(0, laws.style, (laws.speakers, 2, 2, 3)))


def perform(
    laws: GestureLaws, habits: Habits, script: Script, speaker: int, rng: np.random.Generator, seconds: float
) -> Performance:
    """One performance of a text by a speaker.

    Parameters
    ----------
    laws, habits : of the world
    script : the text
    speaker : number of the speaker
    rng : what differs between two performances of one text
    seconds : length
    """
    n = int(round(seconds * laws.fps))
    drift = _drift(laws, rng, n)
    arms = habits.style[speaker] + _arms(laws, habits, script, rng, n) + drift[:, :12].reshape(n, 2, 2, 3)
    lengths = dict(zip(BONES, np.array(list(BONES.values())) * laws.lengths, strict=True))
    joints = {"spine": np.zeros((n, 3))}
    joints["neck"] = lengths["trunk"] * _unit([0, 1, 0] + 0.4 * drift[:, 12:15])
    joints["head"] = joints["neck"] + lengths["neck"] * _unit([0, 1, 0.15] + 0.6 * drift[:, 15:18])
    for k, side in enumerate(("left", "right")):
        mirror = LEFT_AND_RIGHT[k]
        place = joints["neck"] + lengths["shoulder"] * _unit(
            SHOULDER * mirror + 0.3 * drift[:, 18 + 3 * k : 21 + 3 * k]
        )
        joints[f"{side}_shoulder"] = place
        for bone, part, rest in (("upper arm", "elbow", ARMS[0]), ("forearm", "wrist", ARMS[1])):
            direction = _unit(rest * mirror + arms[:, k, int(part == "wrist")])
            place = place + lengths[bone] * direction
            joints[f"{side}_{part}"] = place
    return Performance(joints, _turns(drift[:, 24:27]), laws.fps)


def _arms(laws: GestureLaws, habits: Habits, script: Script, rng: np.random.Generator, n: int) -> np.ndarray:
    """Strokes and postures, array (n, 2, 2, 3)."""
    t = np.arange(n) / laws.fps
    which = np.clip(np.searchsorted(script.words.start, t) - 1, 0, len(script.words) - 1)
    out = _low_pass(habits.posture[script.topic[which]], laws.fps * 0.7)
    for word, at in zip(script.words.text, script.words.start, strict=True):
        if word not in habits.stroke or rng.random() > laws.performed:
            continue
        middle, width = at + laws.lag + rng.normal(0, 0.06), laws.width * rng.uniform(0.75, 1.25)
        low, high = (int(np.clip((middle + k * width) * laws.fps, 0, n)) for k in (-4, 4))
        bump = rng.lognormal(0, 0.25) * np.exp(-0.5 * ((t[low:high] - middle) / width) ** 2)
        out[low:high] += bump[:, None, None, None] * (habits.stroke[word] + rng.normal(0, 0.08, (2, 2, 3)))
    return out


def _drift(laws: GestureLaws, rng: np.random.Generator, n: int) -> np.ndarray:
    """Movement without meaning, array (n, 27), of the laws' sd."""
    frames = laws.fps * laws.drift_seconds
    warm = int(5 * frames)
    x = _low_pass(_low_pass(rng.standard_normal((n + warm, 27)), frames), 0.1 * laws.fps)[warm:]
    return laws.drift * x / x.std()


def _low_pass(x: np.ndarray, frames: float) -> np.ndarray:
    """Exponential smoothing over so many frames, from the first value on."""
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / frames)
    return x[:1] + lfilter([1 - keep], [1, -keep], x - x[:1], axis=0)


def _turns(vectors: np.ndarray) -> np.ndarray:
    """Rotation matrices (n, 3, 3) of rotation vectors (n, 3), radians."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(vectors).as_matrix()


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
