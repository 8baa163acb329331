"""The language model that a name stands for."""

from __future__ import annotations

from collections.abc import Callable

from .lm import BigramLM, LanguageModel
from .ngram import Bigram

BIGRAM = "bigram"


def open_lm(
    name: str, language: Bigram, vectors, device: str = "cpu", progress: Callable[[float, str], None] | None = None
) -> LanguageModel:
    """Open a language model over the words of the training texts.

    Parameters
    ----------
    name : 'bigram' for the small one fitted on the training texts; otherwise a folder, 'smollm2' or a
        hub name, see `lm_cache.find_lm`
    language : bigram of the training texts; its words are the vocabulary
    vectors : public word vectors, for the small model

    Raises
    ------
    UserError
        When there is no such model on this machine.
    """
    if name == BIGRAM:
        return BigramLM(language, vectors)
    from .causal_lm import CausalLM
    from .lm_cache import find_lm

    return CausalLM.load(find_lm(name, progress), language.vocabulary, name=name, device=device)
