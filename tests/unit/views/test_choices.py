"""Guidance that a study chose and reliability of its words stand in the report; what is not stated is left out."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from fmri2ges.demo import WEIGHTS
from fmri2ges.documents import report_html
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.reliability import Bin, Reliability
from fmri2ges.evaluation.rows import Setting
from fmri2ges.models.guidance import Tried
from fmri2ges.storage.report import read_report, report_from_dict, report_to_dict
from fmri2ges.views.choices import GUIDANCE_TITLE, guidance_cells

CURVE = (Tried(1.0, (0.2, 0.4), 5.0, (5.0, 5.0)), Tried(2.0, (0.4, 0.5), 5.2, (5.0, 5.6)))
CHOSEN = {"guidance": 2.0, "tried": [asdict(one) for one in CURVE]}


def test_a_row_for_each_guidance_with_differences_and_errors():
    first, second = guidance_cells({"f2g_guidance": [CHOSEN]})
    assert first["Guidance"] == "1" and first["r above guidance 1"] == "-"
    assert second["Guidance"] == "2, chosen" and second["r"] == "0.450"
    assert second["r above guidance 1"] == "+0.150 ± 0.050"
    assert second["FGD above guidance 1"] == "+0.200 ± 0.300" and second["Stories"] == "2"


def test_folds_are_told_apart():
    assert [line["Fold"] for line in guidance_cells({"f2g_guidance": [CHOSEN, CHOSEN]})] == ["1", "1", "2", "2"]


@pytest.mark.parametrize("told", [None, [], [{"guidance": 3.0, "tried": []}], [{"guidance": 1.0, "tried": [{}]}], [3]])
def test_nothing_is_shown_where_nothing_was_chosen_or_it_cannot_be_read(told):
    assert guidance_cells({"f2g_guidance": told}) == []


def test_the_html_report_has_the_curve():
    report = read_report(WEIGHTS)
    assert GUIDANCE_TITLE not in report_html(report)
    chosen = replace(report, manifest={**report.manifest, "f2g_guidance": [CHOSEN]})
    body = report_html(chosen).split(f"<figcaption>{GUIDANCE_TITLE}")[1].split("</tbody>")[0]
    assert "2, chosen" in body and "+0.150 ± 0.050" in body


def test_reliability_is_kept_and_stands_in_the_html_report_with_n_and_interval():
    interval = Interval(0.18, 0.33, 6, "bootstrap over 6 stories")
    curve = (Bin(0.1, 0.14, 0.12, 9000, interval), Bin(0.71, 0.59, 0.26, 400, interval))
    found = Reliability(Setting("<b>sub", ("all",), 8), 8, 6, curve)
    report = replace(read_report(WEIGHTS), reliability=(found,))
    assert report_from_dict(report_to_dict(report)).reliability == (found,)
    page = report_html(report)
    assert "<b>sub" not in page and "Expected calibration error 0.033" in page
    body = page.split("<figcaption>Reliability of decoded words")[1].split("</tbody>")[0]
    assert all(text in body for text in ("0.71", "0.59", "0.26", "0.18 to 0.33", "9,000"))
    assert read_report(WEIGHTS).reliability == (), "a report of before"
