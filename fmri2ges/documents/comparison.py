"""The report of a decoded result, alone or beside a second one: player, scores, stills, regions, provenance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from shlex import join

from ..brain.roi import mean_course
from ..decoding.stories import DecodedStory, story_of
from ..errors import UserError
from ..evaluation.report import Report
from ..exports.rois import on_cortex
from ..figures.cortex import draw_rois
from ..figures.motion import draw_compare, draw_strip
from ..figures.style import Page, Paper, print_style, roi_text
from ..motion.amount import T2GOrigin
from ..request import DecodeRequest
from ..results import Decoded
from ..text.embeddings import load_vectors
from ..views import compare as charts
from ..views.names import run_name
from ..views.player import caption, player_data
from ..views.tracks import Material
from ..work import Work
from . import html
from .budget import MEGABYTE
from .html import Document, Html, Mark, Section
from .origin import Origin, texts, version_of, without_places
from .player import player_html, player_script
from .scores import score_sections, score_table
from .stretch import Stretch
from .svg import inline

PLAYED = int(3.4 * MEGABYTE)  # of the motion in the player
WIDTH = 180.0  # mm
HOW = (
    "The space bar plays; arrow keys go by a frame, comma and full stop by a second. Drag turns all bodies, Ctrl and "
    "the wheel zoom. A click on a word or a curve sets the clock; a drag over the curves loops a stretch, the wheel "
    "zooms into it, a double click shows all."
)
LISTENER = (
    "A decoded gesture is one that a speaker of this text might make; a listener does not gesture. Regions were chosen "
    "when decoding and the generators were not trained for them: what is said of regions is exploratory."
)


@dataclass(frozen=True)
class Comparison:
    """A decoded result and what it is shown beside.

    Parameters
    ----------
    decoded : the result, as it was decoded
    other : a second result of the story, or None
    stretch : the part that is shown
    report : what `evaluate` found for the result, or None
    """

    decoded: Decoded
    other: Decoded | None
    stretch: Stretch
    report: Report | None = None

    def __post_init__(self):
        asked, there = self.decoded.request, (self.other or self.decoded).request
        if (there.subject, there.story) != (asked.subject, asked.story):
            raise UserError(
                f"beside: that result is of {there.subject}, {there.story}; this one of {asked.subject}, "
                f"{asked.story}; choose one of the same recording"
            )

    def _letters(self, stretch: Stretch) -> dict[str, Decoded]:
        first = stretch.of(self.decoded)
        return {"": first} if self.other is None else {"A": first, "B": stretch.of(self.other)}

    @cached_property
    def letters(self) -> dict[str, Decoded]:
        """The shown part of each result by its letter, the shown sample in front; a single result has no letter."""
        return self._letters(self.stretch)

    @property
    def scored(self) -> dict[str, Decoded]:
        """The same with the best text in front, which is the one that is scored."""
        return self._letters(replace(self.stretch, sample=1))

    @property
    def first(self) -> Decoded:
        """The shown part of the result."""
        return next(iter(self.letters.values()))

    @property
    def second(self) -> Decoded | None:
        """The shown part of the second result, or None."""
        return self.letters.get("B")

    @cached_property
    def changed(self) -> str:
        """In words how the study differs from what was decoded from, of either result; empty where it does not."""
        for result in filter(None, (self.decoded, self.other)):
            try:
                if found := story_of(result).changed:
                    return found
            except UserError:  # the study is gone, or no longer valid
                pass
        return ""

    @cached_property
    def source(self) -> DecodedStory:
        """The shown part with its study; without one where that is gone, no longer valid, or reads other files now."""
        if self.changed:
            return DecodedStory(self.first, None)
        try:
            found = story_of(self.first)
            _ = found.heard, found.reference
            return found
        except UserError:
            return DecodedStory(self.first, None)

    @property
    def simulated(self) -> bool:
        """Whether any of the recordings is simulated."""
        return any(result.simulated for result in self.letters.values())


def comparison_document(shown: Comparison, work: Work) -> Document:
    """The report of a result, alone or beside a second one.

    Parameters
    ----------
    shown : what is shown
    work : progress
    """
    first = shown.first
    manifest = without_places(shown.decoded.manifest)
    space = str(manifest.get("space") or "")
    origin = Origin(manifest, space, shown.simulated, _commands(shown), _python(shown))
    work.report(0.1, "skeletons")
    parts = [Section("decoded", "What was decoded", _about(shown)), Section("gestures", "Gestures", _player(shown))]
    work.report(0.3, "scores")
    parts.append(Section("agreement", "Scores of this stretch", html.joined(_agreement(shown))))
    work.report(0.5, "figures")
    if regions := list(_regions(shown)):
        parts.append(Section("regions", "Regions decoded from", html.joined(regions)))
    parts.append(Section("stills", "Stills and curves", html.joined(_stills(shown))))
    if shown.report is not None:
        parts += score_sections(shown.report, work.part(0.7, 1.0))
    parts.append(Section("methods", "Methods", _methods(shown)))
    borrowed = next((r for r in shown.letters.values() if T2GOrigin.of(r.manifest).borrowed), first)
    return Document(
        title="Decoded gestures" if shown.second is None else "Two decodings of one recording",
        subtitle=caption(first, shown.second),
        mark=Mark(shown.simulated, T2GOrigin.of(borrowed.manifest)),
        sections=(*parts, *origin.sections()),
        script=player_script(),
    )


def _about(shown: Comparison) -> Html:
    first, asked = shown.first, shown.first.request
    rois = {f"ROIs {letter}".strip(): roi_text(result.rois) for letter, result in shown.letters.items()}
    about = {
        "Run": run_name(asked.run),
        "Study": str(shown.decoded.manifest.get("study_name") or "-"),
        "Subject": asked.subject,
        "Story": asked.story,
        "Stretch": f"{first.start:g} to {first.stop:g} s",
        **rois,
        "Branches": ", ".join(first.motions),
        "Sample": f"{shown.stretch.sample} of {asked.samples}",
        "T2G": T2GOrigin.of(first.manifest).caption.removeprefix("T2G: "),
    }
    if note := shown.decoded.manifest.get("roi_note"):  # how ROIs of a file became those of the study
        about["ROIs of a file"] = str(without_places(note))
    return html.joined((html.facts(about), html.paragraph(LISTENER)))


def _data(shown: Comparison) -> dict:
    """What the player plays: both results, the reference and the words heard, the BOLD of the ROIs."""
    source, first = shown.source, shown.first
    bold = None
    if source.study is not None and source.source is not None:
        try:
            course = mean_course(source.study.read_recording(source.source), first.rois)
            bold = (course.times, course.mean)
        except UserError:  # a recording that is gone, or ROIs that were given as a file
            pass
    motions = Material(first, shown.second, source.reference).motions()
    return player_data(first, motions, source.heard, bold, other=shown.second)


def _player(shown: Comparison) -> Html:
    """The player; of a long stretch as much as a file of 5 MB holds."""
    data = _data(shown)
    size, seconds = len(json.dumps(data)), shown.first.stop - shown.first.start
    note = html.Html()
    if size > PLAYED:
        start = shown.first.start
        stop = start + int(seconds * PLAYED / size)
        data = _data(replace(shown, stretch=replace(shown.stretch, start=start, stop=stop)))
        note = html.paragraph(
            f"The player holds {start:g} to {stop:g} s, so that the report stays below 5 MB; --start and --stop choose "
            "another stretch."
        )
    printed = html.paragraph("On screen the skeletons play here.", class_="print-only")
    return html.joined((html.paragraph(HOW, class_="screen-only"), printed, note, player_html(data)))


def _agreement(shown: Comparison) -> Iterator[Html]:
    """Scores of each result against the reference and the words heard."""
    source = shown.source
    if shown.changed:
        again = "so it is compared with nothing; decode it again"
        yield html.paragraph(f"In its study, {shown.changed} since this was decoded, {again}.")
        return
    if source.study is None:
        yield html.paragraph("The study of this result is not at hand, so it is compared with nothing.")
        return
    if source.reference is None:
        yield html.paragraph("No gesture was recorded with this story, so no score compares motion with a reference.")
    everything = []
    for letter, result in shown.scored.items():
        found = [] if source.reference is None else charts.gesture_agreement(result, source.reference, letter)
        if source.heard is not None:
            found += charts.word_agreement(result, source.heard, load_vectors().matrix, letter)
        everything += found
        for branch in dict.fromkeys(one.row.branch for one in found):
            rows = [one.row for one in found if one.row.branch == branch]
            name = f"{branch.capitalize()} branch {letter}".strip()
            yield score_table(rows, f"{name}, {roi_text(result.rois)}; {result.start:g} to {result.stop:g} s")
    if everything:
        yield html.paragraph(charts.agreement_note(everything, shown.first.stop - shown.first.start))
    if shown.second is not None:
        yield html.paragraph(charts.likeness_note(shown.first, shown.second))


def _stills(shown: Comparison) -> Iterator[Html]:
    sample = shown.stretch.sample
    which = "" if sample == 1 else f"; the first sample of this figure is sample {sample}"
    for letter, story in _stories(shown).items():
        name = f"{letter}: " if letter else ""
        for kind, draw in (("strip", draw_strip), ("curves", draw_compare)):
            what = {"strip": "Skeletons over time", "curves": "Wrist speed and height over time"}[kind]
            if story.span[1] - story.span[0] >= 1:
                with print_style():
                    page = draw(story, Paper(WIDTH))
                yield _figure(page, f"{kind}{letter}", f"{name}{what}{which}.")


def _regions(shown: Comparison) -> Iterator[Html]:
    for letter, story in _stories(shown).items():
        if on_cortex(story.decoded):
            with print_style():
                page = draw_rois(story, Paper(WIDTH))
            yield _figure(page, f"rois{letter}", f"{letter}: ".removeprefix(": ") + roi_text(story.decoded.rois) + ".")


def _figure(page: Page, prefix: str, said: str) -> Html:
    return html.figure(inline(page, prefix, said), said)


def _stories(shown: Comparison) -> dict[str, DecodedStory]:
    """Each result with the study of the first."""
    return {letter: DecodedStory(result, shown.source.study) for letter, result in shown.letters.items()}


def _requests(shown: Comparison) -> list[DecodeRequest]:
    """What was asked for, with names in the place of paths."""
    results = [shown.decoded, *([] if shown.other is None else [shown.other])]
    return [replace(result.request, run=run_name(result.request.run)) for result in results]


def _commands(shown: Comparison) -> str:
    folders = ["decoded", "decoded-b"]
    requests = _requests(shown)
    lines = [request.as_command(folder) for request, folder in zip(requests, folders, strict=False)]
    if shown.report is not None:
        lines.append("fmri2ges evaluate decoded")
    beside = ["--beside", "decoded-b"] if shown.other is not None else []
    words = ["fmri2ges", "report", "decoded", *beside, *shown.stretch.options, "--out", "report.html"]
    return "\n".join([*lines, join(words)])


def _python(shown: Comparison) -> str:
    requests = _requests(shown)
    text = requests[0].as_python()
    options = [f"sample={shown.stretch.sample}"] if shown.stretch.sample > 1 else []
    options += [f"{n}={v!r}" for n in ("start", "stop") if (v := getattr(shown.stretch, n)) is not None]
    if shown.other is not None:
        text += "\n" + requests[1].as_python(result="other").removeprefix("import fmri2ges\n\n")
        options.insert(0, "beside=other")
    return text + f"fmri2ges.report({', '.join(['decoded', repr('report.html'), *options])})\n"


def _methods(shown: Comparison) -> Html:
    parts = [html.paragraph(" ".join(_sentences(shown)))]
    for letter, request in zip(shown.letters, _requests(shown), strict=True):
        values = request.to_dict()
        named = {name: ", ".join(map(str, v)) if isinstance(v, list) else str(v) for name, v in values.items()}
        guidance = texts(shown.letters[letter].manifest.get("guidance"))
        named |= {f"guidance, {branch} branch": value for branch, value in guidance.items()}
        parts += [html.heading(f"Every parameter {letter}".strip()), html.facts(named)]
    return html.joined(parts)


def _sentences(shown: Comparison) -> list[str]:
    """The methods as sentences for a paper."""
    first, asked = shown.first, shown.decoded.request
    recordings = "simulated BOLD" if shown.simulated else "BOLD"
    chosen = " and, beside it, from ".join(roi_text(result.rois) for result in shown.letters.values())
    said = [
        f"With fMRI2GES {version_of(shown.decoded.manifest)}, gestures were decoded from {recordings} of "
        f"{asked.subject}, who listened to {asked.story} ({first.start:g} to {first.stop:g} s), from {chosen}.",
    ]
    if "text" in first.motions:
        f2t = "the Bayesian decoder" if asked.f2t == "bayes" else "the fast decoder"
        width = f" (beam of {asked.beam})" if asked.f2t == "bayes" else ""
        said.append(f"The text branch decoded words with {f2t}{width} and let T2G gesture them.")
    if "direct" in first.motions:
        said.append("The direct branch decoded gestures with F2G.")
    said.append(
        f"Samples of each branch: {asked.samples}; seed {asked.seed}; style of speaker {asked.speaker}; the player "
        f"shows sample {shown.stretch.sample}."
    )
    return [*said, LISTENER]
