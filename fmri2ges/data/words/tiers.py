"""Files of several tiers: which tier holds the words.

A tier is chosen by the name that the user gives, or by its own name. Nothing is guessed where two tiers may
be meant, and neither a tier of phones nor one of whole phrases passes for words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ...errors import UserError, one_line
from .rows import Row, WordsReport, clean_word, report_words

WORD_NAMES = frozenset({"word", "words", "ort", "orthography", "orthographic"})
PHONE_NAMES = frozenset({"phone", "phones", "phon", "phoneme", "phonemes", "phonetic", "segment", "segments"})
MAUS_PHONES = frozenset({"mau", "kan-mau"})  # WebMAUS, beside ORT-MAU
ARPABET = frozenset(
    "AA AE AH AO AW AX AXR AY B CH D DH DX EH ER EY F G HH IH IX IY JH K L M N NG OW OY P R S SH T TH UH UW UX V W Y "
    "Z ZH".split()
)
FEW = 20  # labels from which their shape tells what they are
SHORT = 2.2  # letters; words are longer on average, phones are not
LATIN = "\u0400"  # scripts from here on (Cyrillic, Chinese, ...) write no phones


class Holds(Enum):
    """What a tier holds, by its name."""

    WORDS = "words"
    PHONES = "phones"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Tier:
    """One tier of a file, with its intervals in the order of the file.

    `without_times` counts words that the file gives no time.
    """

    name: str
    rows: tuple[Row, ...]
    without_times: int = 0

    @property
    def holds(self) -> Holds:
        """What the tier holds, as far as its name tells."""
        name = self.name.strip().lower()
        parts = set(re.split(r"[^a-z]+", name))
        if parts & WORD_NAMES:
            return Holds.WORDS
        return Holds.PHONES if parts & PHONE_NAMES or name in MAUS_PHONES else Holds.UNKNOWN

    @property
    def labels(self) -> list[str]:
        """Labels that are neither pauses nor marks."""
        return [row.label.strip() for row in self.rows if clean_word(row.label) is not None]


def report_tiers(
    path: Path, tiers: Sequence[Tier], wanted: str | None, notes: Sequence[str] = (), problems: Sequence[str] = ()
) -> WordsReport:
    """Words of the tier that `wanted` names, or of the only one that can hold them.

    Raises
    ------
    UserError
        Where no tier, or more than one, is meant, and where the tier holds phones or phrases.
    """
    tier = _chosen(path, tiers, wanted)
    labels = tier.labels
    if tier.without_times and not labels:
        raise UserError(
            f"{path}: the words of tier {_short(tier.name)} have no times of their own; "
            f"{_fix(tiers, 'align them word by word')}"
        )
    phrases = [label for label in labels if any(c.isspace() for c in label)]
    if len(phrases) > len(labels) / 2:
        raise UserError(
            f"{path}: tier {_short(tier.name)} holds phrases such as {_short(phrases[0])}, not words; "
            f"{_fix(tiers, 'align it word by word')}"
        )
    short = _look_short(labels)
    if _are_arpabet(labels) or (short and wanted is None and tier.holds is not Holds.WORDS):
        raise UserError(
            f"{path}: tier {_short(tier.name)} holds phones, not words; {_fix(tiers, 'add a tier of words')}"
        )
    notes = list(notes)
    if short:
        notes.append(f"{path}: tier {_short(tier.name)} looks like phones, not words")
    if tier.without_times:
        total = len(labels) + tier.without_times
        notes.append(f"{path}: {tier.without_times} of {total} words have no times of their own and are dropped")
    others = [t.name for t in tiers if t.holds is Holds.WORDS and t is not tier]
    if wanted is None and others:
        left = one_line(", ".join(map(repr, others)), 200)
        notes.append(f"{path}: tier {_short(tier.name)} is taken, {left} left out; `tier` names another")
    return report_words(path, tier.rows, notes, problems)


def _chosen(path: Path, tiers: Sequence[Tier], wanted: str | None) -> Tier:
    if wanted is not None:
        return _named(path, tiers, wanted)
    for_words = [t for t in tiers if t.holds is Holds.WORDS]
    exact = [t for t in for_words if t.name.strip().lower() in ("word", "words")]
    candidates = exact or for_words or [t for t in tiers if t.holds is Holds.UNKNOWN]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UserError(f"{path}: no tier of words; add one to the file; tiers: {tier_list(tiers)}")
    raise UserError(f"{path}: which tier holds the words? Name it with `tier`; tiers: {tier_list(tiers)}")


def _named(path: Path, tiers: Sequence[Tier], wanted: str) -> Tier:
    found = [t for t in tiers if t.name == wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        found = [t for t, name in zip(tiers, distinct_names(tiers), strict=True) if name == wanted]
        if found:
            return found[0]
        raise UserError(f"{path}: there is no tier {_short(wanted)}; tiers: {tier_list(tiers)}")
    names = [name for t, name in zip(tiers, distinct_names(tiers), strict=True) if t.name == wanted]
    raise UserError(
        f"{path}: {len(found)} tiers are called {_short(wanted)}; say which one with `tier`: "
        f"{one_line(', '.join(map(repr, names)), 200)}; tiers: {tier_list(tiers)}"
    )


def distinct_names(tiers: Sequence[Tier]) -> list[str]:
    """A name for each tier; those that share one are numbered: `words#1`, `words#2`."""
    counts, names = Counter(t.name for t in tiers), []
    seen: Counter[str] = Counter()
    for tier in tiers:
        seen[tier.name] += 1
        names.append(f"{tier.name}#{seen[tier.name]}" if counts[tier.name] > 1 else tier.name)
    return names


def tier_list(tiers: Sequence[Tier]) -> str:
    """Names of all tiers with the number of their labels, for a message."""
    shown = [
        f"{_short(name)} ({len(t.labels) + t.without_times} labels)"
        for t, name in zip(tiers, distinct_names(tiers), strict=True)
    ]
    return one_line(", ".join(shown) or "none", 300)


def _fix(tiers: Sequence[Tier], otherwise: str) -> str:
    what = "name another one with `tier`" if len(tiers) > 1 else otherwise
    return f"{what}; tiers: {tier_list(tiers)}"


def _are_arpabet(labels: list[str]) -> bool:
    """Whether nearly all labels are phones of ARPABET."""
    known = sum(label.rstrip("012") in ARPABET for label in labels)
    return len(labels) >= FEW and known > 0.9 * len(labels)


def _look_short(labels: list[str]) -> bool:
    """Whether labels are a few symbols of one or two letters, as phones of any alphabet but Chinese are."""
    if len(labels) < FEW or len(set(labels)) >= 100 or any(max(label) >= LATIN for label in labels):
        return False
    return sum(map(len, labels)) / len(labels) <= SHORT


def _short(name: str) -> str:
    return one_line(repr(name), 40)
