"""Forward passes of Llama-type models on a CPU, linear layers in 8-bit integers: the methods of `engine.Engine`.

Weights have one scale per output, activations one scale per token (as LLM.int8 without its outliers:
Dettmers et al. 2022). A token's result must not depend on what else is in the batch, or training and
decoding would see different features: a difference in the last bit moves some activation to the next
integer, and a few blocks later all of them. Sums of the linear layers are exact integers; other sums up to
the feature's block (attention, norms) are float64, rounded to float32, which in practice makes them the same
in any order. The attention of later blocks, which give the next word's scores only, is float32.

Written out rather than left to transformers, because a beam step is a hundred candidates over twenty
contexts, each of one token: here the candidates of a context share its keys, those that are chosen go on from
the feature's block, and layers that read the same input (query, key and value; gate and up) are one product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..threads import torch_threads
from .engine import checked_layer, step_cores

TYPES = ("llama", "qwen2")  # same blocks; qwen2 has biases


def supports(config) -> bool:
    """Whether a model with this configuration (of transformers) can be run here."""
    sliding = getattr(config, "use_sliding_window", False)
    return config.model_type in TYPES and getattr(config, "hidden_act", "") == "silu" and not sliding


class Int8Linear:
    """One or more torch `Linear` of the same input, side by side."""

    def __init__(self, *layers):
        import torch

        weight = torch.cat([layer.weight.detach().float() for layer in layers])
        scale = weight.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
        self.weight, self.scale = (weight / scale).round().to(torch.int8).t(), scale[:, 0].contiguous()
        has_bias = layers[0].bias is not None
        self.bias = torch.cat([layer.bias.detach().float() for layer in layers]) if has_bias else None

    def __call__(self, x, factor=None):
        """Product with ``x * factor``, x (n, n_in) and factor (n, 1) or None: a row's factor does not change its integers."""
        import torch

        scale = x.abs().amax(1, keepdim=True).clamp_min_(1e-12).div_(127)
        integers = x.div(scale).round_().to(torch.int8)
        if factor is not None:
            scale = scale * factor
        sums = torch._int_mm(integers, self.weight)
        product = sums.view(torch.float32).copy_(sums)  # in place: a product of integers and floats would take six times as long
        product.mul_(scale).mul_(self.scale)
        return product if self.bias is None else product.add_(self.bias)


@dataclass(frozen=True)
class _Block:
    """The layers of one block; norms are weights (n_features,)."""

    norm_in: object
    query_key_value: Int8Linear
    out: Int8Linear
    norm_mlp: object
    gate_up: Int8Linear
    down: Int8Linear


@dataclass(frozen=True)
class CachedStates:
    """What is kept of some contexts, as `engine.Cached`, laid out so that choosing contexts and adding a token copies once.

    Parameters
    ----------
    states : one tensor (n_tokens, 2, n_contexts, n_groups, head_dim) per block; keys and values
    scores : tensor (n_contexts, n_kept); of the next token, before the softmax
    """

    states: list
    scores: object

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def n_tokens(self) -> int:
        return len(self.states[0])

    @classmethod
    def joined(cls, parts: list[CachedStates]) -> CachedStates:
        """Contexts of several batches as one."""
        import torch

        if len(parts) == 1:
            return parts[0]
        return cls([torch.cat(of_block, 2) for of_block in zip(*(p.states for p in parts))], torch.cat([p.scores for p in parts]))


class _Begun:
    """Candidates of one step, run up to the feature: those that are chosen go on from there.

    Parameters
    ----------
    past : the contexts that they continue
    """

    def __init__(self, past: CachedStates | None):
        self.past, self.place, self.x, self.states = past, {}, [], []

    def add(self, ids: np.ndarray, parents: np.ndarray, x, states) -> None:
        """Candidates with the output of the feature's block (n, n_features) and their keys and values so far."""
        first = sum(map(len, self.x))
        self.place.update((pair, first + k) for k, pair in enumerate(zip(map(int, parents), map(int, ids))))
        self.x.append(x)
        self.states.append(states)

    def of(self, past: CachedStates, ids: np.ndarray, parents: np.ndarray):
        """The same for some of them, or None where one was not run."""
        import torch

        places = [self.place.get(pair) for pair in zip(map(int, parents), map(int, ids))]
        if self.past is not past or None in places:
            return None
        rows = torch.tensor(places)
        return torch.cat(self.x)[rows], torch.cat(self.states, 2)[:, :, rows]


