"""The report: plain rows (JSON) and their table for the terminal."""

from __future__ import annotations

from typing import Any

COLUMNS = ("metric", "value", "95 % CI", "null", "null 5-95 %", "p", "floor", "ceiling", "n")


def build_report(rows: list[dict[str, Any]], simulated: bool, notes: list[str], **about: Any) -> dict[str, Any]:
    """The dict that `report.json` holds.

    Parameters
    ----------
    rows : lines of `measure.row` and `measure.pool`
    simulated : whether the recording is simulated
    notes : what a reader must know, a sentence each
    about : study, run, subject, stories, ROIs, seeds, digests
    """
    return {"kind": "report", "simulated": bool(simulated), **about, "notes": list(notes), "rows": list(rows)}


def format_number(x: float | None) -> str:
    """Three decimals below 10, fewer above; '-' for nothing."""
    if x is None:
        return "-"
    return f"{x:.3f}" if abs(x) < 10 else f"{x:.1f}" if abs(x) < 1000 else f"{x:.0f}"


def format_p(p: float, n: int) -> str:
    """p, with '<=' at the smallest value that n null scores can give."""
    return f"<={p:.4f}" if p <= 1 / (1 + n) + 1e-12 else f"{p:.3f}"


def _cells(row: dict[str, Any]) -> list[str]:
    ci, null = row["ci"], row["null"]
    unit = f" [{row['unit']}]" if row["unit"] not in ("", "share", "cosine") else ""
    return [
        row["metric"] + unit,
        format_number(row["value"]),
        f"{format_number(ci['low'])} .. {format_number(ci['high'])}" if ci else "-",
        format_number(null["mean"]) if null else "-",
        f"{format_number(null['q05'])} .. {format_number(null['q95'])}" if null else "-",
        format_p(null["p"], null["n"]) if null else "-",
        format_number(row["floor"]),
        format_number(row["ceiling"]),
        f"{row['n']} {row['n_unit']}",
    ]


def format_report(report: dict[str, Any]) -> str:
    """The report as an aligned table of at most 120 columns.

    One block per story and branch; CI = interval over blocks or stories, null = circular shift,
    p one-sided. A '-' means that the number does not exist for this metric, not that it is 0.
    """
    rows = report["rows"]
    cells = [_cells(row) for row in rows]
    heading, rule, *lines = _aligned([list(COLUMNS), *cells], left=(0, len(COLUMNS) - 1))
    title = f"Evaluation of {report.get('study') or 'a study'}" + ("   [SIMULATED]" if report["simulated"] else "")
    out = [title]
    group = None
    for row, line in zip(rows, lines):
        about = (row.get("subject", "?"), tuple(row.get("rois", ())), row["story"], row["branch"])
        if about != group:
            group = about
            subject, rois, story, branch = about
            out += ["", _clip(f"{branch} branch, {story}, subject {subject}, ROIs {', '.join(rois)}"), heading, rule]
        out.append(line)
    for table in report.get("texts", ()):
        out += ["", *_text_block(table)]
    if report["notes"]:
        out.append("")
    for note in report["notes"]:
        out += _wrapped(f"* {note}")
    return "\n".join(out) + "\n"


def _text_block(table: dict[str, Any]) -> list[str]:
    """The text table of one story or of a mean over stories: for every score its nulls, then each text with its p against them."""
    rows, line = table["rows"], table["timeline"]
    kinds = list(rows[0]["null"])
    cells = [["", "value", *kinds]]
    for k, row in enumerate(rows):
        if not k or row["metric"] != rows[k - 1]["metric"]:
            edge = "q05" if row["better"] == "lower" else "q95"
            nulls = (row["null"][kind] for kind in kinds)
            cells.append(
                [row["metric"], "null", *(f"{format_number(n['mean'])} ({format_number(n[edge])})" for n in nulls)]
            )
        p = (f"p {format_p(row['null'][kind]['p'], row['null'][kind]['n'])}" for kind in kinds)
        cells.append([f"  {row['text']}", format_number(row["value"]), *p])
    title = f"text against nulls, {table['story']}, subject {table['subject']}, F2T {table['f2t']}; 20 s windows"
    out = [_clip(title), "null: mean (95 % point; where less is better, 5 % point)", *_aligned(cells)]
    if line is not None:
        found = [w for w, q in zip(line["windows"], line["q"]) if q is not None and q < 0.05]
        out.append(
            f"{len(found)} of {len(line['windows'])} windows of {line['metric']} above the {line['null']} null at q < .05; "
            f"whole stretch p {format_p(line['story_p'], rows[0]['null'][line['null']]['n'])}"
        )
    return out


def _aligned(lines: list[list[str]], left: tuple[int, ...] = (0,)) -> list[str]:
    """Cells as columns under a heading and a rule; the columns of `left` to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    heading, *rest = (
        "  ".join(c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths)))
        for cells in lines
    )
    return [line.rstrip() for line in (heading, "-" * len(heading), *rest)]


def _clip(text: str, width: int = 120) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 118, subsequent_indent="  ")
