"""The ROI study screen without a browser: choices, table, selection, and a run that has no study."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.messages import plain
from fmri2ges.demo import ROI_STUDY, WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = str(ROOT / "pages" / "roi_study.py")


def page(**query) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def test_the_study_of_the_demo_is_shown_with_its_table():
    app = page()
    branch = next(s for s in app.selectbox if s.label == "Branch")
    assert branch.value == "direct" and not app.error
    alone = app.dataframe[0].value
    assert len(alone) == 16 and set(alone["Mode"]) == {"exploratory"}
    branch.set_value("text").run()
    assert not app.exception and not app.dataframe[0].value.equals(alone)


def test_no_report_is_made_before_its_button_is_pressed(monkeypatch):
    monkeypatch.setattr("fmri2ges.documents.report_html", lambda *_: pytest.fail("a report was made"))
    app = page()
    assert "Report, HTML" in {b.label for b in app.get("download_button")}


def test_a_selection_says_what_its_region_carries():
    app = page(rois="Broca")
    assert any(c.value.startswith(plain("Broca: ")) and "interval" in c.value for c in app.caption)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(WEIGHTS, folder, ignore=shutil.ignore_patterns("decoded"))
    return folder


def test_a_run_without_a_study_says_how_to_make_one(run, monkeypatch):
    import streamlit as st

    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)  # the navigation is not there
    from app import state

    monkeypatch.setattr(state, "page_of", lambda name: None)
    app = page(run=str(run))
    assert "No ROI study" in app.info[0].value and "roi-study" in app.code[0].value


def test_the_newest_study_of_a_run_is_shown(run):
    shutil.copytree(ROI_STUDY, run / "roi-studies" / "groups")
    app = page(run=str(run))
    assert not app.error and len(app.dataframe[0].value) == 16


def test_a_study_without_a_cortex_offers_no_map_of_it(run):
    study = run / "roi-studies" / "groups"
    shutil.copytree(ROI_STUDY, study)
    file = study / "study.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"fsaverage5"', '"table"'), encoding="utf-8")
    app = page(run=str(run))
    assert not app.error and "no place on the cortex" in app.info[0].value
    assert {b.label for b in app.get("download_button")} == {"Table", "Bars as PDF", "Report, HTML"}
    assert any(c.value.startswith("Click a dot to select") for c in app.caption)


def test_a_forward_choice_is_shown_with_both_scores_and_called_exploratory(run):
    study = run / "roi-studies" / "groups"
    shutil.copytree(ROI_STUDY, study)
    data = json.loads((study / "study.json").read_text(encoding="utf-8"))
    step = {"subject": "sub-01", "branch": "direct", "metric": "r_expected", "step": 1, "region": "Broca"}
    step |= {"chosen": 0.31, "held_out": 0.22, "ci": None, "whole": 0.4, "agree": 4, "paths": 5}
    (study / "study.json").write_text(json.dumps(data | {"forward": [step]}), encoding="utf-8")
    app = page(run=str(run))
    assert "Fewest regions, exploratory" in {e.label for e in app.expander}
    (row,) = app.dataframe[1].value.to_dict("records")
    assert (row["Region added"], row["Where not chosen"], row["Paths that agree"]) == ("Broca", "0.220", "4 of 5")
    assert any(plain("0.310 where they were chosen") in m.value for m in app.markdown)


def choose(app: AppTest, label: str, value: str) -> None:
    next(b for b in app.get("button_group") if b.label == label).set_value(value).run()
    assert not app.exception, app.exception


def test_two_branches_are_compared_with_the_command_that_does_the_same():
    app = page()
    choose(app, "Show", "Difference")
    assert any("direct branch minus text branch" in m.value.replace("\\", "") for m in app.markdown)
    table = app.dataframe[0].value
    assert len(table) == 16 and {"Difference", "95 % CI", "p, Holm"} <= set(table.columns)
    assert "roi-difference" in app.code[0].value and "direct,text" in app.code[0].value
    metrics = next(s for s in app.selectbox if s.label == "Measure")
    assert "word_rate_r" not in metrics.options  # the direct branch has none
    next(s for s in app.selectbox if s.label == "Order").set_value(("text", "direct")).run()
    assert any("text branch minus direct branch" in m.value.replace("\\", "") for m in app.markdown)


def test_two_studies_of_a_run_are_compared(run):
    for name in ("groups", "again"):
        shutil.copytree(ROI_STUDY, run / "roi-studies" / name)
    app = page(run=str(run))
    choose(app, "Show", "Difference")
    choose(app, "Difference of two", "Studies")
    assert not app.error and set(app.dataframe[0].value["Difference"]) == {"+0.000"}


def test_a_study_of_one_branch_alone_has_nothing_to_compare(run):
    study = run / "roi-studies" / "groups"
    shutil.copytree(ROI_STUDY, study)
    data = json.loads((study / "study.json").read_text(encoding="utf-8"))
    data["rows"] = [row for row in data["rows"] if row["branch"] == "text"]
    (study / "study.json").write_text(json.dumps(data), encoding="utf-8")
    app = page(run=str(run))
    choose(app, "Show", "Difference")
    assert "nothing to compare" in app.info[0].value
