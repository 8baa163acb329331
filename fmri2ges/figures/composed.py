"""A figure of several panels as a value: it is kept as JSON, and drawn again as the same bytes anywhere.

A panel says what is shown, never what it looks like: the decoding that was asked for, or the folder of a report or an
ROI study. Its digest says which result that was, so that a figure is never drawn of another one without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from ..brain.own_map import OwnMap
from ..config import from_dict, load, to_dict
from ..data.atomic import write_text
from ..decoding.run import open_run
from ..decoding.stories import DecodedStory, story_of
from ..demo import ROI_STUDY
from ..demo.opener import find_run
from ..errors import UserError, check_option, check_seconds
from ..evaluation.report import Report
from ..evaluation.roi_rows import RoiStudy
from ..provenance import digest_json
from ..request import DEMO, DecodeRequest
from ..storage.report import read_report, report_to_dict
from ..storage.roi_study import load_roi_study, study_to_dict
from . import KINDS, OWN_MAP, ROI_KINDS, WIDTHS, checked_output, roi_drawing
from .roi_view import RoiView

if TYPE_CHECKING:
    from .style import Page, Paper

VERSION = 1
METRICS = "metrics"
PANEL_KINDS = (*KINDS, METRICS, *ROI_KINDS, OWN_MAP)
MAX_PANELS = len(ascii_lowercase)


@dataclass(frozen=True)
class Panel:
    """One panel of a composed figure.

    Parameters
    ----------
    kind : 'cortex', 'strip' or 'compare' of a decoding, 'metrics' of an evaluated run, one of `ROI_KINDS` of an
        ROI study, see `make_figure`; 'own-map' of a map of the user's own
    request : the decoding, for the first three
    sample : of the decoding, from 1
    start, stop : seconds on the story's clock, for strip and compare; None takes what the kind shows by itself
    folder : of the evaluated run or of the ROI study; 'demo' are those that come with the package
    view : subject, metric and branch of an ROI study
    own : the map of the user's own, which the figure carries with it
    wide : takes the whole width; two panels in a row that do not stand side by side
    digest : SHA-256 of the result; empty draws whatever there is

    Raises
    ------
    UserError
        For an unknown kind, or a panel without its source.
    """

    kind: str
    request: DecodeRequest | None = None
    sample: int = 1
    start: float | None = None
    stop: float | None = None
    folder: str = ""
    view: RoiView = field(default_factory=RoiView)
    own: OwnMap | None = None
    wide: bool = True
    digest: str = ""

    def __post_init__(self):
        check_option("kind", self.kind, PANEL_KINDS)
        if self.is_decoding and self.request is None:
            raise UserError(f"panel of kind {self.kind}: has no request; say which decoding it shows")
        if self.kind == OWN_MAP and self.own is None:
            raise UserError(f"panel of kind {self.kind}: has no map; give the values of its areas")
        if not self.is_decoding and self.kind != OWN_MAP and not self.folder:
            raise UserError(f"panel of kind {self.kind}: has no folder; say whose results it shows, or {DEMO!r}")
        for name in ("start", "stop"):
            check_seconds(name, getattr(self, name))
        if self.request is not None and not 1 <= self.sample <= self.request.samples:
            raise UserError(f"sample: must be from 1 to {self.request.samples}; got {self.sample}")
        if self.start is not None and self.stop is not None and not self.start < self.stop:
            raise UserError(f"start, stop: stop must be later than start; got {self.start:g} and {self.stop:g} s")

    @property
    def is_decoding(self) -> bool:
        """Whether it shows a decoded result."""
        return self.kind in KINDS


@dataclass(frozen=True)
class ComposedFigure:
    """Panels on one page.

    Parameters
    ----------
    panels : from top to bottom
    width_mm : of the page
    letters : whether each panel has a letter
    version : of the format

    Examples
    --------
    >>> request = DecodeRequest(subject="sub-01", story="test-1", rois=("Broca",), start=0, stop=30)
    >>> figure = ComposedFigure((Panel("strip", request), Panel("roi-bars", folder="demo")))
    >>> ComposedFigure.from_json(figure.to_json()) == figure
    True
    """

    panels: tuple[Panel, ...]
    width_mm: float = 180.0
    letters: bool = True
    version: int = VERSION

    def __post_init__(self):
        if not self.panels:
            raise UserError("figure: has no panel; add at least one")
        if len(self.panels) > MAX_PANELS:
            raise UserError(f"figure: has {len(self.panels)} panels; at most {MAX_PANELS} have letters")
        if not WIDTHS[0] <= self.width_mm <= WIDTHS[1]:
            raise UserError(f"width_mm: must be between {WIDTHS[0]} and {WIDTHS[1]}; got {self.width_mm:g}")
        if self.version != VERSION:
            raise UserError(f"figure: is of version {self.version}, this program reads version {VERSION}")

    def to_json(self) -> str:
        """The figure as a JSON text."""
        return json.dumps(to_dict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ComposedFigure:
        """The figure of `to_json`; text that is none is a `UserError`."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UserError("figure: is not valid JSON") from error
        return from_dict(cls, values, "figure")

    @classmethod
    def load(cls, path) -> ComposedFigure:
        """Read the JSON file of a figure."""
        return load(cls, path)

    def save(self, path) -> Path:
        """Write the figure as JSON."""
        write_text(Path(path), self.to_json())
        return Path(path)

    @property
    def rows(self) -> tuple[tuple[Panel, ...], ...]:
        """The panels of each row: one, or two that are not wide."""
        rows: list[tuple[Panel, ...]] = []
        for panel in self.panels:
            if rows and not panel.wide and len(rows[-1]) == 1 and not rows[-1][0].wide:
                rows[-1] = (*rows[-1], panel)
            else:
                rows.append((panel,))
        return tuple(rows)


