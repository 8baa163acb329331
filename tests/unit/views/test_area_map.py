"""Maps on the areas of the atlas, and an ROI study on screen."""

import os
import statistics
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.own_map import OwnMap
from fmri2ges.demo import ROI_STUDY
from fmri2ges.evaluation.roi_rows import NULL_MARK, Effect, null_mark
from fmri2ges.figures import roi_map
from fmri2ges.figures.roi_view import RoiView
from fmri2ges.figures.style import Paper, print_style
from fmri2ges.storage.roi_study import load_roi_study
from fmri2ges.views import roi_study as views
from fmri2ges.views import scores
from fmri2ges.views.area_map import ONE_DIGIT, PALE, STRONG, AreaValue, area_map, bar_html, own_area_map


@pytest.fixture(scope="module")
def study():
    return load_roi_study(ROI_STUDY)


@pytest.fixture
def rows(study):
    return study.select(study.subjects[0], "direct", next(iter(views.measures(study))), Effect.ALONE)


def entry(shown, area):
    """As the browser reads it (colours.js)."""
    width = 1 if len(shown.colours.entries) <= ONE_DIGIT else 2
    at = width * load_atlas().area_index[area] % len(shown.colours.which)
    number = int(shown.colours.which[at : at + width], 36)
    return shown.colours.entries[number] if number < len(shown.colours.entries) else None


def test_every_area_has_the_colour_of_its_value_or_none():
    values = {
        "L_44": AreaValue(0.3, True, "a"),
        "R_44": AreaValue(0.1, False, "b"),
        "L_V1": AreaValue(-0.2, False, "c"),
    }
    shown = area_map("r", values, 0.05)
    assert len(shown.colours.which) == 360 and shown.colours.which.count("z") == 357
    assert entry(shown, "L_44")[6:] == f"{STRONG:02x}a" and entry(shown, "R_44")[6:] == f"{PALE:02x}b"
    assert entry(shown, "L_45") is None and (shown.low, shown.high) == (-0.2, 0.3)
    viridis = {"L_44": "fde725", "L_V1": "440154"}  # its two ends
    assert {area: entry(shown, area)[:6] for area in viridis} == viridis


def test_many_entries_have_two_digits_and_hemispheres_that_are_alike_one_half():
    names = [area.removeprefix("L_") for area in load_atlas().areas[:180]]
    alike = {f"{side}_{name}": AreaValue(k / 10, True, name) for k, name in enumerate(names[:40]) for side in "LR"}
    shown = area_map("r", alike, 0.05)
    assert len(shown.colours.entries) == 40 and len(shown.colours.which) == 2 * 180
    for area in ("L_V1", f"R_{names[39]}"):
        assert entry(shown, area)[8:] == area[2:]
    assert entry(shown, f"R_{names[40]}") is None


def test_a_difference_is_symmetric_around_zero_and_nulls_are_marked_inside_the_bar():
    shown = area_map("r", {"L_44": AreaValue(0.1, True, ""), "L_45": AreaValue(-0.4, True, "")}, 0.2, difference=True)
    assert (shown.low, shown.high) == (-0.4, 0.4)
    assert "left:75.0%" in bar_html(shown) and "null" not in bar_html(replace(shown, null=None))
    assert "&lt;b&gt;" in bar_html(replace(shown, title="<b>"))


def test_below_the_threshold_an_area_keeps_its_words_and_loses_its_colour():
    values = {"L_44": AreaValue(0.3, True, "a"), "R_44": AreaValue(0.1, True, "b"), "L_V1": AreaValue(-0.3, True, "c")}
    for difference in (False, True):
        free, bound = (area_map("r", values, 0.05, difference, threshold) for threshold in (0.0, 0.2))
        assert entry(bound, "R_44")[6:] == "00b" and entry(free, "R_44")[6:] != "00b"
        for area in ("L_44", "L_V1"):
            assert entry(bound, area) == entry(free, area)
        assert (free.low, free.high) == (bound.low, bound.high)
        assert "<u" in bar_html(bound) and "<u" not in bar_html(free)
    assert '<u style="left:16.7%;width:66.7%">' in bar_html(bound)  # -0.2 to 0.2 of -0.3 to 0.3


def test_areas_have_the_value_of_their_region(study, rows):
    shown, best = views.cortex_map(study, rows), max(rows, key=lambda r: r.value)
    members = next(r.rois for r in study.regions if r.name == best.region)
    assert all(entry(shown, area)[8:].startswith(f"{best.region}: {best.value:.3f}") for area in members)
    assert views.cortex_map(replace(study, space="table"), rows) is None


