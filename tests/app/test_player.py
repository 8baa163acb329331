"""The skeleton player in a real browser: one clock, one camera, keys, words, export."""

import re
import time as clock
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from app_server import run_server

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).with_name("player_page.py")
FRAME = 1 / 15


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with run_server(SCRIPT, tmp_path_factory.mktemp("player")) as url:
        yield url


@pytest.fixture(scope="module")
def tab(context, address):
    """One page for all tests; `player` brings it back to its beginning."""
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.goto(address)
    page.wait_for_selector(".player[data-time]", timeout=60_000)
    yield page
    assert page.problems == []
    page.close()


@pytest.fixture
def player(tab):
    root = tab.locator(".player")
    if root.get_attribute("data-playing") == "true":
        tab.get_by_label("Pause (space)").click()
    root.focus()
    tab.keyboard.press("Home")
    assert time(tab) == 20
    return tab


def time(page):
    return float(page.locator(".player").get_attribute("data-time"))


def views(page):
    """Name -> (time, wrist positions in mm) of every view."""
    found = page.locator("[data-view]").evaluate_all(
        "l => l.map(e => [e.dataset.view, e.dataset.time, e.dataset.wrists])"
    )
    return {name: (float(t), wrists) for name, t, wrists in found}


def until(condition, seconds=120):
    """Wait for something that the page does by itself."""
    end = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < end, "it did not happen"
        clock.sleep(0.05)


def picture(page):
    return page.locator("canvas.stage").evaluate("c => c.toDataURL()")


def test_play_moves_every_skeleton_on_one_clock_and_pause_freezes_them(player):
    before = views(player)
    assert list(before) == ["text", "direct", "reference"]
    player.get_by_label("Play (space)").click()
    until(lambda: time(player) > 20.5)
    player.get_by_label("Pause (space)").click()
    after = views(player)
    assert len({t for t, _ in after.values()}) == 1
    assert all(after[name][1] != before[name][1] for name in before)
    frozen = picture(player)
    player.wait_for_timeout(300)
    assert views(player) == after and picture(player) == frozen


def test_steps_and_keys_move_the_clock_by_what_they_say(player):
    player.get_by_label("One frame forward (right arrow)").click()
    assert time(player) == pytest.approx(20 + FRAME, abs=1e-3)
    player.keyboard.press("ArrowRight")
    assert time(player) == pytest.approx(20 + 2 * FRAME, abs=1e-3)
    player.keyboard.press("ArrowLeft")
    assert time(player) == pytest.approx(20 + FRAME, abs=1e-3)
    player.keyboard.press(".")
    assert time(player) == pytest.approx(21 + FRAME, abs=1e-3)
    player.keyboard.press(",")
    assert time(player) == pytest.approx(20 + FRAME, abs=1e-3)
    player.keyboard.press("End")
    assert time(player) == 32
    player.keyboard.press(".")
    assert time(player) == 32


def test_space_plays_and_pauses_after_a_click_on_any_button(player):
    player.get_by_label("View from the front").click()
    player.keyboard.press(" ")
    assert player.locator(".player").get_attribute("data-playing") == "true"
    player.keyboard.press(" ")
    assert player.locator(".player").get_attribute("data-playing") == "false"


def test_a_word_seeks_and_is_highlighted(player):
    heard = player.locator('[data-transcript="heard"]')
    heard.get_by_text("sea", exact=True).click()
    assert time(player) == 23
    assert heard.locator("[data-now]").all_inner_texts() == ["sea"]
    player.locator('[data-transcript="decoded"]').get_by_text("blue").click()
    assert time(player) == 23.5
    assert player.locator('[data-transcript="decoded"] [data-now]').all_inner_texts() == ["blue"]


def test_words_are_text_and_never_markup(player):
    heard = player.locator('[data-transcript="heard"]')
    assert "<b>old</b>" in heard.locator(".belt span").all_inner_texts()
    assert heard.locator(".belt b").count() == 0


def test_both_rows_place_the_same_time_at_the_same_spot(player):
    """The word that begins at the clock's time stands at one mark in every row."""
    left = {}
    for row, word in (("heard", "sea"), ("decoded", "blue")):
        node = player.locator(f'[data-transcript="{row}"]').get_by_text(word, exact=True)
        node.click()
        left[row] = node.bounding_box()["x"]
    assert left["heard"] == pytest.approx(left["decoded"], abs=1)


def test_drag_turns_all_views_and_double_click_turns_back(player):
    x, y = centre(player)
    player.mouse.dblclick(x, y)
    first = picture(player)
    player.mouse.down()
    player.mouse.move(x + 90, y, steps=3)
    player.mouse.up()
    turned = picture(player)
    player.get_by_label("View from the side").click()
    assert len({first, turned, picture(player)}) == 3
    player.mouse.dblclick(x, y)
    assert picture(player) == first


