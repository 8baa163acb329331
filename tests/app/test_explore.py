"""Explore in a real browser on the real server with the shipped models."""

import re
from pathlib import Path

import pytest
from explore_page import ATLAS, FIRST_LOAD, click_area, open_explore, selected, settle, wait_selected
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

pytestmark = pytest.mark.browser
CHIP = "[data-testid=stMultiSelect] [data-tag]"
BYTES_PER_CLICK = 20_000  # a quarter of it is the list of names
BYTES_BEHIND = 200_000  # of the gestures that come after a click, of the draft and of the full result
MOTION = 50_000  # bytes; a message of more is 30 s of gestures


@pytest.fixture(scope="module")
def linked(context, server):
    """One page opened by a link, for the tests that only look."""
    tab = context.new_page()
    open_explore(tab, server, "?rois=AC,Broca&start=40&stop=60")
    yield tab
    tab.close()


def chips(page):
    return page.locator(CHIP).all_inner_texts()


def test_the_first_screen_shows_a_decoded_result(page, server):
    open_explore(page, server)
    assert page.get_by_text("Simulated data").first.is_visible()
    assert page.get_by_role("button", name="Decoded").is_visible()
    page.get_by_text("Mean BOLD of the whole cortex (simulated)").wait_for()
    assert selected(page) == set() and chips(page) == []
    assert page.get_by_role("alert").count() == 0
    assert page.problems == []


def answer(received):
    """Sizes of the messages up to the end of the first run of the page; what tells how far the decoding is follows."""
    for k, frame in enumerate(received):
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            return list(map(len, received[: k + 1]))
    raise AssertionError("the page has not ended its run")


def test_a_click_on_the_cortex_reaches_the_list_and_a_second_one_removes_it(page, server):
    received = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(frame)))
    open_explore(page, server)
    tag = page.locator("[data-testid=stMultiSelect]").get_by_text("44 left")
    cost, behind = [], []
    for area, text, course in (("L_44", "44 left", "L_44"), ("R_A1", "A1 right", "L_44, R_A1")):
        settle(page)
        received.clear()
        click_area(page, area)
        assert area in selected(page)  # painted before the server has answered
        page.locator("[data-testid=stMultiSelect]").get_by_text(text).wait_for()
        page.get_by_text(f"Mean BOLD of {course} (simulated)").wait_for()
        page.get_by_text(f"Shown: {course}").wait_for()
        cost.append(sum(size for size in answer(received) if size < MOTION))
        behind.append(sum(size for size in map(len, received) if size >= MOTION))
    assert selected(page) == {"L_44", "R_A1"}
    page.wait_for_url(re.compile(r"rois=L_44(,|%2C)R_A1"))
    print(f"\nclicks {cost} bytes, gestures behind them {behind} bytes")
    assert max(cost) <= BYTES_PER_CLICK  # what the server has to send; benchmarks/app_clicks.py measures the time
    assert max(behind) <= BYTES_BEHIND
    click_area(page, "L_44")
    tag.wait_for(state="detached")
    assert selected(page) == {"R_A1"}


def test_a_choice_in_the_list_lights_up_on_the_cortex(page, server):
    open_explore(page, server)
    box = page.locator("[data-testid=stMultiSelect] input")
    box.fill("Broca")
    box.press("Enter")
    page.wait_for_function("document.querySelector('[data-testid=stMultiSelect]').innerText.includes('Broca:')")
    wait_selected(page, ATLAS.groups["Broca"][1])


def test_clicking_picks_a_whole_group_when_asked_to(page, server):
    open_explore(page, server)
    page.get_by_role("button", name="Group", exact=True).click()
    click_area(page, "L_44")
    page.locator("[data-testid=stMultiSelect]").get_by_text("Broca").wait_for()
    assert selected(page) == set(ATLAS.groups["Broca"][1])


def test_many_quick_clicks_are_all_kept(page, server):
    open_explore(page, server)
    wanted = ["L_44", "L_A4", "R_PGi", "L_TE1p", "R_45"]
    for area in wanted:
        click_area(page, area)
    page.locator(CHIP).nth(len(wanted) - 1).wait_for()
    settle(page)
    wait_selected(page, wanted)
    assert len(chips(page)) == len(wanted)


def test_the_area_under_the_pointer_is_named(linked):
    page = linked
    point = page.locator(".cortex").evaluate("(root, area) => root.cortexView.locate(area)", ATLAS.area_index["L_44"])
    page.mouse.move(point["x"], point["y"])
    tip = page.locator(".cortex .tip")
    assert "44, left" in tip.inner_text() and "Broca" in tip.inner_text()


