"""What a link says about the request, and what the app makes of a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import FIRST, OF_VIEW, Comparison, View, from_url, to_url
from fmri2ges.views.tracks import MOST, TRACK_IDS
from tests.unit.test_request import requests


@given(requests())
def test_a_link_reproduces_the_choice(request):
    assert from_url(to_url(request)) == request


def test_the_first_choice_has_an_empty_link():
    assert to_url(FIRST) == {} and from_url({}) == FIRST


@given(st.sampled_from(["soon", "", "nan", "1e400"]))
def test_a_link_with_nonsense_numbers_keeps_the_first_choice(text):
    assert from_url({"start": text, "stop": text, "samples": text, "subject": "s1"}) == from_url({"subject": "s1"})


def test_a_window_far_behind_the_first_one_is_taken_whole():
    found = from_url({"start": "200", "stop": "260"})
    assert (found.start, found.stop) == (200.0, 260.0)


@given(st.lists(st.sampled_from(TRACK_IDS), max_size=MOST, unique=True), st.integers(1, 256))
def test_a_link_reproduces_the_tracks_in_their_order(tracks, sample):
    ordered = tuple(name for name in TRACK_IDS if name in tracks)
    complaints = []
    chosen = Comparison(("AC", "L_44"), ordered, sample)
    assert Comparison.from_url(chosen.to_url(), complaints) == chosen and complaints == []
    assert Comparison.from_url(chosen.to_url() | {"tracks": ",".join(tracks)}, complaints) == chosen


def test_tracks_of_a_link_that_are_unknown_or_too_many_are_one_line_each():
    complaints = []
    assert Comparison.from_url({"tracks": "heard,foo,text"}, complaints).tracks == ("text", "heard")
    assert complaints == [f"tracks: not known: foo; allowed: {', '.join(TRACK_IDS)}"]
    complaints = []
    assert Comparison.from_url({"tracks": ",".join(TRACK_IDS)}, complaints).tracks == TRACK_IDS[:MOST]
    assert len(complaints) == 1 and "at most 4" in complaints[0]


LONG = "<b>$x" * 2000


@pytest.mark.parametrize("field", [f for f in OF_VIEW if f not in ("run", "subject", "story", "rois", "other")])
def test_what_a_link_says_of_any_length_is_complained_of_in_short_lines(field):
    complaints = []
    View.from_url({field: LONG}, complaints)
    assert len(complaints) == 1 and complaints[0].startswith(field.split("=")[0][:4])
    assert len(complaints[0]) < 500
