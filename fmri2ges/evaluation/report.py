"""The report: its rows and tables as one value, and as text for the terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .metrics import Better
from .reliability import Reliability
from .rows import Row
from .text_rows import TextTable

COLUMNS = ("metric", "value", "95 % CI", "null", "null 5-95 %", "p", "floor", "ceiling", "n")


@dataclass(frozen=True)
class Report:
    """What `evaluate` found; `storage.report` writes and reads it.

    Parameters
    ----------
    rows : scores of every story and of their mean; those of one setting, story and branch stand together
    simulated : whether the recording is simulated
    notes : what a reader must know, a sentence each
    study : name of the study
    stories : names of the stories
    texts : the text tables
    manifest : provenance
    reliability : of the decoded words of each setting
    """

    rows: tuple[Row, ...]
    simulated: bool
    notes: tuple[str, ...] = ()
    study: str = ""
    stories: tuple[str, ...] = ()
    texts: tuple[TextTable, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)
    reliability: tuple[Reliability, ...] = ()


def format_number(x: float | None) -> str:
    """Three decimals below 10, fewer above; '-' for nothing."""
    if x is None:
        return "-"
    x = 0.0 if abs(x) < 5e-4 else x  # never -0.000
    return f"{x:.3f}" if abs(x) < 10 else f"{x:.1f}" if abs(x) < 1000 else f"{x:.0f}"


def format_p(p: float | None, n: int) -> str:
    """p with three decimals, or one digit below .001; with '≤' at the smallest that n null scores can give."""
    if p is None:
        return "too short"
    number = f"{p:.3f}" if p >= 0.001 else f"{p:.1g}"
    return f"≤{number}" if is_smallest(p, n) else number


def _typed_p(p: float | None, n: int) -> str:
    """The same in the signs that every terminal has."""
    return format_p(p, n).replace("≤", "<=")


def is_smallest(p: float, n: int) -> bool:
    """Whether p is the smallest that so many null scores can give."""
    return p <= 1 / (1 + n) + 1e-12


def _cells(row: Row) -> list[str]:
    ci, null = row.interval, row.null
    return [
        row.label + ("" if row.metric.unit.dimensionless else f" [{row.metric.unit}]"),
        format_number(row.value),
        f"{format_number(ci.low)} .. {format_number(ci.high)}" if ci else "-",
        format_number(null.mean) if null else "-",
        f"{format_number(null.q05)} .. {format_number(null.q95)}" if null else "-",
        _typed_p(null.p, null.n) if null else "-",
        format_number(row.floor),
        format_number(row.ceiling),
        f"{row.n} {row.n_unit}",
    ]


def format_report(report: Report) -> str:
    """The report as an aligned table, at most 120 characters wide.

    One block per story and branch; CI = interval over blocks or stories, null = circular shift,
    p one-sided. A '-' means that the number does not exist for this metric, not that it is 0.
    """
    heading, rule, *lines = _aligned([list(COLUMNS), *(_cells(row) for row in report.rows)], left=(0, len(COLUMNS) - 1))
    out = [f"Evaluation of {report.study or 'a study'}" + ("   [SIMULATED]" if report.simulated else "")]
    group = None
    for row, line in zip(report.rows, lines, strict=True):
        if row.group != group:
            group = row.group
            where = f"subject {row.setting.subject}, ROIs {', '.join(row.setting.rois)}"
            out += ["", _clip(f"{row.branch} branch, {row.story}, {where}"), heading, rule]
        out.append(line)
    for table in report.texts:
        out += ["", *_text_block(table)]
    if report.notes:
        out.append("")
    for note in report.notes:
        out += _wrapped(f"* {note}")
    return "\n".join(out) + "\n"


def _text_block(table: TextTable) -> list[str]:
    """The text table: for every score its nulls, then each text with its p against them."""
    rows, line = table.rows, table.timeline
    kinds = list(rows[0].nulls)
    cells = [["", "value", *(kind.label for kind in kinds)]]
    for k, row in enumerate(rows):
        nulls = [row.nulls[kind] for kind in kinds]
        if not k or row.metric != rows[k - 1].metric:
            lower = row.metric.better == Better.LOWER
            edges = (f"{format_number(n.mean)} ({format_number(n.q05 if lower else n.q95)})" for n in nulls)
            cells.append([row.metric.label, "null", *edges])
        cells.append([f"  {row.text.label}", format_number(row.value), *(f"p {_typed_p(n.p, n.n)}" for n in nulls)])
    title = f"text against nulls, {table.story}, subject {table.subject}, F2T {table.f2t}; 20 s windows"
    out = [_clip(title), "null: mean (95 % point; where less is better, 5 % point)", *_aligned(cells)]
    if line is not None:
        found = sum(q is not None and q < 0.05 for q in line.q)
        out.append(
            f"{found} of {len(line.windows)} windows of {line.metric.label} above the {line.null.label} null "
            f"at q < .05; whole stretch p {_typed_p(line.story_p, rows[0].nulls[line.null].n)}"
        )
    return out


def _aligned(lines: list[list[str]], left: tuple[int, ...] = (0,)) -> list[str]:
    """Cells as columns under a heading and a rule; the columns of `left` to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    heading, *rest = (
        "  ".join(c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True)))
        for cells in lines
    )
    return [line.rstrip() for line in (heading, "-" * len(heading), *rest)]


def _clip(text: str, width: int = 120) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 118, subsequent_indent="  ")
