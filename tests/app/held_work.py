"""Decodings that a test of the line, or of the drafts beside it, holds and lets go."""

from threading import Event

from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded

LONG = 60  # seconds after which something that must happen has not happened


class Worker:
    """Decodings that a test holds and lets go."""

    def __init__(self):
        self.begun: list[int] = []
        self.started, self.go, self.stopped = Event(), Event(), Event()

    def decode(self, seed: int):
        """A decoding that runs until `go`, and asks all the time whether it shall stop."""

        def work_on(work) -> Decoded:
            self.begun.append(seed)
            work.report(0.25, "a quarter")
            self.started.set()
            try:
                while not self.go.wait(0.001):
                    work.check()
            except BaseException:
                self.stopped.set()
                raise
            return Decoded(DecodeRequest(seed=seed))

        return work_on
