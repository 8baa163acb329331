"""Volume tokens: as many in a window at any repetition time, and nothing of the story is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.hrf import fir_delays
from fmri2ges.models.conditions import slot_track, volume_track
from fmri2ges.models.readout import Readout
from fmri2ges.motion.amount import WINDOW_SECONDS


def readout_of(tr: float) -> Readout:
    rng = np.random.default_rng(0)
    return Readout([rng.standard_normal((60, 2))], rng.standard_normal((60, 1)), 1.0, fir_delays(tr))


@given(st.floats(0.5, 3.3), st.integers(60, 90), st.floats(-3, 30))
def test_no_token_of_a_window_is_dropped_and_they_are_1_to_2_s_apart(tr, n, start):
    times = 1.0 + tr * np.arange(n)
    track = volume_track(np.ones((n, 1), np.float32), times, readout_of(tr).step)
    gaps = np.diff(track.times[:-1])  # the last token may be of fewer volumes
    np.testing.assert_allclose(gaps, gaps[0])
    assert max(1.0, tr) - 1e-6 <= gaps[0] <= max(2.0, tr) + 1e-6
    inside = (track.times >= start - track.margin) & (track.times < start + WINDOW_SECONDS + track.margin)
    assert len(track.window(start)[1]) == inside.sum() <= track.limit


@given(st.floats(1.0, 9.0), st.floats(-1, 30))
def test_no_word_of_a_fast_speaker_is_dropped(rate, start):
    """The Alice recording has up to 39 words in ten seconds, quick talkers have 70."""
    onsets = np.arange(0, 60, 1 / rate)
    track = slot_track(np.ones((len(onsets), 2), np.float32), onsets, np.full(len(onsets), 0.1))
    inside = onsets[(onsets >= start - 1.0) & (onsets < start + WINDOW_SECONDS + 1.0)]
    np.testing.assert_allclose(track.window(start)[1], inside - start, atol=1e-5)


@given(st.integers(1, 7), st.integers(1, 40))
def test_tokens_are_means_of_neighbouring_volumes_at_the_mean_of_their_times(step, n):
    tokens, times = np.random.default_rng(n).standard_normal((n, 3)).astype(np.float32), 5.0 + 0.5 * np.arange(n)
    track = volume_track(tokens, times, step)
    groups = [slice(k, k + step) for k in range(0, n, step)]
    np.testing.assert_allclose(track.tokens, [tokens[g].mean(0) for g in groups], atol=1e-6)
    np.testing.assert_allclose(track.times, [times[g].mean() for g in groups])


@pytest.mark.parametrize("tr", [1.1, 1.5, 2.0, 3.0])
def test_at_a_long_tr_each_volume_is_a_token_bit_by_bit(tr):
    tokens, times = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32), tr * np.arange(20)
    track = volume_track(tokens, times, readout_of(tr).step)
    assert track.tokens is tokens and track.times is times


def test_a_run_made_before_at_a_short_tr_keeps_its_tokens():
    rng = np.random.default_rng(0)
    old = Readout([rng.standard_normal((60, 2))], rng.standard_normal((60, 1)), 1.0, (1, 2, 3, 4, 5))
    assert old.step == 1
