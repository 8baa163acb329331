"""A difference of ROI studies on screen: a map around 0, sorted bars with intervals, a table; names are no markup."""

from dataclasses import replace

import numpy as np
import pytest

import fmri2ges
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.roi_rows import Region
from fmri2ges.views import roi_difference as views
from fmri2ges.views.area_map import bar_html
from tests.unit.evaluation.test_roi_difference import two_branches
from tests.unit.studies.test_roi_sides import on_cortex


@pytest.fixture
def found():
    study = on_cortex(two_branches(np.random.default_rng(1), (0.3, 0.0, -0.2, 0.0)))
    return fmri2ges.roi_difference(study)


def test_the_map_is_symmetric_around_0_and_says_what_is_pale(found):
    shown = views.difference_map(found)
    assert shown.low == -shown.high and shown.high > 0.2
    assert "direct branch minus text branch" in shown.title and "Holm" in shown.title
    strengths = {entry[8:].split(":")[0]: entry[6:8] for entry in shown.colours.entries}
    assert strengths["a"] == strengths["c"] == "f5" and strengths["b"] == strengths["d"] == "5a"
    assert "pale: no difference is shown" in bar_html(shown)
    assert views.difference_map(replace(found, first=replace(found.first, study=replace_space(found)))) is None


def replace_space(found):
    return replace(found.first.study, space="table")


def test_bars_are_sorted_with_intervals_and_coloured_where_regions_differ(found):
    figure = views.difference_chart(found)
    assert list(figure.layout.yaxis.categoryarray) == [r.region for r in sorted(found.rows, key=lambda r: -r.value)]
    bars = {bar.marker.color: bar for bar in figure.data}
    assert set(bars[views.FOUND].y) == {"a", "c"} and set(bars[views.CHANCE].y) == {"b", "d"}
    rows = {row.region: row for row in found.rows}
    for bar in figure.data:
        for name, value, above, below in zip(bar.y, bar.x, bar.error_x.array, bar.error_x.arrayminus, strict=True):
            assert (value - below, value + above) == pytest.approx((rows[name].interval.low, rows[name].interval.high))
    assert "(simulated)" in figure.layout.title.text and "Holm" in figure.data[0].name


def test_the_table_and_the_sentence_name_sides_and_correction(found):
    cells = views.difference_table(found)
    assert [row["Region"] for row in cells][0] == "a" and {"p", "p, Holm"} <= set(cells[0])
    assert cells[0]["Difference"].startswith("+")
    told = views.difference_sentence(found)
    assert told.startswith("direct branch minus text branch: 2 of 4 regions differ") and "Holm over 4" in told


def test_names_of_regions_are_no_markup(found):
    name = "<b>a</b>"
    regions = tuple(Region(name, r.rois, 1) if r.name == "a" else r for r in found.regions)
    rows = tuple(replace(row, region=name) if row.region == "a" else row for row in found.rows)
    figure = views.difference_chart(replace(found, rows=rows, regions=regions))
    assert "<b>" not in str([bar.customdata[0][1] for bar in figure.data]) + str(figure.layout.yaxis.ticktext)


def test_only_metrics_of_both_branches_can_be_compared_between_them(found):
    study = found.first.study
    assert list(views.metrics_of_both(study)) == ["r_expected"]
    rate = tuple(replace(row, metric=metrics.WORD_RATE_R) for row in study.rows if row.branch == "text")
    assert list(views.metrics_of_both(replace(study, rows=(*study.rows, *rate)))) == ["r_expected"]
