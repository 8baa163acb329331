import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fmri2ges.brain.atlas import N_VERTICES, load_atlas
from fmri2ges.decoding.stories import DecodedStory, load_stories
from fmri2ges.errors import UserError
from fmri2ges.figures import KINDS, make_figure, make_metrics_figure
from fmri2ges.figures.cortex import _borders, draw_cortex, map_colours
from fmri2ges.figures.style import COLOURS, Page, Paper, print_style
from fmri2ges.reports.evaluate import evaluate_path
from fmri2ges.storage.report import read_report


@pytest.fixture(scope="module")
def story(scored_run):
    folder = scored_run / "decoded" / "two"
    return load_stories(folder)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_vector_figure_with_text_and_the_simulated_mark(kind, story, tmp_path):
    svg = make_figure(story, kind, tmp_path / "f.svg").read_text()
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert "SIMULATED" in words
    assert any("subject s1" in w and "two" in w for w in words)
    width = float(re.search(r'width="([\d.]+)pt"', svg).group(1))
    assert width == pytest.approx(180 / 25.4 * 72, abs=0.5)


def test_real_data_carry_no_mark(decoded_dir, tmp_path):
    manifest = decoded_dir / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"simulated": true', '"simulated": false'))
    assert "SIMULATED" not in make_figure(load_stories(decoded_dir)[0], "strip", tmp_path / "f.svg").read_text()


@pytest.mark.parametrize(
    "simulated, t2g, mark, caption",
    [
        (True, "study", "SIMULATED", "T2G: the study's own, trained on its simulated gestures"),
        (False, "demo", "SIMULATED T2G", "T2G: the shipped one, trained on simulated gestures, not fine-tuned"),
        (False, "study", "", "T2G: the study's own, trained on its gestures"),
        (False, "fine-tuned", "SIMULATED T2G", "tuned on 3.2 min of clips"),
        (False, None, "", "T2G: not stated"),
    ],
)
def test_every_figure_says_whose_gestures_t2g_learnt_from(simulated, t2g, mark, caption, story, tmp_path):
    manifest = story.decoded.manifest | {"simulated": simulated, "t2g": t2g, "t2g_seconds": 192.0}
    shown = DecodedStory(replace(story.decoded, manifest=manifest), story.study)
    report = replace(evaluate_path(story_folder(story, tmp_path)), simulated=simulated, manifest=manifest)
    drawn = {kind: make_figure(shown, kind, tmp_path / f"{kind}.svg") for kind in KINDS}
    drawn["metrics"] = make_metrics_figure(report, tmp_path / "metrics.svg")
    for kind, path in drawn.items():
        words = re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text().replace("&#x27;", "'").replace("&apos;", "'"))
        assert caption in " ".join(words), kind
        corner = mark if kind != "cortex" or simulated else ""  # gestures are not in the picture of the cortex
        assert not corner or corner in words, kind
        assert corner == "SIMULATED" or "SIMULATED" not in words, kind


def story_folder(story, tmp_path):
    return story.decoded.save(tmp_path / "saved")


