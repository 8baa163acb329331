"""The laws of one world of the varied family: everything that a study could have otherwise, drawn from the seed.

The ranges are wide on purpose. None of them was chosen by how well anything is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Place(StrEnum):
    """What the columns of the BOLD are."""

    TABLE = "table"
    SURFACE = "surface"
    VOXELS = "voxels"


RIGS = ("mixamo", "plain", "cmu", "collar", "unity", "biovision", "biped")
FRAME_RATES = (20.0, 24.0, 25.0, 30.0, 50.0, 60.0)
PLACES = tuple(Place)  # of the worlds 0, 1, 2, 3 ... in turn, so that any three neighbours have all of them


@dataclass(frozen=True)
class TextLaws:
    """How the stories are written.

    Parameters
    ----------
    topics, words_per_topic : how many, drawn from a pool of words
    general, function : number of words that belong to no topic: with a meaning of their own, and without
    classes : classes of function words, each with places of its own in a sentence
    templates : sentences of the grammar
    content : share of the places of a sentence that words with a meaning take
    zipf : exponent with which the frequency of a word falls with its rank
    collocation : share of topic words that call for the one that follows them
    bout : mean time that a speaker stays with a topic, seconds
    tempo : time of a word relative to the pool's mean
    pause : mean silence after a sentence, seconds
    """

    topics: int
    words_per_topic: int
    general: int
    function: int
    classes: int
    templates: int
    content: float
    zipf: float
    collocation: float
    bout: float
    tempo: float
    pause: float


@dataclass(frozen=True)
class GestureLaws:
    """How speakers move, and on which skeleton and at which rate they were recorded.

    Parameters
    ----------
    speakers : number of speakers of the {text, gesture} clips
    gesture_words : share of the topic words that have a stroke of their own
    performed : share of their occurrences at which it is made
    stroke, posture, style : sd of the strokes of words, the postures of topics, the habits of speakers; unit vectors of
        the arms move by so much
    width : sd of a stroke in time, seconds
    lag : time from the onset of the word to the middle of its stroke, seconds
    drift, drift_seconds : sd and time constant of movement that means nothing
    lengths : factors of the bone lengths, in the order of `gestures.BONES`
    fps : frames per second
    rig : naming of the joints, a key of `rigs.RIGS`
    spine, fingers : joints between spine and neck, and per hand beyond the wrist
    order : Euler angles of the file
    unit : units of the file per metre
    up : axis of the file that points up
    yaw : where the speakers face, degrees
    """

    speakers: int
    gesture_words: float
    performed: float
    stroke: float
    posture: float
    style: float
    width: float
    lag: float
    drift: float
    drift_seconds: float
    lengths: tuple[float, ...]
    fps: float
    rig: str
    spine: int
    fingers: int
    order: str
    unit: float
    up: str
    yaw: float


@dataclass(frozen=True)
class BrainLaws:
    """What the listeners' BOLD is made of.

    Parameters
    ----------
    place : what the columns are
    tr : repetition time, seconds
    lead : time that the scan runs before the story begins, seconds
    areas : number of areas
    carrying : share of them in which something is planted
    foci : places that the carrying areas lie around
    word, topic, stroke, rate : strengths of what is planted: meaning of words, their topic, strokes, words per second
    width_of_meaning : numbers that stand for a meaning
    signal : sd of the planted signal in units of the noise
    own : share of a column's planted signal that its area does not share
    peak, peak_sd : HRF: time of the peak, seconds, and its sd over areas
    width, width_sd : HRF: width (sd of the gamma function), seconds, and its sd over areas
    undershoot : its depth relative to the peak
    colour : exponent b of the noise, whose power falls as 1 / f ** b
    rank : number of noise courses that all columns share
    shared : share of the noise's variance that these have
    side : voxels along the longest side of the brain
    """

    place: Place
    tr: float
    lead: float
    areas: int
    carrying: float
    foci: int
    word: float
    topic: float
    stroke: float
    rate: float
    width_of_meaning: int
    signal: float
    own: float
    peak: float
    peak_sd: float
    width: float
    width_sd: float
    undershoot: float
    colour: float
    rank: int
    shared: float
    side: int


@dataclass(frozen=True)
class Laws:
    """All laws of one world."""

    text: TextLaws
    gesture: GestureLaws
    brain: BrainLaws


def draw_laws(rng: np.random.Generator, place: Place) -> Laws:
    """Draw the laws of a world.

    Parameters
    ----------
    rng : generator of this world's laws
    place : what the columns of its BOLD are
    """

    def between(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 3)

    def count(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    def one(values):
        return values[int(rng.integers(len(values)))]

    text = TextLaws(
        topics=count(5, 16),
        words_per_topic=count(8, 16),
        general=count(10, 40),
        function=count(25, 60),
        classes=count(2, 6),
        templates=count(8, 40),
        content=between(0.35, 0.6),
        zipf=between(0.6, 1.3),
        collocation=between(0.1, 0.5),
        bout=between(12, 45),
        tempo=between(0.8, 1.25),
        pause=between(0.3, 1.0),
    )
    gesture = GestureLaws(
        speakers=count(1, 4),
        gesture_words=between(0.2, 0.8),
        performed=between(0.6, 0.95),
        stroke=between(0.3, 0.6),
        posture=between(0.08, 0.3),
        style=between(0.05, 0.15),
        width=between(0.2, 0.5),
        lag=between(-0.1, 0.25),
        drift=between(0.05, 0.12),
        drift_seconds=between(0.8, 3.0),
        lengths=tuple(between(0.85, 1.15) for _ in range(5)),
        fps=one(FRAME_RATES),
        rig=one(RIGS),
        spine=count(0, 3),
        fingers=one((0, 1, 5)),
        order=one(("ZXY", "XYZ", "ZYX", "YXZ")),
        unit=one((100.0, 1.0, 1000.0)),
        up=one("yz"),
        yaw=between(-180, 180),
    )
    brain = BrainLaws(
        place=place,
        tr=round(float(np.exp(rng.uniform(np.log(0.7), np.log(3.0)))), 2),
        lead=between(0, 8),
        areas=count(24, 160),
        carrying=between(0.15, 0.5),
        foci=count(1, 4),
        word=between(0.5, 1.5),
        topic=between(0.5, 1.5),
        stroke=between(0.5, 1.5),
        rate=between(0.3, 1.0),
        width_of_meaning=count(6, 20),
        signal=between(0.25, 0.7),
        own=between(0.1, 0.6),
        peak=between(4.5, 6.5),
        peak_sd=between(0.2, 0.9),
        width=between(1.8, 3.0),
        width_sd=between(0.1, 0.5),
        undershoot=between(0, 0.3),
        colour=between(0.4, 1.4),
        rank=count(2, 20),
        shared=between(0.1, 0.5),
        side=count(14, 24),
    )
    return Laws(text, gesture, brain)
