"""The values that travel through the package: frozen, validated where they are made.

Time is always seconds on the stimulus clock of one story; space is metres for motion.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .errors import UserError, check_finite, check_positive, check_shape

if TYPE_CHECKING:
    from .brain.space import Space

# Canonical upper-body skeleton (TED-10): right-handed axes, y up, the speaker faces +z,
# so the speaker's left is +x.
TED10_JOINTS = (
    "spine",
    "neck",
    "nose",
    "head",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
)
TED10_PARENTS = (-1, 0, 1, 2, 1, 4, 5, 1, 7, 8)


@dataclass(frozen=True)
class Skeleton:
    """Joint names and the parent of each joint (-1 for the root)."""

    joints: tuple[str, ...] = TED10_JOINTS
    parents: tuple[int, ...] = TED10_PARENTS

    def __post_init__(self):
        if len(self.joints) != len(self.parents):
            raise UserError(
                f"skeleton: {len(self.joints)} joints but {len(self.parents)} parents; one parent per joint"
            )
        for child, parent in enumerate(self.parents):
            if not -1 <= parent < child:
                raise UserError(
                    f"skeleton: the parent of joint {self.joints[child]!r} must come before it; got index {parent}"
                )

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) pairs, in the order of the joints."""
        return tuple((p, c) for c, p in enumerate(self.parents) if p >= 0)

    def __len__(self) -> int:
        return len(self.joints)


@dataclass(frozen=True)
class Motion:
    """Joint positions over time.

    Parameters
    ----------
    positions : array (n_frames, n_joints, 3), float32, metres
    fps : frames per second
    start : seconds on the story's clock of the first frame
    skeleton : joint names and parents
    samples : array (n_samples, n_frames, n_joints, 3) or None
        All samples of a generative model; `positions` is the first of them.
    """

    positions: np.ndarray
    fps: float = 15.0
    start: float = 0.0
    skeleton: Skeleton = field(default_factory=Skeleton)
    samples: np.ndarray | None = None

    def __post_init__(self):
        check_shape("motion positions", self.positions, (None, len(self.skeleton), 3))
        check_positive("motion fps", self.fps, "frames per second")
        check_finite("motion positions", self.positions)
        if self.samples is not None:
            check_shape("motion samples", self.samples, (None, *self.positions.shape))
            check_finite("motion samples", self.samples)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.positions)

    @property
    def duration(self) -> float:
        """Length, seconds."""
        return self.n_frames / self.fps

    @property
    def times(self) -> np.ndarray:
        """Time of each frame, array (n_frames,), seconds."""
        return self.start + np.arange(self.n_frames) / self.fps

    def shares(self, start: float, stop: float, least: float = 0.0) -> bool:
        """Whether a frame lies in start <= time < stop, and `least` seconds of the motion do."""
        shared = min(stop, self.start + self.duration) - max(start, self.start)
        frames = (self.times >= start - 1e-6) & (self.times < stop - 1e-6)
        return bool(frames.any()) and shared >= least - 1e-6

    def slice(self, start: float, stop: float) -> Motion:
        """The frames with start <= time < stop."""
        keep = (self.times >= start - 1e-6) & (self.times < stop - 1e-6)
        if not keep.any():
            raise UserError(
                f"motion: no frame between {start:g} and {stop:g} s; it covers "
                f"{self.start:g} to {self.start + self.duration:g} s"
            )
        samples = None if self.samples is None else self.samples[:, keep]
        return replace(self, positions=self.positions[keep], start=float(self.times[keep][0]), samples=samples)


@dataclass(frozen=True)
class Words:
    """Words with onset and duration.

    Parameters
    ----------
    text : tuple of str, lower case, pauses removed
    start, duration : arrays (n_words,), float64, seconds; finite, onsets never decrease
    """

    text: tuple[str, ...]
    start: np.ndarray
    duration: np.ndarray

    def __post_init__(self):
        n = len(self.text)
        check_shape("word onsets", np.asarray(self.start), (n,))
        check_shape("word durations", np.asarray(self.duration), (n,))
        check_finite("word onsets", self.start)
        check_finite("word durations", self.duration)
        if n and (np.diff(self.start) < -1e-6).any():
            k = int(np.flatnonzero(np.diff(self.start) < -1e-6)[0]) + 1
            raise UserError(
                f"words: word {k + 1} ({self.text[k]!r}) starts at {self.start[k]:.3f} s, "
                "before the word in front of it; sort them by onset"
            )
        if n and (np.asarray(self.duration) < 0).any():
            k = int(np.flatnonzero(np.asarray(self.duration) < 0)[0])
            raise UserError(f"words: word {k + 1} ({self.text[k]!r}) has a negative duration")

    def __len__(self) -> int:
        return len(self.text)

    def slice(self, start: float, stop: float) -> Words:
        """The words whose onset lies in [start, stop)."""
        keep = np.flatnonzero((self.start >= start) & (self.start < stop))
        return Words(tuple(self.text[i] for i in keep), self.start[keep], self.duration[keep])

    def shift(self, seconds: float) -> Words:
        """The same words, that many seconds later."""
        return Words(self.text, self.start + seconds, self.duration)

    @classmethod
    def from_lists(cls, text, start, duration) -> Words:
        """Words from any sequences of texts, onsets and durations, both in seconds."""
        return cls(tuple(text), np.asarray(start, float), np.asarray(duration, float))


@dataclass(frozen=True)
class Recording:
    """BOLD of one subject hearing one story, or a part of it, with the words heard.

    Parameters
    ----------
    subject, story : names
    bold : array (n_volumes, n_columns), float32, z-scored within the story; in training its features per parcel
    tr : repetition time, seconds
    first_volume_at : centre of the first volume on the words' clock, seconds
    words : heard, on the same clock
    space : where the columns of the BOLD lie
    """

    subject: str
    story: str
    bold: np.ndarray
    tr: float
    first_volume_at: float
    words: Words
    space: Space

    def __post_init__(self):
        check_positive(f"tr of {self.subject}/{self.story}", self.tr, "seconds")
        if self.bold.ndim != 2:
            raise UserError(
                f"bold of {self.subject}/{self.story}: must be volumes x columns; got {self.bold.ndim} axes"
            )

    @property
    def volume_times(self) -> np.ndarray:
        """Centre of each volume on the words' clock, array (n_volumes,), seconds."""
        return self.first_volume_at + self.tr * np.arange(len(self.bold))

    @property
    def start(self) -> float:
        """Beginning of the first volume on the words' clock, seconds."""
        return float(self.first_volume_at - self.tr / 2)

    @property
    def seconds(self) -> float:
        """Duration of the BOLD, seconds."""
        return float(len(self.bold) * self.tr)

    def part(self, first: int, last: int) -> Recording:
        """The volumes from `first` up to, not including, `last`, with the words heard during them."""
        begin = float(self.first_volume_at + self.tr * first)
        words = self.words.slice(begin - self.tr / 2, begin - self.tr / 2 + self.tr * (last - first))
        return replace(self, bold=self.bold[first:last], first_volume_at=begin, words=words)


@dataclass(frozen=True)
class GestureClip:
    """A speaker's motion with the words spoken, on one clock."""

    clip: str
    speaker: str
    motion: Motion
    words: Words