@pytest.mark.parametrize("suffix, magic", [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_the_ending_chooses_the_format_and_the_same_input_gives_the_same_bytes(suffix, magic, story, tmp_path):
    first = make_figure(story, "strip", tmp_path / f"a.{suffix}", dpi=80).read_bytes()
    assert first.startswith(magic)
    assert make_figure(story, "strip", tmp_path / f"b.{suffix}", dpi=80).read_bytes() == first


def test_pdf_text_stays_text(story, tmp_path):
    pdf = make_figure(story, "strip", tmp_path / "f.pdf").read_bytes()
    assert b"/Type /Font" in pdf and b"/Subtype /Type3" not in pdf


def test_width_and_dpi_give_the_pixels(story, tmp_path):
    picture = Image.open(make_figure(story, "compare", tmp_path / "f.png", width_mm=120, dpi=100))
    assert picture.width == pytest.approx(120 / 25.4 * 100, abs=1)


def test_branches_keep_their_colours(story, tmp_path):
    svg = make_figure(story, "compare", tmp_path / "f.svg").read_text().lower()
    assert COLOURS["text"].lower() in svg and COLOURS["direct"].lower() in svg


def test_the_words_of_the_chosen_stretch_are_shown(story, tmp_path, scored_run):
    from fmri2ges.data.words.files import read_words_tsv

    svg = make_figure(story, "compare", tmp_path / "f.svg", start=50, stop=60).read_text()
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    for words in (story.decoded.words, read_words_tsv(scored_run.parent / "two.tsv")):
        for word in words.slice(50, 60).text:
            assert word in shown


@pytest.mark.parametrize(
    "change, message",
    [
        ({"kind": "pie"}, "allowed: cortex, strip, compare"),
        ({"out": "f.jpg"}, "allowed: .svg, .pdf, .png"),
        ({"width_mm": 0}, "width_mm"),
        ({"width_mm": 20}, "between 50 and 500"),
        ({"start": 500.0, "stop": 510.0}, "at least 1 s"),
    ],
)
def test_wrong_options_are_one_clear_line(change, message, story, tmp_path):
    options = {"kind": "strip", "out": "f.png", **change}
    with pytest.raises(UserError, match=message) as error:
        make_figure(story, options.pop("kind"), tmp_path / options.pop("out"), **options)
    assert "\n" not in str(error.value)


def test_the_metrics_figure_shows_the_report(scored_run, tmp_path):
    report = evaluate_path(scored_run / "decoded" / "two")
    svg = make_metrics_figure(report, tmp_path / "f.svg").read_text()
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert "SIMULATED" in words and any("subject s1" in w and "two" in w for w in words)
    assert read_report(scored_run / "decoded" / "two") == report
    assert report.manifest["t2g"] == load_stories(scored_run / "decoded" / "two")[0].decoded.manifest.get("t2g")


def test_metrics_without_a_report_say_how_to_make_one(decoded_dir, tmp_path):
    with pytest.raises(UserError, match="fmri2ges evaluate"):
        read_report(decoded_dir)


def moved(story, seconds):
    """The story as if its scan had begun so many seconds before it."""
    both = {b: replace(m, start=m.start - seconds) for b, m in story.decoded.motions.items()}
    return DecodedStory(replace(story.decoded, **both), story.study)


def test_a_scan_that_begins_before_the_story_has_no_reference_there(story, monkeypatch):
    """The first pose of the reference stood in the strip for as long as the story had not begun."""
    from fmri2ges.figures import motion

    drawn = []
    monkeypatch.setattr(motion, "draw_skeleton", lambda axes, pose, skeleton, colour: drawn.append(colour))
    motion.draw_strip(moved(story, 4.0), Paper(180), -4, 4)
    moments = drawn.count(COLOURS["text"])
    assert drawn.count(COLOURS["direct"]) == moments and drawn.count(COLOURS["reference"]) == moments // 2
    drawn.clear()
    motion.draw_strip(moved(story, 4.0), Paper(180), -4, -1)
    assert COLOURS["reference"] not in drawn and COLOURS["text"] in drawn
    assert moved(story, 4.0).reference is not None and moved(story, 99.0).reference is None


def test_columns_of_a_table_have_no_place_on_the_cortex(story, tmp_path):
    request = replace(story.decoded.request, rois=("LATL", "LIFG"))
    decoded = replace(story.decoded, request=request, manifest=story.decoded.manifest | {"space": "table"})
    with pytest.raises(UserError, match="LATL.*no place on the cortex"):
        make_figure(DecodedStory(decoded, None), "cortex", tmp_path / "f.png")


def test_all_voxels_are_not_the_whole_cortex(story, tmp_path):
    """The figure painted all 360 areas for a run of voxels."""
    request = replace(story.decoded.request, rois=("all",))
    for kind in ("voxels", "table"):
        decoded = replace(story.decoded, request=request, manifest=story.decoded.manifest | {"space": kind})
        with pytest.raises(UserError, match="all ROIs of this run have no place on the cortex"):
            make_figure(DecodedStory(decoded, None), "cortex", tmp_path / "f.png")


def test_the_cortex_shows_the_area_in_its_colour_on_the_right_side():
    colours = np.full((2 * N_VERTICES, 3), np.nan)
    colours[load_atlas().vertices(["L_V1"])] = (1.0, 0.0, 0.0)
    with print_style():
        page = Page(Paper(180), 60, "t", "s")
        draw_cortex(page, 4, 15, 172, colours)
        page.figure.set_dpi(60)
        canvas = page.figure.canvas
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(page.figure)
        canvas.draw()
        picture = np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)
    red = (picture[:, :, 0] > 100) & (picture[:, :, 1] < 60)
    columns = np.flatnonzero(red.any(0))
    # V1 lies on the medial wall of the left hemisphere: the second of four views, at its occipital (left) end.
    assert red.sum() > 30
    assert columns.max() < 0.5 * picture.shape[1]
    assert np.median(columns) < 0.35 * picture.shape[1]


def test_the_mesh_of_four_views_is_painted_as_four_objects():
    """81,920 triangles as objects of their own would take minutes to draw."""
    with print_style():
        page = Page(Paper(180), 60, "t", "s")
        draw_cortex(page, 4, 15, 172, np.full((2 * N_VERTICES, 3), np.nan))
        painted = [len(axes.collections) for axes in page.figure.axes if axes.collections]
    assert painted == [1, 1, 1, 1]


def test_borders_run_between_regions_only():
    square = np.array([[[0, 0], [1, 0], [0, 1]], [[1, 0], [1, 1], [0, 1]]], float)
    assert len(_borders(square, np.array([[1, 1, 1], [1, 1, 1]]))) == 0
    pieces = _borders(square, np.array([[1, 0, 0], [0, 0, 0]]))
    assert np.allclose(sorted(map(tuple, pieces[0])), [(0, 0.5), (0.5, 0)])
    assert len(_borders(square, np.array([[1, 2, 3], [2, 2, 3]]))) == 3 + 1


def test_a_map_is_coloured_between_its_limits_and_bare_where_unknown():
    colours = map_colours(np.array([0.0, 1.0, 2.0, np.nan]), (0.0, 1.0))
    assert np.array_equal(colours[1], colours[2]) and not np.array_equal(colours[0], colours[1])
    assert np.isnan(colours[3]).all()


def test_a_word_with_a_dollar_is_no_formula(story, tmp_path):
    said = replace(story.decoded.texts[0], text=("$\\frac$", *story.decoded.texts[0].text[1:]))
    shown = DecodedStory(replace(story.decoded, texts=(said, *story.decoded.texts[1:])), story.study)
    for kind in ("strip", "compare"):
        assert "$\\frac$" in make_figure(shown, kind, tmp_path / f"{kind}.svg", start=0, stop=15).read_text()
