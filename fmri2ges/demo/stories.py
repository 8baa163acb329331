"""Stories of the simulated study: a narrator rambles from topic to topic, in words with a time.

A small grammar writes first-person English. It keeps track of what was already mentioned, so that
things come in with "a" and go on as "the" or "it", and of who is talked about, so that "was",
"he" or "them" agree. Every word is in the lexicon, which says which gesture it tends to elicit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import check_positive, check_shape
from ..types import Words
from .grammar import Grammar
from .lexicon import STROKES, load_lexicon, topics

__all__ = ["STROKES", "Script", "as_text", "write_story"]

_COMMA_PAUSE = 0.2  # seconds of silence within a sentence that reads as a comma
_STROKE_INDEX = {name: k for k, name in enumerate(STROKES)} | {"-": 0}


@dataclass(frozen=True)
class Script:
    """A spoken story and what the simulator knows about each word.

    Parameters
    ----------
    words : the words, lower case, without punctuation, times in seconds
    topic : array (n_words,), int, index into `lexicon.topics()` of what is being talked about
    stroke : array (n_words,), int, index into `STROKES` of the gesture that the word elicits
    stress : array (n_words,), float in [0, 1], prominence of the word
    sentence : array (n_words,), int, number of the sentence, from 0
    """

    words: Words
    topic: np.ndarray
    stroke: np.ndarray
    stress: np.ndarray
    sentence: np.ndarray

    def __post_init__(self):
        for name in ("topic", "stroke", "stress", "sentence"):
            check_shape(f"script {name}", getattr(self, name), (len(self.words),))

    @cached_property
    def topic_word(self) -> np.ndarray:
        """Whether a word belongs to one topic only, array (n_words,), bool."""
        lexicon = load_lexicon()
        return np.array([lexicon[w].topic != "-" for w in self.words.text], bool)


def write_story(rng: np.random.Generator, seconds: float = 300.0) -> Script:
    """Write a story that fits into a given time; the same state of `rng` gives the same story.

    The narrator stays with a topic for 20-40 s (shorter only where `seconds` is) and speaks
    2.0-2.5 words per second, pauses included.

    Parameters
    ----------
    rng : source of every choice
    seconds : length of the story; no word ends after it
    """
    check_positive("seconds of a story", seconds, "seconds")
    n_bouts = max(1, round(seconds / 29.0))
    order = np.concatenate([rng.permutation(len(topics())) for _ in range(n_bouts // len(topics()) + 1)])
    grammar = Grammar(_uniform_stream(rng))
    speed = rng.uniform(0.97, 1.03)
    text: list[str] = []
    columns: list[np.ndarray] = []  # per sentence: (5, n) start, duration, topic, stress, sentence
    clock = rng.uniform(0.3, 0.9)
    for bout in range(n_bouts):
        topic = int(order[bout])
        grammar.start_topic(topics()[topic])
        last = bout == n_bouts - 1
        end = seconds if last else clock + (seconds - clock) / (n_bouts - bout) * rng.uniform(0.9, 1.1)
        misfits = 0
        while clock < end - 2.5 and misfits < 5:  # a sentence takes about 5 s: bouts end around their mark
            tokens = grammar.sentence()
            words = [t for t in tokens if t != ","]
            start, duration, following = _speak(tokens, clock, speed, rng)
            if start[-1] + duration[-1] > min(end + 4.0, seconds):
                misfits += 1
                continue
            text += words
            n = len(words)
            number = np.full(n, len(columns))
            columns.append(np.stack([start, duration, np.full(n, topic), _stress(words, rng), number]))
            clock = following
    start, duration, told, stress, sentence = np.concatenate(columns, axis=1) if columns else np.zeros((5, 0))
    lexicon = load_lexicon()
    stroke = np.array([_STROKE_INDEX[lexicon[w].stroke] for w in text], int)
    return Script(Words(tuple(text), start, duration), told.astype(int), stroke, stress, sentence.astype(int))


def as_text(script: Script, start: float = 0.0, stop: float | None = None) -> str:
    """The words that begin in [start, stop) seconds, with capital letters and full stops, for reading."""
    words = script.words
    keep = np.flatnonzero((words.start >= start) & (words.start < (np.inf if stop is None else stop)))
    pieces: list[str] = []
    for k in keep:
        word = "I" if words.text[k] == "i" else words.text[k]
        new_sentence = k == keep[0] or script.sentence[k] != script.sentence[k - 1]
        if new_sentence:
            word = word[0].upper() + word[1:]
        if pieces and new_sentence:
            pieces[-1] += "."
        elif pieces and words.start[k] - words.start[k - 1] - words.duration[k - 1] >= _COMMA_PAUSE:
            pieces[-1] += ","
        pieces.append(word)
    return " ".join(pieces) + ("." if pieces else "")


def _uniform_stream(rng: np.random.Generator) -> Callable[[], float]:
    """A function that returns the next number in [0, 1): drawn in blocks, because single draws are slow."""

    def stream():
        while True:
            yield from rng.random(1024).tolist()

    return stream().__next__


def _syllables(word: str) -> int:
    """Groups of vowels, without a final silent e."""
    vowel = [c in "aeiouy" for c in word]
    groups = sum(v and not before for v, before in zip(vowel, [False, *vowel], strict=False))
    silent = word.endswith("e") and not word.endswith("le") and groups > 1
    return max(1, groups - silent)


def _speak(tokens, clock, speed, rng):
    """Onset and duration of each word of a sentence, and the time at which the next one may begin."""
    words = [t for t in tokens if t != ","]
    n = len(words)
    lexicon = load_lexicon()
    pause = np.zeros(n)  # silence after each word
    k = -1
    for token in tokens:
        if token != ",":
            k += 1
        elif k >= 0:
            pause[k] = rng.uniform(0.28, 0.55)
    pause[pause == 0] = rng.uniform(0.02, 0.05, int((pause == 0).sum()))
    pause[-1] = rng.uniform(0.6, 1.2)
    duration = np.array([0.09 + 0.1 * _syllables(w) + 0.018 * len(w) for w in words])
    duration *= np.array([0.85 if lexicon[w].pos == "function" else 1.0 for w in words])
    duration *= speed * rng.lognormal(0.0, 0.1, n)
    start = clock + np.concatenate([[0.0], np.cumsum(duration + pause)])
    return np.round(start[:-1], 3), np.round(duration, 3), start[-1]


def _stress(words, rng):
    """Prominence: content words high, one or two of them emphasised, function words low."""
    lexicon = load_lexicon()
    content = np.array([lexicon[w].pos != "function" for w in words])
    negation = np.array([lexicon[w].stroke == "negate" for w in words])
    stress = np.where(content | negation, rng.uniform(0.35, 0.65, len(words)), rng.uniform(0.0, 0.2, len(words)))
    where = np.flatnonzero(content | negation)
    if len(where):
        emphasised = rng.choice(where, size=min(len(where), 1 + len(words) // 14), replace=False)
        stress[emphasised] += rng.uniform(0.25, 0.35, len(emphasised))
    return np.clip(stress, 0.0, 1.0)
