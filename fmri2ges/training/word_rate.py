"""The word-rate models of a fold: penalties, and whose weights are pooled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..models.readout import best_penalty
from ..models.word_rate import Pair, PooledRate, RateSettings, RateTraining, WordRate, pooled_scores
from ..types import Recording
from .corpus import Telling


@dataclass(frozen=True)
class Listener:
    """A subject with what the word rate is learnt from.

    Parameters
    ----------
    number : of the subject in the names of the files
    stories : training stories of the fold, or blocks of them
    training : their features and words per volume
    """

    number: int
    stories: list[Recording]
    training: RateTraining

    @property
    def heard(self) -> tuple[Telling, ...]:
        """What must be equal for weights to be pooled: the words of every story in the same volumes.

        So no volume of a test block, nor of the gap beside it, trains for another listener.
        """
        return tuple(Telling.of(s) for s in self.stories)


def fit_rates(listeners: dict[str, Listener], n_components: int) -> dict[str, WordRate]:
    """The word-rate model of every listener; each form has one penalty per FIR feature for all who share it.

    Parameters
    ----------
    listeners : by name of the subject
    n_components : principal components of each area
    """
    everybody = list(listeners.values())
    scores = [listener.training.scores for listener in everybody]
    plain, white = best_penalty([s.plain for s in scores]), best_penalty([s.white for s in scores])
    found: dict[str, WordRate] = {}
    why_none = _why_not_pooled(everybody, n_components)
    shared: dict[tuple, Pair[float]] = {}
    for name, listener in listeners.items():
        own = Pair(plain * listener.training.n_fir, white * listener.training.n_fir)
        group = [other for other in everybody if other.heard == listener.heard]
        why = why_none or ("" if len(group) > 1 else "no other listener heard the same stories in the same volumes")
        if why:
            found[name] = WordRate(listener.training, RateSettings(own, why_own=why))
            continue
        if listener.heard not in shared:
            of_group = pooled_scores([other.training for other in group])
            shared[listener.heard] = Pair(best_penalty([of_group.plain]), best_penalty([of_group.white]))
        settings = RateSettings(own, shared[listener.heard], tuple(other.number for other in group))
        found[name] = WordRate(listener.training, settings, _pooling(group, shared[listener.heard]))
    return found


def _pooling(group: list[Listener], penalties: Pair[float]) -> Callable[[RateSettings], PooledRate]:
    """Makes the weights of a group of listeners when they are asked for."""
    return lambda _: PooledRate((listener.training for listener in group), penalties)


def _why_not_pooled(listeners: list[Listener], n_components: int) -> str:
    """Why no weights can be pooled in this study, the end of a sentence; empty where they can."""
    if len(listeners) < 2:
        return "the study has one listener"
    if listeners[0].stories[0].space.own_columns:
        return "voxels are not the same in every listener"
    if n_components > 1:
        return "second components of an area are not the same in every listener"
    return ""
