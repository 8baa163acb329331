"""Composed figures: a value that is drawn again as the same bytes, and never of another result without a word."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from fmri2ges.brain.own_map import OwnMap
from fmri2ges.cli.main import main
from fmri2ges.decoding.stories import load_stories
from fmri2ges.demo import ROI_STUDY, WEIGHTS
from fmri2ges.errors import UserError
from fmri2ges.figures.composed import ComposedFigure, Panel, Sources, draw_composed, pinned
from fmri2ges.figures.metrics import draw_metrics
from fmri2ges.figures.motion import draw_compare, draw_strip
from fmri2ges.figures.preview import draw_panel, preview
from fmri2ges.figures.roi_bars import draw_roi_bars
from fmri2ges.figures.roi_map import draw_roi_map
from fmri2ges.figures.roi_view import RoiView
from fmri2ges.figures.style import Paper, print_style
from fmri2ges.request import DecodeRequest
from fmri2ges.storage.report import read_report
from fmri2ges.storage.roi_study import load_roi_study

BARS = Panel("roi-bars", folder="demo")


@pytest.fixture
def story(scored_run):
    return load_stories(scored_run / "decoded" / "two")[0]


class AtHand(Sources):
    """One decoded story for every request."""

    def __init__(self, story):
        super().__init__()
        self._story = story

    def story(self, request):
        return self._story


@pytest.fixture
def figure(story):
    request = story.decoded.request
    halves = [Panel(kind, request, wide=False) for kind in ("compare", "strip")]
    return ComposedFigure((*halves, BARS, Panel("strip", request, sample=request.samples)))


def test_the_same_figure_gives_the_same_bytes(figure, story, tmp_path):
    again = ComposedFigure.from_json(figure.to_json())
    assert again == figure
    for suffix in (".svg", ".pdf"):
        files = [tmp_path / f"{k}{suffix}" for k in "ab"]
        for drawn, file in zip((figure, again), files, strict=True):
            draw_composed(drawn, file, 72, AtHand(story))
        assert files[0].read_bytes() == files[1].read_bytes()


def test_the_preview_is_the_page_and_draws_only_what_has_changed(figure, story, tmp_path):
    drawn = []
    kept = {}

    def picture(panel, width):
        key = (replace(panel, wide=True), width)
        if key not in kept:
            drawn.append(panel)
            kept[key] = draw_panel(panel, width, 72, AtHand(story))
        return kept[key]

    shown = preview(figure, 72, picture)
    legend = draw_composed(figure, tmp_path / "f.png", 72, AtHand(story))
    assert shown.legend == legend and len(drawn) == len(figure.panels)
    page, whole = Image.open(BytesIO(shown.png)).convert("L"), Image.open(tmp_path / "f.png").convert("L")
    assert max(abs(a - b) for a, b in zip(page.size, whole.size, strict=True)) <= 3  # each panel has whole pixels
    # Of a coarse picture, in which a pixel more or less does not count, nothing differs by much.
    coarse = [np.asarray(p.resize((24, 48), Image.Resampling.BOX), float) for p in (page, whole)]
    assert np.abs(coarse[0] - coarse[1]).max() < 60 and np.abs(coarse[0] - coarse[1]).mean() < 4
    last = figure.panels[-1]
    preview(replace(figure, panels=(last, *figure.panels[:-1])), 72, picture)
    assert len(drawn) == len(figure.panels)  # in other places, with other letters
    preview(replace(figure, panels=(*figure.panels[:-1], replace(last, sample=1))), 72, picture)
    assert drawn[len(figure.panels) :] == [replace(last, sample=1)]


def test_the_preview_names_the_panel_that_cannot_be_drawn(figure, story):
    changed = replace(figure, panels=(*figure.panels, replace(BARS, digest="0" * 64)))
    with pytest.raises(UserError, match="panel e: what it shows is not what it was made of"):
        preview(changed, 72, lambda panel, width: draw_panel(panel, width, 30, AtHand(story)))


def test_panels_have_letters_and_a_line_each(figure, story, tmp_path):
    legend = draw_composed(figure, tmp_path / "f.svg", 72, AtHand(story))
    svg = (tmp_path / "f.svg").read_text()
    assert [line[:3] for line in legend.splitlines()] == ["a: ", "b: ", "c: ", "d: "]
    assert all(f">{letter}</text>" in svg for letter in "abcd") and svg.count(">SIMULATED</text>") == 4
    draw_composed(replace(figure, letters=False), tmp_path / "g.svg", 72, AtHand(story))
    assert ">b</text>" not in (tmp_path / "g.svg").read_text()


def test_two_panels_that_are_not_wide_share_a_row(figure):
    assert [len(row) for row in figure.rows] == [2, 1, 1]
    half = replace(BARS, wide=False)
    assert [len(row) for row in ComposedFigure((half, half, half)).rows] == [2, 1]


def test_the_command_draws_what_the_library_draws(tmp_path, capsys):
    figure = ComposedFigure((pinned(BARS, Sources()),), width_mm=120)
    file = figure.save(tmp_path / "figure.json")
    draw_composed(figure, tmp_path / "library.pdf")
    assert main(["figure", str(file), "--out", str(tmp_path / "command.pdf")]) == 0
    assert (tmp_path / "command.pdf").read_bytes() == (tmp_path / "library.pdf").read_bytes()
    assert "a: What regions carry" in capsys.readouterr().out


def test_a_result_that_has_changed_is_not_drawn_without_a_word(tmp_path):
    kept = pinned(BARS, Sources())
    assert len(kept.digest) == 64
    draw_composed(ComposedFigure((kept,)), tmp_path / "f.svg")
    with pytest.raises(UserError, match=r"panel b: what it shows is not what it was made of; .* Add the panel again"):
        draw_composed(ComposedFigure((kept, replace(kept, digest="0" * 64))), tmp_path / "g.svg")
    assert not (tmp_path / "g.svg").exists()


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "figure: is not valid JSON"),
        ("[]", "figure: must be a table"),
        ('{"panels": []}', "figure: has no panel; add at least one"),
        ('{"panels": [{"kind": "pie"}]}', "kind: .*pie.* strip"),
        ('{"panels": [{"kind": "strip"}]}', "panel of kind strip: has no request"),
        ('{"panels": [{"kind": "metrics"}]}', "panel of kind metrics: has no folder"),
        (
            '{"panels": [{"kind": "roi-map", "folder": "demo"}], "version": 2}',
            "version 2, this program reads version 1",
        ),
        ('{"panels": [{"kind": "roi-map", "folder": "demo"}], "width_mm": NaN}', "width_mm: .* 50 and 500; got nan"),
        ('{"panels": [{"kind": "strip", "request": {}, "start": 9, "stop": 3}]}', "stop must be later than start"),
        ('{"panels": [{"kind": "strip", "request": {}, "start": Infinity}]}', "start: must be a number of seconds"),
        ('{"panels": [{"kind": "strip", "request": {"seed": -1}}]}', "seed"),
        ('{"panels": [{"kind": "strip", "request": {"samples": 2}, "sample": 3}]}', "sample: must be from 1 to 2"),
        ('{"panels": [{"kind": "strip", "request": {}, "start": NaN}]}', "start: must be a number of seconds"),
        ('{"panels": [{"kind": "strip", "request": {}, "stop": 1e999}]}', "stop: must be a number of seconds"),
        ('{"panels": [{"kind": "roi-map", "folder": "nowhere"}]}', None),
    ],
)
def test_a_wrong_figure_is_one_line(text, message, tmp_path):
    if message is None:
        with pytest.raises(UserError, match="panel a: nowhere"):
            draw_composed(ComposedFigure.from_json(text), tmp_path / "f.svg")
        return
    with pytest.raises(UserError, match=message) as caught:
        ComposedFigure.from_json(text)
    assert "\n" not in str(caught.value)


def test_what_only_drawing_finds_wrong_names_its_panel(story, tmp_path):
    strip = Panel("strip", story.decoded.request, start=5000.0, stop=6000.0)
    with pytest.raises(UserError, match="panel b: figure: .* got 5000 to 6000 s"):
        draw_composed(ComposedFigure((BARS, strip)), tmp_path / "f.svg", sources=AtHand(story))
    with pytest.raises(UserError, match="panel a: metric: 'zz' is not known"):
        draw_composed(ComposedFigure((replace(BARS, view=RoiView(metric="zz")),)), tmp_path / "f.svg")


def test_options_that_stand_in_the_json_are_refused(tmp_path, capsys):
    file = ComposedFigure((BARS,)).save(tmp_path / "figure.json")
    assert main(["figure", str(file), "--kind", "strip", "--out", str(tmp_path / "f.pdf")]) == 2
    assert "stand in its JSON" in capsys.readouterr().err


@pytest.mark.parametrize("width", [85.0, 120.0, 180.0])
def test_no_text_of_a_figure_leaves_the_page(width, story):
    study, report = load_roi_study(ROI_STUDY), read_report(WEIGHTS)
    pages = {
        "strip": lambda paper: draw_strip(story, paper),
        "compare": lambda paper: draw_compare(story, paper),
        "metrics": lambda paper: draw_metrics(report, paper),
        "roi-bars": lambda paper: draw_roi_bars(study, paper, RoiView()),
        "roi-map": lambda paper: draw_roi_map(study, paper, RoiView(branch="direct")),
    }
    with print_style():
        for kind, draw in pages.items():
            page: Figure = draw(Paper(width)).figure
            page.draw_without_rendering()
            texts = [*page.texts, *(t for a in page.axes for t in (*a.texts, a.xaxis.label, a.yaxis.label))]
            written = [text for text in texts if text.get_text().strip()]
            outside = [t.get_text() for t in written if not _inside(t.get_window_extent(), page.bbox.padded(1))]
            assert len(written) > 5 and not outside, (kind, width)


def _inside(text, box) -> bool:
    return box.x0 <= text.x0 and text.x1 <= box.x1 and box.y0 <= text.y0 and text.y1 <= box.y1


def test_requests_of_a_panel_are_checked_like_any_other():
    with pytest.raises(UserError, match="rois"):
        Panel("strip", DecodeRequest(rois=()))


def test_a_figure_carries_the_own_map_that_it_shows(tmp_path):
    own = OwnMap("thickness (mm)", {"L_44": 2.5, "R_V1": 1.5})
    figure = ComposedFigure((pinned(Panel("own-map", own=own), Sources()),), width_mm=85)
    figure.save(tmp_path / "figure.json")
    legend = draw_composed(figure, tmp_path / "f.svg", 72)
    text = (tmp_path / "f.svg").read_text()
    assert "thickness (mm)" in text and "2 of 360 areas" in text and "1.5 to 2.5" in text and "thickness (mm)" in legend
    assert main(["figure", str(tmp_path / "figure.json"), "--out", str(tmp_path / "again.svg"), "--dpi", "72"]) == 0
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "f.svg").read_bytes()
    (tmp_path / "map.csv").write_text("area,thickness (mm)\nL_44,2.5\nR_V1,1.5\n")
    out = tmp_path / "alone.svg"
    assert main(["figure", str(tmp_path / "map.csv"), "--kind", "own-map", "--width-mm", "85", "--out", str(out)]) == 0
    assert "2 of 360 areas" in out.read_text()
    with pytest.raises(UserError, match="has no map"):
        Panel("own-map")
    with pytest.raises(UserError, match="'L_0' is no area"):
        ComposedFigure.from_json(figure.to_json().replace("L_44", "L_0"))
