"""Long work gives way to pages that are being drawn, and comes to its end all the same."""

from threading import Event, Thread

import pytest
from held_work import LONG
from hypothesis import given
from hypothesis import strategies as st

from app.decode_queue import PATIENCE, DecodeQueue, Key, Phase
from app.page_runs import PageRuns
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded

KEY = Key("0" * 64, DecodeRequest())


def test_a_decoding_waits_until_every_page_is_drawn_also_where_one_fails():
    pages, reached, drawn, steps = PageRuns(), Event(), Event(), Event()

    def give_way(seconds: float) -> None:
        reached.set()
        pages.give_way(LONG)

    def draw() -> None:
        with pytest.raises(ZeroDivisionError), pages.one():
            assert drawn.wait(LONG)
            1 / 0  # noqa: B018

    def make(work) -> Decoded:
        steps.set()
        return Decoded(DecodeRequest())

    line = DecodeQueue(give_way=give_way)
    with pages.one():
        other = Thread(target=draw)
        other.start()
        line.submit(KEY, make, "me")
        assert reached.wait(LONG)
    assert not steps.wait(0.1) and line.progress(KEY).phase is Phase.RUNNING  # the other page is still drawn
    drawn.set()
    line.join()
    other.join(LONG)
    assert steps.is_set() and line.result(KEY) is not None


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=40), st.floats(0.0, 1.0))
def test_a_job_beside_pages_without_end_takes_at_most_twice_its_time_and_a_moment(steps, share):
    now = [0.0]

    def give_way(seconds: float) -> None:
        assert 0 < seconds <= PATIENCE
        now[0] += share * seconds

    def make(work) -> Decoded:
        for step in steps:
            now[0] += step
            work.check()
        return Decoded(DecodeRequest())

    line = DecodeQueue(clock=lambda: now[0], give_way=give_way)
    line.submit(KEY, make, "me")
    line.join()
    assert line.result(KEY) is not None
    assert now[0] <= 2 * sum(steps) + PATIENCE + 1e-6
    if share == 1:  # and it gives as much as it may
        assert now[0] >= sum(steps) + min(PATIENCE * (len(steps) + 1), sum(steps) - steps[-1])
