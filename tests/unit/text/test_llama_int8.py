"""Llama-type models in 8-bit integers: the same as transformers but for the rounding of the linear layers."""

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.text import llama_int8
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
        import torch

        self.weight = torch.cat([x.weight.detach() for x in layers]).t()
        self.scale = torch.ones(self.weight.shape[1])
        self.bias = None if layers[0].bias is None else torch.cat([x.bias.detach() for x in layers])

    def __call__(self, x, factor=1.0):
        product = (x * factor) @ self.weight
        return product if self.bias is None else product + self.bias


def random_biases(model):
    import torch

    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:  # new models have biases of 0 and norms of 1
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return model


@pytest.fixture(params=["llama", "qwen2"])
def both(request, monkeypatch):
    """The two engines of one model, without rounding."""
    monkeypatch.setattr(llama_int8, "Int8Linear", Exact)
    model = random_biases(make_model(N_TOKENS, request.param))
    engines = LlamaInt8(model, LAYER, "tiny"), Engine(model, LAYER, "tiny")
    for engine in engines:
        engine.keep_outputs(KEPT)
    return engines


def assert_same(one, other):
    np.testing.assert_allclose(one.scores.numpy(), other.scores.numpy(), rtol=1e-3, atol=1e-4)
    for states, keys, values in zip(one.states, other.keys, other.values, strict=True):
        for own, theirs in zip((states[:, 0], states[:, 1]), (keys, values)):
            np.testing.assert_allclose(own.permute(1, 2, 0, 3).numpy(), theirs.numpy(), rtol=1e-3, atol=1e-4)


def test_written_out_blocks_equal_transformers(both):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, N_TOKENS, (3, 6))
    past = [engine.run(ids) for engine in both]
    assert past[0].scores.shape == (3, len(KEPT))
    assert_same(*past)
    parents = np.array([0, 0, 0, 2, 2])  # context 1 has no candidate
    tokens = rng.integers(0, N_TOKENS, 5)
    found = [engine.candidates(tokens, p, parents) for engine, p in zip(both, past)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-3, atol=1e-4)
    longer = [engine.run(rng_ids, p, parents) for engine, p, rng_ids in zip(both, past, [rng.integers(0, N_TOKENS, (5, 4))] * 2)]
    assert_same(*longer)
    kept = np.array([4, 1])  # chosen candidates go on from the feature's block
    assert_same(*[engine.run(tokens[kept, None], p, parents[kept]) for engine, p in zip(both, past)])
    states = [engine.hidden(ids) for engine in both]
    assert states[1].shape == (3, 6, 32)
    np.testing.assert_allclose(states[0], states[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
def test_an_int8_layer_is_the_rounded_product(bias):
    import torch

    torch.manual_seed(0)
    layers = [torch.nn.Linear(48, n, bias=bias) for n in (24, 8)]
    weight = np.concatenate([x.weight.detach().numpy() for x in layers]).astype(float)
    x, factor = torch.randn(5, 48), torch.rand(5, 1) + 0.5
    w_scale = np.abs(weight).max(1, keepdims=True) / 127
    x_scale = np.abs(x.numpy()).max(-1, keepdims=True) / 127
    expected = (np.round(x.numpy() / x_scale) @ np.round(weight / w_scale).T) * x_scale * w_scale[:, 0] * factor.numpy()
    if bias:
        expected += np.concatenate([x.bias.detach().numpy() for x in layers])
    np.testing.assert_allclose(Int8Linear(*layers)(x, factor).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_lm(tmp_path_factory.mktemp("lm") / "tiny")


def test_int8_features_are_close_and_the_same_for_a_story_and_a_beam(folder):
    exact = CausalLM.load(folder, VOCABULARY, context=3)
    small = CausalLM.load(folder, VOCABULARY, context=3, int8=True)
    assert small.name == "tiny, 8-bit"
    story = [w for w in STORY if w in small.vocabulary][:14]
    whole = small.story_features(story)
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(exact.story_features(story).T, whole.T)]
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