def test_a_plain_wheel_leaves_the_picture_to_the_page_and_ctrl_wheel_or_a_key_zooms(player):
    before = picture(player)
    player.locator("canvas.stage").hover()
    player.mouse.wheel(0, 50)
    player.wait_for_timeout(300)
    assert picture(player) == before
    player.keyboard.down("Control")
    player.mouse.wheel(0, -400)
    player.keyboard.up("Control")
    until(lambda: picture(player) != before)
    player.mouse.dblclick(*centre(player))
    until(lambda: picture(player) == before)
    player.keyboard.press("+")
    assert picture(player) != before
    player.mouse.dblclick(*centre(player))


def centre(page):
    box = page.locator("canvas.stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_click_on_the_curves_moves_the_clock(player):
    box = player.locator("canvas.tracks").bounding_box()
    player.mouse.click(box["x"] + 66 + (box["width"] - 80) / 2, box["y"] + 60)
    assert time(player) == pytest.approx(26, abs=0.05)


def at(page, share):
    """The spot on the axis so far between its ends."""
    box = page.locator("canvas.tracks").bounding_box()
    return box["x"] + 66 + (box["width"] - 80) * share, box["y"] + 60


def drag(page, start, stop):
    page.mouse.move(*at(page, start))
    page.mouse.down()
    page.mouse.move(*at(page, stop), steps=4)
    page.mouse.up()


def span(page, name):
    """Two moments that the axis tells, or None."""
    text = page.locator(".axis").get_attribute(f"data-{name}")
    return [float(t) for t in text.split()] or None


def test_a_drag_loops_its_stretch_the_wheel_zooms_and_a_double_click_shows_all(player):
    drag(player, 0.75, 0.5)  # backwards
    assert span(player, "loop") == pytest.approx([26, 29], abs=0.05)
    assert time(player) == pytest.approx(26, abs=0.05)
    assert player.get_by_label("Begin again at the end").get_attribute("aria-pressed") == "true"
    player.keyboard.press(" ")
    until(lambda: time(player) > 28)
    until(lambda: time(player) < 27)
    player.keyboard.press(" ")
    assert 25.9 <= time(player) <= 29
    drag(player, 0.75, 0.85)  # an end can be moved
    assert span(player, "loop") == pytest.approx([26, 30.2], abs=0.05)
    assert span(player, "range") == [20, 32]
    player.mouse.move(*at(player, 0.25))
    player.mouse.wheel(0, -400)
    until(lambda: span(player, "range") != [20, 32])
    low, high = span(player, "range")
    assert low + (high - low) / 4 == pytest.approx(23, abs=0.05) and high - low < 8
    player.keyboard.press("End")  # the part in sight follows the clock
    low, high = span(player, "range")
    assert low < 32 <= high + 1e-6
    player.mouse.dblclick(*at(player, 0.5))
    assert span(player, "range") == [20, 32] and span(player, "loop") is None


def test_keys_loop_and_zoom_like_the_mouse(player):
    for key in ("i", ".", ".", "o"):
        player.keyboard.press(key)
    assert span(player, "loop") == [20, 22]
    player.keyboard.press("z")
    assert span(player, "range") == pytest.approx([20 + 2 / 3, 28 + 2 / 3], abs=0.02)
    player.keyboard.press("Z")
    assert span(player, "range") == [20, 32]
    player.keyboard.press("l")
    assert span(player, "loop") is None
    player.keyboard.press("z")
    player.keyboard.press("a")
    assert span(player, "range") == [20, 32]


def test_a_wheel_that_began_beside_the_axis_or_has_nothing_to_zoom_out_of_is_left_to_the_page(player):
    once = "addEventListener('wheel', e => setTimeout(() => done(e.defaultPrevented)), {once: true})"

    def is_taken(dy):
        answer = player.evaluate_handle(f"() => ({{then: new Promise(done => {once})}})")
        player.mouse.wheel(0, dy)
        return answer.evaluate("a => a.then")

    player.mouse.move(*at(player, 0.5))
    assert not is_taken(300) and is_taken(-300) and is_taken(300)
    player.mouse.move(*centre(player))
    assert not is_taken(-1)
    player.mouse.move(*at(player, 0.5))
    assert not is_taken(-300)
    player.wait_for_timeout(600)
    player.mouse.move(*at(player, 0.3))
    assert is_taken(-300)
    player.mouse.dblclick(*at(player, 0.5))


def test_lanes_tell_the_rule_of_strokes_and_holds_in_units(player):
    x, y = at(player, 0.5)
    player.mouse.move(x, y - 50)
    assert re.search(r"Stroke .* 0\.3 m/s .* Hold .* 0\.1 m/s", player.locator("canvas.tracks").get_attribute("title"))
    player.mouse.move(x, y)
    assert "Drag: loop" in player.locator("canvas.tracks").get_attribute("title")


def test_the_slider_moves_the_clock(player):
    player.get_by_label("Time in seconds").fill("25")
    assert time(player) == pytest.approx(25, abs=FRAME)


def test_loop_begins_again_and_no_loop_stops_at_the_end(player):
    player.keyboard.press("End")
    player.keyboard.press(",")
    player.get_by_label("Speed", exact=True).select_option("2")
    player.get_by_label("Play (space)").click()
    player.wait_for_selector('.player[data-playing="false"]', timeout=120_000)
    assert time(player) == 32
    player.get_by_label("Begin again at the end").click()
    player.keyboard.press(",")
    player.keyboard.press(" ")
    player.wait_for_timeout(1200)
    player.keyboard.press(" ")
    assert 20 <= time(player) < 31
    player.get_by_label("Begin again at the end").click()
    player.get_by_label("Speed", exact=True).select_option("1")


def test_the_clock_stays_when_another_sample_arrives(player):
    player.keyboard.press(".")
    before = views(player)
    player.get_by_role("button", name="other sample").click()
    until(lambda: views(player)["text"] != before["text"])
    after = views(player)
    assert after["direct"] == before["direct"] and time(player) == 21


def test_the_view_is_saved_as_vector_picture_with_names_time_and_mark(player, tmp_path):
    player.keyboard.press(".")
    with player.expect_download() as download:
        player.get_by_label("Save this view as SVG").click()
    assert download.value.suggested_filename == "demo_S1_test-1_AC_text-direct-reference_sample1_simulated_21.00s.svg"
    path = tmp_path / "view.svg"
    download.value.save_as(path)
    root = ET.parse(path).getroot()
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"text", "direct", "reference"} <= set(texts)
    assert "run demo" in texts[-1] and "21.00 s" in texts[-1] and "simulated" in texts[-1] and "<b>old</b>" in texts[-1]
    assert len(root.findall(".//{http://www.w3.org/2000/svg}polyline")) > 50
    assert not root.findall(".//{http://www.w3.org/2000/svg}image")
    with player.expect_download() as download:
        player.get_by_label("Save this view as PNG").click()
    assert Path(download.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_arms_of_all_samples_stand_behind_the_one_that_is_played(player):
    button = player.get_by_label("Show the arms of all samples")
    assert "all 3 samples" in button.get_attribute("title")
    with player.expect_download() as download:
        player.get_by_label("Save this view as SVG").click()
    svg = Path(download.value.path()).read_text()
    (thin,) = re.findall(r'<path d="([^"]+)"', svg)  # of the only track with samples
    arms = [arm.split() for arm in thin.split("M")[1:]]
    assert [len(arm) for arm in arms] == [3] * 6 and "arms of 3 of 3 samples" in svg  # two arms of each
    shown = views(player)["text"]
    with_fan = picture(player)
    button.click()
    assert picture(player) != with_fan and views(player)["text"] == shown
    button.click()
    assert picture(player) == with_fan


def test_overlay_and_trails_change_the_picture_and_tell_their_state(player):
    for label in ("Overlay the bodies in one view", "Show the path of the wrists"):
        button = player.get_by_label(label)
        player.keyboard.press(".")
        before, state = picture(player), button.get_attribute("aria-pressed")
        button.click()
        assert picture(player) != before and button.get_attribute("aria-pressed") != state
        button.click()
        assert picture(player) == before


def test_every_control_has_a_name(player):
    controls = player.locator(".player button, .player input, .player select, .player canvas")
    assert controls.count() > 12
    assert all(controls.evaluate_all("l => l.map(e => Boolean(e.getAttribute('aria-label')))"))


def test_the_mark_of_simulated_data_is_there_only_for_simulated_data(player, address):
    assert player.locator(".chip").is_visible()
    player.goto(f"{address}?real=1")
    player.wait_for_selector(".player[data-time]", timeout=120_000)
    assert not player.locator(".chip").is_visible()
    player.goto(address)
    player.wait_for_selector(".player[data-time]", timeout=120_000)


def test_no_script_writes_markup_from_data():
    folder = Path(__file__).parents[2] / "app/components/skeleton_player"
    for script in folder.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML", script.read_text(encoding="utf-8")), script.name
