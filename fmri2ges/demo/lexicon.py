"""The hand-made lexicon of the simulated study: what each word is about and the gesture it elicits.

`lexicon.tsv` has one row a word: `word`, `pos` (the place the word takes in the grammar of
`stories.py`), `topic` ("-" for words of every topic) and `stroke` (a gesture class, "-" for none).
In a topic the ending 1 or 2 of a `pos` couples words that go together: a `verb1` takes a `noun1`
(`nouns1` plural, `mass1` uncountable) as its object, and an `adj1` describes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

STROKES = (
    "none",
    "self",
    "you",
    "left",
    "right",
    "up",
    "down",
    "away",
    "toward",
    "big",
    "small",
    "round",
    "flat",
    "tall",
    "container",
    "throw",
    "hit",
    "cut",
    "turn",
    "walk",
    "open",
    "close",
    "list",
    "balance",
    "shrug",
    "negate",
    "think",
    "eat",
)


@dataclass(frozen=True)
class Entry:
    """One word: its place in the grammar, its topic and its stroke ("-" = of every topic, none)."""

    word: str
    pos: str
    topic: str
    stroke: str


@cache
def load_lexicon() -> dict[str, Entry]:
    """Every word of the simulated study, in the order of the file (read once)."""
    lines = files(__package__).joinpath("lexicon.tsv").read_text(encoding="utf-8").splitlines()
    return {(entry := Entry(*line.split("\t"))).word: entry for line in lines[1:]}


@cache
def words_of(pos: str, topic: str = "-") -> tuple[str, ...]:
    """The words that take the place `pos` in the grammar of a topic, in the order of the file."""
    return tuple(e.word for e in load_lexicon().values() if e.pos == pos and e.topic == topic)


@cache
def topics() -> tuple[str, ...]:
    """Names of the topics, in the order of the file."""
    return tuple(dict.fromkeys(e.topic for e in load_lexicon().values() if e.topic != "-"))
