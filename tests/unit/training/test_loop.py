"""The training loop of T2G and F2G."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from fmri2ges.errors import Cancelled
from fmri2ges.training.loop import LoopConfig, fit, parallel_gradients
from fmri2ges.work import Work


def problem(seed: int = 0):
    g = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model, truth = nn.Linear(4, 2), torch.randn(4, 2, generator=g)

    def draw():
        x = torch.randn(9, 4, generator=g)
        return x, x @ truth

    return model, draw, lambda x, y: (model(x) - y).square().mean()


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_two_halves_give_the_gradient_of_the_whole_batch(rows):
    model, draw, loss_of = problem()
    batch = tuple(x[:rows] for x in draw())
    with ThreadPoolExecutor(2) as pool:
        loss, gradients = parallel_gradients(pool, loss_of, batch, list(model.parameters()))
    whole = loss_of(*batch)
    assert loss == pytest.approx(whole.item(), rel=1e-5)
    for ours, theirs in zip(gradients, torch.autograd.grad(whole, list(model.parameters())), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_training_learns_and_repeats_bit_for_bit():
    def run():
        model, draw, loss_of = problem()
        losses = fit(model, draw, loss_of, LoopConfig(150, 0.05, 0.0, 0.9))
        return model, losses

    (one, losses), (two, again) = run(), run()
    assert losses == again and torch.equal(one.weight, two.weight)
    assert losses[-1] < 1e-3 * losses[0] and not one.training


def test_a_training_ends_with_the_weights_that_predict_best_what_is_held_out():
    """The second of three rising losses is the lowest: later steps are forgotten, and most are not made."""
    model, draw, loss_of = problem()
    seen = []

    def held_out() -> float:
        seen.append(model.weight.detach().clone())
        return [5.0, 3.0, 4.0, 6.0, 1.0][len(seen) - 1]

    losses = fit(model, draw, loss_of, LoopConfig(100, 0.05, 0.0, 0.9), held_out=held_out)
    assert len(losses) == 30 and len(seen) == 4
    assert torch.equal(model.weight, seen[1]) and not torch.equal(seen[1], seen[2]) and not model.training


def test_a_training_that_only_becomes_worse_changes_nothing():
    model, draw, loss_of = problem()
    before, rising = model.weight.detach().clone(), iter(range(20))
    fit(model, draw, loss_of, LoopConfig(50, 0.05, 0.0, 0.9), held_out=lambda: float(next(rising)))
    assert torch.equal(model.weight, before)


def test_training_stops_when_asked():
    model, draw, loss_of = problem()
    with pytest.raises(Cancelled):
        fit(model, draw, loss_of, LoopConfig(10, 0.05, 0.0, 0.9), work=Work(should_stop=lambda: True))
