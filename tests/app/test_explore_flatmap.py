"""The surfaces of the cortex, lasso and polygon, undo and redo, in a real browser."""

import re

import numpy as np
import pytest
from explore_page import ATLAS, click_area, open_explore, selected, settle, wait_selected

from fmri2ges.brain.roi import cover
from fmri2ges.brain.surface import load_surface
from fmri2ges.data.rois.polygon import inside_polygon

pytestmark = pytest.mark.browser
# Where a point (mm) of the left hemisphere's flatmap is on the page.
ON_PAGE = """(root, points) => {
  const view = root.cortexView, p = view.placed[0], r = view.canvas.getBoundingClientRect();
  return points.map(([x, y]) => [r.left + p.x + p.w / 2 + p.scale * (x - p.centre[0]),
    r.top + p.y + p.h / 2 - p.scale * (y - p.centre[1])]);
}"""


def draw(page, corners):
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    page.mouse.up()


def test_the_flatmap_is_clicked_and_the_surface_is_in_the_link_but_no_step_of_the_history(page, server):
    received = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))
    open_explore(page, server, "?surface=flat")
    cortex = page.locator(".cortex")
    assert cortex.get_attribute("data-surface") == "flat"
    assert cortex.locator(".captions b").all_inner_texts().count("Broca") == 2  # one name in each hemisphere
    for area in ("L_44", "R_V1"):  # V1 is torn off the medial wall and lies in sight
        click_area(page, area)
    page.wait_for_url(re.compile(r"rois=L_44(,|%2C)R_V1"))
    page.get_by_role("button", name="Decoded").wait_for()  # the draft, and then the full result, came and went
    settle(page)
    steps = page.evaluate("history.length")
    received.clear()
    cortex.get_by_role("button", name="White").click()
    page.wait_for_url(re.compile("surface=white"))
    settle(page)
    assert sum(received) < 22_000 and page.evaluate("history.length") == steps  # no mesh is sent again
    slider = page.get_by_role("slider", name="Threshold")
    for _ in range(5):
        slider.press("ArrowRight")
    page.wait_for_url(re.compile("surface=white.*threshold=0.05"))
    page.locator(".map-bar u").wait_for()
    page.reload()
    page.wait_for_selector(".cortex[data-surface=white]")
    page.locator(".map-bar u").wait_for()
    wait_selected(page, ["L_44", "R_V1"])
    assert page.problems == []


def test_a_lasso_takes_the_areas_that_the_library_finds_and_can_be_undone(page, server):
    open_explore(page, server, "?rois=AC&surface=flat")
    page.locator(".cortex").get_by_role("button", name="Lasso").click()
    vertices = load_surface("flat").vertices[:10242]
    middle = vertices[ATLAS.vertices(["L_44"])[:10242], :2].mean(0)
    polygon = middle + 45 * np.array([[-1, -1], [1, -0.8], [1.2, 1], [-0.7, 0.9]])
    draw(page, page.locator(".cortex").evaluate(ON_PAGE, polygon.tolist()))
    inside = np.concatenate([inside_polygon(polygon, "L"), np.zeros(10242, bool)])
    wanted = set(cover(inside).areas)
    before = set(ATLAS.groups["AC"][1])
    # Whole pixels: an area of which about half lies inside may fall to either side.
    parts = {a: inside[ATLAS.vertices([a])].mean() for a in ATLAS.areas}
    close = {a for a, part in parts.items() if 0.42 < part < 0.58}
    assert len(wanted) > 15 and selected(page) - before - close == wanted - before - close
    assert "more than half inside" in page.locator(".cortex .status").inner_text()
    settle(page)
    now = selected(page)
    page.wait_for_url(re.compile("L_44|Broca"))
    page.keyboard.press("Control+z")
    wait_selected(page, before)
    page.keyboard.press("Control+y")
    wait_selected(page, now)
    click_area(page, "R_44")
    settle(page)
    for _ in range(2):  # quicker than the server
        page.keyboard.press("Control+z")
    wait_selected(page, before)
    assert page.get_by_label("Redo it").is_enabled() and page.get_by_label("Undo the last").is_disabled()
    # On a surface with two sides, and with Shift instead of the tool: only the side that faces the eye.
    for name in ("Area", "Left", "Inflated"):
        page.locator(".cortex").get_by_role("button", name=name).click()
    page.get_by_label("Point of view").select_option("lateral")
    settle(page)
    box = page.locator(".cortex canvas").bounding_box()
    left, top, right, bottom = box["x"] + 1, box["y"] + 1, box["x"] + box["width"] - 60, box["y"] + box["height"] - 40
    page.keyboard.down("Shift")
    draw(page, [(left, top), (right, top), (right, bottom), (left, bottom)])
    page.keyboard.up("Shift")
    found = selected(page) - before
    assert {"L_44", "L_A4", "L_1", "L_TE1p"} <= found  # lateral
    assert not found & {"L_RSC", "L_25", "L_d23ab"} and not [a for a in found if a[0] == "R"]  # medial; the other side
    assert page.problems == []


