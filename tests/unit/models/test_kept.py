"""Values that several threads share: made once, the last few kept."""

from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.models.kept import LastFew


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 4))
def test_those_used_last_are_kept(keys, most):
    kept, made, used = LastFew(most), [], []
    for key in keys:
        known = key in used[-most:]
        before = len(made)
        assert kept.get(key, lambda key=key: made.append(key) or -key) == -key
        assert (len(made) == before) == known
        used = [k for k in used if k != key] + [key]


def test_threads_that_ask_for_the_same_wait_for_one_and_others_do_not():
    kept, begun, go, found = LastFew(2), Event(), Event(), []

    def slow():
        begun.set()
        assert go.wait(60)
        return "made once"

    first = Thread(target=lambda: found.append(kept.get("a", slow)))
    first.start()
    assert begun.wait(60)
    second = Thread(target=lambda: found.append(kept.get("a", lambda: "made twice")))
    second.start()
    assert kept.get("b", lambda: "another") == "another"
    go.set()
    first.join(60)
    second.join(60)
    assert found == ["made once"] * 2


def test_what_failed_is_tried_again():
    kept = LastFew(1)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)
    assert kept.get("a", lambda: 2) == 2
