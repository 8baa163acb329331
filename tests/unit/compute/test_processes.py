"""Tasks in processes of this computer: what is begun when."""

from concurrent.futures import Future

from fmri2ges.compute import processes
from fmri2ges.compute.events import Answered


class Pool:
    """A pool that answers at once, and notes what it was given."""

    def __init__(self):
        self.begun: list[str] = []
        self.ended = False

    def submit(self, function, call):
        self.begun.append(call)
        future: Future = Future()
        future.set_result(f"answer to {call}")
        return future

    def shutdown(self, wait, kill_workers):
        self.ended = True


def test_nothing_is_begun_after_an_answer_that_ends_the_run(monkeypatch):
    """A task that is handed to a pool which is ended in the same moment makes loky print a traceback."""
    pool = Pool()
    monkeypatch.setattr(processes, "_new_pool", lambda: pool)
    events = processes.Processes(1).run({"a": "call a", "b": "call b"})
    assert next(events) == Answered("a", "answer to call a")
    events.close()
    assert pool.begun == ["call a"] and pool.ended


def test_every_call_is_answered_once(monkeypatch):
    monkeypatch.setattr(processes, "_new_pool", Pool)
    calls = {name: f"call {name}" for name in "abcde"}
    answered = {event.digest: event.text for event in processes.Processes(2).run(calls)}
    assert answered == {name: f"answer to call {name}" for name in "abcde"}
