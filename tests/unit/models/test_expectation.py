"""The expected gesture is what the whole network says at the largest noise, and joins without seams."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fmri2ges.models.conditions import TokenTrack, collate, windows_of
from fmri2ges.models.denoiser import LATENT_FPS, WINDOW_FRAMES, Denoiser
from fmri2ges.models.expectation import Expectation
from fmri2ges.models.generator import GestureGenerator
from fmri2ges.models.schedule import blend, to_x0, window_starts
from tests.unit.models.test_generation import SMALL, net

FRAMES = 5 * WINDOW_FRAMES + 7
SECONDS = FRAMES / LATENT_FPS


def track(n: int = 60, seed: int = 0) -> TokenTrack:
    """Tokens with pauses, so that windows have from none to many."""
    rng = np.random.default_rng(seed)
    times = np.sort(np.concatenate([rng.uniform(0, 12, n // 2), rng.uniform(30, SECONDS, n - n // 2)]))
    return TokenTrack(rng.standard_normal((n, 3)).astype(np.float32), times, 1.0, 10.0)


def expectation(model: Denoiser, speaker: int = 0) -> Expectation:
    return Expectation(GestureGenerator(model, None, 1.0), speaker)


def by_the_network(model: Denoiser, asked: TokenTrack, start: float, speaker: int) -> torch.Tensor:
    """One pass of the network as it is."""
    starts = window_starts(FRAMES)
    condition = collate([asked.window(start + s / LATENT_FPS) for s in starts], [speaker] * len(starts), 5)
    silent, t = torch.zeros(len(starts), WINDOW_FRAMES, 3), torch.ones(len(starts))
    with torch.inference_mode():
        return blend(to_x0(silent, model(silent, t, condition), t)[None], starts, FRAMES)[0]


@pytest.mark.parametrize("blocks, speaker", [(1, 0), (3, 2)])
def test_it_is_the_clean_estimate_of_the_network_at_the_largest_noise(blocks, speaker):
    model = net(replace(SMALL, blocks=blocks, lag=0.3), seed=1)
    made = expectation(model, speaker).codes(track(), 2.5, FRAMES)
    wanted = by_the_network(model, track(), 2.5, speaker)
    assert wanted.std() > 0.05
    torch.testing.assert_close(made, wanted, atol=2e-5, rtol=1e-5)


def test_it_draws_nothing_and_joins_without_seams():
    expected = expectation(net())
    one, again = (expected.codes(track(), 0.0, FRAMES) for _ in range(2))
    assert torch.equal(one, again) and one.shape == (FRAMES, 3)
    single = expected.codes(track(), 0.0, WINDOW_FRAMES)
    assert torch.allclose(one[:10], single[:10], atol=1e-5)  # before the second window begins
    step = (one[1:] - one[:-1]).abs().amax()
    assert step <= 4 * (single[1:] - single[:-1]).abs().amax() + 1e-6
    assert expected.codes(track(), 0.0, 10).shape == (10, 3)


def test_windows_at_once_are_the_windows_one_by_one():
    asked, starts = track(), np.array([-3.0, 0.0, 4.0, 20.0, 40.0, 1000.0])
    made = windows_of(asked, starts)
    one = collate([asked.window(start) for start in starts], [0] * len(starts), 5)
    np.testing.assert_array_equal(made.tokens * made.present[..., None], one.tokens.numpy())
    np.testing.assert_array_equal(made.times, one.times.numpy())
    np.testing.assert_array_equal(made.present, one.present.numpy())
    nothing = TokenTrack(np.zeros((0, 3), np.float32), np.zeros(0), 1.0, 10.0)
    assert not windows_of(nothing, starts).present.any()
