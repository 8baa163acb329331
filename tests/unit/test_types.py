"""The shared values: what they refuse, and that stretches of them are half open on the story's clock."""

import numpy as np
import pytest

from fmri2ges.brain.space import Table
from fmri2ges.errors import UserError
from fmri2ges.types import TED10_JOINTS, Motion, Recording, Skeleton, Words

NAN = float("nan")


def motion(n: int = 30, fps: float = 15.0, start: float = 2.0) -> Motion:
    """Motion whose first coordinate is the number of its frame."""
    positions = np.zeros((n, 10, 3), np.float32)
    positions[:, :, 0] = np.arange(n)[:, None]
    return Motion(positions, fps, start, samples=np.stack([positions, positions + 100]))


def test_a_motion_knows_its_clock():
    m = motion()
    assert (m.n_frames, m.duration) == (30, 2.0)
    np.testing.assert_allclose(m.times, 2 + np.arange(30) / 15)


def test_a_slice_of_motion_holds_its_first_frame_and_not_its_last():
    part = motion().slice(2.2, 3.0)  # frames at 2 + k / 15 s: 3 to 14
    assert part.positions[:, 0, 0].tolist() == list(range(3, 15))
    assert part.start == pytest.approx(2.2) and part.samples.shape == (2, 12, 10, 3)
    assert part.samples[1, :, 0, 0].tolist() == list(range(103, 115))
    whole = motion()
    two = [whole.slice(2.0, 2.6), whole.slice(2.6, 4.0)]
    np.testing.assert_array_equal(np.concatenate([p.positions for p in two]), whole.positions)
    with pytest.raises(UserError, match="no frame between 4 and 5 s; it covers 2 to 4 s"):
        whole.slice(4.0, 5.0)


def test_whether_a_motion_shares_a_stretch():
    m = motion()
    assert m.shares(0, 2.01) and not m.shares(0, 2.0) and not m.shares(4.0, 9.0)
    assert m.shares(0, 3.0, least=1.0) and not m.shares(0, 2.9, least=1.0)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"positions": np.zeros((5, 9, 3))}, r"motion positions: shape must be \('any', 10, 3\)"),
        ({"positions": np.full((5, 10, 3), NAN)}, "motion positions: 150 values are NaN"),
        ({"fps": 0.0}, "motion fps: must be a number above 0 frames per second"),
        ({"samples": np.zeros((2, 4, 10, 3))}, "motion samples: shape must be"),
        ({"samples": np.full((2, 5, 10, 3), np.inf)}, "motion samples: 300 values are NaN or infinite"),
    ],
)
def test_a_motion_that_nobody_could_show_is_refused(changes, message):
    with pytest.raises(UserError, match=message):
        Motion(**({"positions": np.zeros((5, 10, 3))} | changes))


def test_a_skeleton_is_a_tree_whose_parents_come_first():
    assert len(Skeleton()) == 10 and Skeleton().bones[:2] == ((0, 1), (1, 2))
    assert {TED10_JOINTS[c] for _, c in Skeleton().bones} == set(TED10_JOINTS) - {"spine"}
    with pytest.raises(UserError, match="2 joints but 1 parents"):
        Skeleton(("a", "b"), (-1,))
    with pytest.raises(UserError, match="the parent of joint 'a' must come before it; got index 1"):
        Skeleton(("a", "b"), (1, 0))


WORDS = Words.from_lists(list("abc"), [1.0, 2.0, 2.0], [0.5, 0.1, 3.0])


def test_a_slice_of_words_holds_those_that_begin_in_it():
    assert WORDS.slice(1.0, 2.0).text == ("a",)
    assert WORDS.slice(2.0, 9.0).text == ("b", "c") and len(WORDS.slice(2.1, 9.0)) == 0
    later = WORDS.shift(-3.5)
    assert later.start.tolist() == [-2.5, -1.5, -1.5] and later.duration.tolist() == WORDS.duration.tolist()


@pytest.mark.parametrize(
    "start, duration, message",
    [
        ([1.0, 0.5], [0.1, 0.1], r"word 2 \('b'\) starts at 0.500 s, before the word in front of it"),
        ([1.0, 2.0], [0.1, -0.1], r"word 2 \('b'\) has a negative duration"),
        ([1.0, NAN], [0.1, 0.1], r"word onsets: 1 values are NaN or infinite, first at index \(1,\)"),
        ([1.0, 2.0], [NAN, 0.1], "word durations: 1 values are NaN or infinite"),
        ([1.0], [0.1], r"word onsets: shape must be \(2,\); got \(1,\)"),
    ],
)
def test_words_without_a_place_in_time_are_refused(start, duration, message):
    with pytest.raises(UserError, match=message):
        Words.from_lists(["a", "b"], start, duration)


def test_a_recording_counts_from_the_centre_of_its_first_volume():
    bold = np.arange(20, dtype=np.float32).reshape(10, 2)
    heard = Recording("s", "story", bold, 1.5, 3.0, WORDS, Table(("X", "Y")))
    np.testing.assert_allclose(heard.volume_times, 3 + 1.5 * np.arange(10))
    assert (heard.start, heard.seconds) == (2.25, 15.0)
    part = heard.part(2, 5)
    assert part.first_volume_at == 6.0 and part.start == 5.25 and part.seconds == 4.5
    np.testing.assert_array_equal(part.bold, bold[2:5])
    # Words count from the beginning of the first volume (half a TR before its centre) to the end of the last.
    spoken = Words.from_lists(list("abcd"), [5.2, 5.25, 9.7, 9.75], [0.1] * 4)
    timed = Recording("s", "story", bold, 1.5, 3.0, spoken, Table(("X", "Y")))
    assert timed.part(2, 5).words.text == ("b", "c") and timed.part(5, 6).words.text == ("d",)
    with pytest.raises(UserError, match="tr of s/story: must be a number above 0 seconds"):
        Recording("s", "story", bold, 0.0, 3.0, WORDS, Table(("X", "Y")))
    with pytest.raises(UserError, match="must be volumes x columns; got 1 axes"):
        Recording("s", "story", bold[:, 0], 1.5, 3.0, WORDS, Table(("X", "Y")))