class LlamaInt8:
    """A Llama-type model; arguments and methods as in `engine.Engine`.

    Raises
    ------
    UserError
        For another kind of model.
    """

    def __init__(self, model, layer: int | None, name: str):
        config = model.config
        if not supports(config):
            allowed = " or ".join(TYPES)
            raise UserError(f"language model {name}: 8-bit integers are for models of type {allowed}, not {config.model_type!r}")
        self.layer = checked_layer(layer, config.num_hidden_layers, name)
        self.n_features = int(config.hidden_size)
        self.n_heads, self.n_groups = config.num_attention_heads, config.num_key_value_heads
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.eps, self.rotary = config.rms_norm_eps, model.model.rotary_emb
        self.embedding = model.model.embed_tokens.weight.detach().float()
        self.blocks = [
            _Block(
                b.input_layernorm.weight.detach().float(),
                Int8Linear(b.self_attn.q_proj, b.self_attn.k_proj, b.self_attn.v_proj),
                Int8Linear(b.self_attn.o_proj),
                b.post_attention_layernorm.weight.detach().float(),
                Int8Linear(b.mlp.gate_proj, b.mlp.up_proj),
                Int8Linear(b.mlp.down_proj),
            )
            for b in model.model.layers
        ]
        self._begun, self._cores = _Begun(None), step_cores()
        self.norm_out, self.head = model.model.norm.weight.detach().float(), Int8Linear(model.get_output_embeddings())

    def keep_outputs(self, tokens: np.ndarray) -> None:
        import torch

        rows = torch.from_numpy(np.asarray(tokens, np.int64))
        self.head.weight, self.head.scale = self.head.weight[:, rows], self.head.scale[rows]
        if self.head.bias is not None:
            self.head.bias = self.head.bias[rows]

    def run(self, ids: np.ndarray, past: CachedStates | None = None, parents: np.ndarray | None = None) -> CachedStates:
        import torch

        n, n_new = ids.shape
        before = 0 if past is None else past.n_tokens
        states = []

        def grow(i):
            states.append(torch.empty(before + n_new, 2, n, self.n_groups, self.head_dim))
            if past is not None:
                torch.index_select(past.states[i], 2, rows, out=states[i][:before])
            return states[i]

        def attend(i, query, key, value):
            own = grow(i)
            own[before:, 0], own[before:, 1] = key.permute(2, 0, 1, 3), value.permute(2, 0, 1, 3)
            # What follows the feature's block need not be the same to the last bit.
            return self._causal(query, *_keys_values(own), exact=i < self.layer)

        with torch.inference_mode(), torch_threads(self._cores.count()):
            rows = None if past is None else torch.from_numpy(np.asarray(parents, np.int64))
            begun = self._begun.of(past, ids[:, 0], parents) if past is not None and n_new == 1 else None
            if begun is None:
                x = self._through(self._embedded(ids), ids.shape, before, slice(0, len(self.blocks)), attend)
            else:
                x, new = begun
                for i in range(self.layer):
                    grow(i)[before] = new[i]
                x = self._through(x, ids.shape, before, slice(self.layer, len(self.blocks)), attend)
            last = x.view(n, n_new, -1)[:, -1]
            return CachedStates(states, self.head(last * self.norm_out, self._rms(last)))

    def hidden(self, ids: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode(), torch_threads(self._cores.count()):
            x = self._through(self._embedded(ids), ids.shape, 0, slice(0, self.layer), lambda i, *qkv: self._causal(*qkv))
        return x.view(*ids.shape, -1).numpy()

    def candidates(self, ids: np.ndarray, past: CachedStates, parents: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode(), torch_threads(self._cores.count()):
            grouping = _Grouping(torch.from_numpy(np.asarray(parents, np.int64)), len(past), self.n_groups)
            new = torch.empty(self.layer, 2, len(ids), self.n_groups, self.head_dim)

            def attend(i, query, key, value):
                new[i, 0], new[i, 1] = key[:, :, 0], value[:, :, 0]
                return self._beside_the_context(query, key, value, *_keys_values(past.states[i]), grouping)

            x = self._through(self._embedded(ids), (len(ids), 1), past.n_tokens, slice(0, self.layer), attend)
        begun = self._begun
        if begun.past is not past:
            begun = self._begun = _Begun(past)  # another search may do so too: what it finds missing it runs again
        begun.add(ids, parents, x, new)
        return x.numpy()

    def _embedded(self, ids: np.ndarray):
        import torch

        return self.embedding[torch.from_numpy(np.asarray(ids, np.int64)).reshape(-1)]

    def _through(self, x, shape: tuple[int, int], n_before: int, blocks: slice, attend):
        """Output of some blocks for (n, n_new) tokens behind `n_before` others, tensor (n * n_new, n_features)."""
        import torch
        from torch.nn.functional import silu

        n, n_new = shape
        cos, sin = self.rotary(x, torch.arange(n_before, n_before + n_new)[None])
        half = self.head_dim // 2
        cos, sin = cos[..., :half], sin[..., :half]  # (1, n_new, half): both halves of a head turn alike
        for i, b in enumerate(self.blocks[blocks], blocks.start):
            y = b.query_key_value(x * b.norm_in, self._rms(x)).view(n, n_new, -1, self.head_dim).transpose(1, 2)
            first, second = y[:, : -self.n_groups].chunk(2, -1)
            turned = torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
            mixed = attend(i, turned[:, : self.n_heads], turned[:, self.n_heads :], y[:, -self.n_groups :])
            x = x + b.out(mixed.transpose(1, 2).reshape(n * n_new, -1).float())
            gate, up = b.gate_up(x * b.norm_mlp, self._rms(x)).chunk(2, 1)
            x = x + b.down(silu(gate).mul_(up))
        return x

    def _rms(self, x):
        """Factor of each row that gives it a root mean square of 1."""
        import torch

        norm = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float64)
        return norm.square_().div_(x.shape[1]).add_(self.eps).rsqrt_().float()

    def _causal(self, query, key, value, exact: bool = True):
        """Attention of the last tokens to all before and themselves, tensors (n, n_heads, n_tokens, head_dim)."""
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        if exact:
            query, key, value = query.double(), key.double(), value.double()
        n_new, n_all = query.shape[2], key.shape[2]
        if n_new == 1:
            by_group = query.reshape(len(query), self.n_groups, -1, self.head_dim)
            weights = (by_group @ key.transpose(2, 3)).mul_(self.head_dim**-0.5).softmax(-1)
            return (weights @ value).reshape(query.shape)
        mask = torch.ones(n_new, n_all, dtype=torch.bool).tril(n_all - n_new)
        return scaled_dot_product_attention(query, key, value, mask, enable_gqa=True)

    def _beside_the_context(self, query, key, value, past_keys, past_values, grouping):
        """Attention of single tokens, each to its own context and itself."""
        import torch

        query, key, value, past_keys, past_values = (part.double() for part in (query, key, value, past_keys, past_values))
        n, share = len(query), self.n_heads // self.n_groups
        query = query.reshape(n, self.n_groups, share, self.head_dim)
        own = (query * key).sum(-1, keepdim=True)
        scores = torch.cat([grouping.times(query, past_keys.transpose(2, 3)), own], -1)
        weights = scores.mul_(self.head_dim**-0.5).softmax(-1)
        mixed = grouping.times(weights[..., :-1], past_values) + weights[..., -1:] * value
        return mixed.reshape(n, self.n_heads, 1, self.head_dim)


def _keys_values(states):
    """Keys and values, tensors (n_contexts, n_groups, n_tokens, head_dim)."""
    return states[:, 0].permute(1, 2, 0, 3), states[:, 1].permute(1, 2, 0, 3)


class _Grouping:
    """Candidates laid out by context, padded to the same number for each.

    Parameters
    ----------
    parents : tensor (n,), rising
    n_contexts, n_groups : heads that share keys are one group
    """

    def __init__(self, parents, n_contexts: int, n_groups: int):
        import torch

        count = torch.bincount(parents, minlength=n_contexts)
        self.shape = n_contexts, n_groups, int(count.max())
        self.parents, self.slots = parents, torch.arange(len(parents)) - (count.cumsum(0) - count)[parents]

    def times(self, rows, of_context):
        """rows (n, n_groups, share, k) times the matrix (n_contexts, n_groups, k, m) of each row's context."""
        share, k = rows.shape[2:]
        padded = rows.new_zeros(*self.shape, share, k)
        padded[self.parents, :, self.slots] = rows
        product = padded.flatten(2, 3) @ of_context
        return product.unflatten(2, (-1, share))[self.parents, :, self.slots]
