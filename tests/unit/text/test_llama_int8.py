"""Llama-type models in 8-bit integers: the same as transformers but for the rounding of the linear layers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.text import int8_rows, llama_int8
from fmri2ges.text.causal_lm import CausalLM
from fmri2ges.text.engine import Engine
from fmri2ges.text.llama_int8 import Int8Linear, LlamaInt8
from fmri2ges.text.open_lm import LmChoice, fastest_choice
from tests.lm_files import SENTENCES, VOCABULARY, make_model, write_lm

N_TOKENS, LAYER = 70, 3
KEPT = np.array([3, 60, 7, 11])
STORY = " ".join(SENTENCES).lower().split()


class Exact:
    """`Int8Linear` without rounding."""

    def __init__(self, *layers):
        self.weight = np.concatenate([x.weight.detach().numpy() for x in layers]).T
        self.scale = np.ones(self.weight.shape[1], np.float32)
        biases = [np.zeros(x.out_features, np.float32) if x.bias is None else x.bias.detach().numpy() for x in layers]
        self.bias = np.concatenate(biases)

    keep = Int8Linear.keep

    def product(self, numbers, scale):
        return int8_rows.Product(numbers @ self.weight, scale, self.scale, self.bias)


def not_quantised(row, numbers):
    numbers[:] = row
    return np.float32(1)


def leave_rounding_out(monkeypatch):
    """The loops as Python runs them, on numbers instead of integers."""
    for name, loop in vars(int8_rows).items():
        if hasattr(loop, "py_func"):
            monkeypatch.setattr(int8_rows, name, loop.py_func)
    monkeypatch.setattr(int8_rows, "quantise", not_quantised)
    monkeypatch.setattr(int8_rows, "INTEGER", np.float32)
    monkeypatch.setattr(llama_int8, "Int8Linear", Exact)


def rounded(layer):
    """A torch `Linear` whose weights and inputs are rounded as 8-bit integers are."""
    import torch

    class Rounded(torch.nn.Module):
        in_features, out_features, bias = layer.in_features, layer.out_features, layer.bias
        weight = layer.weight

        def forward(self, x):
            steps = self.weight.abs().amax(1, keepdim=True) / 127
            step = x.abs().amax(-1, keepdim=True) / 127
            product = (x / step).round() @ (self.weight / steps).round().T * step * steps[:, 0]
            return product if self.bias is None else product + self.bias

    return Rounded()


def with_rounded_layers(model):
    """A copy of a transformers model with `rounded` layers, except the output layer: `keep_outputs` makes it anew."""
    import copy

    import torch

    model = copy.deepcopy(model)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear) and child is not model.get_output_embeddings():
                setattr(module, name, rounded(child))
    return model


def random_biases(model):
    import torch

    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:  # new models have biases of 0 and norms of 1
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return model


@dataclass
class Both:
    """The two engines of one model, and how near they must be."""

    engines: tuple
    assert_close: Callable

    def assert_same(self, one, other):
        self.assert_close(one.scores.numpy(), other.scores.numpy())
        for states, keys, values in zip(one.states, other.keys, other.values, strict=True):
            for k, theirs in enumerate((keys, values)):
                self.assert_close(states[:, :, k].transpose(0, 2, 1, 3), theirs.numpy())


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def close_but_for_rounding(one, other):
    """A few in a thousand activations are rounded the other way; a wrong layer would be far outside."""
    assert one.shape == other.shape
    assert (
        np.abs(one - other).max() < 0.05 * np.abs(other).max()
        and np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9999
    )


@pytest.fixture(params=["llama", "qwen2"])
def model(request):
    return random_biases(make_model(N_TOKENS, request.param))


@pytest.fixture(params=["exact", "compiled"])
def both(request, model, monkeypatch):
    exact = request.param == "exact"
    if exact:
        leave_rounding_out(monkeypatch)
    engines = LlamaInt8(model, LAYER, "tiny"), Engine(model if exact else with_rounded_layers(model), LAYER, "tiny")
    for engine in engines:
        engine.keep_outputs(KEPT)
    if exact:
        return Both(engines, close)
    reference = engines[1].model
    reference.set_output_embeddings(rounded(reference.get_output_embeddings()))
    return Both(engines, close_but_for_rounding)


def test_written_out_blocks_equal_transformers(both):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, N_TOKENS, (3, 6))
    past = [engine.run(ids) for engine in both.engines]
    assert past[0].scores.shape == (3, len(KEPT))
    both.assert_same(*past)
    parents = np.array([0, 0, 0, 2, 2])  # context 1 has no candidate
    tokens = rng.integers(0, N_TOKENS, 5)
    found = [engine.candidates(tokens, p, parents) for engine, p in zip(both.engines, past, strict=True)]
    both.assert_close(found[0], found[1])
    more = rng.integers(0, N_TOKENS, (5, 4))
    longer = [engine.run(more, p, parents) for engine, p in zip(both.engines, past, strict=True)]
    both.assert_same(*longer)
    kept = np.array([4, 1])  # chosen candidates go on from the feature's block
    both.assert_same(
        *[engine.run(tokens[kept, None], p, parents[kept]) for engine, p in zip(both.engines, past, strict=True)]
    )
    states = [engine.hidden(ids) for engine in both.engines]
    assert states[1].shape == (3, 6, 32)
    both.assert_close(states[0], states[1])


@pytest.mark.parametrize("bias", [True, False])
def test_an_int8_layer_is_the_rounded_product(bias):
    import torch

    torch.manual_seed(0)
    layers = [torch.nn.Linear(48, n, bias=bias) for n in (24, 8)]
    weight = np.concatenate([x.weight.detach().numpy() for x in layers]).astype(float)
    x, norm = torch.randn(5, 48).numpy(), np.linspace(0.5, 1.5, 48, dtype=np.float32)
    w_scale = np.abs(weight).max(1, keepdims=True) / 127
    x_scale = np.abs(x * norm).max(1, keepdims=True) / 127
    factor = 1 / np.sqrt((x.astype(float) ** 2).mean(1, keepdims=True) + 1e-5)
    expected = (np.round(x * norm / x_scale) @ np.round(weight / w_scale).T) * x_scale * w_scale[:, 0] * factor
    if bias:
        expected += np.concatenate([layer.bias.detach().numpy() for layer in layers])
    linear, integers, scale = Int8Linear(*layers), np.empty((5, 48), np.int8), np.empty(5, np.float32)
    int8_rows.normalise(x, norm, 1e-5, integers, scale)
    found = np.empty((5, 32), np.float32)
    int8_rows.real(linear.product(integers, scale), found)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_exponentials_are_those_of_numpy():
    z = np.linspace(-100, 80, 1001, dtype=np.float32)
    found = z.copy()
    int8_rows.exponentials(found, np.empty(1001, np.int32), 1001)
    expected = np.exp(z.astype(float))
    assert (np.abs(found - expected) < 1e-7 * (3 + np.abs(z)) * expected + 1e-37).all()


def test_a_row_does_not_depend_on_its_batch():
    """To the last bit: attention and norms of one row alone and among others."""
    rng = np.random.default_rng(0)
    heads = rng.standard_normal((9, 5, 16), dtype=np.float32)
    states = rng.standard_normal((4, 11, 2, 1, 16), dtype=np.float32)
    context, seen = rng.integers(0, 4, 9), rng.integers(0, 12, 9)

    def attended(rows, states, context):
        integers, scale = np.empty((len(rows), 48), np.int8), np.empty(len(rows), np.float32)
        int8_rows.attend(heads[rows], states, context, seen[rows], 3, 1, integers, scale)
        return integers, scale

    whole = attended(np.arange(9), states, context)
    for r in range(9):
        alone = attended(np.array([r]), states[context[r]][None, : max(1, seen[r])].copy(), np.zeros(1, int))
        assert (alone[0][0] == whole[0][r]).all() and alone[1][0] == whole[1][r]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_lm(tmp_path_factory.mktemp("lm") / "tiny")


def test_int8_features_are_close_and_the_same_for_a_story_and_a_beam(folder):
    exact = CausalLM.load(folder, VOCABULARY, context=3)
    small = CausalLM.load(folder, VOCABULARY, context=3, int8=True)
    assert small.name == "tiny, 8-bit"
    story = [w for w in STORY if w in small.vocabulary][:14]
    whole = small.story_features(story)
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(exact.story_features(story).T, whole.T, strict=True)]
    assert min(r) > 0.95
    contexts = small.start()
    for k, word in enumerate(story):
        own = small.vocabulary.index(word)
        others = (own + np.arange(1, 5)) % len(small.vocabulary)
        got = small.features(contexts, np.zeros(5, int), np.concatenate([others[:2], [own], others[2:]]))
        np.testing.assert_allclose(got[2], whole[k], rtol=1e-6)
        contexts = small.extend(contexts, np.zeros(1, int), np.array([own]))


def test_int8_is_chosen_where_it_is_possible(folder, tmp_path):
    other = write_lm(tmp_path / "other", "gpt2")
    assert fastest_choice(str(folder), 2, 16, "cpu") == LmChoice(str(folder), 2, 16, int8=True)
    assert not fastest_choice(str(folder), 2, 16, "cuda").int8
    assert not fastest_choice(str(other), 2, 16, "cpu").int8
    with pytest.raises(UserError, match="8-bit integers are for models of type llama or qwen2, not 'gpt2'"):
        CausalLM.load(other, VOCABULARY, int8=True)
    with pytest.raises(UserError, match="cpu only"):
        CausalLM.load(folder, VOCABULARY, device="cuda", int8=True)
