"""The shipped ROI study of the demo: it is of the shipped models, and it finds what was planted."""

import json

import numpy as np
import pytest

from fmri2ges.decoding.run import open_run
from fmri2ges.demo import ROI_STUDY
from fmri2ges.demo.bold import PLANTED, UNPLANTED
from fmri2ges.demo.cache import demo_world
from fmri2ges.demo.world import TEST
from fmri2ges.evaluation.roi_rows import Effect, Mode
from fmri2ges.storage.roi_study import load_roi_study, table_text
from fmri2ges.studies.roi_request import RoiStudyRequest
from fmri2ges.studies.roi_study import roi_study

SUBJECT = "sub-01"
GESTURE = [group for group, row in PLANTED.items() if {"semantic", "motor"} & set(row)]
SPEECH = [group for group, row in PLANTED.items() if "acoustic" in row]


@pytest.fixture(scope="module")
def study():
    return load_roi_study(ROI_STUDY)


def auc(rows, planted) -> float:
    values = {row.region: row.value for row in rows}
    pairs = np.array([values[a] - values[b] for a in planted for b in UNPLANTED])
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_it_is_small_and_of_the_shipped_models(study):
    assert sum(file.stat().st_size for file in ROI_STUDY.rglob("*")) < 1e6
    assert study.request["run_digest"] == open_run("demo", device="cpu").digest
    assert study.simulated and study.stories == TEST and study.manifest["commit"]
    assert all(row.mode == Mode.EXPLORATORY for row in study.rows)
    assert (ROI_STUDY / "table.tsv").read_text() == table_text(study)


def test_the_planted_truth_lies_beside_it():
    truth = json.loads((ROI_STUDY / "planted.json").read_text())
    assert truth == {"planted": demo_world().table, "unplanted": list(UNPLANTED)}


@pytest.mark.parametrize("branch", ["text", "direct"])
def test_planted_groups_are_found_alone_and_unplanted_ones_are_not(study, branch):
    rows = study.select(SUBJECT, branch, "r_expected", Effect.ALONE)
    assert auc(rows, GESTURE) >= 0.95
    assert not [row.region for row in rows if row.region in UNPLANTED and row.p_corrected < 0.05]


def test_sound_is_found_alone_and_by_lesion(study):
    for effect in (Effect.ALONE, Effect.LESION):
        rows = study.select(SUBJECT, "text", "word_rate_r", effect)
        assert auc(rows, SPEECH) >= 0.95
        assert {row.region for row in rows if row.p_corrected < 0.05} <= {"AC", "STG"}


def test_a_large_empty_region_does_not_beat_a_small_planted_one(study):
    rows = {row.region: row for row in study.select(SUBJECT, "direct", "r_expected", Effect.ALONE)}
    sizes = {region.name: region for region in study.regions}
    empty, planted = rows["M1S1"], rows["sPMv"]
    assert sizes["M1S1"].n_columns > 4 * sizes["sPMv"].n_columns
    assert planted.size_null.p < 0.05 < 0.5 < empty.size_null.p


@pytest.mark.slow
def test_the_command_makes_it_again(study, tmp_path, monkeypatch):
    monkeypatch.setenv("FMRI2GES_CACHE", str(tmp_path / "cache"))  # as on a new machine: no story has been made yet
    again = roi_study(RoiStudyRequest("demo", stories=TEST[:2], nulls=0), tmp_path / "study", "serial")
    alone = {row.region: row.value for row in again.select(SUBJECT, "direct", "r_expected", Effect.ALONE)}
    shipped = {row.region: row.value for row in study.select(SUBJECT, "direct", "r_expected", Effect.ALONE)}
    assert np.corrcoef([alone[name] for name in shipped], list(shipped.values()))[0, 1] > 0.9
