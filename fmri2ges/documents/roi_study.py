"""The report of an ROI study: maps, bars, tables, methods, provenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..brain.space import has_cortex
from ..config import from_dict
from ..evaluation.metrics import Metric
from ..evaluation.roi_rows import Effect, Mode, RoiRow, RoiStudy
from ..figures.roi_bars import draw_roi_bars
from ..figures.roi_map import draw_roi_map
from ..figures.roi_view import RoiView, is_found, shown
from ..figures.style import Paper, print_style
from ..motion.amount import T2GOrigin
from ..results import BRANCHES
from ..storage.roi_study import TABLE, table_text
from ..studies.roi_request import RoiStudyRequest
from ..views.roi_study import forward_sentence, forward_table, roi_table
from ..work import Work
from . import html
from .budget import MEGABYTE, Budget
from .html import Document, Html, Mark, Section
from .origin import SMALLER, Origin, without_places
from .roi_methods import kind_of_regions, methods_text
from .strip import Axis, Scored, strip
from .svg import inline

FIGURES, TABLES, FILE = int(3.7 * MEGABYTE), int(0.7 * MEGABYTE), MEGABYTE // 2  # bytes of each kind of content
WIDTH = 180.0  # mm
MOST_ROWS = 60  # regions in one table
MOST_NAMES = 20  # regions in one sentence
FORWARD = (
    "Regions are added one by one, each time the one with which the score is largest, until it reaches 95 % of the "
    "score of all regions on the stories that choose. That score is too large, because the best of many was taken. The "
    "score where a path was not chosen is of as many regions, each part of the stories with the path that the others "
    "chose."
)
LEGEND = (
    "In the tables, a dot is the value (filled: corrected p < .05) and its line the 95 % interval; the grey band is "
    "the null from 5 to 95 %, the orange one random regions of the same size, a hollow diamond the ceiling."
)


def roi_document(study: RoiStudy, work: Work) -> Document:
    """The report of an ROI study.

    Parameters
    ----------
    study : what `roi_study` or `load_roi_study` returned
    work : progress
    """
    manifest = without_places(study.manifest)
    request = _request(study, manifest)
    origin = Origin(manifest, study.space, study.simulated, request.as_command(), request.as_python())
    measured = tuple(_measures(study, work))
    return Document(
        title="ROI study",
        subtitle=", ".join(filter(None, (str(manifest.get("study_name") or ""), _counted(study)))),
        mark=Mark(study.simulated, T2GOrigin.of({**study.manifest, "simulated": study.simulated})),
        sections=(
            Section("about", "What was studied", _about(study, request, manifest)),
            *measured,
            *_forward(study),
            Section("methods", "Methods", _methods(study, request)),
            *origin.sections(),
        ),
    )


def _request(study: RoiStudy, manifest: dict) -> RoiStudyRequest:
    """What was asked for, with names in the place of paths."""
    asked = {name: value for name, value in without_places(study.request).items() if name != "run_digest"}
    return from_dict(RoiStudyRequest, {**asked, "run": str(manifest.get("run") or "RUN")}, "study.json: request")


def _counted(study: RoiStudy) -> str:
    several = f"{len(study.subjects)} subjects" if len(study.subjects) > 1 else f"subject {study.subjects[0]}"
    stories = f"{len(study.stories)} stories" if len(study.stories) > 1 else f"story {study.stories[0]}"
    return f"{several}, {len(study.regions)} regions, {stories}"


def _modes(study: RoiStudy) -> str:
    """Which branches are exploratory and which confirmatory."""
    found = {mode: [b for b in BRANCHES if any((r.branch, r.mode) == (b, mode) for r in study.rows)] for mode in Mode}
    return "; ".join(f"{mode.value}: {' and '.join(b)} branch" for mode, b in found.items() if b)


def _about(study: RoiStudy, request: RoiStudyRequest, manifest: dict) -> Html:
    about = {
        "Run": request.run,
        "Study": str(manifest.get("study_name") or "-"),
        "Subjects": ", ".join(study.subjects),
        "Stories": ", ".join(study.stories),
        "Regions": f"{len(study.regions)}: {kind_of_regions(request, study.space)}",
        "Space": study.space,
        "Kind of evidence": _modes(study),
        "Correction": f"{study.correction.label}, over the regions of each branch and measure",
        "T2G": T2GOrigin.of({**study.manifest, "simulated": study.simulated}).caption.removeprefix("T2G: "),
    }
    text = table_text(study)
    file = html.download(text, TABLE, f"Save the whole table ({TABLE})") if len(text) <= FILE else TABLE
    notes = html.listing(without_places(note) for note in study.notes)
    whole = html.paragraph("Every number of this report: ", file, ".")
    return html.joined((html.facts(about), html.heading("How to read it"), notes, html.paragraph(LEGEND), whole))


def _measures(study: RoiStudy, work: Work) -> Iterator[Section]:
    """A section for each measure, the main one first."""
    drawing, tables = Budget(FIGURES), Budget(TABLES)
    ordered = sorted(study.metrics, key=lambda metric: metric != study.main_metric)
    for k, metric in enumerate(ordered):
        parts: list[Html] = []
        for j, subject in enumerate(study.subjects):
            work.report((k + j / len(study.subjects)) / len(ordered), f"{metric.label}, {subject}")
            if study.branches_of(subject, metric.id):
                parts += _Part(study, subject, metric, k, j).render(drawing, tables)
        yield Section(f"measure-{k + 1}", metric.label, html.joined(parts))


@dataclass(frozen=True)
class _Part:
    """One measure of one subject: figures, sentences, tables."""

    study: RoiStudy
    subject: str
    metric: Metric
    measure: int
    number: int

    def render(self, drawing: Budget, tables: Budget) -> list[Html]:
        view = RoiView(self.subject, self.metric.id)
        parts = [html.heading(self.subject)] if len(self.study.subjects) > 1 else []
        about = shown(self.study, view).about
        for kind, draw in (("map", draw_roi_map), ("bars", draw_roi_bars)):
            if kind == "map" and not has_cortex(self.study.space):
                continue
            name = {"map": "Map of the cortex", "bars": "Regions sorted by their score alone"}[kind]
            caption = f"{name}: {self.metric.label}; {about}."
            picture = Html()
            if not drawing.is_spent:  # drawing takes a second
                with print_style():
                    page = draw(self.study, Paper(WIDTH), view)
                picture = inline(page, f"{kind}-{self.measure}-{self.number}", caption)
            left_out = f"{name}: {SMALLER}; draw it with fmri2ges figure STUDY --kind roi-{kind}."
            parts.append(html.figure(picture, caption) if drawing.keeps(picture) else html.paragraph(left_out))
        for branch in self.study.branches_of(self.subject, self.metric.id):
            for effect in Effect:
                parts += self._table(branch, effect, tables)
        return parts

    def _table(self, branch: str, effect: Effect, tables: Budget) -> list[Html]:
        rows = sorted(self.study.select(self.subject, branch, self.metric.id, effect), key=lambda r: -r.value)
        if not rows:
            return []
        mode = rows[0].mode.value
        if effect == Effect.WHOLE:
            (row,) = rows
            ci = f" (95 % interval {row.interval.low:.3f} to {row.interval.high:.3f})" if row.interval else ""
            return [html.paragraph(f"{branch.capitalize()} branch, all regions together: {row.value:.3f}{ci}, {mode}.")]
        found = [row.region for row in rows if is_found(row)]
        more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
        named = f": {', '.join(found[:MOST_NAMES])}{more}" if found else ""
        sentence = (
            f"{branch.capitalize()} branch, {effect.label}, {mode}: {len(found)} of {len(rows)} regions with "
            f"{self.study.correction.label} p < .05{named}."
        )
        some = rows[:MOST_ROWS]
        caption = f"{self.metric.label}, {branch} branch, {effect.label}; {mode}; {_evidence(rows)}"
        if len(rows) > len(some):
            caption += f"; the first {len(some)} of {len(rows)} regions"
        made = html.table(self._cells(some), caption, left=("Region", "Mode"))
        if not tables.keeps(made):
            return [html.paragraph(f"{sentence} Table: {SMALLER}; its numbers are in {TABLE}.")]
        return [html.paragraph(sentence), made]

    def _cells(self, rows: list[RoiRow]) -> list[dict[str, str]]:
        scored = [
            Scored(r.branch, r.value, is_found(r), r.interval, r.null, r.size_null, ceiling=_ceiling(r)) for r in rows
        ]
        axis = Axis.of(scored)
        cells = roi_table(self.study, rows)
        return [
            {"Region": row["Region"], "": strip(one, axis), **{k: str(v) for k, v in row.items() if k != "Region"}}
            for row, one in zip(cells, scored, strict=True)
        ]


def _forward(study: RoiStudy) -> Iterator[Section]:
    """The greedy choice of regions, where it was made."""
    parts: list[Html] = []
    for subject in study.subjects:
        for branch in BRANCHES:
            if steps := study.path(subject, branch):
                caption = f"{subject}, {branch} branch: regions in the order of their choice; exploratory"
                parts.append(html.paragraph(forward_sentence(steps)))
                cells = [{name: str(value) for name, value in row.items()} for row in forward_table(steps)]
                parts.append(html.table(cells, caption, left=("Region added",)))
    if parts:
        yield Section("forward", "Fewest regions (exploratory)", html.joined((html.paragraph(FORWARD), *parts)))


def _ceiling(row: RoiRow) -> float | None:
    """The ceiling of a score; what is lost without a region has none."""
    return row.ceiling if row.effect == Effect.ALONE else None


def _evidence(rows: list[RoiRow]) -> str:
    """How much data stands behind the rows of a table, behind their intervals and their nulls."""
    first = rows[0]
    said = [f"n = {first.stories} {'stories' if first.stories > 1 else 'story'}"]
    said.append(f"interval: {first.interval.method}" if first.interval else "no interval: too few blocks or stories")
    if nulls := [row.null for row in rows if row.null]:
        draws = sorted({round(null.draws) for null in nulls})
        worth = f"{draws[0]} to {draws[-1]}" if len(draws) > 1 else str(draws[0])
        said.append(f"null: {max(null.n for null in nulls)} shifts, worth {worth} independent ones")
    return "; ".join(said)


def _methods(study: RoiStudy, request: RoiStudyRequest) -> Html:
    asked = request.to_dict()
    values = {name: ", ".join(map(str, v)) if isinstance(v, list) else str(v) for name, v in asked.items()}
    default = {"subject": study.subjects, "stories": study.stories}
    parameters = {name: value or f"default: {', '.join(default.get(name, ()))}" for name, value in values.items()}
    parts = [html.paragraph(methods_text(study, request)), html.heading("Every parameter"), html.facts(parameters)]
    if len(study.regions) <= MOST_ROWS:
        regions = {r.name: f"{r.n_columns} columns in {len(r.rois)}: {', '.join(r.rois)}" for r in study.regions}
        parts += [html.heading("Regions"), html.facts(regions)]
    return html.joined(parts)
