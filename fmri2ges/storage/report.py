"""The report as JSON: what `evaluate` writes beside the decoded stories, and the one reader of it.

Every row names its metric by id; the printed label stands beside it for people. Nothing reads the label.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import Any

from ..data.atomic import read_json, write_json
from ..errors import UserError
from ..evaluation.intervals import Interval
from ..evaluation.metrics import GREEDY_MATCH, METRICS, Metric
from ..evaluation.reliability import Bin, Reliability
from ..evaluation.report import Report
from ..evaluation.rows import Null, NullKind, Row, Setting
from ..evaluation.text_rows import TextKind, TextRow, TextTable, TextTimeline
from ..results import BRANCHES

NAME = "report.json"
KIND, VERSION = "report", 1
RENAMED = {"bert_score_f1": GREEDY_MATCH.id}  # metrics of older reports, by a name that said what they were not


def write_report(path, report: Report) -> Path:
    """Write the report as readable JSON.

    Parameters
    ----------
    path : file to write
    """
    return write_json(path, report_to_dict(report))


def read_report(folder) -> Report:
    """The report of a folder that `evaluate` was run on.

    Raises
    ------
    UserError
        When there is none, or it is damaged or of another version; one line, with the command that makes a new one.
    """
    file = Path(folder) / NAME
    again = f"fmri2ges evaluate {quote(str(folder))}"
    if not file.is_file():
        raise UserError(f"{folder}: has no {NAME}; first run: {again}")
    data = read_json(file)
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise UserError(f"{file}: is not a report; make one with: {again}")
    if (found := data.get("version")) != VERSION or isinstance(found, bool):
        version = f"version {found}" if isinstance(found, int) and abs(found) < 1e6 else "an older version"
        raise UserError(f"{file}: is of {version}, this program reads version {VERSION}; evaluate again: {again}")
    try:
        return report_from_dict(data)
    except (_Damaged, KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        what = str(error) if isinstance(error, _Damaged) else "an entry is missing or of the wrong kind"
        raise UserError(f"{file}: is damaged ({what}); evaluate again: {again}") from error


def report_to_dict(report: Report) -> dict[str, Any]:
    """The report as JSON values; see `report_from_dict`."""
    return {
        "kind": KIND,
        "version": VERSION,
        "simulated": report.simulated,
        "study": report.study,
        "stories": list(report.stories),
        "texts": [_table_to_dict(table) for table in report.texts],
        "reliability": [_reliability_to_dict(one) for one in report.reliability],
        "manifest": report.manifest,
        "notes": list(report.notes),
        "rows": [row_to_dict(row) for row in report.rows],
    }


def report_from_dict(data: dict[str, Any]) -> Report:
    """The report that `report_to_dict` described."""
    return Report(
        rows=_rows(data["rows"]),
        simulated=_flag(data["simulated"]),
        notes=_texts(data["notes"]),
        study=_text(data["study"]),
        stories=_texts(data["stories"]),
        texts=tuple(_table_from_dict(table) for table in _list(data["texts"])),
        reliability=tuple(_reliability_from_dict(one) for one in _list(data.get("reliability", []))),
        manifest=dict(data["manifest"]),
    )


def row_to_dict(row: Row) -> dict[str, Any]:
    """A row as JSON values: the id of its metric, its label as `metric`, and all numbers."""
    line: dict[str, Any] = {
        "subject": row.setting.subject,
        "rois": list(row.setting.rois),
        "samples": row.setting.samples,
        "story": row.story,
        "stories": row.stories,
        "branch": row.branch,
        **_metric_to_dict(row.metric),
        "value": row.value,
        "unit": row.metric.unit.value,
        "better": row.metric.better.value,
        "n": row.n,
        "n_unit": row.n_unit,
        "ci": _interval_to_dict(row.interval),
        "null": row.null and _null_to_dict(row.null),
        "floor": row.floor,
        "ceiling": row.ceiling,
        "note": row.note,
    }
    if row.interval_missing:
        line["ci_missing"] = row.interval_missing
    if row.swap_null:
        line["swap_null"] = _null_to_dict(row.swap_null)
    return line


def row_from_dict(line: dict[str, Any]) -> Row:
    """The row that `row_to_dict` described; the unit and the direction come from the metric's id."""
    samples = line["samples"]
    return Row(
        metric=_metric_from_dict(line),
        branch=_branch(line["branch"]),
        story=_text(line["story"]),
        value=_number(line["value"]),
        n=_count(line["n"]),
        n_unit=_text(line["n_unit"]),
        stories=_count(line["stories"]),
        interval=_interval_from_dict(line["ci"]),
        interval_missing=_text(line.get("ci_missing", "")),
        null=_null_or_none(line["null"]),
        swap_null=_null_or_none(line.get("swap_null")),
        floor=_number_or_none(line["floor"]),
        ceiling=_number_or_none(line["ceiling"]),
        note=_text(line["note"]),
        setting=Setting(_text(line["subject"]), _texts(line["rois"]), None if samples is None else _count(samples)),
    )


def _table_to_dict(table: TextTable) -> dict[str, Any]:
    line = table.timeline
    return {
        "story": table.story,
        "stories": table.stories,
        "subject": table.subject,
        "rois": list(table.rois),
        "f2t": table.f2t,
        "rows": [_text_row_to_dict(row) for row in table.rows],
        "timeline": line
        and {
            **_metric_to_dict(line.metric),
            "null_id": line.null.value,
            "null": line.null.label,
            "windows": [list(window) for window in line.windows],
            "value": list(line.value),
            "p": list(line.p),
            "q": list(line.q),
            "story_p": line.story_p,
        },
    }


