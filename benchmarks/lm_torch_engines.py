"""Libraries that could compute the steps of a beam search, with the methods that `lm_engines.py` times.

Every engine has `start(ids)`, `candidates(ids, past, parents)` and `run(ids, past, parents)`, where ids are
arrays (n, n_tokens), int, for `start` and (n,) for the others; `start` and `run` return what is kept of the contexts,
`candidates` features (n, n_features), float32.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional


def rotated(x, cos, sin):
    """Heads (n, n_heads, n_tokens, head_dim) with the rotary position embedding."""
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


def through_block(block, x, cos, sin, mask, keys, values):
    """Output of one block of a Llama, with the keys and values of the tokens so far and of the new ones.

    Parameters
    ----------
    block : of transformers; its linear layers may be quantised
    x : tensor (n, n_new, n_features)
    cos, sin : tensors (n_new, head_dim)
    mask : tensor (n_new, n_before + n_new), added to the products of queries and keys
    keys, values : tensors (n, n_groups, n_before, head_dim)
    """
    attention, (n, n_new, _) = block.self_attn, x.shape
    normed = block.input_layernorm(x)
    layers = attention.q_proj, attention.k_proj, attention.v_proj
    query, key, value = (f(normed).view(n, n_new, -1, attention.head_dim).transpose(1, 2) for f in layers)
    query, key = rotated(query, cos, sin), rotated(key, cos, sin)
    keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
    share = query.shape[1] // keys.shape[1]
    seen = functional.scaled_dot_product_attention(
        query, keys.repeat_interleave(share, 1), values.repeat_interleave(share, 1), attn_mask=mask
    )
    x = x + attention.o_proj(seen.transpose(1, 2).reshape(n, n_new, -1))
    return x + block.mlp(block.post_attention_layernorm(x)), keys, values


class Blocks(torch.nn.Module):
    """The first blocks of a model; the scores follow the last one.

    Parameters
    ----------
    model : Llama of transformers
    n_blocks : how many of them
    scores : whether norm and output layer follow; otherwise the result is the feature
    """

    def __init__(self, model, n_blocks: int, scores: bool):
        super().__init__()
        self.embed, self.blocks = model.model.embed_tokens, model.model.layers[:n_blocks]
        self.head = torch.nn.Sequential(model.model.norm, model.get_output_embeddings()) if scores else None
        self.through = through_block

    def forward(self, ids, cos, sin, mask, keys, values):
        """Output for ids (n, n_new), with keys and values, tensors (n_blocks, n, n_groups, n_tokens, head_dim)."""
        x, new = self.embed(ids), []
        for i, layer in enumerate(self.blocks):
            x, *states = self.through(layer, x, cos, sin, mask, keys[i], values[i])
            new.append(states)
        out = x if self.head is None else self.head(x[:, -1])
        return out, torch.stack([k for k, _ in new]), torch.stack([v for _, v in new])


class TorchEngine:
    """A Llama of transformers, its blocks written as calls of torch.

    Parameters
    ----------
    model : with the output layer that is wanted; quantised or of any type of number
    layer : block whose output is the feature
    n_threads : of torch
    compiled : whether steps of one token go through `torch.compile`
    """

    def __init__(self, model, layer: int, n_threads: int, compiled: bool = False):
        config = model.config
        self.n_threads, self.layer = n_threads, layer
        self.dtype, self.groups = model.model.norm.weight.dtype, (config.num_key_value_heads, config.head_dim)
        self.n_blocks = config.num_hidden_layers
        with torch.no_grad():
            turns = model.model.rotary_emb(torch.zeros(1), torch.arange(256)[None])
        self.cos, self.sin = (t[0].to(self.dtype) for t in turns)
        self.to_feature, self.whole = Blocks(model, layer, False), Blocks(model, self.n_blocks, True)
        self.step = torch.compile(through_block, dynamic=True) if compiled else through_block

    def inputs(self, ids: np.ndarray, n_before: int):
        """Arguments of `Blocks.forward` before keys and values."""
        n_new = ids.shape[1]
        mask = torch.full((n_new, n_before + n_new), float("-inf"), dtype=self.dtype).triu(1 + n_before)
        place = slice(n_before, n_before + n_new)
        return torch.from_numpy(np.asarray(ids, np.int64)), self.cos[place], self.sin[place], mask

    def compute(self, part: Blocks, inputs, keys, values):
        """Output, keys and values, as `Blocks.forward`."""
        torch.set_num_threads(self.n_threads)
        part.through = self.step if inputs[0].shape[1] == 1 else through_block
        # Not `inference_mode`, whose tensors torch.compile treats apart.
        with torch.no_grad():
            return part(*inputs, keys, values)

    def _empty(self, n_blocks: int, n: int):
        return torch.zeros(n_blocks, n, self.groups[0], 0, self.groups[1], dtype=self.dtype)

    def start(self, ids):
        none = self._empty(self.n_blocks, len(ids))
        return self.compute(self.whole, self.inputs(ids, 0), none, none)[1:]

    def hidden(self, ids):
        """Features of every token, array (n, n_tokens, n_features), float32."""
        none = self._empty(self.layer, len(ids))
        return _array(self.compute(self.to_feature, self.inputs(ids, 0), none, none)[0])

    def candidates(self, ids, past, parents):
        index = torch.from_numpy(parents)
        keys, values = (part[: self.layer].index_select(1, index) for part in past)
        out = self.compute(self.to_feature, self.inputs(ids[:, None], keys.shape[3]), keys, values)[0]
        return _array(out[:, -1])

    def run(self, ids, past, parents):
        index = torch.from_numpy(parents)
        keys, values = (part.index_select(1, index) for part in past)
        return self.compute(self.whole, self.inputs(ids[:, None], keys.shape[3]), keys, values)[1:]


def _array(tensor) -> np.ndarray:
    return tensor.float().numpy()


class OnnxEngine(TorchEngine):
    """The same through ONNX Runtime, linear layers in dynamic 8-bit integers.

    Parameters
    ----------
    model, layer, n_threads : as for `TorchEngine`; float32
    folder : where the exported models are written
    """

    def __init__(self, model, layer: int, n_threads: int, folder):
        import onnxruntime
        from onnxruntime.quantization import QuantType, quantize_dynamic

        super().__init__(model, layer, n_threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        self.sessions = {}
        for part in (self.to_feature, self.whole):
            n = len(part.blocks)
            plain, small = folder / f"plain-{n}.onnx", folder / f"int8-{n}.onnx"
            _export(part, self, plain)
            quantize_dynamic(
                plain, small, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QInt8
            )
            self.sessions[n] = onnxruntime.InferenceSession(str(small), options, providers=["CPUExecutionProvider"])

    def compute(self, part, inputs, keys, values):
        session = self.sessions[len(part.blocks)]
        feeds = zip((i.name for i in session.get_inputs()), (*inputs, keys, values), strict=True)
        out = session.run(None, {name: tensor.numpy() for name, tensor in feeds})
        return tuple(torch.from_numpy(a) for a in out)


def _export(part: Blocks, engine: TorchEngine, path) -> None:
    """Write blocks as ONNX, all lengths free."""
    states = torch.zeros(len(part.blocks), 3, engine.groups[0], 4, engine.groups[1])
    example = (*engine.inputs(np.ones((3, 2), int), 4), states, states)
    names = ["ids", "cos", "sin", "mask", "keys", "values"]
    free = {"ids": {0: "n", 1: "new"}, "cos": {0: "new"}, "sin": {0: "new"}, "mask": {0: "new", 1: "all"}}
    free |= {name: {1: "n", 3: "before"} for name in ("keys", "values")}
    with torch.no_grad():
        torch.onnx.export(
            part.eval(),
            example,
            path,
            input_names=names,
            output_names=["out", "new_keys", "new_values"],
            dynamic_axes=free,
            dynamo=False,
        )
