"""All samples behind a track: what is sent is what the samples do, and no more than is needed."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.evaluation.gesture import wrist_speed
from fmri2ges.types import TED10_JOINTS, Motion
from fmri2ges.views.fan import ARMS, fan_data, sample_speeds
from fmri2ges.views.tracks import Track


def sampled(n: int, frames: int = 90, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    samples = np.cumsum(rng.normal(0, 0.01, (n, frames, len(TED10_JOINTS), 3)), axis=1)
    return Motion(samples[0], start=12.0, samples=samples)


def unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<i2") / 1000


def test_arms_are_those_of_the_samples_at_every_second_frame():
    motion = sampled(5)
    found = fan_data({Track("text"): motion})["text"]
    arms = unpack(found["positions"]).reshape(5, 45, 4, 3)
    expected = motion.samples[:, ::2, [TED10_JOINTS.index(name) for name in ARMS]]
    assert np.abs(arms - expected).max() <= 0.00051
    assert (found["n"], found["drawn"], found["fps"], found["start"]) == (5, 5, 7.5, 12.0)


def test_of_many_samples_some_are_drawn_and_all_are_in_the_band():
    motion = sampled(32)
    found = fan_data({Track("text"): motion})["text"]
    assert (found["n"], found["drawn"]) == (32, 8)
    assert len(unpack(found["positions"])) == 8 * 45 * 12
    speeds = sample_speeds(motion)
    low, high = unpack(found["low"]), unpack(found["high"])
    inside = ((speeds >= low - 0.001) & (speeds <= high + 0.001)).mean()
    assert 0.75 < inside < 0.85 and (low < high).all()


def test_the_speed_of_a_sample_is_that_of_the_metrics_in_the_mean_over_five_frames():
    motion = sampled(3)
    speed = np.stack([wrist_speed(sample, 15.0) for sample in motion.samples])
    expected = np.stack([[s[max(0, i - 2) : i + 3].mean() for i in range(90)] for s in speed])
    np.testing.assert_allclose(sample_speeds(motion), expected, atol=1e-9)


def test_a_fan_of_a_stretch_weighs_little():
    """30 s of two branches with 8 samples each: below twice what both motions themselves weigh."""
    fans = fan_data({Track("text"): sampled(8, 450), Track("direct"): sampled(8, 450, 1)})
    assert len(json.dumps(fans)) < 2 * 2 * 450 * 30 * 2 * 4 / 3


@pytest.mark.parametrize("change", [{"samples": None}, {"samples": np.zeros((1, 90, 10, 3))}])
def test_one_sample_has_no_fan(change):
    assert fan_data({Track("text"): replace(sampled(2), **change)}) == {}
