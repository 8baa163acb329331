"""The line of decodings without a page: order, sharing, cancel, bounds, results."""

import pytest
from held_work import LONG, Worker
from hypothesis import given
from hypothesis import strategies as st

from app.decode_queue import KEPT, PLACES, PLACES_OF_ONE, DecodeQueue, Key, Made, Phase
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded


def key(seed: int) -> Key:
    return Key("0" * 64, DecodeRequest(seed=seed))


@pytest.fixture
def worker():
    held = Worker()
    yield held
    held.go.set()


@pytest.fixture
def line():
    return DecodeQueue()


def submit(line: DecodeQueue, worker: Worker, seeds, owner: str = "me") -> None:
    for seed in seeds:
        line.submit(key(seed), worker.decode(seed), owner)


def test_jobs_are_done_in_order_and_each_knows_how_many_are_before_it(line, worker):
    assert line.progress(key(0)).phase is Phase.ABSENT
    submit(line, worker, range(4))
    assert worker.started.wait(LONG)
    assert [line.progress(key(k)).before for k in range(1, 4)] == [1, 2, 3]
    assert [line.progress(key(k)).phase for k in range(2)] == [Phase.RUNNING, Phase.WAITING]
    worker.go.set()
    line.join()
    assert worker.begun == [0, 1, 2, 3]
    assert all(line.progress(key(k)).phase is Phase.DONE and line.result(key(k)).request.seed == k for k in range(4))


def test_scores_wait_until_nobody_waits_for_a_decoding_and_take_no_place_of_one_session(line, worker):
    submit(line, worker, [0])
    assert worker.started.wait(LONG)
    scores = [Key("0" * 64, DecodeRequest(seed=seed), Made.SCORES) for seed in (10, 11)]
    for wanted in scores:
        line.submit(wanted, worker.decode(wanted.request.seed), "me")
    submit(line, worker, range(1, PLACES_OF_ONE))
    assert [line.progress(k).before for k in (key(1), key(2), key(3), *scores)] == [1, 2, 3, 4, 5]
    with pytest.raises(UserError, match="of your decodings"):
        submit(line, worker, [PLACES_OF_ONE])
    worker.go.set()
    line.join()
    assert worker.begun == [0, 1, 2, 3, 10, 11]


def test_scores_step_back_for_a_decoding_and_begin_again(line, worker):
    scores = Key("0" * 64, DecodeRequest(seed=10), Made.SCORES)
    line.submit(scores, worker.decode(10), "me")
    assert worker.started.wait(LONG)
    worker.started.clear()
    submit(line, worker, [1])
    assert worker.started.wait(LONG) and worker.begun == [10, 1]
    assert line.progress(key(1)).phase is Phase.RUNNING
    assert line.progress(scores).phase is Phase.WAITING
    worker.go.set()
    line.join()
    assert worker.begun == [10, 1, 10] and line.result(scores).request.seed == 10


def test_two_things_made_of_one_request_are_two_jobs(line, worker):
    worker.go.set()
    heard = Key("0" * 64, DecodeRequest(seed=1), Made.HEARD)
    line.submit(heard, lambda work: "a motion", "me")
    submit(line, worker, [1])
    line.join()
    assert line.result(heard) == "a motion" and isinstance(line.result(key(1)), Decoded)


def test_a_running_job_tells_its_share_and_the_time_that_it_still_needs(worker):
    now = [100.0]
    line = DecodeQueue(clock=lambda: now[0])
    submit(line, worker, [0])
    assert worker.started.wait(LONG)
    now[0] += 10  # a quarter took ten seconds
    told = line.progress(key(0))
    assert told.fraction == 0.25 and told.seconds_left == pytest.approx(30)


def test_two_sessions_that_ask_for_the_same_share_one_job(line, worker):
    submit(line, worker, [0], "one")
    submit(line, worker, [0], "two")
    assert worker.started.wait(LONG)
    line.cancel(key(0), "one")  # the other still waits for it
    assert line.progress(key(0)).phase is Phase.RUNNING
    worker.go.set()
    line.join()
    assert worker.begun == [0] and line.result(key(0)) is not None
    submit(line, worker, [0], "three")
    line.join()
    assert worker.begun == [0]  # what is done is not done again