class Sources:
    """Where panels get what they show; a decoding that is not kept anywhere is made again.

    Parameters
    ----------
    device : that decodes
    """

    def __init__(self, device: str = "auto"):
        self._device = device

    def story(self, request: DecodeRequest) -> DecodedStory:
        """The decoded result of a request, with its study."""
        run = open_run(request.run, self._device)
        return story_of(run.kept(request) or run.decode(request), run.study)

    def report(self, folder: str) -> Report:
        """The report of an evaluated run."""
        return read_report(find_run(folder))

    def roi_study(self, folder: str) -> RoiStudy:
        """An ROI study."""
        return load_roi_study(ROI_STUDY if folder == DEMO else folder)


@dataclass(frozen=True)
class Drawing:
    """A panel with what it shows.

    Parameters
    ----------
    digest : SHA-256 of what is shown
    draw : draws it on a paper
    """

    digest: str
    draw: Callable[[Paper], Page]


def drawing_of(panel: Panel, sources: Sources) -> Drawing:
    """What a panel shows, opened or decoded."""
    if panel.kind == METRICS:
        from .metrics import draw_metrics

        report = sources.report(panel.folder)
        return Drawing(digest_json(report_to_dict(report)), lambda paper: draw_metrics(report, paper))
    if panel.kind == OWN_MAP and panel.own is not None:
        from .own_map import draw_own_map

        own = panel.own
        return Drawing(digest_json(to_dict(own)), lambda paper: draw_own_map(own, paper))
    if panel.kind in ROI_KINDS:
        study = sources.roi_study(panel.folder)
        draw_study = roi_drawing(panel.kind)
        return Drawing(digest_json(study_to_dict(study)), lambda paper: draw_study(study, paper, panel.view))
    from .cortex import draw_rois
    from .motion import draw_compare, draw_strip

    assert panel.request is not None
    story = sources.story(panel.request)
    shown = replace(story, decoded=story.decoded.sample(panel.sample - 1))
    digest = str(story.decoded.manifest.get("digest", ""))
    if panel.kind == "cortex":
        return Drawing(digest, lambda paper: draw_rois(shown, paper))
    draw = draw_strip if panel.kind == "strip" else draw_compare
    return Drawing(digest, lambda paper: draw(shown, paper, panel.start, panel.stop))


def pinned(panel: Panel, sources: Sources) -> Panel:
    """The panel with the digest of what it shows now."""
    return replace(panel, digest=drawing_of(panel, sources).digest)


def draw_composed(figure: ComposedFigure, out, dpi: int = 300, sources: Sources | None = None) -> str:
    """Draw a composed figure into a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : the figure
    out : file to write; its ending chooses SVG, PDF or PNG
    dpi : dots per inch of PNG, and of the pictures of meshes inside SVG and PDF
    sources : where the panels get what they show; None opens runs and folders

    Returns
    -------
    legend : what each panel shows, a line for each

    Raises
    ------
    UserError
        When a panel cannot be drawn, or what it shows has changed since it was added; the message names the panel.
    """
    from matplotlib.figure import Figure

    from .style import MM, Paper, print_style, save

    out = checked_output(out, figure.width_mm, dpi)
    drawings = dict(zip(ascii_lowercase, _drawings(figure, sources or Sources()), strict=False))
    letters = iter(drawings)
    rows = [[next(letters) for _ in row] for row in figure.rows]
    with print_style():
        # Drawn twice: how high a panel is, is known when it has been drawn.
        pages = {}
        for row in rows:
            for letter in row:
                with naming(letter):
                    paper = Paper(figure.width_mm / len(row), None, letter * figure.letters)
                    pages[letter] = drawings[letter].draw(paper)
        heights = [max(pages[letter].height for letter in row) for row in rows]
        page = Figure(figsize=(figure.width_mm * MM, sum(heights) * MM), facecolor="white")
        for row, part in zip(rows, _subfigures(page, len(rows), 1, heights), strict=True):
            for letter, place in zip(row, _subfigures(part, 1, len(row)), strict=True):
                paper = Paper(figure.width_mm / len(row), place, letter * figure.letters)
                _fit(place, pages[letter].height, max(pages[other].height for other in row))
                drawings[letter].draw(paper)
        save(page, out, dpi)
    return "\n".join(f"{letter}: {page.legend}" for letter, page in pages.items())


def _drawings(figure: ComposedFigure, sources: Sources) -> list[Drawing]:
    found = []
    for letter, panel in zip(ascii_lowercase, figure.panels, strict=False):
        with naming(letter):
            found.append(same_drawing(panel, sources))
    return found


def same_drawing(panel: Panel, sources: Sources) -> Drawing:
    """What a panel shows; a `UserError` where that is not what it was made of."""
    drawing = drawing_of(panel, sources)
    if panel.digest and panel.digest != drawing.digest:
        raise UserError(
            "what it shows is not what it was made of; it was decoded or trained anew since. Add the panel "
            "again, or empty its digest to draw what there is now"
        )
    return drawing


@contextmanager
def naming(letter: str) -> Iterator[None]:
    """Put the panel before what is wrong with it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"panel {letter}: {error}") from error


def _subfigures(parent: Any, rows: int, columns: int, heights: list[float] | None = None) -> list[Any]:
    """Places in a figure, from left to right and from top to bottom."""
    return list(parent.subfigures(rows, columns, squeeze=False, wspace=0, hspace=0, height_ratios=heights).flat)


def _fit(place: Any, height: float, room: float) -> None:
    """Let a panel that is lower than its neighbour stand at the top of its row."""
    box = place.bbox_relative
    box.y0 = box.y1 - (box.y1 - box.y0) * height / room
