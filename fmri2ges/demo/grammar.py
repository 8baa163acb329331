"""The grammar behind the simulated stories: what keeps their sentences consistent.

`templates.py` holds the sentences and `lexicon.tsv` the words; `Grammar` puts them together and
remembers what was mentioned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from .lexicon import words_of
from .templates import OPENINGS, RULES, SENTENCES, TRANSITIONS

# A topic whose things of class 1 are parts of the body: they are always somebody's.
BODY_TOPIC = "hospital"


@dataclass
class _Person:
    noun: str
    pronoun: str  # he, she or they
    introduced: bool = False


@dataclass(frozen=True)
class _Thing:
    noun: str
    number: str  # noun (one), nouns (several) or mass

    @property
    def plural(self) -> bool:
        return self.number == "nouns"


@cache
def _things(kind: str, topic: str) -> tuple[_Thing, ...]:
    """All things of a class and topic."""
    return tuple(_Thing(word, n) for n in ("noun", "nouns", "mass") for word in words_of(n + kind, topic))


class Grammar:
    """Writes sentence after sentence about a topic.

    Parameters
    ----------
    draw : function that returns a random number in [0, 1)
    """

    def __init__(self, draw: Callable[[], float]):
        self._draw = draw
        self._decks: dict[tuple, list] = {}
        self._first = True

    def start_topic(self, topic: str) -> None:
        """Change the topic; the next sentence makes the transition."""
        self.topic = topic
        self._opening = True
        self._known: dict[str, list[_Thing]] = {"1": [], "2": []}
        self._last: tuple[str, _Thing] | None = None  # class and thing that "it" refers to
        self._cast = [self._new_person(), self._new_person()]
        while self._cast[1].noun == self._cast[0].noun:
            self._cast[1] = self._new_person()
        self._person: _Person | None = None  # whom "he", "she" or "they" refers to
        self._subject = "i"
        self._plural = False
        self._places = [self._new_place(), self._new_place()]

    def sentence(self) -> list[str]:
        """The words of one sentence, with "," where the narrator pauses."""
        self._place: int | None = None  # which of the places this sentence named last
        if self._opening:
            template = self._deal("opening", OPENINGS) if self._first else self._deal("transition", TRANSITIONS)
            self._opening = self._first = False
        else:
            template = self._deal("sentence", SENTENCES)
            if self._chance(0.25):
                template = self._deal("marker", RULES["MARKER"]) + " " + template
            if self._chance(0.08):
                template += " " + self._pick(RULES["TAG"])
        return _with_articles(self._expand(template))

    # -- chance ------------------------------------------------------------------------------------

    def _chance(self, p: float) -> bool:
        return self._draw() < p

    def _pick(self, options: Sequence):
        return options[int(self._draw() * len(options))]

    def _deal(self, key, options: Sequence):
        """Like `_pick`, but as from a deck of cards: all options come once before one comes again."""
        deck = self._decks.get(key)
        if not deck:
            deck = self._decks[key] = list(options)
            for k in range(len(deck) - 1, 0, -1):
                j = int(self._draw() * (k + 1))
                deck[k], deck[j] = deck[j], deck[k]
        return deck.pop()

    def _word(self, pos: str) -> str:
        """A word of the topic, or of every topic where the topic has none."""
        topic = self.topic if words_of(pos, self.topic) else "-"
        return self._deal((pos, topic), words_of(pos, topic))

    # -- expansion ---------------------------------------------------------------------------------

    def _expand(self, template: str) -> list[str]:
        for mark in "#@":
            if mark in template:
                template = template.replace(mark, self._pick("12"))
        out: list[str] = []
        for token in template.split():
            if not token.isupper():
                if token == "i":
                    self._subject, self._plural = "i", False
                out.append(token)
            elif token in RULES:
                out += self._expand(self._pick(RULES[token]))
            elif token in _WORD_SYMBOLS:
                out.append(self._word(_WORD_SYMBOLS[token]))
            else:
                kind = token[-1] if token[-1] in "12X" else None
                method = getattr(self, "_" + (token[:-1] if kind else token).lower())
                out += method(self._any_class() if kind == "X" else kind) if kind else method()
        return out

    def _any_class(self) -> str:
        return "2" if self.topic == BODY_TOPIC else self._pick("12")

    # -- people ------------------------------------------------------------------------------------

    def _new_person(self) -> _Person:
        kinds = ("person", "person", "people", "woman", "man")
        kind = self._pick([k for k in kinds if words_of(k, self.topic)])
        pronoun = {"people": "they", "woman": "she", "man": "he", "person": self._pick(("he", "she"))}[kind]
        return _Person(self._word(kind), pronoun)

    def _i(self) -> list[str]:
        self._subject = "i" if self._chance(0.65) else "we"
        self._plural = self._subject == "we"
        return [self._subject]

    def _who(self) -> list[str]:
        """A person as the subject: he, she or they where that is clear."""
        person = self._person
        pronoun = person is not None and self._subject != "who" and self._chance(0.6)
        if person is None or not pronoun:
            person = self._other_person()
        self._person, self._subject, self._plural = person, "who", person.pronoun == "they"
        return [person.pronoun] if pronoun else self._named(person)

    def _name(self) -> list[str]:
        """A person as the subject, never a pronoun."""
        self._person = self._other_person()
        self._subject, self._plural = "who", self._person.pronoun == "they"
        return self._named(self._person)

    def _he(self) -> list[str]:
        assert self._person is not None, "a person is named before a template says he"
        return [self._person.pronoun]

    def _whom(self) -> list[str]:
        self._person = self._other_person()
        return self._named(self._person)

    def _obj(self) -> list[str]:
        """The one to whom a verb is done: me or us where somebody else is the subject."""
        if self._subject == "who":
            return [self._pick(("me", "me", "us", "everyone"))]
        if self._person is not None and self._chance(0.5):
            return [{"he": "him", "she": "her", "they": "them"}[self._person.pronoun]]
        return self._whom()

    def _other_person(self) -> _Person:
        first, second = self._cast
        if first is self._person:
            return second
        return first if second is self._person or self._chance(0.6) else second

    def _named(self, person: _Person) -> list[str]:
        plural = person.pronoun == "they"
        if person.introduced:
            determiner = "the"
        elif self.topic == "family":
            determiner = "my"
        else:
            determiner = self._pick(("the", "some") if plural else ("a", "a", "the"))
        adjective = [self._word("feeling")] if not person.introduced and self._chance(0.4) else []
        person.introduced = True
        return [determiner, *adjective, person.noun]

    # -- things ------------------------------------------------------------------------------------

    def _np(self, kind: str) -> list[str]:
        """An object: it, the one known from before, or a new one."""
        if self._last and self._last[0] == kind and self._chance(0.2):
            return ["them" if self._last[1].plural else "it"]
        if self._known[kind] and self._chance(0.3):
            return self._thenp(kind)
        return self._fullnp(kind)

    def _thenp(self, kind: str) -> list[str]:
        """A definite thing; may be new, as things in stories are."""
        known = self._known[kind] and self._chance(0.6)
        thing = self._pick(self._known[kind][-4:]) if known else self._new_thing(kind)
        adjective = [] if known or self._chance(0.6) else self._a(kind)
        self._mention(kind, thing)
        return [self._owner() if self._body(kind) else "the", *adjective, thing.noun]

    def _fullnp(self, kind: str) -> list[str]:
        """A new thing, with a determiner and perhaps an adjective."""
        thing = self._new_thing(kind)
        if self._body(kind):
            determiner = [self._owner()]
        elif thing.number == "nouns":
            number = self._word("number")
            determiner = self._pick((["some"], ["a", "few"], [number], ["many"], [self._owner()], ["lots", "of"]))
        elif thing.number == "mass":
            determiner = self._pick((["some"], ["some"], ["some"], ["lots", "of"]))
        else:
            determiner = self._pick((["a"], ["a"], ["a"], ["a"], ["a"], [self._owner()], ["another"], ["this"]))
        adjective = self._a(kind) if self._chance(0.4) else []
        if adjective and determiner == ["a"] and self._chance(0.2):
            adjective = [self._word("degree"), *adjective]
        self._mention(kind, thing)
        hesitation = [",", self._pick(("um", "uh")), ","] if self._chance(0.02) else []
        return [*hesitation, *determiner, *adjective, thing.noun]

    def _new_thing(self, kind: str) -> _Thing:
        return self._deal((kind, self.topic), _things(kind, self.topic))

    def _mention(self, kind: str, thing: _Thing) -> None:
        if thing not in self._known[kind]:
            self._known[kind].append(thing)
        self._last, self._plural = (kind, thing), thing.plural

    def _body(self, kind: str) -> bool:
        return self.topic == BODY_TOPIC and kind == "1"

    def _owner(self) -> str:
        if self._subject == "who" and self._chance(0.5):
            assert self._person is not None, "a person is the subject"
            return {"he": "his", "she": "her", "they": "their"}[self._person.pronoun]
        return "our" if self._subject == "we" else "my"

    def _v(self, kind: str) -> list[str]:
        return [self._word("verb" + kind)]

    def _base(self, kind: str) -> list[str]:
        """A verb as after "to": one that suits the things of this class, or one that suits anything."""
        return [self._word("base" + kind if self._chance(0.6) else "base")]

    def _a(self, kind: str) -> list[str]:
        general = self._chance(0.3) and not self._body(kind)
        return [self._word("adj" if general else "adj" + kind)]

    def _rel(self, kind: str) -> list[str]:
        """The thing that somebody did something to."""
        thing = self._thenp(kind)
        plural = self._plural
        clause = self._expand(f"that SUBJ V{kind}")
        self._plural = plural
        return thing + clause

    def _was(self) -> list[str]:
        return ["were" if self._plural else "was"]

    def _it(self) -> list[str]:
        assert self._last is not None, "a thing is named before a template says it"
        return ["them" if self._last[1].plural else "it"]

    def _itwas(self) -> list[str]:
        assert self._last is not None, "a thing is named before a template says it"
        return ["they", "were"] if self._last[1].plural else ["it", "was"]

    def _therewas(self) -> list[str]:
        thing = self._fullnp(self._any_class())
        return ["there", *self._was(), *thing]

    # -- places ------------------------------------------------------------------------------------

    def _new_place(self) -> tuple[str, str, str]:
        """Preposition, adjective ("" for none) and noun."""
        pos = self._pick([p for p in ("place_in", "place_in", "place_on", "place_at") if words_of(p, self.topic)])
        return pos[6:], self._word("adjplace") if self._chance(0.4) else "", self._word(pos)

    def _theplace(self) -> list[str]:
        return self._loc()[1:]

    def _here(self) -> list[str]:
        """A place, unless the sentence has one already."""
        return self._loc() if self._place is None else []

    def _loc(self) -> list[str]:
        """One of the two places of this topic, not the same twice in a row in a sentence; its adjective once."""
        self._place = int(self._chance(0.5)) if self._place is None else 1 - self._place
        preposition, adjective, noun = self._places[self._place]
        self._places[self._place] = (preposition, "", noun)
        return [preposition, "the", *([adjective] if adjective else []), noun]


_WORD_SYMBOLS = {
    "MANNER": "manner",
    "DEGREE": "degree",
    "FEELING": "feeling",
    "NUMBER": "number",
    "SPAN": "span",
    "DAY": "day",
    "SEASON": "season",
    "EVENT": "event",
    "MOVE": "move",
    "ACT": "act",
    "VERB": "verb",
    "ING": "ing",
    "PERSONVERB": "person_verb",
    "ADJ": "adj",
}


def _with_articles(words: list[str]) -> list[str]:
    """Turn "a" into "an" in front of a vowel (no noun or adjective of the lexicon needs an exception)."""
    following = [*words[1:], ""]
    return [
        "an" if word == "a" and after[:1] in tuple("aeiou") else word
        for word, after in zip(words, following, strict=True)
    ]
