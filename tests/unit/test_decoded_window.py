"""A part of a decoded result."""

import pytest

from fmri2ges.errors import UserError
from fmri2ges.results import Decoded


@pytest.fixture
def decoded(scored_run):
    return Decoded.load(scored_run / "decoded" / "one")


def test_a_window_ends_where_the_decoded_stretch_ends(decoded):
    whole = decoded.window(-1e308, 1e308)
    assert (whole.start, whole.stop) == (decoded.start, decoded.stop)
    assert whole.request.span == (decoded.start, decoded.stop)
    assert whole.direct.positions.shape == decoded.direct.positions.shape


@pytest.mark.parametrize(
    "start, stop, message",
    [
        (float("nan"), None, "start: must be a number of seconds on the story's clock; got nan"),
        (0, float("inf"), "stop: must be a number of seconds"),
        (5, 2, "stop must be later than start; got 5 and 2 s"),
        (1000, 2000, "1000 to 2000 s is no part of what was decoded, 0 to 100 s"),
        (-5, 0, "-5 to 0 s is no part of what was decoded"),
    ],
)
def test_a_window_without_a_frame_is_one_line(decoded, start, stop, message):
    with pytest.raises(UserError, match=message):
        decoded.window(start, stop)
