"""The frame of the screens in a real browser: layout, history, links, a decoding across pages."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser
LOAD = 300_000  # ms, on a busy machine
TABLE = Path(__file__).parent / "table_app.py"
SIZES = [(900, 900), (1280, 800), (1440, 900), (1920, 1080), (853, 533)]  # the last is 1280 x 800 at 150 %


def open_screen(page, url):
    page.set_default_timeout(LOAD)
    page.goto(url)
    page.locator(".player[data-time]").wait_for()
    page.wait_for_timeout(500)


def boxes(page, selector):
    """Where the elements are, all at one moment: a page may still be moving."""
    found = page.locator(selector).evaluate_all("l => l.map(e => e.getBoundingClientRect().toJSON())")
    return [b for b in found if b["width"] and b["height"]]


def overlap(a, b):
    return all(min(a[s] + a[n], b[s] + b[n]) - max(a[s], b[s]) > 1 for s, n in (("x", "width"), ("y", "height")))


@pytest.mark.parametrize("screen", ["", "compare"])
def test_nothing_overlaps_at_any_width_and_play_is_in_sight(page, server, screen):
    open_screen(page, f"{server}/{screen}")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(800)
        parts = boxes(page, ", ".join(f".player {s}" for s in ("button", "select", ".labels b", ".clock", ".scrubber")))
        assert not [(a, b) for i, a in enumerate(parts) for b in parts[:i] if overlap(a, b)], (width, height)
        frame = page.locator(".player").bounding_box()
        for part in parts:
            assert frame["x"] - 1 <= part["x"] and part["x"] + part["width"] <= frame["x"] + frame["width"] + 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, height)
        if width >= 1280:
            play = page.get_by_label("Play (space)").bounding_box()
            assert play["y"] + play["height"] <= height, (width, height)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_context_bar_stands_between_navigation_and_page_at_any_width(page, server):
    open_screen(page, f"{server}/")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(800)
        facts = page.locator(".context-facts").bounding_box()
        bar = [facts, *boxes(page, ".st-key-context_bar .stMarkdownBadge")]
        around = boxes(page, "[data-testid=stTopNavLink], [data-testid=stTopNavSection]")
        around += boxes(page, ".cortex button, [data-testid=stMultiSelect]")
        assert len(bar) == 2 and around, (width, height)
        assert not overlap(*bar) and not [(a, b) for a in bar for b in around if overlap(a, b)], (width, height)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_halves_of_a_page_stand_one_above_the_other_in_a_narrow_window(page, server):
    page.set_default_timeout(LOAD)
    page.set_viewport_size({"width": 900, "height": 900})
    for screen, key in (("scores", "statistics_scores"), ("runs", "runs")):
        page.goto(f"{server}/{screen}")
        halves = page.locator(f".st-key-{key} > div > [data-testid=stHorizontalBlock] > [data-testid=stColumn]")
        halves.nth(1).wait_for()
        first, second = boxes(page, f".st-key-{key} > div > [data-testid=stHorizontalBlock] > [data-testid=stColumn]")
        assert first["width"] > 700 and second["y"] >= first["y"] + first["height"], screen
    last = page.get_by_role("radio", name="ROI study")  # of what can be started
    last.wait_for()
    box = last.bounding_box()
    assert box["width"] > 60 and box["x"] + box["width"] <= 900
    assert last.evaluate(
        "e => { const b = e.getBoundingClientRect(); "
        "return e.contains(document.elementFromPoint(b.right - 4, b.top + b.height / 2)) }"
    )
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_context_bar_is_on_every_page_and_follows_the_choice(page, server):
    open_screen(page, f"{server}/compare?start=30&stop=50&seed=3")
    told = ["run demo", "sub-01", "test-1", "30 to 50 s", "seed 3", "device "]
    for name in ("Explore", "ROI study", "Statistics", "Runs", "Data", "About"):
        facts = page.locator(".context-facts").first.inner_text()
        assert all(part in facts for part in told), (name, facts)
        assert page.locator(".st-key-context_bar").get_by_text("Simulated data").first.is_visible()
        page.get_by_role("link", name=name).click()
        page.wait_for_url(
            re.compile(name.lower().replace(" ", "_").replace("statistics", "scores").replace("explore", ""))
        )
        page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
        page.wait_for_timeout(300)
    page.goto(f"{server}/about?run=nowhere")
    page.locator(".context-facts").get_by_text("cannot be opened").wait_for()


def test_the_wheel_over_the_skeletons_scrolls_the_page(page, server):
    open_screen(page, f"{server}/compare")
    page.locator("canvas.stage").hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 100")


def test_clock_and_camera_go_along_to_the_next_page_and_one_press_of_back_returns(page, server):
    open_screen(page, f"{server}/")
    page.locator(".player").focus()
    page.keyboard.press(".")
    page.keyboard.press(".")
    page.get_by_label("Overlay the bodies in one view").click()
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("button", name="Swap").wait_for()
    page.locator(".player[data-time]").wait_for()
    assert float(page.locator(".player").get_attribute("data-time")) == 2
    assert page.get_by_label("Overlay the bodies in one view").get_attribute("aria-pressed") == "true"
    page.wait_for_timeout(1500)
    page.go_back()
    page.get_by_role("button", name="Decoded").wait_for()
    assert urlsplit(page.url).path == "/"


def test_a_link_shows_the_same_in_another_browser(page, browser, serve, monkeypatch, tmp_path):
    monkeypatch.setenv("GATE", str(tmp_path))  # which is there: the decoding is done at once
    with serve(TABLE) as url:
        open_screen(page, f"{url}/compare?run=table&rois=LIFG&samples=2&seed=7&start=30&stop=50")
        page.get_by_role("button", name="text", exact=True).click()  # off
        page.wait_for_url(re.compile("tracks=direct"))
        link = page.url
        query = {k: v[0] for k, v in parse_qs(urlsplit(link).query).items()}
        asked = {"run": "table", "rois": "LIFG", "samples": "2", "seed": "7", "start": "30", "tracks": "direct"}
        assert query == query | asked and query["subject"] == "s1" and query["story"] == "alice"
        other = browser.new_context(viewport={"width": 1440, "height": 900})
        second = other.new_page()
        open_screen(second, link)
        for tab in (page, second):
            tab.get_by_role("link", name="A: LIFG").wait_for()
            assert tab.locator("[data-view]").evaluate_all("l => l.map(e => e.dataset.view)") == ["direct"]
            text = tab.locator("[data-testid=stMain]").inner_text()
            assert "LIFG" in text and "30 to 50 s" in text and "seed 7" in text and "run table" in text
        other.close()


def test_a_decoding_is_watched_cancelled_and_found_again_after_a_page_switch(page, serve, monkeypatch, tmp_path):
    gate = tmp_path / "gate"
    monkeypatch.setenv("GATE", str(gate))
    with serve(TABLE) as url:
        page.set_default_timeout(LOAD)
        page.goto(f"{url}/?run=table")
        row = page.locator(".st-key-decode_row")
        row.get_by_text("Decoding 25 %").wait_for()
        assert page.get_by_role("button", name="Decoded").count() == 0
        row.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Decode", exact=True).click()
        row.get_by_text("Decoding 25 %").wait_for()
        page.get_by_role("link", name="About").click()
        page.get_by_text("What this program does").wait_for()
        gate.touch()
        page.get_by_role("link", name="Explore").click()
        page.get_by_role("button", name="Decoded").wait_for()
        page.locator(".player[data-time]").wait_for()
        page.reload()
        page.get_by_role("button", name="Decoded").wait_for()