def _table_from_dict(data: dict[str, Any]) -> TextTable:
    line = data["timeline"]
    table = TextTable(
        story=_text(data["story"]),
        subject=_text(data["subject"]),
        rois=_texts(data["rois"]),
        f2t=_text(data["f2t"]),
        rows=tuple(_text_row_from_dict(row) for row in _list(data["rows"])),
        timeline=None if line is None else _timeline_from_dict(line),
        stories=_count(data["stories"]),
    )
    kinds = {frozenset(row.nulls) for row in table.rows}
    if len(kinds) != 1 or (table.timeline and table.timeline.null not in table.rows[0].nulls):
        raise _Damaged("the rows of a text table must have the same nulls")
    return table


def _timeline_from_dict(line: dict[str, Any]) -> TextTimeline:
    windows = tuple((_number(start), _number(stop)) for start, stop in _list(line["windows"]))
    value, p, q = (tuple(map(_number_or_none, _list(line[key]))) for key in ("value", "p", "q"))
    if not len(windows) == len(value) == len(p) == len(q):
        raise _Damaged("a text timeline must have as many values as windows")
    return TextTimeline(
        _metric_from_dict(line), NullKind(line["null_id"]), windows, value, p, q, _number(line["story_p"])
    )


def _text_row_to_dict(row: TextRow) -> dict[str, Any]:
    return {
        "text_id": row.text.value,
        "text": row.text.label,
        **_metric_to_dict(row.metric),
        "value": row.value,
        "better": row.metric.better.value,
        "n_windows": row.n_windows,
        "null": {kind.label: _null_to_dict(null) for kind, null in row.nulls.items()},
    }


def _text_row_from_dict(line: dict[str, Any]) -> TextRow:
    nulls = [_null_from_dict(null) for null in line["null"].values()]
    return TextRow(
        TextKind(line["text_id"]),
        _metric_from_dict(line),
        _number(line["value"]),
        _count(line["n_windows"]),
        {null.kind: null for null in nulls},
    )


def _metric_to_dict(metric: Metric) -> dict[str, str]:
    variant = {"variant": metric.variant} if metric.variant else {}
    return {"id": metric.id, **variant, "metric": metric.label}


def _metric_from_dict(line: dict[str, Any]) -> Metric:
    name = RENAMED.get(_text(line["id"]), line["id"])
    if name not in METRICS:
        raise _Damaged(f"{name[:40]!r} is no metric of this version")
    return METRICS[name].of(_text(line.get("variant", "")))


def _null_to_dict(null: Null) -> dict[str, Any]:
    numbers = {"n": null.n, "mean": null.mean, "q05": null.q05, "q95": null.q95, "p": null.p, "draws": null.draws}
    return {"id": null.kind.value, "kind": null.kind.label, **numbers}


def _null_or_none(data: dict[str, Any] | None) -> Null | None:
    return None if data is None else _null_from_dict(data)


def _null_from_dict(data: dict[str, Any]) -> Null:
    mean, q05, q95 = (_number(data[key]) for key in ("mean", "q05", "q95"))
    n = _count(data["n"])
    draws = _number(data.get("draws", n))  # reports of earlier versions took all draws for independent
    return Null(NullKind(data["id"]), n, mean, q05, q95, _number_or_none(data["p"]), draws)


def _interval_to_dict(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    numbers = {"low": interval.low, "high": interval.high, "level": interval.level, "n": interval.n}
    return {**numbers, "method": interval.method}


def _interval_from_dict(data: dict[str, Any] | None) -> Interval | None:
    if data is None:
        return None
    low, high, level = (_number(data[key]) for key in ("low", "high", "level"))
    return Interval(low, high, _count(data["n"]), _text(data["method"]), level)


def _reliability_to_dict(found: Reliability) -> dict[str, Any]:
    curve = [{**asdict(b), "interval": _interval_to_dict(b.interval)} for b in found.curve]
    of = {"subject": found.setting.subject, "rois": list(found.setting.rois), "samples": found.setting.samples}
    return {**of, "n_texts": found.n_texts, "stories": found.stories, "error": found.error, "curve": curve}


def _reliability_from_dict(data: dict[str, Any]) -> Reliability:
    samples = data["samples"]
    setting = Setting(_text(data["subject"]), _texts(data["rois"]), None if samples is None else _count(samples))
    curve = tuple(_bin_from_dict(line) for line in _list(data["curve"]))
    return Reliability(setting, _count(data["n_texts"]), _count(data["stories"]), curve)


def _bin_from_dict(line: dict[str, Any]) -> Bin:
    others, said, heard = (_number(line[key]) for key in ("others", "said", "heard"))
    return Bin(others, said, heard, _count(line["n"]), _interval_from_dict(line["interval"]))


class _Damaged(Exception):
    """What is wrong with a report, in a few words."""


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Damaged("a number is missing or not finite")
    return float(value)


def _number_or_none(value: Any) -> float | None:
    return None if value is None else _number(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Damaged("a count must be a whole number, 0 or more")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Damaged("'simulated' must be true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Damaged("a text is missing")
    return value


def _branch(value: Any) -> str:
    if value not in BRANCHES:
        raise _Damaged(f"a score is of no branch; allowed: {', '.join(BRANCHES)}")
    return str(value)


def _rows(value: Any) -> tuple[Row, ...]:
    rows = tuple(row_from_dict(row) for row in _list(value))
    if not rows:
        raise _Damaged("it has no scores")
    return rows


def _list(value: Any) -> list:
    if not isinstance(value, list):
        raise _Damaged("a list is missing")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))
