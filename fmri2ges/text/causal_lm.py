"""Any causal language model of transformers, as a decoder needs it.

Features of a word are the output of one block for the word's last token. A word sees between `context`
and 2 `context` - 1 words before it (fewer at the start of a story): contexts begin at multiples of
`context`, so that a key-value cache serves a whole block of words, and a story costs two passes over
its tokens instead of one pass per word. The rule depends on a word's position alone; training and
decoding give the same features (tested).

Candidates of a step stop at the block whose output is asked for; only the hypotheses that stay in the
beam go through all blocks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import Cancelled, UserError
from .int8 import quantise
from .lm_cache import checked_folder
from .tokens import WordTokens

CONTEXT = 16  # words
BATCH = 256  # sequences at once
REMEMBERED = 20_000  # features kept, each by its context and word


class _Reached(Exception):
    """Carries the output of the block that was asked for out of the forward pass."""

    def __init__(self, output):
        super().__init__()
        self.output = output


@dataclass(frozen=True)
class TokenContexts:
    """Contexts of `CausalLM`.

    Parameters
    ----------
    n_words : words of each hypothesis so far
    words : array (n_contexts, n), int; distinct contexts: the words since the context began
    row : array (n_hypotheses,), int; the context of each hypothesis
    keys, values : one tensor (n_contexts, n_heads, n_tokens, head_dim) per block
    logits : tensor (n_contexts, n_spellings) of the next token, for the tokens that spell a word of the vocabulary
    """

    n_words: int
    words: np.ndarray
    row: np.ndarray
    keys: tuple
    values: tuple
    logits: object


class CausalLM:
    """A causal model with a vocabulary of single-token words.

    Parameters
    ----------
    model, tokenizer : of transformers; the model is changed: it gives the scores of the vocabulary's tokens only
    vocabulary : words that may be proposed; those of more than one token are in `left_out`
    name : printed with every score
    layer : block whose output is the feature, 1 to the number of blocks; None = the middle one
    context : words, see the top of this file
    """

    def __init__(self, model, tokenizer, vocabulary: Sequence[str], name: str, layer: int | None = None, context: int = CONTEXT):
        self.model, self.name, self.context = model, name, int(context)
        self.tokens = WordTokens(tokenizer)
        self.blocks = _blocks(model, name)
        self.layer = _checked_layer(layer, len(self.blocks), name)
        self.longest = _longest(model, self.context, name)
        self.vocabulary, self.left_out = self.tokens.single(vocabulary)
        self.n_features = int(model.config.get_text_config().hidden_size)
        self.start_token = self.tokens.start_token()
        self._word_token = np.array([self.tokens.of(w)[0] for w in self.vocabulary])
        spelled, self._word_of_spelling = self.tokens.spellings(self.vocabulary)
        keep_outputs(model, spelled)
        self._remembered: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, folder: Path, vocabulary: Sequence[str], name: str | None = None, device: str = "cpu", int8: bool = False, **options
    ) -> CausalLM:
        """Read a model from a local folder (see `lm_cache.find_lm`), float32; nothing is downloaded or unpickled.

        Parameters
        ----------
        int8 : compute linear layers in 8-bit integers (`int8.quantise`, CPU only). Features change a little
            (r .98 with float32 for SmolLM2), so train and decode with the same choice.

        Raises
        ------
        UserError
            When the folder has no tokenizer or no weights, or holds another kind of model.
        """
        folder = checked_folder(Path(folder))
        tokenizer, model = _read(folder)
        name = name or folder.name
        if not int8:
            return cls(model.to(device).eval(), tokenizer, vocabulary, name, **options)
        if device != "cpu":
            raise UserError(f"language model {name}: int8 runs on the cpu only, not on {device!r}; leave it out there")
        lm = cls(model.eval(), tokenizer, vocabulary, f"{name}, int8", **options)
        quantise(model)
        return lm

    # What the decoder asks for

    def start(self) -> TokenContexts:
        return self._prefill(np.zeros((1, 0), int), np.zeros(1, int), 0)

    def next_words(self, contexts: TokenContexts) -> np.ndarray:
        p = contexts.logits.float().softmax(-1).cpu().numpy()
        total = np.zeros((len(p), len(self.vocabulary)), np.float32)
        np.add.at(total.T, self._word_of_spelling, p.T)
        total += np.finfo(np.float32).tiny
        return (total / total.sum(1, keepdims=True))[contexts.row]

    def features(self, contexts: TokenContexts, rows: np.ndarray, words: np.ndarray) -> np.ndarray:
        asked = np.stack([contexts.row[rows], np.asarray(words)], 1)
        distinct, inverse = np.unique(asked, axis=0, return_inverse=True)
        keys = [(contexts.words[c].tobytes(), int(w)) for c, w in distinct]
        new = [k for k, key in enumerate(keys) if key not in self._remembered]
        found = np.empty((len(keys), self.n_features), np.float32)
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            found[part] = self._candidates(contexts, *distinct[part].T)
        for k in set(range(len(keys))) - set(new):
            found[k] = self._remembered[keys[k]]
        self._remembered.update((keys[k], found[k].copy()) for k in new)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return found[inverse.reshape(-1)]

    def extend(self, contexts: TokenContexts, rows: np.ndarray, words: np.ndarray) -> TokenContexts:
        n = contexts.n_words + 1
        pairs, row = np.unique(np.stack([contexts.row[rows], words], 1), axis=0, return_inverse=True)
        grown = np.concatenate([contexts.words[pairs[:, 0]], pairs[:, 1:]], 1)
        begin = self._begin(n)
        if begin == self._begin(contexts.n_words):
            return self._append(contexts, pairs[:, 0], grown, row.reshape(-1), n)
        distinct, again = np.unique(grown[:, -(n - begin) :], axis=0, return_inverse=True)
        return self._prefill(distinct, again.reshape(-1)[row.reshape(-1)], n)

    def story_features(self, words: Sequence[str], progress=None, should_stop=None) -> np.ndarray:
        import torch

        blocks = range(0, len(words), self.context)
        out = np.empty((len(words), self.n_features), np.float32)
        for first in range(0, len(blocks), BATCH // 4):
            if should_stop is not None and should_stop():
                raise Cancelled()
            part = [self._block(words, start) for start in blocks[first : first + BATCH // 4]]
            longest = max(len(ids) for ids, _ in part)
            # Padding stands on the right, where a causal model cannot see it.
            batch = torch.tensor([ids + [self.start_token] * (longest - len(ids)) for ids, _ in part])
            hidden = self._to_layer(batch, None).float().cpu().numpy()
            for (_, last), states, start in zip(part, hidden, blocks[first:]):
                out[start : start + len(last)] = states[last]
            if progress is not None:
                progress(min(1.0, (first + len(part)) / len(blocks)), f"language model: word {start + len(last)} of {len(words)}")
        return out

    # Contexts

    def _begin(self, position: int) -> int:
        """The first word that the word at a position sees."""
        return max(0, (position // self.context - 1) * self.context)

    def _block(self, words: Sequence[str], start: int) -> tuple[list[int], list[int]]:
        """Token ids for the words start ... start + context - 1, and the place of the last token of each."""
        ids, last = [self.start_token], []
        for k in range(self._begin(start), min(start + self.context, len(words))):
            ids.extend(self.tokens.of(words[k]))
            if k >= start:
                last.append(len(ids) - 1)
        cut = max(0, len(ids) - self.longest)  # a text of very long words: the oldest tokens go
        return [self.start_token, *ids[1 + cut :]], [k - cut for k in last]

    def _prefill(self, words: np.ndarray, row: np.ndarray, n_words: int) -> TokenContexts:
        """Contexts from their words; what all have in common runs once."""
        ids = np.concatenate([np.full((len(words), 1), self.start_token), self._word_token[words]], 1)
        same = (ids == ids[0]).all(0)
        n_common = len(same) if same.all() else int(same.argmin())
        if len(ids) == 1 or n_common < 2:
            parts = [self._forward(ids[k : k + BATCH], None) for k in range(0, len(ids), BATCH)]
        else:
            _, common = self._forward(ids[:1, :n_common], None)
            parts = []
            for k in range(0, len(ids), BATCH):
                own = ids[k : k + BATCH, n_common:]
                parts.append(self._forward(own, _repeated(common, len(own))))
        return self._joined(parts, words, row, n_words)

    def _append(self, contexts: TokenContexts, parents, words, row, n_words) -> TokenContexts:
        ids = self._word_token[words[:, -1:]]
        parts = [
            self._forward(ids[k : k + BATCH], _gather(contexts, parents[k : k + BATCH], len(self.blocks)))
            for k in range(0, len(ids), BATCH)
        ]
        return self._joined(parts, words, row, n_words)

    def _joined(self, parts, words, row, n_words) -> TokenContexts:
        import torch

        def join(pieces):
            return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

        caches = [cache for _, cache in parts]
        layers = range(len(self.blocks))
        return TokenContexts(
            n_words,
            words,
            row,
            tuple(join([c.layers[i].keys for c in caches]) for i in layers),
            tuple(join([c.layers[i].values for c in caches]) for i in layers),
            join([logits for logits, _ in parts]),
        )

    # Forward passes

    def _candidates(self, contexts: TokenContexts, parents: np.ndarray, words: np.ndarray) -> np.ndarray:
        import torch

        ids = torch.from_numpy(self._word_token[words][:, None])
        return self._to_layer(ids, _gather(contexts, parents, self.layer))[:, -1].float().cpu().numpy()

    def _forward(self, ids: np.ndarray, cache):
        import torch

        with torch.inference_mode(), self._lock:
            out = self.model(
                input_ids=torch.from_numpy(ids).to(self.model.device), past_key_values=cache, use_cache=True, logits_to_keep=1
            )
        return out.logits[:, -1], out.past_key_values

    def _to_layer(self, ids, cache):
        """Output of block `layer` for all tokens, tensor (n, n_tokens, n_features); later blocks do not run."""
        import torch

        def stop(module, inputs, output):
            raise _Reached(output[0] if isinstance(output, tuple) else output)

        with torch.inference_mode(), self._lock:
            hook = self.blocks[self.layer - 1].register_forward_hook(stop)
            try:
                self.model.base_model(input_ids=ids.to(self.model.device), past_key_values=cache, use_cache=cache is not None)
            except _Reached as reached:
                return reached.output
            finally:
                hook.remove()
        raise AssertionError("the forward pass ended before the block was reached")


def _gather(contexts: TokenContexts, rows: np.ndarray, n_layers: int):
    """Key-value cache of some contexts, first blocks only."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache()
    index = torch.from_numpy(np.asarray(rows, np.int64)).to(contexts.keys[0].device)
    for i in range(n_layers):
        cache.update(contexts.keys[i].index_select(0, index), contexts.values[i].index_select(0, index), i)
    return cache