def test_a_polygon_takes_the_areas_that_the_library_finds_by_mouse_and_by_keyboard(page, server):
    page.set_viewport_size({"width": 1280, "height": 800})
    open_explore(page, server, "?rois=AC&surface=flat&side=left")
    cortex, before = page.locator(".cortex"), {a for a in ATLAS.groups["AC"][1]}
    status = cortex.locator(".status")
    buttons = cortex.locator(".bar").first.bounding_box()
    cortex.get_by_role("button", name="Polygon").click()
    assert buttons["height"] < 40  # still one row
    vertices = load_surface("flat").vertices[:10242]
    middle = vertices[ATLAS.vertices(["L_44"])[:10242], :2].mean(0)
    polygon = middle + 45 * np.array([[-1, -1], [1, -0.8], [1.2, 1], [-0.7, 0.9]])
    corners = cortex.evaluate(ON_PAGE, polygon.tolist())
    for n, corner in enumerate(corners, start=1):
        page.mouse.click(*corner)
        assert f"Polygon: {n} corner" in status.inner_text()
    assert cortex.locator(".lasso polygon").get_attribute("points").count(",") >= 4
    page.keyboard.press("Escape")
    assert "Polygon" not in status.inner_text() and selected(page) == before
    for corner in corners[:-1]:
        page.mouse.click(*corner)
    page.mouse.dblclick(*corners[-1])
    inside = np.concatenate([inside_polygon(polygon, "L"), np.zeros(10242, bool)])
    wanted = set(cover(inside).areas)
    parts = {a: inside[ATLAS.vertices([a])].mean() for a in ATLAS.areas}
    close = {a for a, part in parts.items() if 0.42 < part < 0.58}
    assert len(wanted) > 15 and selected(page) - before - close == wanted - before - close
    assert "Polygon:" in status.inner_text() and "more than half inside" in status.inner_text()
    settle(page)
    page.wait_for_url(re.compile("L_44|Broca"))
    page.keyboard.press("Control+z")
    wait_selected(page, before)

    cortex.locator("canvas").focus()  # and without a mouse
    page.keyboard.press("ArrowRight")
    for key, n in (("ArrowLeft", 12), ("ArrowUp", 8), ("ArrowRight", 24), ("ArrowDown", 16), ("ArrowLeft", 24)):
        for _ in range(n):
            page.keyboard.press(key)
        page.keyboard.press("Space")
    page.keyboard.press("Backspace")
    assert "Polygon: 4 corners" in status.inner_text()
    page.keyboard.press("Enter")
    assert len(selected(page) - before) > 3 and "more than half inside" in status.inner_text()
    assert all(area[0] == "L" for area in selected(page) - before)
    assert page.problems == []
