"""What must hold when motion changes its frame rate: nothing fast comes back slow, and nothing moves in time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.errors import UserError
from fmri2ges.motion.features import from_bones, resample
from fmri2ges.types import Motion, Skeleton

laws = settings(deadline=None, max_examples=20)
FALLING = [(30.0, 15.0), (60.0, 15.0), (120.0, 15.0), (25.0, 15.0), (29.97, 15.0), (16.0, 15.0), (120.0, 30.0)]
POINT = Skeleton(("point",), (-1,))
SECONDS = 8


def moving(values, old: float) -> Motion:
    """A single point that moves along x."""
    positions = np.zeros((len(values), 1, 3), np.float32)
    positions[:, 0, 0] = values
    return Motion(positions, fps=old, start=3.0, skeleton=POINT)


def sine(old: float, hertz: float, phase: float) -> Motion:
    return moving(np.sin(2 * np.pi * hertz * np.arange(int(SECONDS * old)) / old + phase), old)


def inside(motion: Motion) -> np.ndarray:
    """Frames more than 1 s from both ends, where the filter needs no frames beyond the clip."""
    return (motion.times > 4) & (motion.times < 3 + SECONDS - 1)


def linear(motion: Motion, fps: float) -> np.ndarray:
    """Plain interpolation, what rates that do not fall must give to the last bit."""
    n = int(np.floor((motion.n_frames - 1) / motion.fps * fps + 1e-6)) + 1
    t = np.arange(n) / fps * motion.fps
    low = np.minimum(t.astype(int), motion.n_frames - 1)
    high = np.minimum(low + 1, motion.n_frames - 1)
    w = (t - low)[:, None, None]
    return ((1 - w) * motion.positions[low] + w * motion.positions[high]).astype(np.float32)


@laws
@given(rates=st.sampled_from(FALLING), n=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
def test_a_constant_pose_stays(rates, n, seed):
    pose = np.random.default_rng(seed).normal(size=(1, 10, 3)).astype(np.float32)
    found = resample(Motion(np.repeat(pose, n, 0), fps=rates[0], start=3.0), rates[1])
    np.testing.assert_allclose(found.positions, np.repeat(pose, found.n_frames, 0), atol=1e-5)


@laws
@given(rates=st.sampled_from(FALLING), share=st.floats(0.02, 0.5), phase=st.floats(0, 6.28))
def test_a_slow_movement_keeps_its_size_and_its_time(rates, share, phase):
    old, new = rates
    hertz = share * new / 2
    found = resample(sine(old, hertz, phase), new)
    right = np.sin(2 * np.pi * hertz * (found.times - 3) + phase)
    # A delay of a twentieth of a cycle alone would be an error of .3.
    assert np.abs(found.positions[:, 0, 0] - right)[inside(found)].max() < 0.05


@laws
@given(
    rates=st.sampled_from([r for r in FALLING if r[0] > 1.2 * r[1]]), share=st.floats(0, 1), phase=st.floats(0, 6.28)
)
def test_what_the_new_rate_cannot_show_is_cut_by_20_dB(rates, share, phase):
    old, new = rates
    hertz = new / 2 + share * 0.95 * (old - new) / 2
    motion = sine(old, hertz, phase)
    found = resample(motion, new)
    assert np.abs(found.positions[inside(found)]).max() < 0.1


def test_without_a_low_pass_fast_movement_would_alias():
    motion = sine(30.0, 12.0, 0.5)
    plain, found = linear(motion, 15.0)[:, 0, 0], resample(motion, 15.0).positions[:, 0, 0]
    assert np.abs(plain[15:-15]).max() > 0.9  # a movement of 3 Hz that nobody made
    assert np.abs(found[15:-15]).max() < 0.01


@laws
@given(rates=st.sampled_from([(30.0, 15.0), (60.0, 15.0), (120.0, 30.0)]), frame=st.integers(20, 90))
def test_an_impulse_keeps_its_place(rates, frame):
    old, new = rates
    values = np.zeros(int(SECONDS * old))
    at = int(frame * old / new)
    values[at] = 1.0
    found = resample(moving(values, old), new).positions[:, 0, 0]
    assert np.abs(found).argmax() == frame
    np.testing.assert_allclose(found[frame - 10 : frame], found[frame + 10 : frame : -1], atol=1e-4)  # before as after
    assert found.sum() == pytest.approx(new / old, rel=0.02)  # its area in seconds


@laws
@given(rates=st.sampled_from(FALLING), n=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
def test_constant_bone_lengths_stay_constant(rates, n, seed):
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0.05, 0.5, 9)
    walk = np.cumsum(rng.normal(size=(n, 27)) * 0.2, 0) + 2 * rng.normal(size=27)
    motion = Motion(from_bones(walk, lengths), fps=rates[0])
    found = resample(motion, rates[1]).positions
    now = np.linalg.norm(
        found[:, [c for _, c in Skeleton().bones]] - found[:, [p for p, _ in Skeleton().bones]], axis=-1
    )
    np.testing.assert_allclose(now, np.repeat(lengths[None], len(now), 0), rtol=2e-3, atol=1e-4)


def test_a_bone_that_is_filtered_away_gives_no_wild_numbers():
    turn = 2 * np.pi * 30 * np.arange(480) / 120  # 30 turns a second, seen at 120 frames
    positions = np.zeros((480, 2, 3), np.float32)
    positions[:, 1, :2] = 0.3 * np.stack([np.cos(turn), np.sin(turn)], 1)
    found = resample(Motion(positions, fps=120.0, skeleton=Skeleton(("a", "b"), (-1, 0))), 15.0)
    assert np.linalg.norm(found.positions[:, 1], axis=-1).max() < 0.31


@laws
@given(
    old=st.sampled_from([5.0, 10.0, 15.0, 30.0]),
    factor=st.sampled_from([1.0, 1.0000001, 1.5, 2.0, 4.0, 0.9999]),
    n=st.integers(1, 80),
)
def test_rates_that_do_not_fall_give_what_interpolation_gives_to_the_last_bit(old, factor, n):
    motion = Motion(np.random.default_rng(n).normal(size=(n, 10, 3)).astype(np.float32), fps=old)
    found = resample(motion, old * factor)
    assert found.positions.tobytes() == linear(motion, old * factor).tobytes()
    if factor == 1.0:
        assert found is motion


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 21, 22])
@pytest.mark.parametrize("rates", [*FALLING, (30.0, 0.1), (2000.0, 15.0)])
def test_short_clips_are_resampled_too(rates, n):
    motion = Motion(np.random.default_rng(n).normal(size=(n, 10, 3)).astype(np.float32), fps=rates[0], start=3.0)
    found = resample(motion, rates[1])
    assert (found.start, found.fps) == (3.0, rates[1])
    assert found.n_frames == int((n - 1) / rates[0] * rates[1] + 1e-6) + 1
    assert np.abs(found.positions).max() < 3 * np.abs(motion.positions).max() + 1


def test_missing_positions_never_get_here():
    with pytest.raises(UserError, match="are NaN or infinite"):
        moving([0.0, np.nan, 1.0], 30.0)
