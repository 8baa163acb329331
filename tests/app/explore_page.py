"""Explore in a real browser, for the tests: opening it, what is chosen on its cortex, clicks on areas."""

from __future__ import annotations

from fmri2ges.brain.atlas import load_atlas

ATLAS = load_atlas()
FIRST_LOAD = 120_000  # ms: torch is imported and the first story made


def open_explore(page, server, query=""):
    page.goto(f"{server}/{query}")
    page.wait_for_selector(".cortex canvas", timeout=FIRST_LOAD)
    page.wait_for_selector(".player canvas", timeout=FIRST_LOAD)
    settle(page)


def settle(page):
    """Wait until no script runs."""
    page.wait_for_timeout(200)
    page.wait_for_selector("[data-testid=stStatusWidget]", state="detached", timeout=FIRST_LOAD)


def selected(page):
    text = page.locator(".cortex").get_attribute("data-selected")
    return {ATLAS.areas[int(i)] for i in text.split(",") if i}


def wait_selected(page, areas):
    """Wait until just these areas are lit on the cortex; what the list has, the server sends a moment later."""
    for _ in range(FIRST_LOAD // 100):
        if selected(page) == set(areas):
            return
        page.wait_for_timeout(100)
    assert selected(page) == set(areas)


def click_area(page, area):
    """Click where the area is seen on the cortex."""
    point = page.locator(".cortex").evaluate("(root, area) => root.cortexView.locate(area)", ATLAS.area_index[area])
    assert point, f"{area} is not in sight"
    page.mouse.click(point["x"], point["y"])
