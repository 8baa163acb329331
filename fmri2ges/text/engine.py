"""Forward passes of a causal model, as `causal_lm.CausalLM` needs them: through transformers, any decoder-only model.

`llama_int8.py` has the same methods for Llama-type models on a CPU.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from ..threads import SpareCores, torch_threads, usable_cores

if TYPE_CHECKING:
    from torch import Tensor


def step_cores() -> SpareCores:
    """Cores for the steps of a search, whose products are small: four at most."""
    return SpareCores(most=min(4, usable_cores()))


@dataclass(frozen=True)
class Cached:
    """What is kept of some contexts, all of the same number of tokens.

    Parameters
    ----------
    keys, values : one tensor (n_contexts, n_heads, n_tokens, head_dim) per block
    scores : tensor (n_contexts, n_kept); of the next token, before the softmax
    """

    keys: tuple
    values: tuple
    scores: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def joined(cls, parts: list[Cached]) -> Cached:
        """Contexts of several batches as one."""
        import torch

        if len(parts) == 1:
            return parts[0]
        blocks = range(len(parts[0].keys))
        return cls(
            tuple(torch.cat([p.keys[i] for p in parts]) for i in blocks),
            tuple(torch.cat([p.values[i] for p in parts]) for i in blocks),
            torch.cat([p.scores for p in parts]),
        )


class Engine:
    """A model of transformers.

    Parameters
    ----------
    model : changed in place: its output layer keeps the asked tokens only
    layer : block whose output is the feature; None = the middle one
    name : what messages call it
    """

    def __init__(self, model, layer: int | None, name: str):
        self.model = model
        self.blocks = _blocks(model, name)
        self.layer = checked_layer(layer, len(self.blocks), name)
        self.n_features = int(model.config.get_text_config().hidden_size)
        on_cpu = next(model.parameters()).device.type == "cpu"
        self._lock, self._cores = threading.Lock(), step_cores() if on_cpu else SpareCores(most=1)

    def keep_outputs(self, tokens: np.ndarray) -> None:
        """Give the scores of these tokens only: the others would be most of the cost of a short step."""
        import torch

        head = self.model.get_output_embeddings()
        rows = torch.from_numpy(np.asarray(tokens, np.int64)).to(head.weight.device)
        like = {"device": head.weight.device, "dtype": head.weight.dtype}
        kept = torch.nn.Linear(head.in_features, len(rows), bias=head.bias is not None, **like)
        with torch.no_grad():
            kept.weight.copy_(head.weight[rows])
            if head.bias is not None:
                kept.bias.copy_(head.bias[rows])
        self.model.set_output_embeddings(kept)

    def run(self, ids: np.ndarray, past: Cached | None = None, parents: np.ndarray | None = None) -> Cached:
        """Contexts with more tokens.

        Parameters
        ----------
        ids : array (n, n_new), int; the tokens to add
        past : contexts so far; None = none
        parents : array (n,), int; the context that each row continues
        """
        import torch

        cache = None
        if past is not None:
            assert parents is not None, "contexts go on with their parents"
            cache = _gather(past, parents, len(self.blocks))
        with torch.inference_mode(), self._lock, torch_threads(self._cores.count()):
            batch = torch.from_numpy(ids).to(self.model.device)
            out = self.model(input_ids=batch, past_key_values=cache, use_cache=True, logits_to_keep=1)
        layers = out.past_key_values.layers
        return Cached(tuple(k.keys for k in layers), tuple(k.values for k in layers), out.logits[:, -1])

    def candidates(self, ids: np.ndarray, past: Cached, parents: np.ndarray) -> np.ndarray:
        """Features of single tokens, array (n, n_features), float32; blocks after `layer` do not run.

        Parameters
        ----------
        ids : array (n,), int
        past : contexts
        parents : array (n,), int, rising; the context of each token
        """
        return self._to_layer(ids[:, None], _gather(past, parents, self.layer))[:, -1]

    def hidden(self, ids: np.ndarray) -> np.ndarray:
        """Features of every token of some texts, array (n, n_tokens, n_features), float32; `ids` as in `run`."""
        return self._to_layer(ids, None)

    def _to_layer(self, ids: np.ndarray, cache) -> np.ndarray:
        import torch

        def stop(module, inputs, output):
            raise _Reached(output[0] if isinstance(output, tuple) else output)

        with torch.inference_mode(), self._lock, torch_threads(self._cores.count()):
            hook = self.blocks[self.layer - 1].register_forward_hook(stop)
            try:
                batch = torch.from_numpy(ids).to(self.model.device)
                self.model.base_model(input_ids=batch, past_key_values=cache, use_cache=cache is not None)
            except _Reached as reached:
                return reached.output.float().cpu().numpy()
            finally:
                hook.remove()
        raise AssertionError("the forward pass ended before the block was reached")


class _Reached(Exception):
    """Carries the output of the block that was asked for out of the forward pass."""

    def __init__(self, output):
        super().__init__()
        self.output = output


def _gather(past: Cached, rows: np.ndarray, n_blocks: int):
    """Key-value cache of some contexts, first blocks only."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache()
    index = torch.from_numpy(np.asarray(rows, np.int64)).to(past.keys[0].device)
    for i in range(n_blocks):
        cache.update(past.keys[i].index_select(0, index), past.values[i].index_select(0, index), i)
    return cache


def _blocks(model, name: str):
    from torch.nn import ModuleList

    n = model.config.get_text_config().num_hidden_layers
    for module in model.modules():
        if isinstance(module, ModuleList) and len(module) == n:
            return module
    raise UserError(
        f"language model {name}: its {n} blocks were not found ({type(model).__name__}); take a decoder-only model"
    )


def checked_layer(layer: int | None, n: int, name: str) -> int:
    """The block whose output is the feature, of n blocks; else `UserError`."""
    layer = (n + 1) // 2 if layer is None else layer
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= n:
        raise UserError(f"language model {name}: layer must be a whole number from 1 to {n}; got {layer!r}")
    return layer
