"""Noise schedule, denoiser and sampling."""

import numpy as np
import pytest
import torch

from fmri2ges.errors import Cancelled
from fmri2ges.models.conditions import TokenTrack, collate, window_conditions, word_track
from fmri2ges.models.dbda import alignment_batch, alignment_loss
from fmri2ges.models.denoiser import WINDOW_FRAMES, Condition, Denoiser, DenoiserConfig
from fmri2ges.models.f2g import f2g_config, from_t2g
from fmri2ges.models.schedule import FirstOf, add_noise, alpha_sigma, sample_long, to_x0, window_starts
from fmri2ges.types import Words
from fmri2ges.work import Work

SMALL = DenoiserConfig(n_codes=3, token_width=5, width=16, blocks=1, heads=2, hidden=16, refine=8)


def net(config=SMALL, seed: int = 0) -> Denoiser:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Denoiser(config)
        for p in model.parameters():  # away from the zero initialisation
            p.data += 0.05 * torch.randn_like(p)
    return model.eval()


def condition(batch: int, n: int = 4, width: int = 5) -> Condition:
    g = torch.Generator().manual_seed(1)
    return Condition(
        torch.randn(batch, n, width, generator=g),
        8 * torch.rand(batch, n, generator=g),
        torch.ones(batch, n, dtype=torch.bool),
        torch.zeros(batch, dtype=torch.long),
    )


def test_velocity_gives_back_the_clean_window():
    g = torch.Generator().manual_seed(0)
    x0, noise = torch.randn(5, 6, 2, generator=g), torch.randn(5, 6, 2, generator=g)
    t = torch.linspace(0.05, 1.0, 5)
    a, s = (y[:, None, None] for y in alpha_sigma(t))
    assert torch.allclose(a**2 + s**2, torch.ones_like(a), atol=1e-6)
    velocity = a * noise - s * x0
    assert torch.allclose(to_x0(add_noise(x0, noise, t), velocity, t), x0, atol=1e-5)


def test_absent_tokens_are_never_seen():
    model, c = net(), condition(2)
    x, t = torch.randn(2, WINDOW_FRAMES, 3, generator=torch.Generator().manual_seed(2)), torch.tensor([0.3, 0.9])
    present = c.present.clone()
    present[:, 2] = False
    changed = c.tokens.clone()
    changed[:, 2] += 100.0
    with torch.inference_mode():
        one = model(x, t, Condition(c.tokens, c.times, present, c.speaker))
        two = model(x, t, Condition(changed, c.times, present, c.speaker))
        seen = model(x, t, c)
    assert torch.allclose(one, two, atol=1e-6)
    assert not torch.allclose(one, seen, atol=1e-4)


def test_windows_cover_any_length():
    for n in (1, 59, 60, 61, 90, 91, 500):
        covered = np.zeros(max(n, WINDOW_FRAMES), bool)
        for s in window_starts(n):
            covered[s : s + WINDOW_FRAMES] = True
        assert covered.all()


def test_long_samples_have_no_seams_and_repeat_with_the_seed():
    model = net()
    track = TokenTrack(np.ones((40, 3), np.float32), np.arange(40.0), 1.0, 1.0)
    make = window_conditions(track, 0, 5)

    def sample(seed: int, n: int = 200):
        return sample_long(model, [make] * 2, n, torch.Generator().manual_seed(seed), steps=4)

    one = sample(3)
    assert one.shape == (2, 200, 3) and torch.isfinite(one).all()
    assert torch.equal(one, sample(3)) and not torch.equal(one, sample(4))
    step = one.diff(dim=1).abs().mean((0, 2))
    borders = [s - 1 for s in window_starts(200)[1:]]
    assert step[borders].max() < 4 * step.median()


def test_batching_changes_nothing():
    model = net()
    track = TokenTrack(np.ones((20, 3), np.float32), np.arange(20.0), 1.0, 1.0)
    make = window_conditions(track, 0, 5)
    kwargs = {"steps": 3, "guidance": 1.0}
    whole = sample_long(model, [make] * 3, 150, torch.Generator().manual_seed(0), **kwargs)
    small = sample_long(model, [make] * 3, 150, torch.Generator().manual_seed(0), batch=2, **kwargs)
    assert torch.allclose(whole, small, atol=1e-4)


