"""A map of the user's own on the cortex of Explore, in a real browser."""

import json
import re

import numpy as np
import pytest
from explore_page import ATLAS, click_area, open_explore, settle

from fmri2ges.cli import main
from fmri2ges.data.maps import write_maps

pytestmark = pytest.mark.browser
VALUES = np.linspace(-1, 3, 360)
BAR = ".map-bar"


def drop(page, *files):
    page.locator("[data-testid=stPopoverBody] input[type=file]").set_input_files(files)


def colour_of(page, area):
    """Red, green and blue of an area as the painters get it, and its strength."""
    return page.locator(".cortex").evaluate(
        "(root, area) => [...root.cortexView.table().slice(4 * area + 4, 4 * area + 8)]", ATLAS.area_index[area]
    )


def test_an_own_map_colours_the_cortex_with_its_name_and_goes_into_a_session_and_a_figure(page, server, tmp_path):
    page.set_viewport_size({"width": 1280, "height": 800})
    received = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))
    open_explore(page, server, "?colour=own")
    page.get_by_text("Drop a map of yours. A link does not carry one").wait_for()
    page.get_by_role("button", name="Map", exact=True).click()
    drop(page, {"name": "bad.csv", "mimeType": "text/csv", "buffer": b"area,z\nL_99x,1\n"})
    alert = page.locator("[data-testid=stPopoverBody]").get_by_role("alert")
    assert "bad.csv: line 2: rois: 'L_99x' is not an ROI" in alert.inner_text() and "/tmp" not in alert.inner_text()
    page.locator("[data-testid=stPopoverBody]").get_by_label(re.compile("Remove bad.csv")).click()
    left, right = write_maps({"my <b>contrast": VALUES}, tmp_path / "z.func.gii")
    drop(page, left, right)
    page.locator(BAR).get_by_text("my <b>contrast; your own map, -1 to 3, no null known").wait_for()
    page.keyboard.press("Escape")
    low, high = colour_of(page, ATLAS.areas[0]), colour_of(page, ATLAS.areas[-1])
    assert low[2] > low[0] and high[0] > high[2] and low[3] == high[3] > 200  # blue below 0, red above it

    slider = page.get_by_role("slider", name="Threshold")
    for _ in range(15):
        slider.press("ArrowRight")
    page.wait_for_url(re.compile("colour=own.*threshold=1.5"))
    page.locator(f"{BAR} u").wait_for()
    assert colour_of(page, ATLAS.areas[0])[3] == 0 and colour_of(page, ATLAS.areas[-1])[3] > 200
    page.get_by_role("button", name="Decoded").wait_for()
    settle(page)
    received.clear()
    click_area(page, "L_44")
    page.locator("[data-testid=stMultiSelect]").get_by_text("44 left").wait_for()
    page.get_by_text("Shown: L_44").wait_for()
    assert max((size for size in received if size < 50_000), default=0) < 20_000

    with page.expect_download() as download:
        page.get_by_label("Save this view as a session file").click()
    file = tmp_path / "mine.json"
    download.value.save_as(file)
    saved = json.loads(file.read_text())
    assert saved["own_map"]["name"] == "my <b>contrast" and saved["view"]["threshold"] == "1.5"
    assert saved["own_map"]["values"]["R_p24"] == pytest.approx(3)

    page.get_by_role("button", name="Map", exact=True).click()
    page.locator("[data-testid=stPopoverBody]").get_by_role("button", name="Add to figure").click()
    page.get_by_text("Panel a of the figure").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Figures").click()
    page.get_by_text("my <b>contrast").first.wait_for()
    page.locator("[data-testid=stImage] img").wait_for()
    settle(page)
    files = {}
    for name in ("Download", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    again = tmp_path / "again.pdf"
    assert main(["figure", str(files["JSON"]), "--out", str(again)]) == 0
    assert again.read_bytes() == files["Download"].read_bytes()

    other = page.context.new_page()  # another session: who gets the file sees the same
    other.set_default_timeout(120_000)
    other.goto(f"{server}/?rois=Visual")
    other.wait_for_selector(".player canvas")
    settle(other)
    other.get_by_role("button", name="Settings").click()
    drop(other, file)
    other.locator(BAR).get_by_text("my <b>contrast; your own map").wait_for()
    other.wait_for_url(re.compile("rois=L_44.*threshold=1.5"))
    assert colour_of(other, ATLAS.areas[0])[3] == 0
    other.close()
    assert page.problems == []
