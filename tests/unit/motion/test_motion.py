"""Bone vectors, resampling and the motion code."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fmri2ges.motion.codec import fit_codec
from fmri2ges.motion.features import BONE_LENGTHS, from_bones, resample, to_bones
from fmri2ges.types import Motion, Skeleton

BONES = arrays(np.float64, (4, 27), elements=st.floats(-1, 1)).filter(
    lambda b: (np.linalg.norm(b.reshape(4, 9, 3), axis=-1) > 1e-2).all()
)


@settings(max_examples=50, deadline=None)
@given(BONES)
def test_bones_and_positions_are_inverse_and_lengths_are_constant(bones):
    positions = from_bones(bones)
    again = from_bones(to_bones(positions))
    np.testing.assert_allclose(again, positions, atol=2e-6)
    for k, (parent, child) in enumerate(Skeleton().bones):
        length = np.linalg.norm(positions[:, child] - positions[:, parent], axis=1)
        np.testing.assert_allclose(length, BONE_LENGTHS[k], atol=1e-5)


def smooth(n: int, seed: int) -> np.ndarray:
    """Smooth random bones (n, 27)."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 15
    base = rng.standard_normal(27)
    waves = sum(
        0.3 * rng.standard_normal((1, 27)) * np.sin(2 * np.pi * f * t[:, None] + rng.uniform(0, 6, 27))
        for f in (0.1, 0.3, 0.7)
    )
    return to_bones(from_bones(base + waves))


def test_code_of_slow_motion_is_nearly_lossless_with_all_components():
    clips = [smooth(300, k) for k in range(12)]
    codec = fit_codec(clips, 27)
    decoded = codec.decode(codec.encode(clips[0]), 300)
    error = np.linalg.norm(from_bones(decoded) - from_bones(clips[0]), axis=-1)
    assert np.median(error) < 0.004  # metres


def test_more_codes_never_fit_worse():
    clips = [smooth(200, k) for k in range(6)]
    errors = []
    for n in (2, 6, 14, 27):
        codec = fit_codec(clips, n)
        errors.append(np.mean([(codec.decode(codec.encode(c), 200) - c).std() for c in clips]))
    assert errors == sorted(errors, reverse=True)


def test_decoded_vectors_are_unit_and_length_is_as_asked():
    codec = fit_codec([smooth(100, 0)], 14)
    for n in (1, 2, 7, 200):
        bones = codec.decode(np.random.default_rng(0).standard_normal((3, 50, 14)), n)
        assert bones.shape == (3, n, 27)
        np.testing.assert_allclose(np.linalg.norm(bones.reshape(-1, 9, 3), axis=-1), 1, atol=1e-5)


def test_resampling_keeps_times_and_positions():
    positions = from_bones(smooth(91, 1))
    motion = Motion(positions, fps=30.0, start=2.0)
    half = resample(motion, 15.0)
    assert half.start == 2.0 and half.n_frames == 46
    # The low-pass takes the fastest share of it; `laws/test_resample_laws` says what is kept.
    np.testing.assert_allclose(half.positions, positions[::2], atol=0.01)
    double = resample(motion, 60.0)
    np.testing.assert_array_equal(double.positions[::2], positions)
