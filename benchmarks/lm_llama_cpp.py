"""llama.cpp as an engine that `lm_engines.py` times; see `lm_torch_engines.py` for its methods.

llama.cpp gives hidden states of the last block only. Features of the middle block therefore come from a second model
that ends there: the same file with fewer blocks. Its states pass the last norm, which ours do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEQUENCES, CELLS = 256, 8192


@dataclass(frozen=True)
class Past:
    """Contexts that are kept: the sequence of each in the memory of llama.cpp, and their length in tokens."""

    sequences: tuple[int, ...]
    n_tokens: int


class LlamaCppEngine:
    """Features from a model of `layer` blocks, scores from the whole one.

    Parameters
    ----------
    file : the model as GGUF
    layer : block whose output is the feature
    n_threads : of llama.cpp
    folder : where the shorter model is written
    """

    def __init__(self, file: Path, layer: int, n_threads: int, folder: Path):
        short = folder / f"first-{layer}-blocks.gguf"
        write_first_blocks(file, layer, short)
        self.short = Context(short, n_threads, embeddings=True)
        self.whole = Context(file, n_threads, embeddings=False)

    def start(self, ids):
        past = Past(tuple(range(len(ids))), ids.shape[1])
        for context in (self.short, self.whole):
            context.clear()
            context.read(ids, past.sequences, 0)
        return past

    def hidden(self, ids):
        """Features of every token, array (n, n_tokens, n_features), float32."""
        self.short.clear()
        found = self.short.read(ids, range(len(ids)), 0, every=True)
        self.short.clear()
        return found.reshape(*ids.shape, -1)

    def candidates(self, ids, past, parents):
        own = [k for k in range(SEQUENCES) if k not in past.sequences][: len(ids)]
        for sequence, parent in zip(own, parents, strict=True):
            self.short.copy(past.sequences[parent], sequence)
        found = self.short.read(ids[:, None], own, past.n_tokens)
        for sequence in own:
            self.short.drop(sequence)
        return found

    def run(self, ids, past, parents):
        own = tuple([k for k in range(SEQUENCES) if k not in past.sequences][: len(ids)])
        for context in (self.short, self.whole):
            for sequence, parent in zip(own, parents, strict=True):
                context.copy(past.sequences[parent], sequence)
            for sequence in past.sequences:
                context.drop(sequence)
            context.read(ids[:, None], own, past.n_tokens)
        return Past(own, past.n_tokens + 1)


class Context:
    """One model and its memory."""

    def __init__(self, file: Path, n_threads: int, embeddings: bool):
        from llama_cpp import llama_cpp as c

        self.c, self.embeddings = c, embeddings
        c.llama_backend_init()
        loading = c.llama_model_default_params()
        # Its own order of weights for AMX ends the process on virtual machines that name AMX but do not have it.
        loading.use_extra_bufts = False
        model = c.llama_model_load_from_file(str(file).encode(), loading)
        options = c.llama_context_default_params()
        options.n_ctx, options.n_seq_max, options.kv_unified = CELLS, SEQUENCES, True
        options.n_batch = options.n_ubatch = 4096
        options.n_outputs_max = 4096
        options.n_threads = options.n_threads_batch = n_threads
        options.embeddings, options.pooling_type = embeddings, c.LLAMA_POOLING_TYPE_NONE
        self.context = c.llama_init_from_model(model, options)
        self.memory = c.llama_get_memory(self.context)
        self.width = (
            c.llama_model_n_embd(model) if embeddings else c.llama_vocab_n_tokens(c.llama_model_get_vocab(model))
        )

    def clear(self) -> None:
        self.c.llama_memory_clear(self.memory, True)

    def copy(self, source: int, target: int) -> None:
        self.c.llama_memory_seq_cp(self.memory, source, target, -1, -1)

    def drop(self, sequence: int) -> None:
        self.c.llama_memory_seq_rm(self.memory, sequence, -1, -1)

    def read(self, ids, sequences, at: int, every: bool = False) -> np.ndarray:
        """Read tokens (n, n_new) behind `at` others; features or scores of the last, or of every, token of each."""
        n, n_new = ids.shape
        batch = self.c.llama_batch_init(ids.size, 0, 1)
        batch.n_tokens = ids.size
        for k, (row, column) in enumerate(np.ndindex(n, n_new)):
            batch.token[k], batch.pos[k] = int(ids[row, column]), at + column
            batch.n_seq_id[k], batch.seq_id[k][0] = 1, int(sequences[row])
            # With features llama.cpp gives those of every token.
            batch.logits[k] = self.embeddings or column == n_new - 1
        if self.c.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama.cpp could not read the batch")
        wanted = [k for k in range(ids.size) if every or (k + 1) % n_new == 0]
        get = self.c.llama_get_embeddings_ith if self.embeddings else self.c.llama_get_logits_ith
        found = np.stack([np.ctypeslib.as_array(get(self.context, k), (self.width,)).copy() for k in wanted])
        self.c.llama_batch_free(batch)
        return found


def write_first_blocks(file: Path, n_blocks: int, out: Path) -> None:
    """Write the first blocks of a GGUF model as a model of its own."""
    import gguf

    reader = gguf.GGUFReader(str(file))
    writer = gguf.GGUFWriter(str(out), "llama")
    for field in reader.fields.values():
        if field.name == "general.architecture" or field.name.startswith("GGUF."):
            continue
        value, kind = field.contents(), field.types[0]
        if field.name.endswith(".block_count"):
            value = n_blocks
        writer.add_key_value(field.name, value, kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        name = tensor.name.split(".")
        if name[0] == "blk" and int(name[1]) >= n_blocks:
            continue
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
