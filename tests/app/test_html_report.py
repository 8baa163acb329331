"""A report in a real browser: opened from disk, without a network, its player plays."""

import time as clock

import numpy as np
import pytest

from fmri2ges.documents import make_report
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words
from tests.conftest import make_motion
from tests.unit.documents.test_html import HOSTILE

pytestmark = pytest.mark.browser


def motion(seed: int, start: float = 5.0) -> Motion:
    positions = [make_motion(np.random.default_rng(seed + k), 180).positions for k in range(2)]
    return Motion(positions[0], start=start, samples=np.stack(positions))


def result(rois: tuple[str, ...], seed: int) -> Decoded:
    words = Words.from_lists(["once", HOSTILE, "sea"], [5.5, 8, 12], [0.4, 0.5, 0.5])
    request = DecodeRequest("mine", HOSTILE, "test-1", rois, samples=2, start=5.0, stop=17.0)
    manifest = {"kind": "decode", "simulated": True, "space": "table", "study_name": HOSTILE}
    return Decoded(request, motion(seed), motion(seed + 10), (words, words), manifest=manifest)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return make_report(result(("A", HOSTILE), 1), tmp_path_factory.mktemp("report") / "r.html", result(("B",), 2))


@pytest.fixture
def page(browser, file):
    """The report in a browser that is offline; `page.problems` are errors, `page.asked` what it tried to fetch."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, color_scheme="light")
    tab = context.new_page()
    tab.problems, tab.asked = [], []
    tab.on("pageerror", lambda e: tab.problems.append(str(e)))
    tab.on("console", lambda m: tab.problems.append(m.text))
    tab.on("dialog", lambda d: tab.problems.append(d.message))
    tab.on("request", lambda r: tab.asked.append(r.url))
    tab.goto(file.as_uri())
    tab.wait_for_selector(".player[data-time]")
    yield tab
    assert tab.problems == [] and [url for url in tab.asked if not url.startswith("blob:")] == [file.as_uri()]
    context.close()


def pixels(page) -> int:
    """How many pixels of the stage are painted."""
    drawn = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
    return page.locator("canvas.stage").evaluate(f"c => {drawn}.filter((v, i) => i % 4 === 3 && v > 0).length")


def at(page) -> float:
    return float(page.locator(".player").get_attribute("data-time"))


def wrists(page) -> list[str]:
    return page.locator("[data-view]").evaluate_all("l => l.map(e => e.dataset.wrists)")


def until(condition) -> None:
    end = clock.monotonic() + 60
    while not condition():
        assert clock.monotonic() < end, "it did not happen"
        clock.sleep(0.05)


def test_the_player_plays_words_and_bodies_without_a_network(page):
    assert page.locator("[data-view]").count() == 4 and pixels(page) > 5000
    before, still = wrists(page), at(page)
    page.get_by_label("Play (space)").click()
    until(lambda: at(page) > still + 0.3)
    page.get_by_label("Pause (space)").click()
    assert all(a != b for a, b in zip(before, wrists(page), strict=True))
    page.locator(".belt span", has_text="sea").first.click()
    assert at(page) == 12
    front = page.locator("canvas.stage").evaluate("c => c.toDataURL()")
    page.get_by_label("View from the top").click()
    assert page.locator("canvas.stage").evaluate("c => c.toDataURL()") != front
    page.locator(".scrubber").fill("16")
    assert at(page) == 16


def test_words_of_a_user_are_words(page):
    assert page.locator(".belt span").filter(has_text="<script>").count() == 2
    assert page.locator("img").count() == 0 and page.title().count("<script>") >= 1


def test_the_view_can_be_saved(page):
    with page.expect_download() as saved:
        page.get_by_label("Save this view as SVG").click()
    assert saved.value.path().read_text().startswith("<svg")


def test_light_dark_and_paper(page):
    def back() -> str:
        return page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")

    light, body = back(), page.locator("canvas.stage").evaluate("c => c.toDataURL()")
    page.emulate_media(color_scheme="dark")
    until(lambda: page.locator("canvas.stage").evaluate("c => c.toDataURL()") != body)
    assert back() != light
    page.emulate_media(color_scheme="dark", media="print")
    assert back() == light and page.locator("#player").is_hidden()


@pytest.mark.parametrize("width", [900, 1280, 1920])
def test_nothing_is_wider_than_the_page(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = "l => l.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-label'))"
    assert page.locator(".scroll").evaluate_all(cut) == []


def test_a_button_of_the_app_saves_the_report_of_a_run(browser, server):
    tab = browser.new_page()
    tab.goto(f"{server}/scores")
    with tab.expect_download(timeout=120_000) as saved:
        tab.get_by_role("button", name="Report, HTML").click(timeout=120_000)
    assert saved.value.suggested_filename == "scores_demo_simulated.html"
    assert saved.value.path().read_text(encoding="utf-8").startswith("<!doctype html>")
    tab.close()
