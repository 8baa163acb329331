"""Forward passes of Llama-type models on a CPU, linear layers in 8-bit integers: the methods of `engine.Engine`.

Weights have one scale per output, activations one scale per token (as LLM.int8 without its outliers:
Dettmers et al. 2022). A token's result must not depend on what else is in the batch, or training and
decoding would see different features: a difference in the last bit moves some activation to the next
integer, and a few blocks later all of them. Sums of the linear layers are exact integers; other sums
(attention, norms) are float64, rounded to float32, which in practice makes them the same in any order.

Written out rather than left to transformers, because a beam step is a hundred candidates over twenty
contexts, each of one token: here a candidate reads the keys of its context where they are, and layers that
read the same input (query, key and value; gate and up) are one product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from .engine import Cached, checked_layer

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
        product = torch._int_mm(integers, self.weight).mul(scale).mul_(self.scale)
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
        self.norm_out, self.head = model.model.norm.weight.detach().float(), Int8Linear(model.get_output_embeddings())

    def keep_outputs(self, tokens: np.ndarray) -> None:
        import torch

        rows = torch.from_numpy(np.asarray(tokens, np.int64))
        self.head.weight, self.head.scale = self.head.weight[:, rows], self.head.scale[rows]
        if self.head.bias is not None:
            self.head.bias = self.head.bias[rows]

    def run(self, ids: np.ndarray, past: Cached | None = None, parents: np.ndarray | None = None) -> Cached:
        import torch

        with torch.inference_mode():
            rows = None if past is None else torch.from_numpy(np.asarray(parents, np.int64))
            keys, values = [], []

            def attend(i, query, key, value):
                if past is not None:
                    key = torch.cat([past.keys[i][rows], key], 2)
                    value = torch.cat([past.values[i][rows], value], 2)
                keys.append(key)
                values.append(value)
                return self._causal(query, key, value)

            x = self._blocks_of(ids, 0 if past is None else past.keys[0].shape[2], len(self.blocks), attend)
            last = x.view(*ids.shape, -1)[:, -1]
            scores = self.head(last * self.norm_out, self._rms(last))
        return Cached(tuple(keys), tuple(values), scores)

    def hidden(self, ids: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            x = self._blocks_of(ids, 0, self.layer, lambda i, *qkv: self._causal(*qkv))
        return x.view(*ids.shape, -1).numpy()

    def candidates(self, ids: np.ndarray, past: Cached, parents: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            grouping = _Grouping(torch.from_numpy(np.asarray(parents, np.int64)), len(past), self.n_groups)

            def attend(i, query, key, value):
                return self._beside_the_context(query, key, value, past.keys[i], past.values[i], grouping)

            return self._blocks_of(ids[:, None], past.keys[0].shape[2], self.layer, attend).numpy()

    def _blocks_of(self, ids: np.ndarray, n_before: int, n_blocks: int, attend):
        """Output of a block for tokens behind `n_before` others, tensor (n * n_new, n_features)."""
        import torch
        from torch.nn.functional import silu

        n, n_new = ids.shape
        x = self.embedding[torch.from_numpy(ids).reshape(-1)]
        cos, sin = self.rotary(x, torch.arange(n_before, n_before + n_new)[None])
        half = self.head_dim // 2
        cos, sin = cos[..., :half], sin[..., :half]  # (1, n_new, half): both halves of a head turn alike
        for i, b in enumerate(self.blocks[:n_blocks]):
            y = b.query_key_value(x * b.norm_in, self._rms(x)).view(n, n_new, -1, self.head_dim).transpose(1, 2)
            first, second = y[:, : -self.n_groups].chunk(2, -1)
            turned = torch.cat([first * cos - second * sin, second * cos + first * sin], -1).double()
            mixed = attend(i, turned[:, : self.n_heads], turned[:, self.n_heads :], y[:, -self.n_groups :].double())
            x = x + b.out(mixed.transpose(1, 2).reshape(n * n_new, -1).float())
            gate, up = b.gate_up(x * b.norm_mlp, self._rms(x)).chunk(2, 1)
            x = x + b.down(silu(gate).mul_(up))
        return x

    def _rms(self, x):
        """Factor of each row that gives it a root mean square of 1."""
        import torch

        norm = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float64)
        return norm.square_().div_(x.shape[1]).add_(self.eps).rsqrt_().float()

    def _causal(self, query, key, value):
        """Attention of the last tokens to all before and themselves, tensors (n, n_heads, n_tokens, head_dim)."""
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        n_new, n_all = query.shape[2], key.shape[2]
        mask = None if n_new == 1 else torch.ones(n_new, n_all, dtype=torch.bool).tril(n_all - n_new)
        return scaled_dot_product_attention(query, key, value, mask, enable_gqa=True)

    def _beside_the_context(self, query, key, value, past_keys, past_values, grouping):
        """Attention of single tokens, each to its own context and itself; contexts are read without being copied."""
        import torch

        n, share = len(query), self.n_heads // self.n_groups
        query = query.reshape(n, self.n_groups, share, self.head_dim)
        own = (query * key).sum(-1, keepdim=True)
        scores = torch.cat([grouping.times(query, past_keys.transpose(2, 3)), own], -1)
        weights = scores.mul_(self.head_dim**-0.5).softmax(-1)
        mixed = grouping.times(weights[..., :-1], past_values) + weights[..., -1:] * value
        return mixed.reshape(n, self.n_heads, 1, self.head_dim)


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