def test_cancel_stops_the_work_and_the_next_job_begins(line, worker):
    submit(line, worker, [0, 1])
    assert worker.started.wait(LONG)
    line.cancel(key(0), "me")
    assert line.progress(key(0)).phase is Phase.ABSENT
    assert worker.stopped.wait(LONG)
    worker.go.set()
    line.join()
    assert line.result(key(0)) is None and line.result(key(1)) is not None


def test_a_cancelled_job_can_be_asked_for_again_at_once(line, worker):
    submit(line, worker, [0])
    assert worker.started.wait(LONG)
    line.cancel(key(0), "me")
    submit(line, worker, [0])
    worker.go.set()
    line.join()
    assert worker.begun == [0, 0] and line.result(key(0)) is not None


def test_a_waiting_job_that_is_cancelled_is_never_begun(line, worker):
    submit(line, worker, [0, 1, 2])
    assert worker.started.wait(LONG)
    line.cancel(key(1), "me")
    assert line.progress(key(2)).before == 1
    worker.go.set()
    line.join()
    assert worker.begun == [0, 2]


def test_results_are_at_hand_while_another_job_runs(line, worker):
    worker.go.set()
    submit(line, worker, [0])
    line.join()
    worker.go.clear()
    worker.started.clear()
    submit(line, worker, [1])
    assert worker.started.wait(LONG)
    assert line.result(key(0)).request.seed == 0 and line.progress(key(0)).phase is Phase.DONE


def test_a_full_line_is_one_clear_line(line, worker):
    for k in range(PLACES):
        submit(line, worker, [k], f"session {k}")
    with pytest.raises(UserError, match=f"the server is busy, {PLACES} decodings wait or run"):
        submit(line, worker, [PLACES], "one more")
    submit(line, worker, [0], "one more")  # to wait for what another asked for takes no place


def test_one_session_cannot_fill_the_line(line, worker):
    submit(line, worker, range(PLACES_OF_ONE))
    with pytest.raises(UserError, match="of your decodings wait or run"):
        submit(line, worker, [PLACES_OF_ONE])
    submit(line, worker, [PLACES_OF_ONE], "another")


def test_in_a_full_line_jobs_of_closed_tabs_give_their_places_away(worker):
    gone = {f"session {k}" for k in range(1, 4)}
    line = DecodeQueue(alive=lambda owner: owner not in gone)
    for k in range(PLACES):
        submit(line, worker, [k], f"session {k}")
    submit(line, worker, [PLACES], "one more")
    phases = [line.progress(key(k)).phase for k in range(PLACES + 1)]
    assert phases[1:4] == [Phase.ABSENT] * 3 and all(p.moves for p in phases[:1] + phases[4:])


def test_who_reloads_the_page_can_cancel_what_it_asked_for_before(worker):
    gone: set[str] = set()
    line = DecodeQueue(alive=lambda owner: owner not in gone)
    submit(line, worker, [0], "before")
    assert worker.started.wait(LONG)
    gone.add("before")
    assert line.progress(key(0)).phase is Phase.RUNNING  # it goes on
    line.cancel(key(0), "after")
    assert worker.stopped.wait(LONG)


def test_failures_are_told_until_the_job_is_asked_for_again(line, worker, caplog):
    def refuse(work):
        raise UserError("decode: no such ROI")

    def break_down(work):
        raise ZeroDivisionError("secret")

    line.submit(key(0), refuse, "me")
    line.submit(key(1), break_down, "me")
    line.join()
    assert line.progress(key(0)).phase is Phase.FAILED and str(line.progress(key(0)).error) == "decode: no such ROI"
    told = str(line.progress(key(1)).error)
    assert "ZeroDivisionError" in told and "secret" not in told and "secret" in caplog.text
    worker.go.set()
    submit(line, worker, [0])
    line.join()
    assert line.progress(key(0)).phase is Phase.DONE


@given(st.lists(st.integers(0, 2 * KEPT), max_size=120))
def test_the_results_used_last_are_kept(seeds):
    line, used = DecodeQueue(), []
    for seed in seeds:
        line._keep(key(seed), Decoded(DecodeRequest(seed=seed))) if line.result(key(seed)) is None else None
        used = [s for s in used if s != seed] + [seed]
    expected = set(used[-KEPT:])
    assert {s for s in range(2 * KEPT + 1) if line.progress(key(s)).phase is Phase.DONE} == expected