class Flat(torch.nn.Module):
    """Its clean estimate at the largest noise is 2 everywhere where it sees tokens, and 1 where it sees none."""

    config = SMALL

    def __init__(self):
        super().__init__()
        self.device_of = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, t, c):
        return -(1.0 + c.present.any(1).float())[:, None, None].expand_as(x)


@pytest.mark.parametrize("guidance", [1.0, 1.5, 3.0])
def test_guidance_goes_from_the_unconditional_estimate_beyond_the_conditional_one(guidance):
    make = window_conditions(TokenTrack(np.ones((20, 3), np.float32), np.arange(20.0), 1.0, 1.0), 0, 5)
    sampled = sample_long(Flat(), [make], 100, torch.Generator().manual_seed(0), steps=1, guidance=guidance)
    torch.testing.assert_close(sampled, torch.full_like(sampled, 1 + guidance), atol=1e-2, rtol=0)


@pytest.mark.parametrize("n_frames", [WINDOW_FRAMES, 200], ids=["one window", "several"])
def test_the_first_samples_are_the_same_without_the_others(n_frames):
    model = net()
    rng = np.random.default_rng(0)
    tracks = [TokenTrack(rng.standard_normal((40, 3), np.float32), np.arange(40.0), 1.0, 10) for _ in range(9)]
    made = [window_conditions(track, 0, 5) for track in tracks]

    def sample(n: int, noise) -> torch.Tensor:
        return sample_long(model, made[:n], n_frames, noise, steps=4, guidance=2.0)

    together = sample(9, torch.Generator().manual_seed(1))
    for n in (1, 2):
        alone = sample(n, FirstOf(torch.Generator().manual_seed(1), 9))
        assert torch.allclose(alone, together[:n], atol=1e-4)
    other = sample(1, torch.Generator().manual_seed(1))  # the noise of a single sample is another one
    assert (other - together[:1]).abs().mean() > 0.1


def test_both_passes_of_guidance_in_one_give_what_they_give_apart():
    model, c = net(), condition(3)
    x, t = torch.randn(3, WINDOW_FRAMES, 3, generator=torch.Generator().manual_seed(5)), torch.full((3,), 0.4)
    both = model(torch.cat([x, x]), torch.cat([t, t]), c.twice())
    apart = torch.cat([model(x, t, c), model(x, t, c.without_tokens())])
    assert torch.allclose(both, apart, atol=1e-5) and not torch.allclose(both[:3], both[3:], atol=1e-3)


def test_sampling_stops_when_asked():
    track = TokenTrack(np.ones((2, 3), np.float32), np.arange(2.0), 1.0, 1.0)
    with pytest.raises(Cancelled):
        sample_long(net(), [window_conditions(track, 0, 5)], 30, torch.Generator(), work=Work(should_stop=lambda: True))


def test_f2g_starts_as_t2g_where_shapes_agree():
    teacher = net()
    student = from_t2g(teacher, f2g_config(SMALL, 9))
    theirs, ours = teacher.state_dict(), student.state_dict()
    same = [k for k in ours if theirs[k].shape == ours[k].shape]
    assert len(same) == len(ours) - 1  # only the first layer that reads the tokens differs
    assert all(torch.equal(theirs[k], ours[k]) for k in same)


def test_alignment_is_zero_for_a_student_that_equals_its_teacher_and_reaches_only_the_student():
    teacher, student = net(seed=0), net(seed=0)
    x0, c = torch.randn(3, WINDOW_FRAMES, 3, generator=torch.Generator().manual_seed(5)), condition(3)
    none = c.without_tokens()
    same = alignment_batch(x0, none, none, torch.Generator().manual_seed(0))
    assert alignment_loss(student, teacher, *same).item() < 1e-10
    other = net(seed=1)
    alignment_loss(other, teacher, *alignment_batch(x0, c, c, torch.Generator().manual_seed(0))).backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in other.parameters())


def test_tokens_of_a_window_are_those_around_it_in_relative_time():
    words = Words(("a", "b", "c"), np.array([0.5, 9.5, 30.0]), np.array([0.2, 0.3, 0.2]))
    track = word_track(words, np.eye(3, dtype=np.float32))
    tokens, times = track.window(10.0)
    np.testing.assert_allclose(times, [-0.5])
    np.testing.assert_allclose(tokens[0, :3], [0, 1, 0])
    empty = collate([track.window(100.0)], [0], 6)
    assert empty.tokens.shape == (1, 1, 6) and not empty.present.any()
