"""Strokes and holds: what a hand that moves in a known way is said to do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.motion.phases import HOLD_SPEED, RULE, STROKE_SPEED, faster_wrist, gesture_phases
from fmri2ges.types import TED10_JOINTS, Motion, Skeleton

LEFT, RIGHT, NECK = (TED10_JOINTS.index(n) for n in ("left_wrist", "right_wrist", "neck"))


def moving(speeds, fps: float = 50.0, joint: int = LEFT) -> Motion:
    """One wrist that moves straight at these speeds, m/s, one value a frame; everything else stands."""
    positions = np.zeros((len(speeds), len(TED10_JOINTS), 3))
    positions[:, joint, 0] = np.cumsum(speeds) / fps
    return Motion(positions, fps, start=7.0)


def in_seconds(*parts, fps: float = 50.0):
    """(speed, seconds) of each part -> a speed for every frame."""
    return np.concatenate([np.full(round(seconds * fps), speed) for speed, seconds in parts])


@pytest.mark.parametrize("joint", [LEFT, RIGHT])
@pytest.mark.parametrize("fps", [15.0, 30.0, 120.0])
def test_one_hand_that_moves_is_a_stroke_between_two_holds(fps, joint):
    found = gesture_phases(moving(in_seconds((0, 2), (0.8, 1), (0, 2), fps=fps), fps, joint))
    # Both edges are where the mean over 0.2 s crosses the threshold.
    np.testing.assert_allclose(found.strokes, [[9, 10]], atol=0.1 + 1 / fps)
    np.testing.assert_allclose(found.holds, [[7, 9], [10, 12]], atol=0.1 + 1 / fps)


def test_a_slow_movement_is_neither_and_a_short_one_does_not_count():
    between = (HOLD_SPEED + STROKE_SPEED) / 2
    slow = gesture_phases(moving(in_seconds((between, 4))))
    assert len(slow.strokes) == len(slow.holds) == 0
    twitch = gesture_phases(moving(in_seconds((0, 2), (0.6, 0.06), (0, 2))))
    assert len(twitch.strokes) == 0
    rest = gesture_phases(moving(in_seconds((0.8, 2), (0, 0.3), (0.8, 2))))
    assert len(rest.holds) == 0


def test_a_speaker_who_walks_does_not_gesture():
    still = moving(np.zeros(200))
    walking = still.positions + np.arange(200)[:, None, None] / 50 * 1.4
    found = gesture_phases(Motion(walking, 50.0))
    assert len(found.strokes) == 0 and found.holds.tolist() == [[0, 4]]


def test_a_skeleton_without_wrists_or_a_single_frame_has_no_phases():
    bare = Motion(np.random.default_rng(0).normal(size=(40, 2, 3)), 15.0, skeleton=Skeleton(("neck", "head"), (-1, 0)))
    for motion in (bare, moving([1.0])):
        found = gesture_phases(motion)
        assert found.strokes.shape == found.holds.shape == (0, 2)


@given(st.lists(st.floats(0, 2), min_size=2, max_size=120), st.sampled_from([12.5, 15.0, 60.0]))
def test_phases_are_in_order_apart_from_each_other_inside_the_motion_and_true_to_the_speed(speeds, fps):
    motion = moving(speeds, fps)
    found, speed = gesture_phases(motion), faster_wrist(motion)
    both = np.concatenate([found.strokes, found.holds])
    both = both[np.argsort(both[:, 0])]
    assert (both[:, 1] > both[:, 0]).all() and (both[1:, 0] >= both[:-1, 1] - 1e-9).all()
    assert (both >= motion.start - 1e-9).all() and (both <= motion.start + motion.duration + 1e-9).all()
    kinds = ((found.strokes, 0.2, speed >= STROKE_SPEED), (found.holds, 0.4, speed < HOLD_SPEED))
    for stretches, least, holds in kinds:
        for begin, end in stretches:
            frames = slice(round((begin - motion.start) * fps), round((end - motion.start) * fps))
            assert end - begin >= least - 1e-6 and holds[frames].all()


def test_the_rule_says_its_units():
    assert all(text in RULE for text in ("0.3 m/s", "0.2 s", "0.1 m/s", "0.4 s", "relative to the neck"))
