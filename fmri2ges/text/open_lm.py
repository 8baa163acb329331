"""The language model that a name stands for."""

from __future__ import annotations

from dataclasses import dataclass

from ..work import QUIET, Work
from .lm import BigramLM, LanguageModel
from .ngram import Bigram

BIGRAM = "bigram"


@dataclass(frozen=True)
class LmChoice:
    """A language model and how it is read: a run is decoded with the choice that it was trained with.

    Parameters
    ----------
    name : 'bigram' for the small one fitted on the training texts; otherwise 'smollm2', a folder or a
        hub name, see `lm_cache.find_lm`
    layer : block whose output is the feature, None = the middle one
    context : words that each word sees at least
    int8 : 8-bit integers on the CPU: faster, with features that correlate .98 with the exact ones
    """

    name: str
    layer: int | None = None
    context: int = 16
    int8: bool = False


def fastest_choice(name: str, layer: int | None, context: int, device: str) -> LmChoice:
    """The choice for a new run: 8-bit integers where they are possible, which makes a causal model usable on a CPU."""
    if name == BIGRAM or device != "cpu":
        return LmChoice(name, layer, context)
    from .causal_lm import can_int8
    from .lm_cache import find_lm

    return LmChoice(name, layer, context, int8=can_int8(find_lm(name)))


def open_lm(
    choice: LmChoice,
    language: Bigram,
    vectors,
    device: str = "cpu",
    work: Work = QUIET,
) -> LanguageModel:
    """Open a language model over the words of the training texts.

    Parameters
    ----------
    language : bigram of the training texts; its words are the vocabulary
    vectors : public word vectors, for the small model
    device : where a causal model computes
    work : told how far the model's conversion is, when it is used for the first time

    Raises
    ------
    UserError
        When there is no such model on this machine.
    """
    if choice.name == BIGRAM:
        return BigramLM(language, vectors)
    from .causal_lm import CausalLM
    from .lm_cache import find_lm

    return CausalLM.load(
        find_lm(choice.name, work),
        language.vocabulary,
        name=choice.name,
        device="cpu" if choice.int8 else device,
        int8=choice.int8,
        layer=choice.layer,
        context=choice.context,
    )
