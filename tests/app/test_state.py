"""What a link says about the request, and what the app makes of a link."""

from hypothesis import given
from hypothesis import strategies as st

from app.state import FIRST, from_url, to_url
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
