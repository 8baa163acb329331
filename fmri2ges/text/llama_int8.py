"""Forward passes of Llama-type models on a CPU, linear layers in 8-bit integers: the methods of `engine.Engine`.

Weights have one scale per output, activations one scale per token (as LLM.int8 without its outliers:
Dettmers et al. 2022). A token's result must not depend on what else is in the batch, or training and
decoding would see different features: a difference in the last bit moves some activation to the next
integer, and a few blocks later all of them. Sums of the linear layers are exact integers, and everything
between them is computed row by row in a fixed order (`int8_rows.py`).

Written out rather than left to transformers, because a beam step is a hundred candidates over twenty
contexts, each of one token: here the candidates of a context read its keys where they are, those that are
chosen go on from the feature's block, and layers that read the same input (query, key and value; gate and
up) are one product.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from ..threads import torch_threads
from . import int8_rows as rows_of
from .engine import checked_layer, step_cores

if TYPE_CHECKING:
    from torch import Tensor

TYPES = ("llama", "qwen2")  # same blocks; qwen2 has biases
LEAST_ROWS = 4  # contexts or candidates that are worth a thread


def supports(config) -> bool:
    """Whether a model with this configuration (of transformers) can be run here."""
    sliding = getattr(config, "use_sliding_window", False)
    return config.model_type in TYPES and getattr(config, "hidden_act", "") == "silu" and not sliding


class Int8Linear:
    """One or more torch `Linear` of the same input, side by side.

    Attributes
    ----------
    scale, bias : arrays (n_out,), float32; a sum times the scale of its row times `scale` plus `bias` is the product
    """

    def __init__(self, *layers):
        import torch

        weight = torch.cat([layer.weight.detach().float() for layer in layers])
        scale = weight.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
        self.weight, self.scale = (weight / scale).round().to(torch.int8).t(), scale[:, 0].numpy().copy()
        biases = [
            np.zeros(layer.out_features, np.float32) if layer.bias is None else _array(layer.bias) for layer in layers
        ]
        self.bias = np.concatenate(biases)

    def keep(self, outputs: np.ndarray) -> None:
        """Only some of the outputs."""
        self.weight, self.scale, self.bias = self.weight[:, outputs], self.scale[outputs], self.bias[outputs]

    def product(self, integers: np.ndarray, scale: np.ndarray) -> rows_of.Product:
        """The layer's output for some rows, its sums exact.

        Parameters
        ----------
        integers, scale : arrays (n, n_in), int8, and (n,), float32: the rows, and what an integer of each stands for
        """
        import torch

        sums = torch._int_mm(torch.from_numpy(integers), self.weight).numpy()
        return rows_of.Product(sums, scale, self.scale, self.bias)


def _array(tensor) -> np.ndarray:
    return tensor.detach().float().numpy().copy()


@dataclass(frozen=True)
class _Block:
    """The layers of one block; norms are weights (n_features,)."""

    norm_in: np.ndarray
    query_key_value: Int8Linear
    out: Int8Linear
    norm_mlp: np.ndarray
    gate_up: Int8Linear
    down: Int8Linear


@dataclass(frozen=True)
class CachedStates:
    """What is kept of some contexts, as `engine.Cached`.

    Parameters
    ----------
    states : one array (n_contexts, n_tokens, 2, n_groups, head_dim) per block; keys and values
    scores : tensor (n_contexts, n_kept); of the next token, before the softmax
    """

    states: list[np.ndarray]
    scores: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def n_tokens(self) -> int:
        """Number of tokens of each context."""
        return self.states[0].shape[1]

    @classmethod
    def joined(cls, parts: list[CachedStates]) -> CachedStates:
        """Contexts of several batches as one."""
        import torch

        if len(parts) == 1:
            return parts[0]
        by_block = zip(*(p.states for p in parts), strict=True)
        return cls([np.concatenate(of_block) for of_block in by_block], torch.cat([p.scores for p in parts]))


class _Begun:
    """Candidates of one step, run up to the feature: those that are chosen go on from there.

    Parameters
    ----------
    past : the contexts that they continue
    """

    def __init__(self, past: CachedStates | None):
        self.past = past
        self.place: dict[tuple[int, int], int] = {}
        self.x: list[np.ndarray] = []
        self.states: list[np.ndarray] = []

    def add(self, ids: np.ndarray, parents: np.ndarray, x: np.ndarray, states: np.ndarray) -> None:
        """Candidates with the output of the feature's block (n, n_features) and their keys and values so far."""
        first = sum(map(len, self.x))
        self.place.update(
            (pair, first + k) for k, pair in enumerate(zip(map(int, parents), map(int, ids), strict=True))
        )
        self.x.append(x)
        self.states.append(states)

    def of(self, past: CachedStates, ids: np.ndarray, parents: np.ndarray):
        """The same for some of them, or None where one was not run."""
        pairs = list(zip(map(int, parents), map(int, ids), strict=True))
        places = [self.place[pair] for pair in pairs if pair in self.place]
        if self.past is not past or len(places) < len(pairs):
            return None
        return np.concatenate(self.x)[places], np.concatenate(self.states, 1)[:, places]


