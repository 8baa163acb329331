"""A part of a decoded result."""

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words


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


def test_a_window_holds_what_begins_in_it_and_all_of_the_rate():
    """Frames and words from the start on, none at the stop; the rate is that of the whole recording."""
    positions = np.zeros((60, 10, 3), np.float32)
    positions[:, :, 1] = np.arange(60)[:, None]
    motion = Motion(positions, 15.0, 10.0, samples=np.stack([positions, positions]))
    texts = tuple(Words.from_lists(list("abc"), [10.5, shift, 12.0], [0.2] * 3) for shift in (11.0, 11.5))
    request = DecodeRequest(subject="s", story="a", start=10.0, stop=14.0)
    whole = Decoded(request, text=motion, direct=motion, texts=texts, rate=np.ones((7, 2)))
    part = whole.window(11.0, 12.0)
    assert part.request.span == (11.0, 12.0) and (part.start, part.stop) == (11.0, 12.0)
    assert [words.text for words in part.texts] == [("b",), ("b",)]
    for part_motion in (part.text, part.direct):
        assert part_motion.positions[:, 0, 1].tolist() == list(range(15, 30)) and part_motion.start == 11.0
        assert part_motion.samples.shape == (2, 15, 10, 3)
    assert part.rate.shape == (7, 2) and whole.window() is whole


def test_another_sample_comes_in_front_with_its_text_and_the_order_goes_on_around():
    positions = np.arange(3, dtype=np.float32)[:, None, None, None] + np.zeros((3, 4, 10, 3), np.float32)
    texts = tuple(Words.from_lists([word], [0.0], [0.1]) for word in "abc")
    whole = Decoded(DecodeRequest(), direct=Motion(positions[0], samples=positions), texts=texts)
    second = whole.sample(1)
    assert second.direct.positions[0, 0, 0] == 1 and second.direct.samples[:, 0, 0, 0].tolist() == [1, 2, 0]
    assert [words.text for words in second.texts] == [("b",), ("c",), ("a",)] and second.words is second.texts[0]
    assert whole.sample(4).direct.positions[0, 0, 0] == 1 and whole.sample(0) is whole
