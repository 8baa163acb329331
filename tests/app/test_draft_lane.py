"""Drafts without a page: only the newest of a place counts, places take turns, long work gives way for a while."""

import time
from threading import Thread, active_count

import pytest
from held_work import LONG, Worker

from app.decode_queue import DecodeQueue, Key, Phase
from app.draft_lane import KEPT, DraftLane, Place
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded

HERE = Place("me", "A")


class Drafts(Worker):
    """Drafts that a test holds and lets go."""

    def wait_until_at(self, seed: int, times: int = 1) -> None:
        """Wait until a draft was begun, so many times at least, and no other after it."""
        end = time.monotonic() + LONG
        while (self.begun[-1:] != [seed] or self.begun.count(seed) < times) and time.monotonic() < end:
            time.sleep(0.001)
        assert self.begun[-1] == seed and self.begun.count(seed) >= times


@pytest.fixture
def worker():
    held = Drafts()
    yield held
    held.go.set()


@pytest.fixture
def lane():
    return DraftLane()


def test_a_newer_wish_of_a_place_drops_the_older_ones_also_the_one_at_work(lane, worker):
    lane.want(HERE, 0, worker.decode(0))
    assert worker.started.wait(LONG)
    for seed in (1, 2, 3):
        lane.want(HERE, seed, worker.decode(seed))
        time.sleep(0.002 * seed)  # some are dropped before they begin, some while they are made
    worker.wait_until_at(3)
    worker.go.set()
    lane.join()
    assert worker.begun[0] == 0 and worker.begun.count(3) == 1
    assert [lane.is_settled(k) for k in range(4)] == [False, False, False, True]
    assert lane.result(3).request.seed == 3


def test_going_back_to_the_draft_that_was_dropped_makes_it_after_all(lane, worker):
    lane.want(HERE, 0, worker.decode(0))
    assert worker.started.wait(LONG)
    lane.want(HERE, 1, worker.decode(1))
    lane.want(HERE, 0, worker.decode(0))  # before the thread has seen that it is dropped, or after
    worker.wait_until_at(0, times=2)
    worker.go.set()
    lane.join()
    assert lane.result(0) is not None and not lane.is_settled(1)


def test_the_same_wish_again_goes_on_and_a_wish_that_is_met_is_not_met_again(lane, worker):
    for _ in range(3):
        lane.want(HERE, 0, worker.decode(0))
        assert worker.started.wait(LONG)
    lane.want(Place("you", "A"), 0, worker.decode(0))  # another session waits for the same
    worker.go.set()
    lane.join()
    lane.want(Place("me", "B"), 0, worker.decode(0))
    lane.join()
    assert worker.begun == [0]


def test_places_take_turns_whoever_clicks_most(lane, worker):
    lane.want(HERE, 0, worker.decode(0))
    assert worker.started.wait(LONG)
    lane.want(Place("busy", "A"), 10, worker.decode(10))
    lane.want(Place("calm", "A"), 20, worker.decode(20))
    for seed in range(11, 15):
        lane.want(Place("busy", "A"), seed, worker.decode(seed))  # keeps its turn, and does not gain another
    lane.want(Place("busy", "B"), 30, worker.decode(30))
    worker.go.set()
    lane.join()
    assert worker.begun == [0, 14, 20, 30]


def test_what_a_place_forgets_or_a_closed_session_wanted_is_not_made(worker):
    gone: set[str] = set()
    lane = DraftLane(alive=lambda session: session not in gone)
    lane.want(HERE, 0, worker.decode(0))
    assert worker.started.wait(LONG)
    lane.want(Place("gone", "A"), 1, worker.decode(1))
    lane.want(Place("me", "B"), 2, worker.decode(2))
    gone.add("gone")
    lane.forget(Place("me", "B"))
    lane.forget(HERE)
    lane.join()
    assert worker.begun == [0] and not lane.is_settled(0)


def test_a_draft_that_fails_is_settled_and_the_next_one_is_made(lane, worker, caplog):
    def refuse(work):
        raise UserError("decode: no such ROI")

    def break_down(work):
        raise ZeroDivisionError("secret")

    worker.go.set()
    for key, make in ((0, refuse), (1, break_down), (2, worker.decode(2))):
        lane.want(HERE, key, make)
        lane.join()
    assert all(map(lane.is_settled, range(3)))
    assert [lane.result(key) is None for key in range(3)] == [True, True, False] and "secret" in caplog.text


def test_only_the_drafts_used_last_are_kept(lane, worker):
    worker.go.set()
    for key in range(KEPT + 3):
        lane.want(HERE, key, worker.decode(key))
        lane.join()
        lane.result(0)
    assert [key for key in range(KEPT + 3) if not lane.is_settled(key)] == [1, 2, 3]


def test_twenty_sessions_that_click_on_and_on_need_one_thread(lane, worker):
    before = active_count()
    lane.want(Place("0", "A"), "first", worker.decode(-1))
    assert worker.started.wait(LONG)
    for click in range(30):
        for session in range(20):
            lane.want(Place(str(session), "A"), (session, click), worker.decode(100 * session + click))
    assert active_count() <= before + 1
    worker.go.set()
    lane.join()
    # Of each session the last was made; before it at most what was at work when the session clicked on.
    assert {100 * session + 29 for session in range(20)} <= set(worker.begun)
    assert lane.is_settled((0, 29)) and len(worker.begun) < 100


def test_who_waits_hears_of_the_draft_and_not_longer_than_asked(lane, worker):
    lane.want(HERE, 0, worker.decode(0))
    assert not lane.wait(lambda: lane.is_settled(0), 0.05)
    Thread(target=worker.go.set).start()
    assert lane.wait(lambda: lane.is_settled(0), LONG)


def test_a_long_decoding_gives_way_to_a_draft_and_no_draft_keeps_it_from_its_end(lane, worker):
    steps: list[str] = []
    line = DecodeQueue(give_way=lambda seconds: lane.give_way(LONG))
    lane.want(HERE, 0, worker.decode(0))
    assert worker.started.wait(LONG)

    def long(work) -> Decoded:
        steps.append("a step of the decoding")
        return Decoded(DecodeRequest())

    key = Key("0" * 64, DecodeRequest())
    line.submit(key, long, "me")
    time.sleep(0.2)
    assert line.progress(key).phase is Phase.RUNNING and not steps  # it waits for the draft, not the draft for it
    worker.go.set()
    line.join()
    assert steps and lane.is_settled(0)

    worker.go.clear()
    patient = DecodeQueue(give_way=lambda seconds: lane.give_way(0.05))
    lane.want(HERE, 1, worker.decode(1))
    patient.submit(key, long, "me")
    patient.join()  # though the draft is still at work
    assert len(steps) == 2 and not lane.is_settled(1)