class LlamaInt8:
    """A Llama-type model; arguments and methods as in `engine.Engine`.

    Raises
    ------
    UserError
        For another kind of model.
    """

    def __init__(self, model, layer: int | None, name: str):
        import torch

        config = model.config
        if not supports(config):
            allowed = " or ".join(TYPES)
            raise UserError(
                f"language model {name}: 8-bit integers are for models of type {allowed}, not {config.model_type!r}"
            )
        self.layer = checked_layer(layer, config.num_hidden_layers, name)
        self.n_features = int(config.hidden_size)
        self.n_heads, self.n_groups = config.num_attention_heads, config.num_key_value_heads
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.eps = float(config.rms_norm_eps)
        self.embedding = _array(model.model.embed_tokens.weight)
        with torch.inference_mode():
            turns = model.model.rotary_emb(torch.zeros(1), torch.arange(config.max_position_embeddings)[None])
        # Both halves of a head turn alike.
        self.cos, self.sin = (np.ascontiguousarray(_array(part)[0, :, : self.head_dim // 2]) for part in turns)
        self.blocks = [
            _Block(
                _array(b.input_layernorm.weight),
                Int8Linear(b.self_attn.q_proj, b.self_attn.k_proj, b.self_attn.v_proj),
                Int8Linear(b.self_attn.o_proj),
                _array(b.post_attention_layernorm.weight),
                Int8Linear(b.mlp.gate_proj, b.mlp.up_proj),
                Int8Linear(b.mlp.down_proj),
            )
            for b in model.model.layers
        ]
        self._begun, self._cores = _Begun(None), step_cores()
        self._state = 2, self.n_groups, self.head_dim
        self._pool = ThreadPoolExecutor(max(1, self._cores.most - 1), "language-model", torch.set_num_threads, (1,))
        self.norm_out, self.head = _array(model.model.norm.weight), Int8Linear(model.get_output_embeddings())

    def keep_outputs(self, tokens: np.ndarray) -> None:
        """Give the scores of these tokens only."""
        self.head.keep(np.asarray(tokens, np.int64))

    def run(self, ids: np.ndarray, past: CachedStates | None = None, parents: np.ndarray | None = None) -> CachedStates:
        """Contexts with more tokens; see `Engine.run`."""
        import torch

        n, n_new = ids.shape
        before = 0 if past is None else past.n_tokens
        own = np.zeros(0, np.int64) if parents is None else np.asarray(parents, np.int64)
        states = [np.empty((n, before + n_new, *self._state), np.float32) for _ in self.blocks]

        def grow(i: int, part: slice, new: np.ndarray) -> np.ndarray:
            if past is not None:
                rows_of.take(past.states[i], own[part], states[i][part])
            states[i][part, before:] = new
            return states[i]

        begun = self._begun.of(past, ids[:, 0], own) if past is not None and n_new == 1 else None
        x, kept = (self._embedded(ids), np.empty((0, n))) if begun is None else begun
        first = len(kept)  # blocks that have run already
        blocks, scores = slice(first, len(self.blocks)), np.empty((n, len(self.head.scale)), np.float32)

        def work(part: slice) -> None:
            for i in range(first):
                grow(i, part, kept[i, part, None])
            done = self._through(x[part.start * n_new : part.stop * n_new], part, n_new, before, blocks, grow)
            self._score(np.ascontiguousarray(done.reshape(-1, n_new, self.n_features)[:, -1]), scores[part])

        self._in_parts(work, n)
        return CachedStates(states, torch.from_numpy(scores))

    def hidden(self, ids: np.ndarray) -> np.ndarray:
        """Features of every token of some texts, array (n, n_tokens, n_features), float32; `ids` as in `run`."""
        n, n_new = ids.shape
        x, states = self._embedded(ids), np.empty((n, n_new, *self._state), np.float32)
        out = np.empty((n, n_new, self.n_features), np.float32)

        def see(i: int, part: slice, new: np.ndarray) -> np.ndarray:
            states[part] = new  # read by the same part only
            return states

        def work(part: slice) -> None:
            done = self._through(x[part.start * n_new : part.stop * n_new], part, n_new, 0, slice(0, self.layer), see)
            out[part] = done.reshape(-1, n_new, self.n_features)

        self._in_parts(work, n)
        return out

    def candidates(self, ids: np.ndarray, past: CachedStates, parents: np.ndarray) -> np.ndarray:
        """Features of single tokens, array (n, n_features), float32; see `Engine.candidates`."""
        x, out = self._embedded(ids), np.empty((len(ids), self.n_features), np.float32)
        own, states = np.asarray(parents, np.int64), np.empty((self.layer, len(ids), *self._state), np.float32)

        def see(i: int, part: slice, new: np.ndarray) -> np.ndarray:
            states[i, part] = new[:, 0]
            return past.states[i]

        def work(part: slice) -> None:
            out[part] = self._through(x[part], part, 1, past.n_tokens, slice(0, self.layer), see, own)

        self._in_parts(work, len(ids))
        begun = self._begun
        if begun.past is not past:
            begun = self._begun = _Begun(past)  # another search may do so too: what it finds missing it runs again
        begun.add(ids, parents, out, states)
        return out

    def _in_parts(self, work, n: int) -> None:
        """Call `work(slice)` for parts of n contexts, each in a thread of its own as long as cores are free.

        Threads of torch, which wait for each other after every product, are slower here.
        """
        import torch

        def alone(part: slice) -> None:
            with torch.inference_mode():
                work(part)

        edges = np.linspace(0, n, max(1, min(self._cores.count(), n // LEAST_ROWS)) + 1).astype(int)
        parts = [slice(int(a), int(b)) for a, b in pairwise(edges)]
        with torch_threads(1):
            others = [self._pool.submit(alone, part) for part in parts[1:]]
            alone(parts[0])
            for other in others:
                other.result()

    def _embedded(self, ids: np.ndarray) -> np.ndarray:
        return self.embedding[np.asarray(ids, np.int64).reshape(-1)]

    def _through(
        self, x: np.ndarray, part: slice, n_new: int, before: int, blocks: slice, states_of, context=None
    ) -> np.ndarray:
        """Output of some blocks, array (n * n_new, n_features), for n_new tokens of each context of a part; x is kept.

        Parameters
        ----------
        part : the contexts
        before : tokens that stand before them
        states_of : takes a block's number, the part and its new keys and values (n, n_new, 2, n_groups, head_dim);
            returns the states that the tokens see, as in `CachedStates`
        context : None, or array of int; which of these states belong to a row
        """
        own = np.arange(part.start, part.stop) if context is None else context[part]
        position, context = np.tile(before + np.arange(n_new), len(own)), np.repeat(own, n_new)
        norms = [*(b.norm_in for b in self.blocks), self.norm_out]
        x, n, n_turned = x.copy(), len(x), self.n_heads + self.n_groups
        scale, new_scale = np.empty(n, np.float32), np.empty(n, np.float32)
        integers, mixed = (
            np.empty(x.shape, rows_of.INTEGER),
            np.empty((n, self.n_heads * self.head_dim), rows_of.INTEGER),
        )
        gated = np.empty((n, len(self.blocks[0].down.weight)), rows_of.INTEGER)
        heads = np.empty((n, n_turned + self.n_groups, self.head_dim), np.float32)
        rows_of.normalise(x, norms[blocks.start], self.eps, integers, scale)
        for i, b in enumerate(self.blocks[blocks], blocks.start):
            rows_of.split_heads(
                b.query_key_value.product(integers, scale), self.cos, self.sin, position, n_turned, heads
            )
            new = heads[:, self.n_heads :].reshape(len(own), n_new, *self._state)
            rows_of.attend(
                heads, states_of(i, part, new), context, position, self.n_heads, self.n_groups, mixed, new_scale
            )
            rows_of.add_and_normalise(x, b.out.product(mixed, new_scale), b.norm_mlp, self.eps, integers, scale)
            rows_of.gate(b.gate_up.product(integers, scale), gated, new_scale)
            rows_of.add_and_normalise(x, b.down.product(gated, new_scale), norms[i + 1], self.eps, integers, scale)
        return x

    def _score(self, x: np.ndarray, out: np.ndarray) -> None:
        """Scores of the kept tokens behind the last block's output, into out (n, n_kept), float32."""
        integers, scale = np.empty(x.shape, rows_of.INTEGER), np.empty(len(x), np.float32)
        rows_of.normalise(x, self.norm_out, self.eps, integers, scale)
        rows_of.real(self.head.product(integers, scale), out)
