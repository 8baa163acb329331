"""The stories of a varied world: bouts about topics, in sentences of a grammar that was drawn for this world.

They are not meant to be read. What they share with speech is what a decoder can use: topics that last, frequent and
rare words, words that follow each other, times and pauses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...types import Words
from .laws import TextLaws
from .vocabulary import FUNCTION, GENERAL, TOPICS

TOPIC_WORD, GENERAL_WORD = -1, -2  # places of a template that take such a word; others are classes of function words
LETTERS = (0.12, 0.04)  # seconds of a word, and of each of its letters, at tempo 1


@dataclass(frozen=True)
class Script:
    """A story and what the simulator knows of each word.

    Parameters
    ----------
    words : with times, seconds
    topic : array (n_words,), int, the topic that is talked about
    content : array (n_words,), bool, whether the word has a meaning
    """

    words: Words
    topic: np.ndarray
    content: np.ndarray


@dataclass(frozen=True)
class Language:
    """Vocabulary and grammar of one world.

    Parameters
    ----------
    laws : how it was drawn
    topics : the words of each topic, frequent ones first
    general : words with a meaning that belong to no topic
    classes : classes of function words
    templates : sentences, tuples of the numbers of classes, `TOPIC_WORD` and `GENERAL_WORD`
    """

    laws: TextLaws
    topics: tuple[tuple[str, ...], ...]
    general: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    templates: tuple[tuple[int, ...], ...]

    @property
    def meaningful(self) -> tuple[str, ...]:
        """Every word with a meaning, each once."""
        return tuple(dict.fromkeys([w for words in self.topics for w in words] + list(self.general)))


def draw_language(laws: TextLaws, rng: np.random.Generator) -> Language:
    """Draw vocabulary and grammar of a world."""

    def some(words, n: int) -> tuple[str, ...]:
        return tuple(words[k] for k in rng.permutation(len(words))[:n])

    topics = tuple(some(TOPICS[k], laws.words_per_topic) for k in rng.permutation(len(TOPICS))[: laws.topics])
    function = some(FUNCTION, laws.function)
    classes = tuple(tuple(function[k :: laws.classes]) for k in range(laws.classes))
    templates = []
    for _ in range(laws.templates):
        places = []
        for _ in range(int(rng.integers(4, 13))):
            about = TOPIC_WORD if rng.random() < 0.8 else GENERAL_WORD
            places.append(about if rng.random() < laws.content else int(rng.integers(laws.classes)))
        templates.append(tuple(places))
    return Language(laws, topics, some(GENERAL, laws.general), classes, tuple(templates))


def write_story(language: Language, rng: np.random.Generator, seconds: float) -> Script:
    """Write a story whose words end before `seconds`."""
    laws = language.laws
    text: list[str] = []
    start, duration, topics, content = [], [], [], []
    ranks = {
        n: _shares(n, laws.zipf) for n in range(1, 1 + max(len(c) for c in (*_lists(language), language.templates)))
    }

    def draw(words) -> int:
        return int(np.searchsorted(ranks[len(words)], rng.random()))

    clock, tempo = float(rng.uniform(0.2, 1.5)), 0.0
    while clock < seconds:
        topic, end, at = int(rng.integers(len(language.topics))), clock + laws.bout * rng.uniform(0.5, 1.5), 0
        while clock < min(end, seconds):
            tempo = 0.7 * tempo + 0.1 * rng.standard_normal()  # stays faster or slower over a few sentences
            for place in language.templates[draw(language.templates)]:
                words = language.topics[topic] if place == TOPIC_WORD else language.general
                if place >= 0:
                    words = language.classes[place]
                follows = place == TOPIC_WORD and rng.random() < laws.collocation
                k = (at + 1) % len(words) if follows else draw(words)
                at = k if place == TOPIC_WORD else at
                length = laws.tempo * (LETTERS[0] + LETTERS[1] * len(words[k])) * np.exp(tempo + rng.normal(0, 0.1))
                text.append(words[k])
                start.append(clock)
                duration.append(length)
                topics.append(topic)
                content.append(place < 0)
                clock += length + rng.uniform(0.01, 0.08)
            clock += rng.exponential(laws.pause)
    n = int((np.array(start) + np.array(duration) < seconds).sum())
    heard = Words(tuple(text[:n]), np.round(start[:n], 3), np.round(duration[:n], 3))
    return Script(heard, np.array(topics[:n], int), np.array(content[:n], bool))


def _lists(language: Language):
    return (*language.topics, language.general, *language.classes)


def _shares(n: int, exponent: float) -> np.ndarray:
    """Cumulative frequencies of n ranks, array (n,), whose last is 1."""
    weights = np.arange(1, n + 1) ** -exponent
    shares = np.cumsum(weights) / weights.sum()
    shares[-1] = 1.0
    return shares
