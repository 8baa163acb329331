"""The view as a file: it comes back as it was, and whatever else is dropped is one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.look import Look
from app.session_file import FORMAT, MAX_BYTES, read_session, session_of
from app.state import OF_VIEW, Comparison, View
from fmri2ges.brain.own_map import OwnMap
from fmri2ges.errors import UserError
from tests.app.test_player_view import link_of, views
from tests.unit.test_request import requests


@given(requests(), views, st.integers(1, 256))
def test_a_session_reproduces_the_view_by_the_code_that_reads_links(request, player, sample):
    whole = View(request, Comparison(("AC", "L_44"), ("text", "own"), sample), Look(), player)
    texts = request.to_query() | whole.comparison.to_url() | link_of(player)
    complaints = []
    data = json.dumps(session_of(texts)).encode()
    again = View.from_url(read_session(data, "s.json", OF_VIEW).view, complaints)
    assert complaints == [] and (again.comparison, again.player) == (whole.comparison, whole.player)
    if request.start is not None and request.stop is not None:
        assert again.request == request


def test_a_session_carries_the_own_map_and_an_older_one_has_none():
    own = OwnMap("thickness", {"L_44": 2.5, "R_V1": -1.0})
    data = json.dumps(session_of({"colour": "own"}, own)).encode()
    assert read_session(data, "s.json", OF_VIEW).own_map == own
    assert read_session(json.dumps(session_of({})).encode(), "s.json", OF_VIEW).own_map is None


GOOD = {"format": FORMAT, "version": 1, "view": {"rois": "AC"}}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b" " * (MAX_BYTES + 1), "larger than 1 MB"),
        (b"[1]", "is no session of this program"),
        (json.dumps({"panels": [], "version": 1}).encode(), "is no session of this program"),
        (json.dumps(GOOD | {"version": 2}).encode(), "version 2; this program reads version 1"),
        (json.dumps(GOOD | {"version": True}).encode(), "version True; this program reads"),
        (json.dumps(GOOD | {"view": []}).encode(), '"view" must name fields'),
        (json.dumps(GOOD | {"view": {"start": 3}}).encode(), '"view" must name fields'),
        (json.dumps(GOOD | {"view": {"other": "\ud800"}}).encode(), "other: holds a control character or half a one"),
        (json.dumps(GOOD | {"view": {"\ud800": "1"}}).encode(), "fields not known: ; allowed: run"),
        (json.dumps(GOOD | {"version": "\ud800"}).encode(), "this program reads version 1"),
        (json.dumps(GOOD | {"view": {"colour\nred": "1"}}).encode(), "fields not known: colour red; allowed: run"),
        (json.dumps(GOOD | {"own_map": []}).encode(), "own_map: must be a table of keys and values"),
        (json.dumps(GOOD | {"own_map": {"name": "z"}}).encode(), "own_map: values missing"),
        (json.dumps(GOOD | {"own_map": {"name": "z", "values": {"x": 1}}}).encode(), "'x' is no area of HCP-MMP1.0"),
    ],
)
def test_a_damaged_or_foreign_file_is_one_line_that_names_it(data, told):
    with pytest.raises(UserError) as error:
        read_session(data, "mine.json", OF_VIEW)
    assert str(error.value).startswith("mine.json: ") and told in str(error.value) and "\n" not in str(error.value)
    str(error.value).encode()  # the page can send it
