"""Words of the gentle forced aligner (`align.json`), as the Narratives data set ships them."""

from __future__ import annotations

from .rows import WordsReport
from .source import Reader, WordsFile
from .timed_items import Item, report_items


def is_gentle(file: WordsFile) -> bool:
    """Whether the file is an object with a list `words` (OpenAI's transcriptions with word times are so, too)."""
    return isinstance(file.json, dict) and isinstance(file.json.get("words"), list)


def report_gentle(file: WordsFile) -> WordsReport:
    """Words of a gentle JSON file, times in seconds from the start of the audio.

    Gentle lists every word of the transcript; one that it did not find in the audio has no times. The
    spelling is the transcript's (`word`); `alignedWord`, which is ``<unk>`` for a word outside gentle's
    dictionary, is taken only where `word` is missing.
    """
    items = [Item(f"words[{number}]", value) for number, value in enumerate(file.json["words"], start=1)]
    return report_items(file.path, items, ("word", "alignedWord"), file.notes)


GENTLE = Reader("gentle's align.json", ".json", is_gentle, report_gentle)
