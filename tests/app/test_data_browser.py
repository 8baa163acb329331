"""The Data screen in a real browser on the real server."""

import pytest
from playwright.sync_api import expect

from tests.app.test_data_page import EVIL

pytestmark = pytest.mark.browser
LOAD = 60_000  # ms


@pytest.fixture
def opened(page, server):
    """A function that opens a study file on the page."""

    def run(path):
        page.goto(f"{server}/data")
        box = page.get_by_test_id("stTextInputField")
        box.fill(str(path), timeout=LOAD)
        box.press("Enter")
        page.get_by_text("No problems found").or_(page.get_by_text("to correct before training")).first.wait_for(
            timeout=LOAD
        )
        return page

    return run


def test_a_clip_plays_and_the_curves_are_drawn(toy, opened):
    page = opened(toy)
    page.locator(".player[data-time]").wait_for(timeout=LOAD)
    assert page.locator("[data-view]").evaluate_all("l => l.map(e => e.dataset.view)") == ["speaker 1"]
    assert page.locator("[data-transcript]").evaluate_all("l => l.map(e => e.dataset.transcript)") == ["words"]
    before = page.locator("[data-view]").first.get_attribute("data-wrists")
    page.get_by_label("Play (space)").click()
    page.wait_for_timeout(1000)
    page.get_by_label("Pause (space)").click()  # the page tells the poses of a body that stands
    expect(page.locator("[data-view]").first).not_to_have_attribute("data-wrists", before)
    page.locator(".js-plotly-plot .bars").first.wait_for()
    page.get_by_text("words per volume", exact=True).wait_for()


def test_names_that_are_markup_are_shown_as_they_are(toy, opened):
    name = EVIL.replace("/", "_")
    text = toy.read_text().replace('"toy"', f"'{EVIL}'").replace('"s1"', f"'{name}'").replace('"Y"', f"'{name}'")
    toy.write_text(text.replace('speaker = "1"', f"speaker = '{name}'").replace('clip = "g"', f"clip = '{name}'"))
    page = opened(toy)
    page.locator(".player[data-time]").wait_for(timeout=LOAD)
    page.locator(".js-plotly-plot .bars").first.wait_for()
    # The badge, a curve's name and the label of the skeleton hold the text; no picture was made of it.
    for place in (".st-key-context_bar", ".js-plotly-plot", "[data-view] b"):
        page.locator(place).filter(has_text="<img src=x onerror=").first.wait_for()
    assert page.locator("img[src='x'], img[src*='invalid']").count() == 0
    assert not any("invalid" in problem for problem in page.problems)
