"""What each gesture class does with the two hands: the lexicon of the simulator.

Displacements are metres from the rest position in the speaker's frame (x to the left, y up,
z forward), for a right-hander. `hands` says whether one hand leads or both move; `path` adds a
movement within the stroke: ``(kind, size)``.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Stroke:
    """Where a stroke leads the hands.

    Parameters
    ----------
    right, left : displacement of the hand at the peak, metres: x, y, z
    path : how the hand moves there, and by how much in metres
    """

    right: tuple[float, float, float]
    left: tuple[float, float, float] | None = None  # None: the left hand hardly moves
    path: tuple[str, float] = ("hold", 0.0)


STROKE_SHAPES: dict[str, Stroke] = {
    "self": Stroke((0.10, 0.24, -0.14)),
    "you": Stroke((0.02, 0.20, 0.22)),
    "left": Stroke((0.30, 0.16, 0.10)),
    "right": Stroke((-0.30, 0.16, 0.06)),
    "up": Stroke((-0.04, 0.50, 0.06), None, ("rise", 0.10)),
    "down": Stroke((-0.06, -0.10, 0.12), None, ("rise", -0.12)),
    "away": Stroke((-0.04, 0.18, 0.24), (0.04, 0.18, 0.24), ("push", 0.12)),
    "toward": Stroke((0.02, 0.22, -0.06), (-0.02, 0.22, -0.06), ("push", -0.10)),
    "big": Stroke((-0.30, 0.26, 0.08), (0.30, 0.26, 0.08)),
    "small": Stroke((0.08, 0.24, 0.12), (-0.08, 0.24, 0.12)),
    "round": Stroke((-0.06, 0.22, 0.14), (0.06, 0.22, 0.14), ("circle", 0.09)),
    "flat": Stroke((-0.16, 0.08, 0.18), None, ("sweep", 0.20)),
    "tall": Stroke((-0.10, 0.46, 0.10), (0.02, 0.02, 0.08)),
    "container": Stroke((-0.04, 0.16, 0.16), (0.04, 0.16, 0.16)),
    "throw": Stroke((-0.18, 0.40, 0.16), None, ("push", 0.18)),
    "hit": Stroke((-0.02, 0.24, 0.14), None, ("chop", 0.14)),
    "cut": Stroke((0.06, 0.14, 0.18), (-0.12, 0.08, 0.10), ("chop", 0.10)),
    "turn": Stroke((0.02, 0.28, 0.18), None, ("circle", 0.08)),
    "walk": Stroke((-0.06, 0.10, 0.18), (0.06, 0.10, 0.18), ("alternate", 0.10)),
    "open": Stroke((-0.22, 0.20, 0.14), (0.22, 0.20, 0.14), ("spread", 0.10)),
    "close": Stroke((0.06, 0.16, 0.12), (-0.06, 0.16, 0.12), ("spread", -0.10)),
    "list": Stroke((0.06, 0.20, 0.12), (-0.02, 0.18, 0.10), ("chop", 0.05)),
    "balance": Stroke((-0.14, 0.20, 0.10), (0.14, 0.20, 0.10), ("alternate", 0.12)),
    "shrug": Stroke((-0.26, 0.12, 0.02), (0.26, 0.12, 0.02), ("rise", 0.05)),
    "negate": Stroke((-0.10, 0.20, 0.16), None, ("sweep", 0.16)),
    "think": Stroke((0.02, 0.46, -0.12)),
    "eat": Stroke((0.08, 0.40, -0.08), None, ("rise", 0.08)),
}


@lru_cache(maxsize=4096)
def word_variation(word: str) -> tuple[float, np.ndarray]:
    """Amplitude factor and direction offset (2, 3) metres that a word always has, from its letters."""
    rng = np.random.default_rng(zlib.crc32(word.encode()))
    return float(rng.uniform(0.75, 1.25)), rng.normal(0, 0.035, (2, 3))


def displacement(stroke: str, word: str) -> np.ndarray:
    """Mean displacement of the right and the left hand at the stroke's peak, array (2, 3), metres."""
    shape = STROKE_SHAPES[stroke]
    amplitude, offset = word_variation(word)
    left = shape.left if shape.left is not None else (0.02, 0.03, 0.01)
    both = np.array([shape.right, left])
    return amplitude * (both + offset * np.array([[1.0], [1.0 if shape.left else 0.2]]))


def path_motion(stroke: str, phase: np.ndarray) -> np.ndarray:
    """Movement within the stroke, array (n, 2, 3) metres, over `phase` in [0, 1]."""
    kind, size = STROKE_SHAPES[stroke].path
    out = np.zeros((len(phase), 2, 3))
    mirror = np.array([1.0, -1.0])
    wave, ramp = np.sin(2 * np.pi * phase), 2 * phase - 1
    if kind == "circle":
        out[:, :, 0] = size * wave[:, None] * mirror
        out[:, :, 1] = size * np.cos(2 * np.pi * phase)[:, None]
    elif kind == "sweep":
        out[:, 0, 0] = -size * ramp
    elif kind == "spread":
        out[:, :, 0] = -size * ramp[:, None] * mirror
    elif kind == "rise":
        out[:, :, 1] = size * ramp[:, None]
    elif kind == "push":
        out[:, :, 2] = size * ramp[:, None]
    elif kind == "chop":
        out[:, 0, 1] = -size * np.sin(2 * np.pi * phase)
    elif kind == "alternate":
        out[:, :, 1] = size * wave[:, None] * mirror
    if STROKE_SHAPES[stroke].left is None:
        out[:, 1] *= 0.1
    return out
