"""Words of the gentle forced aligner (`align.json`), as the Narratives data set ships them.

Gentle lists every word of the transcript. A word that it did not find in the audio has no times.
Such words are dropped and counted: times made up between the neighbours would put words where
nobody said them, and the word rate of a volume would follow the transcript, not the speech.
"""

from __future__ import annotations

import json
from pathlib import Path

from ...errors import UserError, one_line
from .rows import WordsReport, report_words

NAMED = 5  # dropped words that a note lists


def report_gentle(path) -> WordsReport:
    """Words of a gentle JSON file, times in seconds from the start of the audio.

    The spelling is the transcript's (`word`); `alignedWord`, which is ``<unk>`` for a word outside
    gentle's dictionary, is taken only where `word` is missing.

    Raises
    ------
    UserError
        When the file is no JSON with a list `words`.
    """
    path = Path(path)
    items = _items(path)
    rows, dropped, problems = [], [], []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            problems.append(
                f"{path}: words[{number}]: must be an object with word, start and end; got {one_line(repr(item), 40)}"
            )
            continue
        label = item.get("word") or item.get("alignedWord")
        if not isinstance(label, str):
            problems.append(f"{path}: words[{number}]: has no word")
            continue
        start, end = item.get("start"), item.get("end")
        if item.get("case", "success") != "success" or start is None or end is None:
            dropped.append((number, label))
        elif not (_number(start) and _number(end)):
            problems.append(f"{path}: words[{number}] ({one_line(repr(label), 40)}): start and end must be seconds")
        else:
            rows.append((f"words[{number}]", label, float(start), float(end) - float(start)))
    report = report_words(path, rows, _dropped_note(path, dropped, len(items)))
    return WordsReport(report.words, (*problems[:20], *report.problems), report.notes)


def _items(path: Path) -> list:
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: is not valid JSON ({one_line(error)}); run gentle again or copy the file again"
        ) from error
    items = content.get("words") if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise UserError(f"{path}: is not a gentle alignment: it must be an object with a list 'words'")
    return items


def _number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _dropped_note(path: Path, dropped, total: int) -> list[str]:
    if not dropped:
        return []
    names = ", ".join(f"words[{k}] {one_line(repr(label), 40)}" for k, label in dropped[:NAMED])
    line = f"{path}: {len(dropped)} of {total} words have no times (not found in the audio) and are dropped: {names}"
    return [line + (", ..." if len(dropped) > NAMED else "")]
