"""How the cortex is seen, as a link says it; undo and redo of ROIs as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.look import ALLOWED, FIRST_LOOK, Look
from app.roi_steps import MOST, RoiSteps

choices = st.lists(st.sampled_from(["AC", "Broca", "L_44", "R_V1"]), min_size=1, max_size=3).map(tuple)


CHOICES = {name: st.sampled_from(allowed) for name, allowed in ALLOWED.items()}


@given(st.fixed_dictionaries(CHOICES | {"threshold": st.integers(0, 500).map(lambda k: k / 100)}))
def test_a_link_reproduces_the_look(values):
    complaints = []
    assert Look.from_url(Look(**values).to_url(), complaints) == Look(**values) and complaints == []


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "much", ""])
def test_a_threshold_that_cannot_be_is_one_line(text):
    complaints = []
    assert Look.from_url({"threshold": text}, complaints) == FIRST_LOOK
    assert complaints == [f"threshold: must be a number from 0 on; got {text!r}"]


def test_the_first_look_has_an_empty_link_and_an_unknown_surface_is_one_line():
    assert FIRST_LOOK.to_url() == {}
    complaints = []
    assert Look.from_url({"surface": "round", "side": "left"}, complaints) == Look(side="left")
    assert complaints == ["surface: must be one of inflated, pial, white, flat; got 'round'"]


@given(st.lists(choices, max_size=12), st.integers(1, 15))
def test_redo_brings_back_what_undo_took_away(changes, n):
    steps, now = RoiSteps(), ("all",)
    seen = [now]
    for new in changes:
        steps = steps.changed(now, new)
        seen += [new] * (new != now)
        now = new
    start = steps, now
    for _ in range(n):
        steps, now = steps.moved(now, -1)
    assert now == seen[max(len(seen) - 1 - n, 0)]
    for _ in range(n):
        steps, now = steps.moved(now, 1)
    assert (steps, now) == start


def test_a_new_choice_ends_redo_and_the_same_choice_is_no_step():
    steps, now = RoiSteps().changed(("all",), ("AC",)).moved(("AC",), -1)
    assert now == ("all",) and steps.after == (("AC",),)
    assert steps.changed(now, now) == steps
    assert steps.changed(now, ("MT",)).after == ()


def test_the_oldest_steps_are_forgotten():
    steps = RoiSteps()
    for k in range(MOST + 5):
        steps = steps.changed((f"a{k}",), (f"a{k + 1}",))
    assert len(steps.before) == MOST and steps.before[-1] == (f"a{MOST + 4}",)
