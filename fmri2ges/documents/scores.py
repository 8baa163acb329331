"""The report of an evaluation: every score with interval, nulls, floor and ceiling; texts against null texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..evaluation.reliability import Reliability
from ..evaluation.report import Report, format_number, format_p
from ..evaluation.rows import Null, Row, Setting
from ..evaluation.text_rows import TextTable
from ..figures.metrics import draw_metrics
from ..figures.style import Paper, mark_of, print_style, roi_text
from ..figures.timeline import draw_timeline
from ..motion.amount import T2GOrigin
from ..request import WHOLE_CORTEX, DecodeRequest
from ..results import BRANCHES
from ..views.choices import GUIDANCE_NOTE, GUIDANCE_TITLE, guidance_cells
from ..views.reliability import TITLE as RELIABILITY
from ..views.reliability import reliability_cells, reliability_note
from ..views.scores import rows_of, settings, stories
from ..work import Work
from . import html
from .budget import MEGABYTE, Budget
from .html import Document, Html, Mark, Section
from .origin import SMALLER, Origin, texts, version_of, without_places
from .strip import Axis, Scored, strip
from .svg import inline

PARTS = int(4.4 * MEGABYTE)
WIDTH = 180.0  # mm
MOST_COMMANDS = 24  # decodings that are written out
LEGEND = (
    "In the tables a dot is the value (filled: p < .05) and its line the 95 % interval; the grey band is the null from "
    "5 to 95 %, a dashed line the floor, a hollow diamond the ceiling. The report keeps mean, 5 and 95 % point of each "
    "null, not all of its scores. Independent shifts: how many independent draws the shifted scores are worth."
)
METHODS = (
    "Null: circular shifts of the decoded series by at least 20 s, each story on its own; p is one-sided and counts "
    "independent shifts.",
    "Intervals are 95 % bootstraps over stories or over blocks of 40 to 60 s, whichever the row says; below five units "
    "there is none.",
    "p is not corrected over measures; windows of a timeline are corrected by Benjamini-Hochberg.",
)


def scores_document(report: Report, run: str, work: Work) -> Document:
    """The report of an evaluation.

    Parameters
    ----------
    report : what `evaluate` returned
    run : name of what was evaluated
    work : progress
    """
    manifest = without_places(report.manifest)
    origin = Origin(manifest, "", report.simulated, _commands(report, run), _python(report))
    return Document(
        title="Scores",
        subtitle=", ".join(filter(None, (report.study, run, f"{len(report.stories)} stories"))),
        mark=Mark(report.simulated, _t2g(report)),
        sections=(*score_sections(report, work), Section("methods", "Methods", _methods(report)), *origin.sections()),
    )


def score_sections(report: Report, work: Work) -> tuple[Section, ...]:
    """The parts of a report that hold scores."""
    budget = Budget(PARTS)
    found = settings(report)
    sections = [Section("about", "What was scored", _about(report, found))]
    for k, setting in enumerate(found):
        work.report(k / len(found), setting.subject)
        parts = list(_setting(report, setting, k, budget))
        sections.append(Section(f"setting-{k + 1}", f"Scores of {_name(setting)}", html.joined(parts)))
    if report.texts:
        work.report(0.9, "texts")
        parts = [part for k, table in enumerate(_means_first(report)) for part in _text(report, table, k, budget)]
        sections.append(Section("texts", "Decoded words against texts without a brain", html.joined(parts)))
    if report.reliability:
        sections.append(Section("reliability", RELIABILITY, html.joined(map(_reliability, report.reliability))))
    if cells := guidance_cells(report.manifest):
        parts = [html.table(cells, GUIDANCE_TITLE, left=("Guidance",)), html.paragraph(GUIDANCE_NOTE, class_="notes")]
        sections.append(Section("choices", "What the study chose", html.joined(parts)))
    return tuple(sections)


def _reliability(found: Reliability) -> Html:
    table = html.table(reliability_cells(found), f"{RELIABILITY}, {_name(found.setting)}")
    return html.joined((table, html.paragraph(reliability_note(found), class_="notes")))


def _t2g(report: Report) -> T2GOrigin:
    return T2GOrigin.of({**report.manifest, "simulated": report.simulated})


def _name(setting: Setting) -> str:
    """Subject, ROIs and samples in a few words."""
    samples = "" if setting.samples is None else f", {setting.samples} samples"
    return f"{setting.subject}, {roi_text(setting.rois)}{samples}"


def _about(report: Report, found: list[Setting]) -> Html:
    about = {
        "Study": report.study or "-",
        "Stories": ", ".join(report.stories),
        "Decoded from": "; ".join(_name(setting) for setting in found),
        "Kind of evidence": "exploratory where ROIs were chosen: the generators were not trained for them",
        "T2G": _t2g(report).caption.removeprefix("T2G: "),
    }
    notes = html.listing(without_places(note) for note in report.notes)
    return html.joined((html.facts(about), html.heading("How to read it"), notes, html.paragraph(LEGEND)))


def _setting(report: Report, setting: Setting, number: int, budget: Budget) -> Iterator[Html]:
    """Figure and tables of one setting: the mean over stories first, then each story."""
    mine = tuple(row for row in report.rows if row.setting == setting)
    with print_style():
        page = draw_metrics(replace(report, rows=mine), Paper(WIDTH))
    caption = f"Scores of {_name(setting)}, each with its interval over the band of its null."
    picture = inline(page, f"scores-{number}", caption)
    if budget.keeps(picture):
        yield html.figure(picture, caption)
    for story in stories(report, setting):
        rows = rows_of(report, setting, story)
        yield html.heading(story)
        for branch in BRANCHES:
            of_branch = [row for row in rows if row.branch == branch]
            if of_branch:
                caption = f"{branch.capitalize()} branch, {story}, {_name(setting)}"
                yield kept(score_table(of_branch, caption), budget, caption)


def kept(part: Html, budget: Budget, what: str) -> Html:
    """A part that fits, or a line that says where its numbers are."""
    return part if budget.keeps(part) else html.paragraph(f"{what}: {SMALLER}; its numbers are in report.json.")


def score_table(rows: Sequence[Row], caption: str) -> Html:
    """Scores with their pictures and footnotes; the picture is of scores that may share an axis."""
    shared = {id(row): _scored(row) for row in rows if row.metric.unit.dimensionless and row.null}
    axis = Axis.of(shared.values()) if shared else Axis(0.0, 1.0)
    notes: list[str] = []
    cells = [
        {
            "Measure": _measure(row, notes),
            "": strip(shared[id(row)], axis) if id(row) in shared else "",
            "Value, 95 % CI": _two_lines(format_number(row.value), _interval(row)),
            **_null(row.null),
            "Floor": format_number(row.floor),
            "Ceiling": format_number(row.ceiling),
            "n": _two_lines(str(row.n), row.n_unit),
        }
        for row in rows
    ]
    said = [f"{k}) {note}" for k, note in enumerate(notes, start=1)]
    return html.joined((html.table(cells, caption, left=("Measure",)), html.paragraph("; ".join(said), class_="notes")))


def _scored(row: Row) -> Scored:
    found = row.p is not None and row.p < 0.05
    return Scored(row.branch, row.value, found, row.interval, row.null, floor=row.floor, ceiling=row.ceiling)


def _two_lines(first: str, second: str) -> Html:
    return html.joined((first, html.element("small", second)))


def _measure(row: Row, notes: list[str]) -> Html:
    """The name of the measure with the numbers of its footnotes, which are added to `notes`."""
    unit = "" if row.metric.unit.dimensionless else f" ({row.metric.unit})"
    said = [row.note, f"interval: {row.interval.method}" if row.interval else row.interval_missing]
    if swap := row.swap_null:
        said.append(
            f"null of {swap.n} pairings ({swap.kind.label}): mean {swap.mean:.3f}, 5 to 95 % {swap.q05:.3f} to "
            f"{swap.q95:.3f}, p {format_p(swap.p, swap.n)}"
        )
    mine = [without_places(note) for note in said if note]
    notes += [note for note in dict.fromkeys(mine) if note not in notes]
    numbers = ", ".join(map(str, sorted(notes.index(note) + 1 for note in mine)))
    return html.joined((row.label + unit, html.element("sup", numbers) if numbers else ""))


def _interval(row: Row) -> str:
    ci = row.interval
    return f"{format_number(ci.low)} to {format_number(ci.high)}" if ci else "-"


def _null(null: Null | None) -> dict[str, str]:
    """Mean and edges of a null, its p, and how many draws it is worth."""
    names = "Null: mean, 5 to 95 %", "p, independent shifts"
    if null is None:
        return dict.fromkeys(names, "-")
    edges = f"{format_number(null.q05)} to {format_number(null.q95)}"
    cells = (
        _two_lines(format_number(null.mean), edges),
        _two_lines(format_p(null.p, null.n), f"{null.draws:.0f} of {null.n}"),
    )
    return dict(zip(names, cells, strict=True))


def _means_first(report: Report) -> list[TextTable]:
    return sorted(report.texts, key=lambda table: table.stories < 2)


def _text(report: Report, table: TextTable, number: int, budget: Budget) -> Iterator[Html]:
    """A text table, and the timeline of a story."""
    where = f"{table.story}, {table.subject}, {roi_text(table.rois)}, F2T {table.f2t}"
    yield html.heading(where)
    cells = [
        {
            "Score": row.metric.label,
            "Text": row.text.label,
            "Value": format_number(row.value),
            "n": _two_lines(str(row.n_windows), "windows"),
            **{f"{kind.label}: mean, 5 to 95 %, p": _edges(null) for kind, null in row.nulls.items()},
        }
        for row in table.rows
    ]
    yield kept(
        html.table(cells, f"{where}: windows of 20 s; p one-sided against each kind of text", left=("Score", "Text")),
        budget,
        where,
    )
    if table.timeline is not None:
        with print_style():
            page = draw_timeline(table, table.timeline, Paper(WIDTH), mark_of(report.simulated, _t2g(report)))
        caption = f"{table.timeline.metric.label} along {table.story}, {table.subject}."
        picture = inline(page, f"line-{number}", caption)
        yield kept(html.figure(picture, caption), budget, caption)


def _edges(null: Null) -> Html:
    edges = f"{format_number(null.q05)} to {format_number(null.q95)}"
    return _two_lines(format_number(null.mean), f"{edges}, p {format_p(null.p, null.n)}")


@dataclass(frozen=True)
class _Decoding:
    """A decoding as far as the report names it."""

    request: DecodeRequest
    out: str


def _decodings(report: Report, run: str) -> list[_Decoding]:
    """What was decoded. Stretch, seed and form of F2T stand in the manifests of the results, not in the report."""
    found: list[_Decoding] = []
    for setting in settings(report):
        for story in (s for s in stories(report, setting) if s in report.stories):
            request = DecodeRequest(run, setting.subject, story, setting.rois or WHOLE_CORTEX)
            if setting.samples is not None:
                request = replace(request, samples=setting.samples)
            found.append(_Decoding(request, f"scored/decoded/{len(found) + 1}"))
    return found


def _commands(report: Report, run: str) -> str:
    decodings = _decodings(report, run)
    lines = [d.request.as_command(d.out) for d in decodings[:MOST_COMMANDS]]
    if more := len(decodings) - len(lines):
        lines.append(f"# and {more} more stories in the same way")
    nulls = _null_decodings(report)
    return "\n".join([*lines, "fmri2ges evaluate scored" + (f" --null-decodings {nulls}" if nulls else "")])


def _null_decodings(report: Report) -> int:
    """How many texts of each kind of null BOLD were decoded."""
    said = texts(report.manifest.get("config")).get("null_decodings", "")
    return int(said) if said.isdecimal() else 0


def _python(report: Report) -> str:
    nulls = _null_decodings(report)
    asked = f", null_decodings={nulls}" if nulls else ""
    return (
        "from pathlib import Path\n\nimport fmri2ges\n\n"
        'results = [fmri2ges.Decoded.load(folder) for folder in sorted(Path("scored/decoded").iterdir())]\n'
        f"report = fmri2ges.evaluate(results{asked})\n"
    )


def _methods(report: Report) -> Html:
    config = texts(report.manifest.get("config"))
    parameters = {**config, "seed": str(report.manifest.get("seed", "-"))}
    recordings = "simulated recordings" if report.simulated else "recordings"
    names = "; ".join(_name(setting) for setting in settings(report))
    sentences = (
        f"With fMRI2GES {version_of(report.manifest)}, gestures and words decoded from {recordings} ({names}) were "
        f"scored on the stories {', '.join(report.stories)}.",
        f"The nulls of means over stories have {config.get('n_null', '-')} draws.",
        f"Nulls of texts are {config.get('n_lm', '-')} texts of the language model alone and {_null_decodings(report)} "
        "decodings of each kind of null BOLD.",
        f"The seed of bootstrap, combined shifts and subsets of FGD was {parameters['seed']}.",
        *METHODS,
    )
    return html.joined((html.paragraph(" ".join(sentences)), html.heading("Every parameter"), html.facts(parameters)))
