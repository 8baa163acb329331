"""Words of the Montreal Forced Aligner in JSON and CSV; its TextGrids are read as any TextGrid.

Tiers are called `words` and `phones`, and `SPEAKER - words` where a file has several speakers. The CSV names
type and speaker in each line (Begin,End,Label,Type,Speaker); its tiers get the same names here.
"""

from __future__ import annotations

import csv
import io

from ...errors import UserError, one_line
from .rows import Row, WordsReport
from .source import Reader, WordsFile
from .tiers import Tier, report_tiers

COLUMNS = ("begin", "end", "label", "type", "speaker")


def is_mfa_json(file: WordsFile) -> bool:
    """Whether the file is an object with `tiers`, each with a list of entries."""
    return isinstance(file.json, dict) and isinstance(file.json.get("tiers"), dict)


def report_mfa_json(file: WordsFile) -> WordsReport:
    """Words of one tier; entries are [start, end, label] in seconds.

    Raises
    ------
    UserError
        Where the tier of the words is unclear; see `tiers.report_tiers`.
    """
    tiers, problems = [], []
    for name, content in file.json["tiers"].items():
        entries = content.get("entries") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            problems.append(f"{file.path}: tier {one_line(repr(name), 40)}: has no list of entries")
        elif content.get("type", "interval") in ("interval", "IntervalTier"):
            tiers.append(Tier(name, tuple(_rows(name, entries))))
    return report_tiers(file.path, tiers, file.tier, file.notes, problems)


def _rows(name: str, entries: list):
    for number, entry in enumerate(entries, start=1):
        place = f"tier {one_line(repr(name), 40)}, entry {number}"
        match entry:
            case [int() | float() as start, int() | float() as end, str() as label]:
                yield Row(place, label, *_seconds(start, end))
            case _:  # refused as times later
                yield Row(place, "entry", one_line(repr(entry), 40), "nothing")


def _seconds(start: float, end: float) -> tuple[float, float]:
    """Start and duration; what no float can hold becomes infinite."""
    try:
        return float(start), float(end) - float(start)
    except OverflowError:
        return float("inf"), 0.0


def is_mfa_csv(file: WordsFile) -> bool:
    """Whether the first line names the columns of MFA's CSV."""
    first = file.text.lstrip("\ufeff").split("\n", 1)[0].strip().lower()
    return set(COLUMNS[:4]) <= {name.strip() for name in first.split(",")}


def report_mfa_csv(file: WordsFile) -> WordsReport:
    """Words of one speaker; times in seconds.

    Raises
    ------
    UserError
        Where a line has not as many fields as the first, or the tier of the words is unclear.
    """
    lines = _lines(file)
    header = [name.strip().lower() for name in lines[0][1]]
    begin, end, label, kind = (header.index(column) for column in COLUMNS[:4])
    speaker = header.index("speaker") if "speaker" in header else None
    rows: dict[tuple[str, str], list[Row]] = {}
    for number, fields in lines[1:]:
        if len(fields) != len(header):
            raise UserError(f"{file.path}, line {number}: {len(fields)} fields where the header has {len(header)}")
        key = (fields[speaker].strip() if speaker is not None else "", fields[kind].strip())
        rows.setdefault(key, []).append(_csv_row(number, fields[label], fields[begin], fields[end]))
    several = len({who for who, _ in rows}) > 1
    tiers = [Tier(f"{who} - {what}" if several else what, tuple(found)) for (who, what), found in rows.items()]
    return report_tiers(file.path, tiers, file.tier, file.notes)


def _lines(file: WordsFile) -> list[tuple[int, list[str]]]:
    """(line number, fields) of every line that is not empty."""
    reader = csv.reader(io.StringIO(file.text, newline=""), strict=True)
    try:
        return [(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]
    except csv.Error as error:
        raise UserError(f"{file.path}, line {reader.line_num}: is not readable CSV ({one_line(error)})") from error


def _csv_row(number: int, label: str, begin: str, end: str) -> Row:
    try:
        return Row(f"line {number}", label, float(begin), float(end) - float(begin))
    except ValueError:
        return Row(f"line {number}", label, begin, end)  # refused as times later


MFA_JSON = Reader("the Montreal Forced Aligner's", ".json", is_mfa_json, report_mfa_json)
MFA_CSV = Reader("the Montreal Forced Aligner's (Begin,End,Label,Type,Speaker)", ".csv", is_mfa_csv, report_mfa_csv)
