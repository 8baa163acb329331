"""Words of whisper's relatives: openai-whisper with word times, whisper-timestamped, whisperX, faster-whisper.

All write `segments`, each with a list `words`; whisperX repeats them in `word_segments`. The word itself is
`word`, or `text` in whisper-timestamped. whisperX gives no times to what it cannot align (numbers, for
example), and a `speaker` to each word where it was asked to tell speakers apart.
"""

from __future__ import annotations

from collections import Counter

from ...errors import UserError, one_line
from .rows import WordsReport
from .source import Reader, WordsFile
from .timed_items import Item, report_items


def is_whisper(file: WordsFile) -> bool:
    """Whether the file is an object with a list `segments` or `word_segments`, and no words of its own."""
    content = file.json
    if not isinstance(content, dict) or content.get("words"):
        return False
    return any(isinstance(content.get(key), list) for key in ("segments", "word_segments"))


def report_whisper(file: WordsFile) -> WordsReport:
    """Words of all segments, times in seconds from the start of the audio; `tier` names one speaker.

    Raises
    ------
    UserError
        Where the file has no word times, or not the speaker.
    """
    items = _items(file.json)
    if not items:
        raise UserError(
            f"{file.path}: has no word times; run whisper again with --word_timestamps True (whisperX aligns by "
            "itself, whisper-timestamped always writes them)"
        )
    speakers = Counter(speaker for item in items if (speaker := _speaker(item)))
    notes = list(file.notes)
    counts = one_line(", ".join(f"{name} {n}" for name, n in speakers.items()) or "none", 200)
    if file.tier is not None:
        if file.tier not in speakers:
            raise UserError(f"{file.path}: there is no speaker {one_line(repr(file.tier), 40)}; speakers: {counts}")
        items = [item for item in items if _speaker(item) == file.tier]
    elif len(speakers) > 1:
        notes.append(f"{file.path}: words of {len(speakers)} speakers are taken together ({counts}); `tier` names one")
    return report_items(file.path, items, ("word", "text"), notes)


def _items(content: dict) -> list[Item]:
    found = []
    for number, segment in enumerate(content.get("segments") or (), start=1):
        words = segment.get("words") if isinstance(segment, dict) else None
        if isinstance(words, list):
            found += [Item(f"segment {number}, word {k}", value) for k, value in enumerate(words, start=1)]
    repeated = content.get("word_segments")
    if not found and isinstance(repeated, list):
        found = [Item(f"word_segments[{k}]", value) for k, value in enumerate(repeated, start=1)]
    return found


def _speaker(item: Item) -> str | None:
    speaker = item.value.get("speaker") if isinstance(item.value, dict) else None
    return speaker if isinstance(speaker, str) and speaker else None


WHISPER = Reader("whisper's, whisperX's or whisper-timestamped's", ".json", is_whisper, report_whisper)
