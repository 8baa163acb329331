"""Language model and word statistics of the training texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .embeddings import WordVectors
from .ngram import Bigram


@dataclass(frozen=True)
class TextStatistics:
    """Language model and word statistics of the training texts that F2T decodes into."""

    language: Bigram
    centre: np.ndarray  # (dim,) mean word vector over running words
    vocabulary_vectors: np.ndarray  # (n_vocabulary, dim), centred
    covariance: np.ndarray  # (dim, dim)


def text_statistics(texts: list[tuple[str, ...]], vectors: WordVectors) -> TextStatistics:
    """Statistics of the texts of training stories, each a tuple of words; the vectors are centred on their mean."""
    language = Bigram.fit(texts)
    table = vectors.matrix(language.vocabulary)
    p = language.unigram[:, None]
    centre = (p * table).sum(0)
    centred = table - centre
    return TextStatistics(language, centre, centred, (p * centred).T @ centred)
