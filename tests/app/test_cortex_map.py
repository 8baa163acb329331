"""What colours the cortex on Explore: the map of the subject that is shown, and of nobody else."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app import state
from app.look import Look
from app.parts import cortex_map, roi_panel
from fmri2ges.demo import ROI_STUDY
from fmri2ges.request import DecodeRequest
from fmri2ges.storage.roi_study import load_roi_study


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of two subjects with an ROI study of both."""
    shutil.copytree(ROI_STUDY, tmp_path / "roi-studies" / "groups")
    study = load_roi_study(ROI_STUDY)
    other = [replace(row, subject="sub-02", value=-row.value) for row in study.rows]
    both = replace(study, rows=(*study.rows, *other))
    monkeypatch.setattr(cortex_map, "load_study", lambda path: both)
    return SimpleNamespace(path=tmp_path, subjects=("sub-02", "sub-01", "sub-03"))


def choose(monkeypatch, subject):
    monkeypatch.setattr(state, "request", lambda: DecodeRequest(run="mine", subject=subject))


@pytest.mark.parametrize("chosen, shown", [("sub-01", "sub-01"), ("sub-02", "sub-02"), ("", "sub-02")])
def test_the_map_is_of_the_subject_that_is_shown(run, monkeypatch, chosen, shown):
    choose(monkeypatch, chosen)
    found = cortex_map.chosen_map(run)
    assert found.title.startswith(f"{shown}: ")
    assert (found.low < -0.2) == (shown == "sub-02")  # whose values have the other sign


def test_a_subject_without_a_study_has_no_map(run, monkeypatch):
    choose(monkeypatch, "sub-03")
    assert cortex_map.chosen_map(run) is None


def test_a_link_to_an_unknown_subject_of_the_demo_shows_the_map_of_the_subject_that_is_shown(monkeypatch):
    monkeypatch.setattr(state, "request", lambda: DecodeRequest(subject="sub-09"))
    assert roi_panel.newest_study() == ROI_STUDY
    assert cortex_map.chosen_map().title.startswith("sub-01: ")


def test_the_threshold_of_a_link_takes_away_colours(monkeypatch):
    monkeypatch.setattr(state, "request", lambda: DecodeRequest())
    monkeypatch.setattr(state, "look", lambda: Look(threshold=0.1))
    shown = cortex_map.chosen_map()
    assert shown.threshold == 0.1
    strengths = {entry[8:].split(":")[0]: entry[6:8] for entry in shown.colours.entries}
    assert strengths["AC"] == "00" and strengths["Broca"] != "00"
    monkeypatch.setattr(state, "look", lambda: Look(colour="none"))
    assert cortex_map.chosen_map() is None
