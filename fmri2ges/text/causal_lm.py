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

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..work import QUIET, Work
from .engine import Cached, Engine
from .llama_int8 import LlamaInt8, supports
from .lm_cache import checked_folder
from .tokens import WordTokens

CONTEXT = 16  # words
BATCH = 256  # sequences at once
REMEMBERED = 20_000  # features kept, each by its context and word


@dataclass(frozen=True)
class TokenContexts:
    """Contexts of `CausalLM`.

    Parameters
    ----------
    n_words : words of each hypothesis so far
    words : array (n_contexts, n), int; distinct contexts: the words since the context began
    row : array (n_hypotheses,), int; the context of each hypothesis
    cached : what the model keeps of them, with scores of the tokens that spell a word of the vocabulary
    """

    n_words: int
    words: np.ndarray
    row: np.ndarray
    cached: Cached


class CausalLM:
    """A causal model with a vocabulary of single-token words.

    Parameters
    ----------
    engine : the model, see `engine.Engine`; from here on it gives the scores of the vocabulary's tokens only
    tokenizer : the model's tokenizer, of transformers
    vocabulary : words that may be proposed; those of more than one token are in `left_out`
    name : printed with every score
    context : words, see the top of this file
    limit : tokens that the model can see; None = any number
    """

    def __init__(
        self, engine, tokenizer, vocabulary: Sequence[str], name: str, context: int = CONTEXT, limit: int | None = None
    ):
        self.engine, self.name, self.context = engine, name, int(context)
        self.longest = _longest(limit, self.context, name)
        self.tokens = WordTokens(tokenizer)
        self.vocabulary, self.left_out = self.tokens.single(vocabulary)
        self.n_features, self.layer = engine.n_features, engine.layer
        self.start_token = self.tokens.start_token()
        self._word_token = np.array([self.tokens.of(w)[0] for w in self.vocabulary])
        spelled, of_word = self.tokens.spellings(self.vocabulary)
        self._first_spelling = np.searchsorted(of_word, np.arange(len(self.vocabulary)))
        engine.keep_outputs(spelled)
        self._remembered: OrderedDict[tuple, np.ndarray] = OrderedDict()

    @classmethod
    def load(
        cls,
        folder: Path,
        vocabulary: Sequence[str],
        name: str | None = None,
        device: str = "cpu",
        int8: bool = False,
        layer: int | None = None,
        context: int = CONTEXT,
    ) -> CausalLM:
        """Read a model from a local folder (see `lm_cache.find_lm`), float32; nothing is downloaded or unpickled.

        Parameters
        ----------
        int8 : compute linear layers in 8-bit integers (`llama_int8.py`, CPU only). Features change a little
            (r .98 with float32 for SmolLM2), so train and decode with the same choice.
        layer : block whose output is the feature, 1 to the number of blocks; None = the middle one

        Raises
        ------
        UserError
            When the folder has no tokenizer or no weights, or holds another kind of model.
        """
        folder = checked_folder(Path(folder))
        tokenizer, model = _read(folder)
        name = name or folder.name
        limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        if not int8:
            return cls(Engine(model.to(device).eval(), layer, name), tokenizer, vocabulary, name, context, limit)
        if device != "cpu":
            raise UserError(f"language model {name}: int8 runs on the cpu only, not on {device!r}; leave it out there")
        return cls(LlamaInt8(model.eval(), layer, name), tokenizer, vocabulary, f"{name}, 8-bit", context, limit)

    # What the decoder asks for

    def start(self) -> TokenContexts:
        """Contexts of one hypothesis without words."""
        return self._prefill(np.zeros((1, 0), int), np.zeros(1, int), 0)

    def next_words(self, contexts: TokenContexts) -> np.ndarray:
        """P(next word), array (n_hypotheses, n_vocabulary); rows sum to 1."""
        p = contexts.cached.scores.float().softmax(-1).cpu().numpy()
        total = np.add.reduceat(p, self._first_spelling, axis=1) + np.finfo(np.float32).tiny
        return (total / total.sum(1, keepdims=True))[contexts.row]

    def features(self, contexts: TokenContexts, rows: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Features of candidate words, array (n, n_features), float32; see `LanguageModel.features`."""
        asked = np.stack([contexts.row[rows], np.asarray(words)], 1)
        distinct, inverse = np.unique(asked, axis=0, return_inverse=True)
        keys = [(contexts.words[c].tobytes(), int(w)) for c, w in distinct]
        new = [k for k, key in enumerate(keys) if key not in self._remembered]
        found = np.empty((len(keys), self.n_features), np.float32)
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            parents, own = distinct[part].T
            found[part] = self.engine.candidates(self._word_token[own], contexts.cached, parents)
        for k in set(range(len(keys))) - set(new):
            found[k] = self._remembered[keys[k]]
        self._remembered.update((keys[k], found[k].copy()) for k in new)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return found[inverse.reshape(-1)]

    def extend(self, contexts: TokenContexts, rows: np.ndarray, words: np.ndarray) -> TokenContexts:
        """Contexts of new hypotheses: hypothesis `rows[k]` and then word `words[k]`."""
        n = contexts.n_words + 1
        pairs, row = np.unique(np.stack([contexts.row[rows], words], 1), axis=0, return_inverse=True)
        grown = np.concatenate([contexts.words[pairs[:, 0]], pairs[:, 1:]], 1)
        begin = self._begin(n)
        if begin == self._begin(contexts.n_words):
            return self._append(contexts, pairs[:, 0], grown, row.reshape(-1), n)
        distinct, again = np.unique(grown[:, -(n - begin) :], axis=0, return_inverse=True)
        return self._prefill(distinct, again.reshape(-1)[row.reshape(-1)], n)

    def story_features(self, words: Sequence[str], work: Work = QUIET) -> np.ndarray:
        """Features of each word of a text, array (n_words, n_features), float32."""
        blocks = range(0, len(words), self.context)
        out = np.empty((len(words), self.n_features), np.float32)
        for first in range(0, len(blocks), BATCH // 4):
            part = [self._block(words, start) for start in blocks[first : first + BATCH // 4]]
            longest = max(len(ids) for ids, _ in part)
            # Padding stands on the right, where a causal model cannot see it.
            batch = np.array([ids + [self.start_token] * (longest - len(ids)) for ids, _ in part])
            hidden = self.engine.hidden(batch)
            for (_, last), states, start in zip(part, hidden, blocks[first:], strict=False):
                out[start : start + len(last)] = states[last]
            done = min(1.0, (first + len(part)) / len(blocks))
            work.report(done, f"language model: word {start + len(last)} of {len(words)}")
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
            return TokenContexts(n_words, words, row, self._run(ids))
        common = self.engine.run(ids[:1, :n_common])
        return TokenContexts(n_words, words, row, self._run(ids[:, n_common:], common, np.zeros(len(ids), int)))

    def _append(self, contexts: TokenContexts, parents, words, row, n_words) -> TokenContexts:
        return TokenContexts(n_words, words, row, self._run(self._word_token[words[:, -1:]], contexts.cached, parents))

    def _run(self, ids: np.ndarray, past: Cached | None = None, parents: np.ndarray | None = None) -> Cached:
        parts = (slice(k, k + BATCH) for k in range(0, len(ids), BATCH))
        found = [self.engine.run(ids[p], past, None if parents is None else parents[p]) for p in parts]
        return type(found[0]).joined(found)


def _longest(limit: int | None, context: int, name: str) -> int:
    """Tokens that a context may have, the start token not counted."""
    limit = limit or 10**9
    most = (limit - 1) // 2
    if not 1 <= context <= most:
        raise UserError(
            f"language model {name}: context must be 1 to {most} words ({limit} tokens at most); got {context}"
        )
    return limit - 1


def can_int8(folder: Path) -> bool:
    """Whether `CausalLM.load(folder, int8=True)` is possible."""
    from transformers import AutoConfig

    try:
        return supports(AutoConfig.from_pretrained(checked_folder(folder), local_files_only=True))
    except (OSError, ValueError, KeyError):
        return False  # reading the model says what is wrong with it


def _read(folder: Path):
    """Tokenizer and model of a folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
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
