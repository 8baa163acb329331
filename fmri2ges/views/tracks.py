"""The motions that stand side by side on screen: what they are called, their colours and their order, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..results import BRANCHES, Decoded
from ..types import Motion

REFERENCE = "reference"  # the gesture that a speaker of the story made
HEARD = "heard"  # the gesture that T2G makes of the words that were heard
OWN = "own"  # a motion that the user dropped
READS = "reads the transcript, not the brain"  # stands wherever the track `HEARD` does
MOST = 4  # tracks on screen

# Ids of all tracks in the order in which they are always shown; -b is the second of two ROI selections.
TRACK_IDS = (*(f"{branch}{letter}" for branch in BRANCHES for letter in ("", "-b")), HEARD, REFERENCE, OWN)
# Colours of Okabe and Ito. None is the text colour of the theme.
COLOURS = {
    "text": "#0072B2",
    "direct": "#D55E00",
    "text-b": "#009E73",
    "direct-b": "#CC79A7",
    HEARD: "#E69F00",
    REFERENCE: None,
    OWN: "#56B4E9",
}


@dataclass(frozen=True)
class Track:
    """A motion on screen.

    Parameters
    ----------
    branch : 'text', 'direct', 'heard', 'reference' or 'own'
    letter : "A" or "B" where two ROI selections are compared, else empty
    """

    branch: str
    letter: str = ""

    @property
    def id(self) -> str:
        """How a link names it."""
        return f"{self.branch}-b" if self.letter == "B" else self.branch

    @property
    def name(self) -> str:
        """How people call it."""
        return "own motion" if self.branch == OWN else f"{self.branch} {self.letter}".strip()

    @property
    def colour(self) -> str | None:
        """Its colour; None is the text colour of the theme."""
        return COLOURS[self.id]

    @property
    def is_decoded(self) -> bool:
        """Whether it was read from the brain."""
        return self.branch in BRANCHES


def tracks_of(ids: Iterable[str], compared: bool) -> list[Track]:
    """Tracks of ids of `TRACK_IDS`, in their order.

    Parameters
    ----------
    compared : whether there is a second ROI selection, so that the decoded tracks carry a letter
    """
    wanted = set(ids)
    letter = "A" if compared else ""
    found = {name: Track(name, letter if name in BRANCHES else "") for name in (*BRANCHES, HEARD, REFERENCE, OWN)}
    if compared:
        found |= {f"{branch}-b": Track(branch, "B") for branch in BRANCHES}
    return [found[name] for name in TRACK_IDS if name in wanted and name in found]


def first_tracks(available: Iterable[str], compared: bool) -> tuple[str, ...]:
    """Ids of the tracks that are shown where nobody has chosen any.

    Both branches of both ROI selections; of one selection both branches beside the reference, or beside the gesture of
    the heard words where no reference was recorded.
    """
    there = set(available)
    decoded = [name for name in TRACK_IDS if name in there and name.removesuffix("-b") in BRANCHES]
    beside = [] if compared else [REFERENCE if REFERENCE in there else HEARD]
    return tuple(name for name in (*decoded, *beside) if name in there)[:MOST]


@dataclass(frozen=True)
class Material:
    """What tracks are made of.

    Parameters
    ----------
    decoded : the result
    other : the result of a second ROI selection (B), or None
    reference : the gesture that a speaker made, on the story's clock, or None
    heard : the gesture of the heard words over the stretch of the result, or None
    own : a motion that the user dropped, on the story's clock, or None
    """

    decoded: Decoded
    other: Decoded | None = None
    reference: Motion | None = None
    heard: Motion | None = None
    own: Motion | None = None

    def motions(self, sample: int = 0, ids: Iterable[str] = TRACK_IDS) -> dict[Track, Motion]:
        """The motions that there are of tracks, in order; of those with samples the one that is asked for."""
        found: dict[Track, Motion | None] = {}
        for track in tracks_of(ids, self.other is not None):
            if track.is_decoded:
                result = self.other if track.letter == "B" else self.decoded
                found[track] = None if result is None else getattr(result.sample(sample), track.branch)
            elif track.branch == HEARD:
                found[track] = self.heard and _sample(self.heard, sample)
            else:
                whole = self.own if track.branch == OWN else self.reference
                if whole is not None and whole.shares(self.decoded.start, self.decoded.stop):
                    found[track] = cut(whole, self.decoded.start, self.decoded.stop)
        return {track: motion for track, motion in found.items() if motion is not None}


def cut(motion: Motion, start: float, stop: float) -> Motion:
    """The part of a motion inside the window, without its samples."""
    return replace(motion.slice(start, stop), samples=None)


def _sample(motion: Motion, k: int) -> Motion:
    return motion if motion.samples is None else replace(motion, positions=motion.samples[k % len(motion.samples)])