def _repeated(common, n: int):
    """Key-value cache of n contexts from that of one."""
    from transformers import DynamicCache

    cache = DynamicCache()
    for i, layer in enumerate(common.layers):
        cache.update(layer.keys.expand(n, -1, -1, -1), layer.values.expand(n, -1, -1, -1), i)
    return cache


def keep_outputs(model, tokens: np.ndarray) -> None:
    """Leave only some rows of a model's output layer, in place: the others would be most of the cost of a short step."""
    import torch

    head = model.get_output_embeddings()
    rows = torch.from_numpy(np.asarray(tokens, np.int64)).to(head.weight.device)
    kept = torch.nn.Linear(head.in_features, len(rows), bias=head.bias is not None, device=head.weight.device, dtype=head.weight.dtype)
    with torch.no_grad():
        kept.weight.copy_(head.weight[rows])
        if head.bias is not None:
            kept.bias.copy_(head.bias[rows])
    model.set_output_embeddings(kept)


def _blocks(model, name: str):
    from torch.nn import ModuleList

    n = model.config.get_text_config().num_hidden_layers
    for module in model.modules():
        if isinstance(module, ModuleList) and len(module) == n:
            return module
    raise UserError(f"language model {name}: its {n} blocks were not found ({type(model).__name__}); take a decoder-only model")


def _checked_layer(layer: int | None, n: int, name: str) -> int:
    layer = (n + 1) // 2 if layer is None else layer
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= n:
        raise UserError(f"language model {name}: layer must be a whole number from 1 to {n}; got {layer!r}")
    return layer


def _longest(model, context: int, name: str) -> int:
    """Tokens that a context may have, the start token not counted."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 10**9
    most = (limit - 1) // 2
    if not 1 <= context <= most:
        raise UserError(f"language model {name}: context must be 1 to {most} words ({limit} tokens at most); got {context}")
    return limit - 1


def _read(folder: Path):
    """Tokenizer and model of a folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=torch.float32)
    except Exception as error:  # transformers raises many kinds for files that do not fit
        reason = " ".join(str(error).split())[:160]
        raise UserError(
            f"language model {folder}: cannot be read as a causal model with tokenizer ({reason}); "
            "the folder needs config.json, tokenizer.json and .safetensors weights"
        ) from error
    finally:
        if bars:
            logging.enable_progress_bar()
    return tokenizer, model