def test_both_sides_and_the_medial_wall_side_are_in_sight(linked):
    page = linked
    for side, area in (("Left", "L_V1"), ("Right", "R_V1"), ("Both", "R_44")):
        page.locator(".cortex").get_by_role("button", name=side).click()
        page.wait_for_timeout(200)
        assert page.locator(".cortex").evaluate("(root, a) => root.cortexView.locate(a)", ATLAS.area_index[area])
    page.get_by_label("Point of view").select_option("top")
    page.wait_for_timeout(200)
    before = page.locator(".cortex canvas").screenshot()
    page.locator(".cortex canvas").press("ArrowLeft")
    page.wait_for_timeout(200)
    assert page.locator(".cortex canvas").screenshot() != before


def test_the_link_holds_the_choice(linked):
    assert selected(linked) == set(ATLAS.expand(["AC", "Broca"]))
    assert linked.locator("[data-testid=stSlider]").get_by_text("40 s").is_visible()


def picture(page):
    """What cortex and player show: the pixels of their canvases, and which buttons of the player are on."""
    script = "canvas => canvas.toDataURL()"
    parts = {part: f"{part} canvas" for part in (".cortex", ".player .scene", ".axis")}
    shown = {part: page.locator(at).first.evaluate(script) for part, at in parts.items()}
    return shown | {"on": page.locator(".player [aria-pressed=true]").all_inner_texts()}


def test_a_reload_shows_the_same_picture_with_clock_camera_and_threshold(page, server):
    open_explore(page, server, "?rois=AC&surface=flat&at=12.5&camera=0.9,0.3,1.2&zoom=10,20&loop=11,14&threshold=0.1")
    player = page.locator(".player")
    assert player.get_attribute("data-time") == "12.5000"
    assert page.locator(".axis").get_attribute("data-range") == "10.00 20.00"
    page.get_by_label("Overlay the bodies in one view").click()
    page.get_by_label("Show the path of the wrists").click()
    player.focus()
    page.keyboard.press(".")
    page.get_by_label("View from the side").click()
    page.mouse.move(5, 5)
    wanted = (
        "surface=flat",
        "at=13.5",
        "zoom=10(,|%2C)20",
        "loop=11(,|%2C)14",
        "camera=1.571",
        "shown=overlay(,|%2C)samples",
    )
    page.wait_for_url(re.compile("".join(f"(?=.*{part})" for part in (*wanted, "threshold=0.1"))))
    settle(page)
    before, link = picture(page), page.url
    page.reload()
    page.wait_for_selector(".cortex canvas", timeout=FIRST_LOAD)
    page.wait_for_selector(".player[data-time='13.5000']", timeout=FIRST_LOAD)
    page.get_by_role("button", name="Decoded").wait_for()
    page.mouse.move(5, 5)
    settle(page)
    after = picture(page)
    assert [part for part in before if before[part] != after[part]] == [] and page.url == link
    assert page.problems == []


def test_what_a_link_gets_wrong_does_not_push_the_controls_out_of_sight(page, server):
    page.set_viewport_size({"width": 1280, "height": 800})
    open_explore(page, server, "?rois=Brocca&subject=nobody&at=999&shown=legs")
    told = page.get_by_role("alert")
    for line in ("'Brocca' is not an ROI", "'nobody' is not in this run", "at: 999 s is outside", "shown: must name"):
        assert line in told.inner_text()
    assert told.bounding_box()["height"] <= 60
    for part in (".player .controls", ".cortex .foot"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800, part


def test_an_unknown_region_in_the_link_is_one_clear_line(page, server):
    open_explore(page, server, "?rois=Brocca")
    line = page.get_by_role("alert").inner_text()
    assert "'Brocca' is not an ROI" in line and "did you mean Broca" in line and "Traceback" not in page.content()
    assert selected(page) == set()


def test_the_choice_survives_another_page_and_the_mesh_is_not_sent_again(page, server):
    received = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))
    open_explore(page, server, "?rois=AC")
    first = sum(received)
    page.locator(".cortex").get_by_role("button", name="Pial").click()
    page.wait_for_url(re.compile("surface=pial"))
    page.get_by_role("link", name="About").click()
    page.get_by_text("What this program does").wait_for()
    settle(page)
    received.clear()
    page.get_by_role("link", name="Explore").click()
    page.wait_for_selector(".cortex canvas")
    settle(page)
    print(f"\nfirst load {first} bytes, back to the page {sum(received)} bytes")
    wait_selected(page, ATLAS.groups["AC"][1])
    page.wait_for_url(re.compile("rois=AC"))
    assert page.locator(".cortex").get_by_role("button", name="Pial").get_attribute("aria-pressed") == "true"
    assert first > 400_000 > 10 * sum(received) / 4