def test_screen_and_paper_mark_the_same_null_and_say_which(study, rows, monkeypatch):
    """One region with a null of its own kind: the mean would lie elsewhere."""
    outlier = replace(rows[0], null=replace(rows[0].null, q95=9.0))
    changed = replace(study, rows=tuple(outlier if row is rows[0] else row for row in study.rows))
    selected = changed.select(outlier.subject, "direct", outlier.metric.id, Effect.ALONE)
    middle = statistics.median(row.null.q95 for row in selected)
    marks = []
    monkeypatch.setattr(roi_map, "paint_regions", lambda page, top, what, how: marks.append(how.null))
    with print_style():
        page = roi_map.draw_roi_map(changed, Paper(120.0), RoiView(metric=outlier.metric.id, branch="direct"))
    on_screen = views.cortex_map(changed, selected)
    assert on_screen.null == marks[0] == middle < 1
    assert NULL_MARK in page.legend and f"{NULL_MARK}, {middle:.2f}" in bar_html(on_screen)
    assert null_mark([replace(row, null=None) for row in rows]) is None


def test_bars_are_sorted_and_say_their_region(study, rows):
    figure = views.bar_chart(study, rows, simulated=True)
    dots = [t for t in figure.data if t.type == "scatter"]
    values = {name: x for t in dots for name, x in zip(t.y, t.x, strict=True)}
    assert values == {r.region: r.value for r in rows} and "simulated" in figure.layout.title.text
    assert all([d[0] for d in t.customdata] == list(t.y) for t in dots)
    found = {r.region for r in rows if views.is_found(r)}
    assert [set(t.y) for t in dots] == [found, values.keys() - found]  # each with intervals of its own colour
    order = list(figure.layout.yaxis.categoryarray)
    assert [values[name] for name in order] == sorted(values.values(), reverse=True)
    table = views.roi_table(study, rows)
    assert [line["Region"] for line in table] == order and {line["Mode"] for line in table} == {"exploratory"}


def test_names_of_regions_are_no_markup_in_the_chart(study, rows):
    row = replace(rows[0], region="<b>R")
    study = replace(study, regions=(replace(study.regions[0], name="<b>R"),))
    figure = views.bar_chart(study, [row], simulated=True)
    assert list(figure.layout.yaxis.tickvals) == ["<b>R"] and list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;R"]
    assert "<b>" not in figure.data[-1].customdata[0][1] and figure.data[-1].customdata[0][0] == "<b>R"
    assert "<i>" not in scores.layout("story <i>", True, 300)["title"]["text"]


def test_a_chart_waits_for_pandas_that_another_thread_imports(tmp_path):
    (tmp_path / "pandas.py").write_text(
        "import fake\nfake.begun.set()\nfake.waiting.wait(60)\nimport time; time.sleep(0.2)\nclass Series: pass\n"
        "class DataFrame: pass\nclass Index: pass\n"
    )
    (tmp_path / "fake.py").write_text("import threading\nbegun, waiting = threading.Event(), threading.Event()\n")
    program = """
import fake, sys, threading
thread = threading.Thread(target=__import__, args=("pandas",))
import fmri2ges.views.plots
thread.start()
fake.begun.wait(60)
fake.waiting.set()
fmri2ges.views.plots.graph_objects()
print(hasattr(sys.modules["pandas"], "Series"))
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True", done.stderr


@given(
    st.dictionaries(st.sampled_from(load_atlas().areas), st.floats(-1e6, 1e6), min_size=1, max_size=30),
    st.floats(0, 2e6),
)
def test_an_own_map_is_told_with_its_range_and_coloured_around_0_where_it_has_both_signs(values, threshold):
    shown = own_area_map(OwnMap("<i>mine", values), threshold)
    low, high = min(values.values()), max(values.values())
    if low < 0 < high:
        assert shown.low == -shown.high and shown.scale == "rdbu_r"
    else:
        assert shown.scale == "viridis" and (low == high or (shown.low, shown.high) == (low, high))
    assert shown.low < shown.high and shown.most >= max(high, -low)
    bar = bar_html(shown)
    assert f"&lt;i&gt;mine; your own map, {low:.3g} to {high:.3g}, no null known" in bar and "above chance" not in bar
    coloured = {entry[8:] for entry in shown.colours.entries if entry[6:8] != "00"}
    assert coloured <= {f"{v:.3g}" for v in values.values() if abs(v) >= threshold}
