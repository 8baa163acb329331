"""What the row of a decoding says, for one choice of ROIs and for two."""

import pytest

from app.decode_queue import Phase, Progress
from app.parts.job_row import Stand, says
from fmri2ges.errors import UserError

DONE, ABSENT = Progress(Phase.DONE, fraction=1.0), Progress(Phase.ABSENT)


def running(fraction: float, left: float | None = None) -> Progress:
    return Progress(Phase.RUNNING, fraction=fraction, seconds_left=left)


@pytest.mark.parametrize(
    "job, text",
    [
        (running(0.0), "Decoding 0 %"),
        (running(0.4, 6.2), "Decoding 40 %, 6 s left"),
        (running(0.99, 0.1), "Decoding 99 %, 1 s left"),
        (Progress(Phase.WAITING), "Decoding 0 %"),  # it is next, which takes no time that one could see
        (Progress(Phase.WAITING, before=3), "Waiting, 3 before you"),
    ],
)
def test_the_row_says_how_far_a_decoding_is(job, text):
    assert says(job) == text == Stand.of({"": job}).text


@pytest.mark.parametrize(
    "jobs, text",
    [
        ((DONE, running(0.5, 4.0)), "Decoding 75 %, 4 s left"),
        ((running(0.5, 4.0), running(0.5, 5.0)), "Decoding 50 %, 9 s left"),
        ((running(0.5, 4.0), Progress(Phase.WAITING, before=1)), "Decoding 25 %"),  # how long the second takes is open
        ((Progress(Phase.WAITING, before=2), Progress(Phase.WAITING, before=3)), "Waiting, 2 before you"),
        ((ABSENT, running(0.2)), "Decoding 10 %"),
    ],
)
def test_two_decodings_are_one_state(jobs, text):
    stand = Stand.of(dict(zip("AB", jobs, strict=True)))
    assert stand.moves and stand.text == text


def test_what_is_missing_is_named_and_a_failure_told():
    failed = Progress(Phase.FAILED, error=UserError("decode: no such ROI"))
    assert Stand.of({"A": DONE, "B": ABSENT}).missing == ("B",)
    stand = Stand.of({"A": failed, "B": failed})
    assert stand.missing == ("A", "B") and not stand.moves and str(stand.error) == "decode: no such ROI"
    assert Stand.of({"A": DONE, "B": DONE}).missing == ()
