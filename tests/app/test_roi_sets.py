"""Named ROIs of a session, and the panel that combines them."""

import json

import numpy as np
import pytest
from explore_page import ATLAS, open_explore, selected, settle, wait_selected

from app import roi_sets
from fmri2ges.brain.roi import Roi, cover
from fmri2ges.brain.roi_algebra import combine
from fmri2ges.data.rois.files import read_rois
from fmri2ges.errors import UserError

V1, BROCA = ATLAS.vertices(["V1"]), ATLAS.vertices(["Broca"])


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(roi_sets.st, "session_state", {})


def test_what_is_kept_comes_back_from_its_file(session):
    roi_sets.keep(Roi("  two\n words ", V1))
    roi_sets.keep(Roi("larger", combine(BROCA, "dilate", mm=5)))
    kept = dict(roi_sets.sets())
    content = roi_sets.as_json(kept)
    roi_sets.remove("larger")
    assert list(roi_sets.sets()) == ["two words"]
    assert roi_sets.keep_file("../../etc/mine.json", content) == ("two words", "larger")
    for name, roi in roi_sets.sets().items():
        np.testing.assert_array_equal(roi.mask, kept[name].mask)


def test_a_name_with_half_a_character_can_be_shown_and_written(session):
    content = roi_sets.as_json({"v": Roi("v", V1)}).replace(b'"v"', b'"v\\ud800\\u0000\\n1"')
    assert roi_sets.keep_file("mine.json", content) == ("v?? 1",)
    assert roi_sets.keep_file("again.json", roi_sets.as_json(roi_sets.sets())) == ("v?? 1",)


@pytest.mark.parametrize(
    "name, content, line",
    [
        ("rois.xyz", b"", "rois.xyz: ROIs of this format are not known"),
        ("rois.json", b"{", "rois.json: is not valid JSON"),
        ("rois.json", b'["V1"]', "rois.json: is a list of names"),
        ("", b"", "file: ROIs of this format"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_without_a_folder(session, name, content, line):
    with pytest.raises(UserError) as error:
        roi_sets.keep_file(name, content)
    assert str(error.value).startswith(line) and "/tmp" not in str(error.value) and not roi_sets.sets()


def test_nothing_without_a_name_or_a_vertex_is_kept(session):
    for roi in (Roi("  ", V1), Roi("none", V1 & BROCA)):
        with pytest.raises(UserError):
            roi_sets.keep(roi)
    assert not roi_sets.sets()


@pytest.mark.browser
def test_a_dilated_roi_is_chosen_kept_saved_and_undone(page, server, tmp_path):
    open_explore(page, server, "?rois=L_44")
    page.get_by_role("button", name="Sets").click()
    body = page.locator("[data-testid=stPopoverBody]")
    body.get_by_text("exactly 1 area").wait_for()
    body.get_by_label("Operation").last.click()
    page.get_by_role("option", name="dilated by").click()
    mm = body.locator("input[type=number]")
    mm.fill("12")
    mm.press("Enter")
    wanted = combine(ATLAS.vertices(["L_44"]), "dilate", mm=12)
    body.get_by_text(f"{wanted.sum()} vertices").wait_for()
    name = body.get_by_placeholder("Name", exact=True)
    name.fill("around *44*")
    name.press("Enter")
    body.get_by_role("button", name="Keep").click()
    body.get_by_text(f"around *44*: {wanted.sum()} vertices").wait_for()
    with page.expect_download() as download:
        body.get_by_role("button", name="All as JSON").click()
    download.value.save_as(tmp_path / "rois.json")
    (found,) = read_rois(tmp_path / "rois.json")
    assert found.name == "around *44*" and (found.mask == wanted).all()
    body.get_by_role("button", name="Choose").first.click()
    wait_selected(page, cover(wanted).areas)
    assert len(selected(page)) > 3
    (tmp_path / "v1.json").write_text(json.dumps({"format": "other"}), encoding="utf-8")
    body.locator("input[type=file]").set_input_files(tmp_path / "v1.json")
    body.get_by_role("alert").get_by_text("v1.json:").wait_for()
    page.keyboard.press("Escape")
    settle(page)
    page.locator(".cortex canvas").focus()
    page.keyboard.press("Control+z")
    wait_selected(page, ["L_44"])
    assert page.problems == []