def test_the_back_button_undoes_a_choice_and_leaves_a_page(page, server):
    open_explore(page, server, "?rois=AC")
    settle(page)
    click_area(page, "L_44")
    page.wait_for_url(re.compile("L_44"))
    page.get_by_role("link", name="About").click()
    page.get_by_text("What this program does").wait_for()
    page.wait_for_url(re.compile("about.*L_44"))
    settle(page)
    page.go_back()  # one press leaves the page
    page.wait_for_function("!location.pathname.includes('about') && location.search.includes('L_44')")
    settle(page)
    page.go_back()  # and one more undoes the choice
    page.wait_for_function("!location.search.includes('L_44')")
    wait_selected(page, ATLAS.groups["AC"][1])


def test_a_click_is_decoded_without_a_press(page, server):
    open_explore(page, server)
    click_area(page, "L_44")
    page.locator(".player").get_by_text("L_44").wait_for(timeout=FIRST_LOAD)  # a draft, or already all of it
    page.get_by_text("Shown: L_44").wait_for()
    assert page.get_by_role("button", name="Decoded").is_disabled()
    assert page.locator(".player .labels i").count() == 0


def test_the_decoding_can_be_copied(linked):
    linked.get_by_role("button", name="Copy as").click()
    body = linked.locator("[data-testid=stPopoverBody]")
    body.get_by_text("--rois AC,Broca --start 40 --stop 60").wait_for()
    assert "rois=('AC', 'Broca')" in body.inner_text()
    linked.keyboard.press("Escape")


def test_without_webgl_the_cortex_is_drawn_and_clicked_on_a_plain_canvas(page, server):
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); };"
    )
    open_explore(page, server)
    assert page.locator(".cortex").get_attribute("data-renderer") == "canvas"
    click_area(page, "L_44")
    page.locator("[data-testid=stMultiSelect]").get_by_text("44 left").wait_for()
    assert page.problems == []


def test_a_study_of_voxels_shows_the_curve_of_its_blocks(serve, page):
    """It crashed: the curve was read with the areas of the cortex."""
    with serve(Path(__file__).parent / "voxel_app.py") as url:
        page.goto(url)
        page.get_by_text("choose among its 200 blocks of voxels").wait_for(timeout=FIRST_LOAD)
        page.get_by_text("Mean BOLD of all 200 blocks of voxels").wait_for()
        page.get_by_text("95 % CI of the mean over 200 blocks of voxels").wait_for()
        box = page.locator("[data-testid=stMultiSelect] input")
        box.fill("block-007")
        box.press("Enter")
        page.get_by_text("Mean BOLD of block-007").wait_for()
        assert "Traceback" not in page.content()


def test_a_study_without_a_cortex_is_chosen_in_the_list_and_errors_are_one_line(page, serve):
    with serve(Path(__file__).parent / "table_app.py") as url:
        page.goto(url)
        page.get_by_text("choose among its 3 ROIs").wait_for(timeout=FIRST_LOAD)
        page.get_by_text("decode: this run has no weights; train it again").wait_for()
        assert page.get_by_text("a real study").first.is_visible() and page.get_by_text("simulated").count() == 0
        box = page.locator("[data-testid=stMultiSelect] input")
        box.fill("LIFG")
        box.press("Enter")
        page.get_by_text("Mean BOLD of LIFG").wait_for()
        boxes = (
            page.get_by_test_id("stPills") if page.get_by_test_id("stPills").count() else page.locator(".stButtonGroup")
        )
        boxes.get_by_text("LPTL").click()
        page.get_by_text("Mean BOLD of LIFG, LPTL").filter(visible=True).wait_for()
        assert "Traceback" not in page.content()


def test_voxels_whose_places_are_known_are_seen_in_slices(serve, page):
    with serve(Path(__file__).parent / "grid_app.py") as url:
        page.goto(f"{url}/?rois=block-007")
        page.get_by_text(re.compile("In colour: [0-9]+ of [0-9]+ voxels, 1 of [0-9]+ blocks")).wait_for(
            timeout=FIRST_LOAD
        )
        image = page.locator("[data-testid=stImage] img")
        page.wait_for_function("document.querySelector('[data-testid=stImage] img')?.naturalWidth > 600")
        first = image.get_attribute("src")
        box = page.locator("[data-testid=stMultiSelect] input")
        box.fill("block-100")
        box.press("Enter")
        page.get_by_text(re.compile("2 of [0-9]+ blocks")).wait_for()
        assert image.get_attribute("src") != first
