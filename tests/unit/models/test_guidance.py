"""The rule by which a study chooses the guidance of F2G: more than 1 only where training stories show a gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.models.guidance import Tried, chosen, fgd_error, r_error

STORIES = np.array([0.02, -0.01, 0.0, 0.03, -0.02, -0.02])  # stories differ by as much


def tried(guidance, r, fgd, spread=0.0):
    """A guidance whose r differs by story, and whose FGD hangs on the stories as much as `spread` says."""
    return Tried(guidance, tuple(r + STORIES), fgd, tuple(fgd + spread * STORIES))


def test_a_steady_gain_is_taken_up_to_where_it_ends():
    table = [tried(1.0, 0.30, 5.0), tried(1.5, 0.35, 5.0), tried(2.0, 0.38, 5.0), tried(3.0, 0.38, 5.0)]
    assert chosen(table).guidance == 2.0


def test_a_gain_that_trembles_is_not_taken():
    """The stories disagree: on the mean r rises, and its standard error is larger than the gain."""
    up = Tried(3.0, tuple(0.31 + STORIES + 0.1 * np.array([1, -1, 1, -1, 1, -1])), 5.0, (5.0,) * 6)
    assert chosen([tried(1.0, 0.30, 5.0), up]).guidance == 1.0


def test_motion_that_becomes_less_like_real_motion_is_not_taken_whatever_it_gains():
    worse, within = tried(2.0, 0.5, 6.0, spread=1.0), tried(2.0, 0.5, 6.0, spread=100.0)
    first = tried(1.0, 0.3, 5.0)
    assert chosen([first, worse]).guidance == 1.0
    assert chosen([first, within]).guidance == 2.0, "its FGD is not known better than that"


def test_one_story_cannot_say_so():
    table = [Tried(1.0, (0.1,), 5.0, ()), Tried(3.0, (0.9,), 4.0, ())]
    assert chosen(table).guidance == 1.0


def test_errors_are_those_of_the_mean_and_of_the_jackknife():
    a, b = np.random.default_rng(0).normal(size=(2, 6))
    one, other = Tried(1.0, tuple(a), 0.0, tuple(a)), Tried(2.0, tuple(b), 0.0, tuple(b))
    assert r_error(one, other) == pytest.approx((a - b).std(ddof=1) / np.sqrt(6))
    # For a mean the jackknife is the standard error: without story k the mean is (sum - x_k) / 5.
    mean_without = (a.sum() - a) / 5
    mean = Tried(1.0, tuple(a), a.mean(), tuple(mean_without))
    nothing = Tried(2.0, tuple(a), 0.0, (0.0,) * 6)
    assert fgd_error(mean, nothing) == pytest.approx(a.std(ddof=1) / np.sqrt(6))


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 50)), min_size=1, max_size=4), st.integers(1, 6))
def test_the_choice_is_one_that_was_tried_and_never_a_worse_one_than_the_first(values, n):
    table = [
        Tried(1.0 + k, tuple(r + STORIES[:n]), fgd, (fgd,) * n if n > 1 else ()) for k, (r, fgd) in enumerate(values)
    ]
    best = chosen(table)
    assert best in table and best.mean_r >= table[0].mean_r - 1e-9
    assert best is table[0] or best.fgd <= table[0].fgd
