"""Compare in a real browser on the real server with the shipped models."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from fmri2ges.data.motion.bvh_write import write_bvh
from tests.conftest import make_motion

pytestmark = pytest.mark.browser
LOAD = 90_000  # ms: torch is imported, the first story made


@pytest.fixture(scope="module")
def compare(context, server):
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50")
    tab.wait_for_selector(".player[data-time]", timeout=LOAD)
    tab.get_by_role("button", name="Make the figure").wait_for()
    yield tab
    tab.close()


def names(page):
    return page.locator("[data-view]").evaluate_all("l => l.map(e => e.dataset.view)")


def wrists(page):
    return dict(page.locator("[data-view]").evaluate_all("l => l.map(e => [e.dataset.view, e.dataset.wrists])"))


def test_both_branches_and_the_reference_play_together(compare):
    assert names(compare) == ["text", "direct", "reference"]
    assert float(compare.locator(".player").get_attribute("data-time")) == 30
    before = wrists(compare)
    compare.get_by_label("Play (space)").click()
    expect(compare.locator(".player")).not_to_have_attribute(
        "data-time", re.compile(r"^30(\.[0-4]\d*)?$"), timeout=120_000
    )
    compare.get_by_label("Pause (space)").click()
    after = wrists(compare)
    assert all(after[name] != before[name] for name in before)
    assert len(set(compare.locator("[data-view]").evaluate_all("l => l.map(e => e.dataset.time)"))) == 1


def test_the_page_says_what_is_compared_and_that_it_is_simulated(compare):
    text = compare.locator("[data-testid=stMain]").inner_text()
    assert "AC, Broca" in text and "30 to 50 s" in text and "Sample of 8" in text and "device" in text
    assert compare.locator(".player .chip").is_visible()


SCORE = r"r -?\.\d\d \[-?\.\d\d, -?\.\d\d\], null -?\.\d\d, rank \d+\.\d of 30"


def test_every_decoded_track_has_its_score_with_null_over_the_whole_story(compare):
    for name in ("text", "direct"):
        lines = compare.locator(f'[data-view="{name}"] p')
        expect(lines.nth(0)).to_have_text(re.compile(f"^reference: {SCORE}"), timeout=120_000)
        expect(lines.nth(1)).to_have_text(re.compile(f"^heard words: {SCORE}"))
    page = compare.locator("[data-testid=stMain]")
    page.get_by_text(re.compile(r"^direct \u2212 text: [+-]?\.\d\d \[.*null ")).first.wait_for()
    page.get_by_text("Scores are over the whole story, 300 s").wait_for()


def test_another_sample_moves_the_skeletons_and_leaves_the_reference(compare):
    compare.locator(".player").focus()
    compare.keyboard.press("Home")
    before = wrists(compare)
    slider = compare.get_by_role("slider", name=re.compile("Sample"))
    slider.focus()
    compare.keyboard.press("ArrowRight")
    # Locators look into the component, where the document's own search does not.
    for name in ("text", "direct"):
        view = compare.locator(f'[data-view="{name}"]')
        expect(view).not_to_have_attribute("data-wrists", before[name], timeout=120_000)
    after = wrists(compare)
    assert after["text"] != before["text"] and after["direct"] != before["direct"]
    assert after["reference"] == before["reference"]


def test_a_figure_is_made_and_downloaded(compare):
    button = compare.get_by_role("button", name="Make the figure")
    expect(button).to_have_count(1, timeout=120_000)  # the page may still be replacing what it showed before
    button.click()
    ready = compare.get_by_role("button", name=re.compile(r"Download .*strip.*\.svg"))
    with compare.expect_download() as download:
        ready.click()
    assert "simulated" in download.value.suggested_filename
    assert "<svg" in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_second_choice_of_rois_stands_beside_the_first(compare):
    box = compare.get_by_role("combobox", name=re.compile("Compare with other ROIs"))
    box.click()
    box.type("Visual")
    compare.keyboard.press("Enter")
    compare.keyboard.press("Escape")
    compare.locator('[data-view="text B"]').wait_for()
    assert names(compare) == ["text A", "text B", "direct A", "direct B"]
    assert compare.locator("[data-transcript]").evaluate_all("l => l.map(e => e.dataset.transcript)") == [
        "heard",
        "decoded A",
        "decoded B",
    ]
    compare.get_by_role("button", name="Decoded").wait_for()
    expect(compare.locator(".player .labels i")).to_have_count(0, timeout=LOAD)  # the drafts are replaced


def press(page, name):
    button = page.get_by_role("button", name=name)
    expect(button).to_have_count(1, timeout=LOAD)  # the page may still be replacing what it showed before
    button.click()


def test_chosen_tracks_are_in_the_link_and_survive_a_reload_another_page_and_a_swap(page, server):
    page.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50&other=Visual")
    page.locator('[data-view="text B"]').wait_for(timeout=LOAD)
    press(page, "heard")  # a fifth is refused
    page.get_by_text("at most 4 stand side by side").wait_for()
    expect(page.locator("button[aria-pressed=true]", has_text="heard")).to_have_count(0, timeout=LOAD)
    press(page, "direct B")
    page.locator('[data-view="direct B"]').wait_for(state="detached")
    press(page, "heard")
    page.locator('[data-view="heard"]').get_by_text("reads the transcript, not the brain").wait_for()
    chosen = ["text A", "text B", "direct A", "heard"]
    assert names(page) == chosen
    page.wait_for_url(re.compile("tracks=text(,|%2C)text-b(,|%2C)direct(,|%2C)heard"))
    page.reload()
    page.locator('[data-view="heard"]').wait_for(timeout=LOAD)
    assert names(page) == chosen
    page.get_by_role("link", name="About").click()
    page.get_by_text("What this program does").wait_for()
    page.get_by_role("link", name="Compare").click()
    page.locator('[data-view="heard"]').wait_for()
    assert names(page) == chosen and "tracks=" in page.url
    before = wrists(page)
    press(page, "Swap")
    page.locator('[data-view="text B"]').get_by_text("AC, Broca").wait_for()
    after = wrists(page)
    assert (after["text A"], after["text B"]) == (before["text B"], before["text A"])
    assert after["heard"] == before["heard"]
    page.wait_for_url(re.compile("(?=.*rois=Visual)(?=.*other=AC)"))


def test_clock_loop_camera_zoom_and_display_are_in_the_link_and_survive_a_reload_and_another_page(page, server):
    page.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50&at=41.5&loop=40,45&camera=0,0.06,1")
    axis, player = page.locator(".axis"), page.locator(".player")
    expect(axis).to_have_attribute("data-loop", "40.00 45.00", timeout=LOAD)
    expect(player).to_have_attribute("data-time", "41.5000")
    page.get_by_role("button", name="Make the figure").wait_for()
    player.focus()
    for key in ("Home", "i", ".", "o"):
        page.keyboard.press(key)
    page.get_by_label("View from the side").click()
    page.get_by_label("Show the arms of all samples").click()
    page.keyboard.press("z")
    zoom = axis.get_attribute("data-range")
    assert zoom != "30.00 50.00"
    link = re.compile("(?=.*loop=30%2C31)(?=.*at=31)(?=.*camera=1.571%2C0.06%2C1)(?=.*shown=trails(&|$))(?=.*zoom=)")
    page.wait_for_url(link)
    page.keyboard.press("8")
    page.get_by_text("What this program does").wait_for()
    page.keyboard.press("2")
    expect(axis).to_have_attribute("data-loop", "30.00 31.00", timeout=LOAD)
    page.wait_for_url(link)
    page.reload()
    expect(axis).to_have_attribute("data-loop", "30.00 31.00", timeout=LOAD)
    expect(player).to_have_attribute("data-time", "31.0000")
    expect(axis).to_have_attribute("data-range", zoom)
    shown = {name: page.get_by_label(name) for name in ("Show the arms of all samples", "Show the path of the wrists")}
    assert [button.get_attribute("aria-pressed") for button in shown.values()] == ["false", "true"]
    page.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50&loop=90,95&at=x")
    page.get_by_text("loop: 90 to 95 s is outside of 30 to 50 s").wait_for()
    page.get_by_text("at: must be a moment in seconds").wait_for()


def test_a_motion_of_ones_own_stands_beside_the_decoded_ones_and_a_link_does_not_carry_it(page, server, tmp_path):
    page.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50")
    page.wait_for_selector(".player[data-time]", timeout=LOAD)
    page.get_by_role("button", name="Make the figure").wait_for()
    press(page, "Own motion")
    file = write_bvh(tmp_path / "walk <b>.bvh", make_motion(np.random.default_rng(0), 150))
    drop = page.locator("input[type=file]")
    drop.set_input_files({"name": "bad.bvh", "mimeType": "text/plain", "buffer": b"HIERARCHY"})
    page.get_by_text(re.compile(r"^bad\.bvh: ")).wait_for()
    drop.set_input_files(file)
    page.locator('[data-view="own motion"]').get_by_text("not retargeted").wait_for(timeout=LOAD)
    assert names(page) == ["text", "direct", "reference", "own motion"]
    page.get_by_text("a link or a session file does not carry it").wait_for()
    field = page.get_by_label("Second 0 of the file is at (s)", exact=True)
    expect(field).to_have_value("30.00")  # nothing of it is in this stretch at first
    still = wrists(page)["own motion"]
    field.fill("25")
    field.press("Enter")
    own = page.locator('[data-view="own motion"]')
    expect(own).not_to_have_attribute("data-wrists", still, timeout=LOAD)
    page.wait_for_url(re.compile("tracks=text(,|%2C)direct(,|%2C)reference(,|%2C)own"))
    page.goto(page.url)
    page.get_by_text("own is not shown; a link does not carry the file").wait_for(timeout=LOAD)
    expect(page.locator('[data-view="text"]')).to_have_count(1, timeout=LOAD)
    assert names(page) == ["text", "direct", "reference"]


def test_a_session_file_brings_back_the_whole_view_and_a_foreign_one_is_refused(page, server, tmp_path):
    page.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50&sample=2&tracks=text,reference&loop=40,45&at=41.5")
    expect(page.locator(".axis")).to_have_attribute("data-loop", "40.00 45.00", timeout=LOAD)
    page.get_by_role("button", name="Make the figure").wait_for()
    page.get_by_label("View from the side").click()
    page.wait_for_url(re.compile("camera="))
    with page.expect_download() as download:
        page.get_by_label("Save this view as a session file").click()
    file = tmp_path / "mine.json"
    download.value.save_as(file)
    assert download.value.suggested_filename == "demo_sub-01_test-1_AC-Broca_session_simulated.json"
    view = json.loads(file.read_text())["view"]
    assert (view["loop"], view["at"], view["camera"]) == ("40,45", "41.5", "1.571,0.06,1")
    page.goto(f"{server}/compare?rois=Visual&start=30&stop=50")
    page.wait_for_selector(".player[data-time]", timeout=LOAD)
    page.get_by_role("button", name="Make the figure").wait_for()
    press(page, "Open session")
    drop = page.locator("input[type=file]")
    drop.set_input_files({"name": "other.json", "mimeType": "text/plain", "buffer": b"{}"})
    page.get_by_text("other.json: is no session of this program").wait_for()
    drop.set_input_files(file)
    expect(page.locator(".axis")).to_have_attribute("data-loop", "40.00 45.00", timeout=LOAD)
    expect(page.locator(".player")).to_have_attribute("data-time", "41.5000")
    assert names(page) == ["text", "reference"]
    asked = ("rois=AC(,|%2C)Broca", "sample=2", "tracks=text(,|%2C)reference", "loop=40(,|%2C)45", "camera=1.571")
    page.wait_for_url(re.compile("".join(f"(?=.*{part})" for part in asked)))


def test_keys_change_the_sample_and_find_regions_and_are_letters_while_somebody_writes(page, server):
    page.goto(f"{server}/compare?rois=AC,Broca&start=30&stop=50")
    page.wait_for_selector(".player[data-time]", timeout=LOAD)
    page.get_by_role("button", name="Make the figure").wait_for()
    page.locator(".player").focus()
    page.keyboard.press("]")
    page.wait_for_url(re.compile("sample=2"))
    page.keyboard.press("[")
    page.wait_for_url(re.compile("^((?!sample=).)*$"))
    expect(page.locator(".player")).to_be_focused()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    listed = sheet.locator("tr").all_inner_texts()
    assert {"space\tplay or pause", "]\tnext sample", "/\tfind regions of interest"} <= set(listed)
    page.keyboard.press("8")  # nothing happens behind the sheet
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator(".player")).to_be_focused()
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name=re.compile("Compare with other ROIs"))
    expect(box).to_be_focused()
    page.keyboard.type("8]?D")
    expect(box).to_have_value("8]?D")
    assert "/compare" in page.url and "sample=" not in page.url and not sheet.is_visible()
    page.keyboard.press("Escape")
    page.locator(".player").focus()
    page.keyboard.press("1")
    page.locator(".st-key-explore .player[data-time]").wait_for()
    page.keyboard.press("?")
    expect(sheet.locator("h2")).to_have_text(
        ["Everywhere", "Cortex, after a click on it", "Player, after a click on it"]
    )


def test_both_masks_are_on_a_small_cortex_and_told_in_words(page, server):
    page.goto(f"{server}/compare?rois=L_44,L_45&other=L_45,V1&start=30&stop=50")
    cortex = page.locator(".cortex[data-still] canvas")
    told = re.compile("A: 44 left. B: V1. A and B: 45 left. Arrow keys turn it")
    expect(cortex).to_have_attribute("aria-label", told, timeout=LOAD)
    expect(page.locator(".masks li")).to_have_text(
        [re.compile("^A: .*2 areas$"), re.compile("^B: .*3 areas$"), "A and B: in both 1 area"]
    )
    page.locator('[data-view="direct B"]').wait_for(timeout=LOAD)
    colours = page.locator(".masks i").evaluate_all("l => l.map(e => getComputedStyle(e).backgroundColor)")
    assert colours == ["rgb(0, 114, 178)", "rgb(0, 158, 115)", "rgb(240, 228, 66)"]  # text A, text B, both
    before, url = cortex.evaluate("c => c.toDataURL()"), page.url
    cortex.click()  # chooses nothing
    page.keyboard.press("ArrowLeft")
    for _ in range(600):
        if cortex.evaluate("c => c.toDataURL()") != before:
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("the key did not turn the cortex")
    assert page.url == url and page.locator(".masks li").count() == 3


def test_tracks_and_their_buttons_fit_a_narrow_window(page, server):
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(f"{server}/compare?rois=AC&other=Visual&start=30&stop=50")
    page.locator('[data-view="text B"]').wait_for(timeout=LOAD)
    parts = [page.get_by_role("button", name=name, exact=True) for name in ("text A", "reference")]
    parts += [page.get_by_role("button", name=name) for name in ("Own motion", "Open session")]
    boxes = [part.bounding_box() for part in parts]
    slider = page.get_by_role("slider", name=re.compile("Sample")).bounding_box()
    for box in boxes:
        assert box["height"] < 48 and 0 <= box["x"] and box["x"] + box["width"] <= 900  # no word is broken
        assert box["y"] + box["height"] <= slider["y"]
    page.set_viewport_size({"width": 1440, "height": 900})
