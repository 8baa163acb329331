"""T2G of given words: the gesture that a speaker of a text might make. It reads the words and no brain."""

from __future__ import annotations

from ..models.conditions import word_track
from ..models.generator import GestureGenerator
from ..text.embeddings import load_vectors
from ..types import Motion, Words
from ..work import QUIET, Work
from .motions import motion_of, torch_generator

N_SAMPLES = 8
STREAM = 4  # of random numbers; the branches draw from others, so agreement with them is never one of shared noise


def gestures_of_words(
    t2g: GestureGenerator,
    words: Words,
    start: float,
    stop: float,
    *,
    speaker: int = 0,
    samples: int = N_SAMPLES,
    seed: int = 0,
    work: Work = QUIET,
) -> Motion:
    """Gestures that T2G makes of words that are known.

    Parameters
    ----------
    t2g : the text-to-gesture model
    words : what is said
    start, stop : the stretch, seconds on the clock of the words
    speaker : index of the speaker whose style is used
    samples : number of gestures of the same words
    seed : of their noise
    work : progress and cancel

    Returns
    -------
    Motion at 15 fps; it holds all samples
    """
    tracks = [word_track(words, load_vectors().matrix(words.text))] * samples
    noise = torch_generator(seed, STREAM)
    return motion_of(t2g.sample_bones(tracks, start, stop - start, speaker, noise, work=work), start)
