"""Which characters the bytes of a text file stand for.

UTF-8 and UTF-16 tell themselves apart. Of the older 8-bit encodings two are common in files of words:
Windows-1252 (of which Latin-1 is a part) and MacRoman. They give other characters for the same bytes, so
the one is taken under which no word looks wrong: no capital after a small letter (`cafŽ`), no sign inside
a word (`ma–ana`). Where both look wrong the file is refused: a word that nobody said would pass for one.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import UserError, one_line

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OLD = ("cp1252", "mac_roman")  # where both make sense, the first is taken
NAMES = {"cp1252": "Windows-1252", "mac_roman": "MacRoman"}
CONTROL = re.compile(r"[\x00\x0e\x0f\x1b]")  # never in text; ISO-2022 and damaged UTF-16 are full of them
LATIN_CONTROL = re.compile("[\x80-\x9f]")  # neither, where text was taken for Latin-1
SAMPLE = 4096  # bytes that are enough to see UTF-16
OPENING, CLOSING, INSIDE = "“„«‹¿¡", "”»›…", "’‘\xa0\xad"
# Letters to Unicode, but signs in the old encodings: no word of a story holds them.
SIGNS = "ƒπΩµıﬁﬂˆˇ"
OTHER_ALPHABET = 4  # letters beyond ASCII in a row: Cyrillic or Greek read as Latin


@dataclass(frozen=True)
class Decoded:
    """The text of a file, and a line on its encoding where that had to be guessed."""

    text: str
    note: str = ""


def decode(path: Path, data: bytes) -> Decoded:
    """Text of a file in UTF-8, UTF-16 (with or without byte order mark), Latin-1, Windows-1252 or MacRoman.

    Raises
    ------
    UserError
        Where the bytes make sense in none of them.
    """
    name = next((name for mark, name in MARKS if data.startswith(mark)), None) or _utf16(data) or "utf-8"
    try:
        text = data.decode(name)
        if control := CONTROL.search(text):
            raise UserError(
                f"{path}: holds the control character {control[0]!r}, so it is no text in UTF-8 or UTF-16; save it as "
                "UTF-8"
            )
        return Decoded(text)
    except UnicodeDecodeError as error:
        if name != "utf-8":
            raise UserError(
                f"{path}: is damaged {name.removesuffix('-sig').upper()} text ({one_line(error)}); copy it again"
            ) from error
    return _old(path, data)


@dataclass(frozen=True)
class Meant:
    """Labels of a file as they were meant, and a line on what was mended."""

    labels: list[str]
    note: str = ""


def as_meant(labels: list[str]) -> Meant:
    """Labels before their text was taken for an older encoding and saved once more: don’t became donâ€™t.

    Only where all labels beyond ASCII turn into words of Latin letters. Windows-1252 that was taken for Latin-1 has
    control characters in the place of its signs.
    """
    strange = list(dict.fromkeys(label for label in labels if not label.isascii()))
    for name in OLD:
        whole = {label: _before(label, name) for label in strange}
        # A no-break space, which is half of à, was taken off the end as a blank.
        before = {label: found or _before(f"{label}\xa0", name) for label, found in whole.items()}
        if any(whole.values()) and all(before.values()):
            example = one_line(repr(before[strange[0]]), 40)
            note = f"UTF-8 was taken for {NAMES[name]} and saved again; read as meant, for example {example}"
            return Meant([before.get(label, label) for label in labels], note)
    if not any(LATIN_CONTROL.search(label) for label in strange):
        return Meant(labels)
    mended = [LATIN_CONTROL.sub(lambda c: c[0].encode("latin-1").decode("cp1252", "ignore") or c[0], x) for x in labels]
    return Meant(mended, "Windows-1252 was taken for Latin-1 and saved as UTF-8; its signs are read as meant")


def _before(label: str, encoding: str) -> str:
    """What a label was whose UTF-8 was read in an older encoding; empty where that makes no sense."""
    try:
        data = b"".join(char.encode(encoding if ord(char) > 0x9F else "latin-1") for char in label)
        found = data.decode("utf-8")
    except UnicodeError:
        return ""
    latin = all(ord(c) < 0x180 or 0x2010 <= ord(c) <= 0x203A for c in found)
    return found if latin and _makes_sense(found) else ""


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: mostly ASCII, so every other byte is zero."""
    sample = data[:SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    most = 0.4 * len(sample) / 2
    if even > most and odd < 0.1 * most:
        return "utf-16-be"
    return "utf-16-le" if odd > most and even < 0.1 * most else None


def _old(path: Path, data: bytes) -> Decoded:
    words = list(dict.fromkeys(re.findall(rb"[^\s\",;<>]*[\x80-\xff][^\s\",;<>]*", data)))
    for name in OLD:
        try:
            shown = [word.decode(name) for word in words]
        except UnicodeDecodeError:
            continue
        if all(map(_makes_sense, shown)):
            called = NAMES[name] if name != "cp1252" or re.search(rb"[\x80-\x9f]", data) else "Latin-1"
            note = f"{path}: is not UTF-8 text; read as {called}, for example {one_line(repr(shown[0]), 40)}"
            return Decoded(data.decode(name), note)
    example = words[0][:40].decode("ascii", "backslashreplace")
    raise UserError(
        f"{path}: is neither UTF-8 nor UTF-16 text, and makes no sense as Latin-1, Windows-1252 or MacRoman "
        f"(for example {one_line(example, 60)}); save it as UTF-8"
    )


def _makes_sense(word: str) -> bool:
    run = 0
    for before, char, after in zip(" " + word, word, word[1:] + " ", strict=False):
        run = run + 1 if char.isalpha() and not char.isascii() else 0
        if run >= OTHER_ALPHABET:
            return False
        if not char.isascii() and not _in_place(before, char, after):
            return False
    return True


def _in_place(before: str, char: str, after: str) -> bool:
    if char in SIGNS:
        return False
    if char.isalpha():
        return not (char.isupper() and before.islower())
    if char in INSIDE:
        return True
    if char in OPENING:
        return not before.isalnum()
    if char in CLOSING:
        return not after.isalnum()
    return char.isprintable() and not before.isalpha() and not after.isalpha()
