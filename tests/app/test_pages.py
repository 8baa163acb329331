"""Explore and Compare without a browser: what a link gets wrong, the row of a decoding, servers that others reach."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest
from table_run import TableRun

from app import backend, places
from app.decode_queue import Phase, queue
from app.draft_lane import drafts
from app.messages import plain
from app.parts import rois

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("explore", "compare")
EVIL = "![x](http://x.invalid/p.png)"


@pytest.fixture
def opened(monkeypatch):
    """A function that opens a link."""
    # A link to another page needs the navigation of main.py.
    monkeypatch.setattr("streamlit.elements.widgets.button.ButtonMixin._page_link", lambda *_, **__: None)

    def run(page: str, **link: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300)
        app.session_state["page"] = page
        app.query_params.update(link)
        app.run()
        assert not app.exception, app.exception
        return app

    return run


@pytest.fixture
def table(monkeypatch):
    """The run behind every name is a double, whose decoding waits until its gate is open."""
    run = TableRun(gate=Event(), digest="test_pages")
    monkeypatch.setattr(backend, "_open", lambda *_: run)
    yield run
    run.gate.set()
    if run.draft_gate is not None:
        run.draft_gate.set()
    queue().join()
    drafts().join()


def said(app: AppTest) -> list[str]:
    """Every text of the page that Streamlit reads as markdown."""
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info, app.success)
    return [str(element.value) for kind in kinds for element in kind]


def lines(app: AppTest) -> str:
    return "\n".join(e.value for e in (*app.error, *app.warning)).replace("\\", "")


def players(app: AppTest) -> int:
    return sum("skeleton" in e.proto.component_name for e in app.get("bidi_component"))


@pytest.mark.parametrize("page", PAGES)
def test_an_unknown_region_in_a_link_is_one_line(opened, page):
    app = opened(page, rois="Brocca")
    assert "'Brocca' is not an ROI" in lines(app) and "did you mean Broca" in lines(app)
    assert app.session_state["request"].rois == ("all",)


@pytest.mark.parametrize("page", PAGES)
def test_a_run_that_is_not_there_says_so_and_nothing_else_is_shown(opened, page, tmp_path):
    app = opened(page, run=str(tmp_path / "gone"), rois="AC")
    assert len(app.error) == 1 and "gone" in lines(app)
    assert not players(app) and not app.get("plotly_chart")
    assert app.session_state["request"].run == str(tmp_path / "gone")
    assert not any("Simulated data" in text for text in said(app))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_link_gets_wrong_is_said_and_the_rest_is_shown(opened, table, page):
    table.gate.set()
    link = {
        "subject": "s9",
        "story": "b",
        "start": "900",
        "stop": "960",
        "samples": "9999",
        "seed": "x",
        "f2t": "bayes",
    }
    app = opened(page, run="table", tracks="all", sample="0", **link)
    told = lines(app)
    for part in (
        "subject: 's9' is not in this run; s1 is shown",
        "story: 'b' is not in this run; alice is shown",
        "f2t: 'bayes' is not in this run; fast is shown",
        "900 to 960 s is not in alice",
        "samples: must be a whole number from 1 to 256",
        "seed: must be a whole number",
        "tracks: not known: all; allowed: text, text-b, direct, direct-b, heard, reference, own",
        "sample: must be a whole number",
    ):
        assert part in told
    shown = app.session_state["request"]
    assert (shown.subject, shown.story, shown.f2t, shown.samples, shown.seed) == ("s1", "alice", "fast", 8, 0)
    assert 19 <= shown.start < shown.stop <= 219


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "fields", [("rois", "subject", "story", "f2t", "other", "start", "stop"), ("run",), ("branch", "tracks")]
)
def test_a_link_cannot_put_markup_on_the_page(opened, table, page, fields):
    table.gate.set()
    app = opened(page, **({"run": "table"} | dict.fromkeys(fields, EVIL)))
    for text in said(app):
        assert "![" not in text and "](" not in text
    if "rois" in fields:
        assert "\n".join(said(app)).count(plain(EVIL)) >= 5


def test_the_row_of_a_decoding_goes_from_asking_to_done(opened, table):
    app = opened("explore", run="table", seed="1")  # a link is decoded without a press
    request = app.session_state["request"]
    assert queue().progress(backend.key_of(table, request)).phase.moves
    assert [b.label for b in app.button] == ["Cancel"] and not any("Decoded" in text for text in said(app))

    app.button[0].click().run()
    assert queue().progress(backend.key_of(table, request)).phase is Phase.ABSENT
    assert [b.label for b in app.button] == ["Decode"]
    app.run()
    assert [b.label for b in app.button] == ["Decode"]  # what was cancelled does not begin again

    app.button[0].click().run()
    assert [b.label for b in app.button] == ["Cancel"]
    table.gate.set()
    queue().join()
    app.run()
    assert [b.label for b in app.button] == ["Decoded"] and app.button[0].disabled
    assert any("Shown" in text for text in said(app))


def test_a_decoding_goes_on_while_another_page_or_another_tab_is_open(opened, table):
    request = opened("explore", run="table", seed="2").session_state["request"]
    assert players(opened("compare", run="table", seed="2")) == 0
    assert queue().progress(backend.key_of(table, request)).phase.moves
    table.gate.set()
    queue().join()
    app = opened("compare", run="table", seed="2")
    assert app.session_state["request"] == request  # found by what it is, and not decoded again
    assert players(app) == 1


def captions(app: AppTest) -> str:
    return "\n".join(str(c.value) for c in app.caption).replace("\\", "")


def test_a_draft_is_shown_until_the_full_result_replaces_it(opened, table):
    table.draft_gate = Event()
    table.draft_gate.set()
    app = opened("explore", run="table", seed="20", rois="LIFG")
    assert "Draft, the first of 8 samples: LIFG" in captions(app) and players(app) == 1
    assert [b.label for b in app.button] == ["Cancel"]
    table.gate.set()
    queue().join()
    app.run()
    assert "Shown: LIFG" in captions(app) and "Draft" not in captions(app) and players(app) == 1
    assert [b.label for b in app.button] == ["Decoded"]


def test_a_new_choice_drops_what_the_old_one_began(opened, table):
    app = opened("explore", run="table", seed="21", rois="LIFG")
    old = backend.key_of(table, app.session_state["request"])
    assert queue().progress(old).phase.moves
    app.multiselect[0].set_value(["LATL"]).run()
    new = backend.key_of(table, app.session_state["request"])
    assert new.request.rois == ("LATL",) and queue().progress(new).phase.moves
    assert queue().progress(old).phase is Phase.ABSENT
    app.multiselect[0].set_value(["LIFG"]).run()  # and back: it begins again, as it was not cancelled by hand
    assert queue().progress(old).phase.moves and queue().progress(new).phase is Phase.ABSENT


def test_the_draft_of_a_new_choice_begins_before_the_page_is_drawn(opened, table, monkeypatch):
    app = opened("explore", run="table", seed="24", rois="LIFG")
    begun = []
    draw = rois.table_list

    def table_list(names):
        begun.append(app.session_state["begun"]["A"].request.rois)
        draw(names)

    monkeypatch.setattr(rois, "table_list", table_list)
    app.multiselect[0].set_value(["LATL"]).run()
    assert begun == [("LATL",)] and not app.exception


@pytest.mark.parametrize("link", [{"stop": "120"}, {"samples": "64"}], ids=["long stretch", "many samples"])
def test_what_takes_long_waits_for_the_button(opened, table, link):
    app = opened("explore", run="table", seed="22", **link)
    app.button[0].click().run()  # a link is decoded without a press; not this
    app.multiselect[0].set_value(["LATL"]).run()
    assert queue().progress(backend.key_of(table, app.session_state["request"])).phase is Phase.ABSENT
    assert [b.label for b in app.button] == ["Decode"]
    app.button[0].click().run()
    assert queue().progress(backend.key_of(table, app.session_state["request"])).phase.moves


def test_both_choices_of_compare_are_drafts_first_and_have_one_row(opened, table):
    table.draft_gate = Event()
    table.draft_gate.set()
    app = opened("compare", run="table", seed="23", rois="LATL", other="LIFG")
    assert players(app) == 1 and "told when both are decoded" in captions(app)
    assert "A draft cannot be exported" in captions(app)
    assert [b.label for b in app.button if b.label != "Swap"] == ["Cancel"]
    told = "".join(str(e.proto) for e in app.get("bidi_component"))
    assert told.count("draft: the first of 8 samples") == 4  # two branches of two choices
    app.multiselect[0].set_value([]).run()
    b = backend.key_of(table, replace(app.session_state["request"], rois=("LIFG",)))
    assert queue().progress(b).phase is Phase.ABSENT  # nobody wants B any more
    table.gate.set()
    queue().join()
    app.run()
    assert players(app) == 1 and [b.label for b in app.button if b.label != "Swap"][0] == "Decoded"
    assert "draft" not in captions(app).lower()


def test_results_at_hand_are_shown_while_another_decoding_runs(opened, table):
    opened("explore", run="table", seed="3")
    table.gate.set()
    queue().join()
    table.gate.clear()
    running = opened("explore", run="table", seed="4").session_state["request"]
    app = opened("explore", run="table", seed="3")
    assert [b.label for b in app.button] == ["Decoded"] and any("Shown" in text for text in said(app))
    assert queue().progress(backend.key_of(table, running)).phase.moves


def test_a_decoding_that_is_refused_is_one_line_under_its_row(opened, table):
    table.gate = None
    app = opened("explore", run="table", seed="5")
    queue().join()
    app.run()
    assert [b.label for b in app.button] == ["Decode"]
    assert [e.value.replace("\\", "") for e in app.error] == ["decode: this run has no weights; train it again"]
    table.gate = Event()


def test_the_choice_of_compare_comes_with_its_link_and_goes_into_it(opened, table):
    table.gate.set()
    link = {"run": "table", "seed": "6", "samples": "3", "other": "LIFG,LPTL", "tracks": "direct,direct-b"}
    link["sample"] = "2"
    opened("compare", **link)
    queue().join()
    app = opened("compare", **link)
    queue().join()
    app.run()
    chosen = app.session_state["comparison"]
    assert (chosen.other, chosen.tracks, chosen.sample) == (("LIFG", "LPTL"), ("direct", "direct-b"), 2)
    assert app.multiselect[0].value == ["LIFG", "LPTL"]
    assert app.pills[0].value == ["direct", "direct-b"]
    assert app.session_state["url"] == app.session_state["url"] | link
    again = opened("compare", **app.session_state["url"])
    assert again.session_state["request"] == app.session_state["request"]
    assert again.session_state["comparison"] == chosen


def test_tracks_that_are_not_there_are_said_and_the_others_shown(opened, table):
    table.gate.set()
    link = {"run": "table", "seed": "7", "start": "30", "stop": "50", "tracks": "text,direct-b,heard,reference"}
    opened("compare", **link)
    queue().join()
    app = opened("compare", **link)
    told = lines(app)
    assert "tracks: direct-b is not shown; it needs a second choice of ROIs (B)" in told
    assert "tracks: reference is not shown; no gesture was recorded with this story" in told
    assert "tracks: heard is not shown; no word was heard in this window" in told
    assert app.session_state["comparison"].tracks == ("text",) and players(app) == 1


def test_a_fifth_track_is_refused_and_no_track_is_the_first_choice(opened, table):
    table.gate.set()
    link = {"run": "table", "seed": "8", "other": "LIFG"}
    opened("compare", **link)
    queue().join()
    app = opened("compare", **link)
    queue().join()
    app.run()
    tracks = app.pills[0]
    assert tracks.value == ["text", "text-b", "direct", "direct-b"]
    tracks.set_value([*tracks.value, "heard"]).run()
    assert "at most 4 stand side by side" in lines(app)
    assert app.pills[0].value == ["text", "text-b", "direct", "direct-b"]
    app.pills[0].set_value(["text", "heard"]).run()
    assert app.session_state["comparison"].tracks == ("text", "heard") and not lines(app)
    app.pills[0].set_value([]).run()
    assert app.session_state["comparison"].tracks == ()


def test_swap_makes_a_of_b_and_keeps_the_tracks(opened, table):
    table.gate.set()
    link = {"run": "table", "seed": "9", "rois": "LATL", "other": "LIFG", "tracks": "text,text-b"}
    opened("compare", **link)
    queue().join()
    app = opened("compare", **link)
    queue().join()
    app.run()
    next(b for b in app.button if b.label == "Swap").click().run()
    assert app.session_state["request"].rois == ("LIFG",)
    assert app.session_state["comparison"].other == ("LATL",)
    assert app.session_state["comparison"].tracks == ("text", "text-b")
    assert app.multiselect[0].value == ["LATL"] and players(app) == 1  # both results are at hand


@pytest.fixture
def reachable(monkeypatch):
    """As on a server that other machines reach, without a root folder."""
    monkeypatch.setattr("streamlit.runtime.exists", lambda: True)
    monkeypatch.delenv(places.ROOT, raising=False)
    before = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    yield
    config.set_option("server.address", before)


def test_on_a_server_that_others_reach_path_fields_are_off_and_say_why(opened, reachable, tmp_path):
    data = AppTest.from_file(str(ROOT / "pages" / "data.py"), default_timeout=300).run()
    assert data.text_input[0].disabled and places.CLOSED in [c.value for c in data.caption]
    app = opened("explore", run=str(tmp_path))
    assert any(places.CLOSED in line for line in [lines(app)]) and tmp_path.parent.name not in lines(app)
    app.session_state["settings"] = True  # the popover is open; while it is closed, nothing of it is on the page
    assert next(t for t in app.run().text_input if t.label == "Run").disabled


def test_a_study_outside_the_root_is_refused_in_one_line(reachable, tmp_path, monkeypatch):
    monkeypatch.setenv(places.ROOT, str(tmp_path))
    data = AppTest.from_file(str(ROOT / "pages" / "data.py"), default_timeout=300).run()
    data.text_input[0].set_value("../study.toml").run()
    assert [e.value for e in data.error] and "lies outside the folder" in data.error[0].value and not data.exception
