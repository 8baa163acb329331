"""Drafts in a real browser: a click shows one, the full result replaces it, and nothing else on the page moves."""

from pathlib import Path

import pytest
from app_server import run_server
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LOAD = 60_000  # ms, on a busy machine
TABLE = Path(__file__).parent / "table_app.py"


@pytest.fixture(scope="module")
def gates(tmp_path_factory):
    """The files that let full decodings and drafts through."""
    folder = tmp_path_factory.mktemp("gates")
    return folder / "full", folder / "draft"


@pytest.fixture(scope="module")
def address(gates, tmp_path_factory):
    """The app on a double whose decodings wait for the gates."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GATE", str(gates[0]))
    patch.setenv("DRAFT_GATE", str(gates[1]))
    with run_server(TABLE, tmp_path_factory.mktemp("cache")) as url:
        yield url
    patch.undo()


@pytest.fixture
def waiting(gates):
    """Both gates closed at first, and open at the end, so that no work is left for the next test."""
    full, draft = gates
    for gate in gates:
        gate.unlink(missing_ok=True)
    yield full, draft
    for gate in gates:
        gate.touch()


def choose(page, name):
    box = page.locator("[data-testid=stMultiSelect] input").first
    box.fill(name)
    box.press("Enter")
    page.keyboard.press("Escape")  # the open list hides the rest of the page


def marks(page):
    return page.locator(".player .labels i")


def layout(page):
    """Where the parts of the page stand."""
    parts = (
        ".st-key-decode_row",
        ".st-key-gestures [data-testid=stCaptionContainer]",
        ".player",
        ".player .scene",
        ".player .scrubber",
    )
    return [page.locator(part).bounding_box() for part in parts]


def test_a_draft_comes_before_the_full_result_which_moves_neither_clock_nor_page(page, address, waiting):
    full, draft = waiting
    page.set_default_timeout(LOAD)
    draft.touch()
    page.goto(f"{address}/?run=table&seed=1")
    expect(marks(page)).to_have_text(["draft", "draft"], timeout=LOAD)
    row = page.locator(".st-key-decode_row")
    row.get_by_text("Decoding 25 %").wait_for()
    page.get_by_text("Draft, the first of 8 samples: all ROIs").wait_for()
    page.locator(".player").focus()
    page.keyboard.press(".")
    page.keyboard.press("ArrowRight")
    page.locator(".player").get_by_label("Overlay the bodies in one view").click()
    clock, before = page.locator(".player").get_attribute("data-time"), layout(page)
    full.touch()
    page.get_by_role("button", name="Decoded").wait_for()
    expect(marks(page)).to_have_count(0, timeout=LOAD)
    page.get_by_text("Shown: all ROIs").wait_for()
    assert page.locator(".player").get_attribute("data-time") == clock and float(clock) > 1
    assert page.get_by_label("Overlay the bodies in one view").get_attribute("aria-pressed") == "true"
    assert layout(page) == before


def test_nothing_moves_when_a_run_that_opened_slowly_is_drawn_again(page, tmp_path, monkeypatch):
    """Its spinner is gone from the second drawing on, and leaves no gap in the first one."""
    monkeypatch.setenv("OPENING", "1")
    monkeypatch.setenv("GATE", str(tmp_path / "full"))
    monkeypatch.setenv("DRAFT_GATE", str(tmp_path / "draft"))
    page.set_default_timeout(LOAD)
    with run_server(TABLE, tmp_path) as url:
        page.goto(f"{url}/?run=table&seed=1")
        rois = page.locator(".st-key-request-rois")
        rois.wait_for()
        top = rois.bounding_box()["y"]
        (tmp_path / "draft").touch()
        page.get_by_text("Draft, the first of 8 samples: all ROIs").wait_for()
        assert rois.bounding_box()["y"] == top


def test_a_new_choice_has_its_draft_while_others_decode_and_a_page_switch_loses_nothing(
    page, browser, address, waiting
):
    full, draft = waiting
    page.set_default_timeout(LOAD)
    draft.touch()
    page.goto(f"{address}/?run=table&seed=2")
    page.locator(".st-key-decode_row").get_by_text("Decoding 25 %").wait_for()  # the only thread for full decodings
    other = browser.new_context(viewport={"width": 1280, "height": 800})
    second = other.new_page()
    second.set_default_timeout(LOAD)
    second.goto(f"{address}/?run=table&seed=3")
    second.get_by_text("Draft, the first of 8 samples: all ROIs").wait_for()
    second.locator(".st-key-decode_row").get_by_text("Waiting, 1 before you").wait_for()

    draft.unlink()
    choose(page, "LATL")
    page.get_by_text("Still shown: all ROIs").wait_for()
    choose(page, "LIFG")  # before the first came: only the newest counts
    page.get_by_text("Mean BOLD of LATL, LIFG").wait_for()
    draft.touch()
    page.get_by_text("Draft, the first of 8 samples: LATL, LIFG").wait_for()
    page.get_by_role("link", name="About").click()
    page.get_by_text("What this program does").wait_for()
    full.touch()
    page.get_by_role("link", name="Explore").click()
    page.get_by_text("Shown: LATL, LIFG").wait_for()
    expect(marks(page)).to_have_count(0, timeout=LOAD)
    second.get_by_text("Shown: all ROIs").wait_for()
    other.close()


def test_compare_shows_drafts_of_both_choices_and_one_row(page, address, waiting):
    full, draft = waiting
    page.set_default_timeout(LOAD)
    draft.touch()
    page.goto(f"{address}/compare?run=table&seed=4&rois=LATL&other=LIFG")
    expect(marks(page)).to_have_text(["draft"] * 4, timeout=LOAD)
    assert page.locator(".player .labels p").all_inner_texts()[0].startswith("draft: the first of 8 samples")
    row = page.locator(".st-key-decode_compare_row")
    row.get_by_text("Decoding").wait_for()
    row.get_by_role("button", name="Cancel").click()
    row.get_by_role("button", name="Decode", exact=True).click()
    row.get_by_text("Decoding").wait_for()
    before = page.locator(".player").bounding_box()
    full.touch()
    row.get_by_role("button", name="Decoded").wait_for()
    expect(marks(page)).to_have_count(0, timeout=LOAD)
    assert page.locator(".player").bounding_box() == before
    page.get_by_role("button", name="Make the figure").wait_for()
