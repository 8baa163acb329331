"""The page of a report: escaping, what it may load, and how much fits."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.documents import html
from fmri2ges.documents.budget import Budget
from fmri2ges.documents.html import Document, Html, Mark, Section
from fmri2ges.documents.player import player_html
from fmri2ges.documents.strip import MARGIN, WIDTH, Axis, Scored, strip
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.rows import Null, NullKind
from fmri2ges.motion.amount import T2GOrigin

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'"


class Reader(HTMLParser):
    """What a browser sees of a page: its elements and its texts."""

    def __init__(self, text: str):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def document(text: str, simulated: bool = False, t2g: str = "study", script: str = "") -> Document:
    origin = T2GOrigin.of({"t2g": t2g, "simulated": simulated})
    body = html.joined((html.paragraph(text), html.code(text), html.facts({text: text}), html.listing([text])))
    body = html.joined((body, html.table([{text: text}], text, left=(text,)), html.download(text, text, text)))
    return Document(text, text, Mark(simulated, origin), (Section("only", text, body),), script)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))) | st.just(HOSTILE))
def test_no_text_becomes_markup_and_every_text_is_shown_as_it_is(text):
    plain, made = Reader(document("x").render()), Reader(document(text).render())
    assert [tag for tag, _ in made.elements] == [tag for tag, _ in plain.elements]
    assert made.texts.count(text) == plain.texts.count("x") or not text


@pytest.mark.parametrize(
    "simulated, t2g, said",
    [
        (True, "study", html.SIMULATED),
        (False, "demo", html.BORROWED),
        (False, "fine-tuned", html.FINE_TUNED),
        (False, "study", ""),
        (True, "demo", html.SIMULATED),
    ],
)
def test_what_is_simulated_is_said_at_the_top(simulated, t2g, said):
    page = Reader(document("x", simulated, t2g).render())
    marks = [attributes for _, attributes in page.elements if attributes.get("class") == "mark"]
    assert len(marks) == bool(said) and (not said or said in page.texts)


def test_the_page_allows_its_own_script_and_no_other():
    for script in ("", "let x = 1;"):
        text = document("x", script=script).render()
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
        assert "default-src &#x27;none&#x27;" in policy
        assert ("sha256-" in policy) == bool(script) and "unsafe-inline" not in policy.split("style-src")[0]


def test_html_stays_and_text_is_escaped():
    assert html.element("p", Html("<b>x</b>"), "<b>", class_="a", aria_label='"') == (
        '<p class="a" aria-label="&quot;"><b>x</b>&lt;b&gt;</p>'
    )


def test_a_budget_keeps_the_first_parts_and_none_after_one_that_does_not_fit():
    budget = Budget(10)
    assert [budget.keeps(part) for part in ("12345", "\u00e4\u00e4", "12", "1")] == [True, True, False, False]
    assert budget.is_spent and Budget(1).keeps("1")


def test_nothing_in_the_data_of_the_player_ends_its_element():
    data = {"transcripts": [HOSTILE, "<!--", "]]>"], "simulated": True}
    page = player_html(data)
    assert [tag for tag, _ in Reader(page).elements] == ["div", "noscript", "p", "script"]
    inside = re.search(r'id="player-data">(.*?)</script>', page)[1]
    assert {**json.loads(inside)["player"], "height": None} == {**data, "height": None} and "<" not in inside


def test_a_strip_rises_from_left_to_right_and_shows_all_it_holds():
    null = Null(NullKind.SHIFT, 100, 0.0, -0.1, 0.1, 0.01, 50.0)
    one = Scored("direct", 0.3, True, Interval(0.2, 0.4, 8, "x"), null, floor=-0.05, ceiling=0.5)
    axis = Axis.of([one, Scored("text", 0.25, False)])
    assert (axis.low, axis.high) == (-0.1, 0.5)
    assert axis.x(-0.1) == MARGIN and axis.x(0.5) == WIDTH - MARGIN and axis.x(0.2) == pytest.approx(WIDTH / 2)
    shapes = {attributes.get("class"): attributes for _, attributes in Reader(strip(one, axis)).elements}
    assert set(shapes) == {"strip", "zero", "null", "floor", "ceiling", "direct"}
    assert float(shapes["null"]["x"]) == MARGIN and float(shapes["null"]["width"]) == pytest.approx(46.7, abs=0.1)
    assert float(shapes["direct"]["cx"]) == pytest.approx(axis.x(0.3), abs=0.1)
    assert "open" in strip(Scored("text", 0.25, False), axis)
    assert Axis.of([Scored("text", 1.0)]).x(1.0) == MARGIN  # an axis of one number
