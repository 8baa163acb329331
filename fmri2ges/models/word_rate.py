"""Words per volume from the BOLD that follows: the mean of up to four forms of ridge, none of which is chosen.

The forms differ in two things, each for a physical reason:

- plain or prewhitened BOLD, x[t] - phi x[t - step]: noise of BOLD is red and the word count nearly white, and a penalty
  on the raw responses suppresses just the fast directions that tell one volume from the next;
- weights of one listener, or one set for all listeners who heard the same: they share the words and, roughly, the
  response, but not the noise.

Each form has a penalty of its own, chosen on left-out training stories. `text.timing.spread_words` turns the rate into
whole words and their times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from scipy.linalg import solve

from ..brain.hrf import delayed
from ..errors import UserError
from ..text.timing import unit_rate
from .kept import LastFew
from .readout import Readout, Solution, penalty_scores
from .region_readout import RegionReadout
from .story_folds import story_folds

KEPT = 8  # choices of ROIs that stay solved
# Ridge penalties to choose from, for each FIR feature of unit variance: a penalty of f for each expects the features to
# explain 1 / (1 + f) of the words per volume, from 77 to 3 %, however many features there are.
PENALTY_PER_FEATURE = (0.3, 1.0, 3.0, 10.0, 30.0)
INNER_FOLDS = 5  # folds of whole stories on which the penalties of shared weights are chosen
T = TypeVar("T")


@dataclass(frozen=True)
class Pair(Generic[T]):
    """Something of the plain and of the prewhitened form."""

    plain: T
    white: T

    def __iter__(self) -> Iterator[T]:
        return iter((self.plain, self.white))


@dataclass(frozen=True)
class RateSettings:
    """What training chose for the word rate of one listener.

    Parameters
    ----------
    own : ridge penalties of the weights of this listener alone
    pooled : ridge penalties of the weights of several listeners together; None where there are none
    listeners : numbers of the subjects whose weights are one, this one among them; empty without such weights
    why_own : why there are no such weights, the end of a sentence; empty where there are
    """

    own: Pair[float]
    pooled: Pair[float] | None = None
    listeners: tuple[int, ...] = ()
    why_own: str = ""

    @property
    def note(self) -> str:
        """Which forms are averaged, one line."""
        if self.pooled is None:
            return f"mean of two forms: plain and prewhitened ridge of this listener ({self.why_own})"
        whose = f"of this listener and of {len(self.listeners)} listeners together"
        return f"mean of four forms: plain and prewhitened ridge, {whose}"


@dataclass(frozen=True)
class Whitening:
    """Takes the part of a series that its own past predicts out of it: x[t] - phi x[t - step].

    Parameters
    ----------
    phi : autocorrelation of the training volumes at the lag `step`, one for all features
    step : volumes, those between two delays of the response
    sd : array (n_features,); of the series in training after that, which is divided by it
    """

    phi: float
    step: int
    sd: np.ndarray

    def apply(self, story: np.ndarray) -> np.ndarray:
        """The whitened series of one story, array (n_volumes, n_features), float32."""
        return (_without_past(np.asarray(story, np.float32), self.phi, self.step) / self.sd).astype(np.float32)


def fit_whitening(stories: list[np.ndarray], step: int) -> Whitening:
    """Estimate the autocorrelation on training stories, arrays (n_volumes, n_features)."""
    pairs = [(story[step:], story[:-step]) for story in stories]
    shared = sum(float((later * earlier).sum()) for later, earlier in pairs)
    power = sum(float((later**2).sum()) for later, _ in pairs) * sum(float((earlier**2).sum()) for _, earlier in pairs)
    phi = shared / np.sqrt(power) if power > 0 else 0.0  # between -1 and 1 (Cauchy and Schwarz)
    white = np.concatenate([_without_past(s, phi, step) for s in stories])
    return Whitening(phi, step, np.maximum(white.std(0), 1e-6))


def _without_past(story: np.ndarray, phi: float, step: int) -> np.ndarray:
    first = story[:step] * np.sqrt(max(1 - phi**2, 0.0))  # as large as the rest, without a past to take away
    return np.concatenate([first, story[step:] - phi * story[:-step]])


@dataclass(frozen=True)
class RateTraining:
    """What one listener's word rate is learnt from.

    Parameters
    ----------
    stories : arrays (n_volumes, n_features) of the training stories, z-scored within the story
    counts : arrays (n_volumes,), words heard in each volume
    delays : volumes from the words to the response, see `brain.hrf.fir_delays`
    """

    stories: list[np.ndarray]
    counts: list[np.ndarray]
    delays: tuple[int, ...]

    @cached_property
    def whitening(self) -> Whitening:
        """Prewhitening, estimated on these stories."""
        return fit_whitening(self.stories, self.delays[0])

    @property
    def n_fir(self) -> int:
        """Number of FIR features, which differs between listeners whose columns are their own."""
        return self.stories[0].shape[1] * len(self.delays)

    @property
    def penalties(self) -> tuple[float, ...]:
        """Ridge penalties to choose from, one for each of `PENALTY_PER_FEATURE`."""
        return tuple(f * self.n_fir for f in PENALTY_PER_FEATURE)

    @property
    def scores(self) -> Pair[dict[float, float]]:
        """Leave-one-story-out correlation for each of `PENALTY_PER_FEATURE`, for both own forms."""
        y = np.concatenate(self.counts)[:, None]
        grid = dict(zip(PENALTY_PER_FEATURE, self.penalties, strict=True))
        found = [penalty_scores(s, y, [slice(None)], self.penalties, self.delays) for s in self.series]
        plain, white = ({f: scores[penalty] for f, penalty in grid.items()} for scores in found)
        return Pair(plain, white)

    @property
    def series(self) -> Pair[list[np.ndarray]]:
        """The stories as the plain and the prewhitened form see them."""
        return Pair(self.stories, [self.whitening.apply(s) for s in self.stories])

    @property
    def centred(self) -> list[np.ndarray]:
        """Words per volume without their mean, arrays (n_volumes,)."""
        mean = np.concatenate(self.counts).mean()
        return [c - mean for c in self.counts]

    def readouts(self, penalties: Pair[float]) -> Pair[Readout]:
        """The ridge of each form."""
        y, series = np.concatenate(self.counts)[:, None], self.series
        return Pair(
            Readout(series.plain, y, penalties.plain, self.delays),
            Readout(series.white, y, penalties.white, self.delays),
        )


class Sums:
    """X'X and X'y of one form, added over stories and listeners.

    Parameters
    ----------
    n_features : number of feature columns
    delays : volumes
    """

    def __init__(self, n_features: int, delays: tuple[int, ...]):
        self.n_features, self.delays = n_features, delays
        width = n_features * len(delays)
        self.gram, self.moments = np.zeros((width, width)), np.zeros(width)

    def add(self, story: np.ndarray, centred: np.ndarray, sign: float = 1.0) -> None:
        """Add a story (n_volumes, n_features) and its words per volume without their mean; take it out with sign -1."""
        x = delayed(np.asarray(story, np.float32), self.delays)
        self.gram += sign * (x.T @ x)
        self.moments += sign * (x.T @ centred)

    def without(self, parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> Sums:
        """The sums without some stories, each with its centred words per volume."""
        other = Sums(self.n_features, self.delays)
        other.gram, other.moments = self.gram.copy(), self.moments.copy()
        for story, centred in parts:
            other.add(story, centred, -1.0)
        return other

    def weights(self, columns: np.ndarray, penalty: float) -> np.ndarray:
        """Ridge weights of some feature columns, array (n_delays * n_columns,)."""
        at = np.concatenate([k * self.n_features + columns for k in range(len(self.delays))])
        gram = self.gram[np.ix_(at, at)]
        gram[np.diag_indices_from(gram)] += penalty
        return solve(gram, self.moments[at], assume_a="pos", overwrite_a=True)


class PooledRate:
    """One set of weights for several listeners who heard the same.

    Parameters
    ----------
    listeners : their training, each at a time
    penalties : ridge penalties of both forms
    """

    def __init__(self, listeners: Iterable[RateTraining], penalties: Pair[float]):
        self.penalties = penalties
        self.sums = _summed(listeners)

    def solve(self, columns: np.ndarray) -> Pair[np.ndarray]:
        """Weights of each form for some feature columns, arrays (n_delays * n_columns,)."""
        plain, white = (sums.weights(columns, p) for sums, p in zip(self.sums, self.penalties, strict=True))
        return Pair(plain, white)


def _summed(listeners: Iterable[RateTraining]) -> Pair[Sums]:
    sums: Pair[Sums] | None = None
    for listener in listeners:
        if sums is None:
            size = listener.stories[0].shape[1], listener.delays
            sums = Pair(Sums(*size), Sums(*size))
        if (listener.stories[0].shape[1], listener.delays) != (sums.plain.n_features, sums.plain.delays):
            raise UserError("word rate: listeners of one set of weights differ in features or delays; train again")
        for total, stories in zip(sums, listener.series, strict=True):
            for story, centred in zip(stories, listener.centred, strict=True):
                total.add(story, centred)
    assert sums is not None, "weights are pooled over listeners that there are"
    return sums


def pooled_scores(listeners: list[RateTraining]) -> Pair[dict[float, float]]:
    """Correlation of each penalty on left-out stories, which are left out of all listeners together.

    Parameters
    ----------
    listeners : who heard the same stories, in the same order

    Returns
    -------
    for both forms penalty -> mean over listeners of the correlation; 0 where there is only one story. Penalties grow
    with the number of listeners, as their sums do
    """
    series = [listener.series for listener in listeners]
    truth = [listener.centred for listener in listeners]
    delays, penalties = listeners[0].delays, [len(listeners) * penalty for penalty in listeners[0].penalties]
    plain = _pooled_scores_of_form([s.plain for s in series], truth, delays, penalties)
    return Pair(plain, _pooled_scores_of_form([s.white for s in series], truth, delays, penalties))


def _pooled_scores_of_form(
    stories: list[list[np.ndarray]], truth: list[list[np.ndarray]], delays: tuple[int, ...], penalties: list[float]
) -> dict[float, float]:
    """Scores of one form: `stories` and `truth` hold a list for each listener."""
    n, n_stories = len(stories), len(stories[0])
    if n_stories < 2:
        return dict.fromkeys(penalties, 0.0)
    total = Sums(stories[0][0].shape[1], delays)
    for own, centred in zip(stories, truth, strict=True):
        for x, y in zip(own, centred, strict=True):
            total.add(x, y)
    columns = np.arange(total.n_features)
    agree = np.zeros((len(penalties), 3, n))  # of prediction p and truth y: sums of py, pp, yy
    fold = story_folds([len(x) for x in stories[0]], INNER_FOLDS)
    for k in range(fold.max() + 1):
        left_out = [(i, s) for i in range(n) for s in np.flatnonzero(fold == k)]
        rest = total.without((stories[i][s], truth[i][s]) for i, s in left_out)
        weights = np.stack([rest.weights(columns, penalty) for penalty in penalties], 1)
        for i, s in left_out:
            p, y = delayed(stories[i][s], delays) @ weights, truth[i][s][:, None]
            agree[:, :, i] += np.stack([(p * y).sum(0), (p * p).sum(0), np.full(len(penalties), (y * y).sum())], 1)
    py, pp, yy = np.moveaxis(agree, 1, 0)
    r = py / np.sqrt(pp * yy + 1e-12)
    return {penalty: float(mean) for penalty, mean in zip(penalties, r.mean(1), strict=True)}


@dataclass(frozen=True)
class SolvedRate:
    """A word-rate model solved for one choice of ROIs.

    Parameters
    ----------
    own : solutions of both forms of this listener
    pooled : weights of both forms of several listeners, or None
    crossfit : array (n_train,), mean of the own forms on left-out training stories, of unit variance
    swing : standard deviation of the decoded words per volume
    """

    own: Pair[Solution]
    pooled: Pair[np.ndarray] | None
    crossfit: np.ndarray
    swing: float


class WordRate:
    """The word-rate model of one listener, which any choice of ROIs is solved from.

    Parameters
    ----------
    training : features and words of the training stories
    settings : penalties, and whose weights are pooled
    pooled : makes the pooled weights when they are first needed; not asked where the settings have none
    """

    def __init__(
        self, training: RateTraining, settings: RateSettings, pooled: Callable[[RateSettings], PooledRate] | None = None
    ):
        self.training, self.settings, self._make_pooled = training, settings, pooled
        self.mean = float(np.concatenate(training.counts).mean())
        self._solvers: Pair[Readout] | Pair[RegionReadout] | None = None
        self._solved: LastFew[SolvedRate] = LastFew(KEPT)

    def for_many_choices(self) -> WordRate:
        """The same model, which shares among choices of ROIs what they have in common."""
        other = WordRate(self.training, self.settings, self._make_pooled)
        other._solvers = Pair(*(RegionReadout(readout) for readout in self.readouts))
        return other

    @cached_property
    def readouts(self) -> Pair[Readout]:
        """The ridge of both own forms."""
        return self.training.readouts(self.settings.own)

    @cached_property
    def pooled(self) -> PooledRate | None:
        """The weights of several listeners together, where there are such."""
        if self.settings.pooled is None:
            return None
        assert self._make_pooled is not None, "whoever reads a run knows its other listeners"
        return self._make_pooled(self.settings)

    def solved(self, columns: np.ndarray) -> SolvedRate:
        """The model for some feature columns, array (n_columns,), int; the last few are kept."""
        return self._solved.get(tuple(int(c) for c in columns), lambda: self._solve(np.asarray(columns, int)))

    def _solve(self, columns: np.ndarray) -> SolvedRate:
        solvers = self.readouts if self._solvers is None else self._solvers
        own = Pair(solvers.plain.solve(columns), solvers.white.solve(columns))
        crossfit, truth = averaged([solution.crossfit[:, 0] for solution in own]), self.readouts.plain.targets[:, 0]
        sd = float(truth.std())
        swing = sd * believed_correlation(float((crossfit * truth).mean()) / max(sd, 1e-9), len(truth))
        return SolvedRate(own, None if self.pooled is None else self.pooled.solve(columns), crossfit, swing)

    def crossfit(self, columns: np.ndarray) -> np.ndarray:
        """Words per volume of the training stories from the own forms, cross-fitted, array (n_train,)."""
        solved = self.solved(columns)
        return np.maximum(self.mean + solved.swing * solved.crossfit, 0)

    def predict(self, columns: np.ndarray, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Words per volume of some volumes of a recording, array (n_rows,), never below zero.

        Parameters
        ----------
        columns : array (n_columns,), int; feature columns of the chosen ROIs
        features : array (n_volumes, n_features), of the whole recording: responses come after the words
        rows : array (n_rows,), int; the stretch in which the forms are brought to unit variance
        """
        solved = self.solved(columns)
        series = Pair(features, self.training.whitening.apply(features))
        forms = [
            readout.predict(solution, x)[:, 0]
            for readout, solution, x in zip(self.readouts, solved.own, series, strict=True)
        ]
        if solved.pooled is not None:
            forms += [
                delayed(np.asarray(x[:, columns], np.float32), self.training.delays) @ weights
                for x, weights in zip(series, solved.pooled, strict=True)
            ]
        return np.maximum(self.mean + solved.swing * averaged([form[rows] for form in forms]), 0)


def averaged(forms: list[np.ndarray]) -> np.ndarray:
    """The mean of predictions of unit variance, at unit variance itself; one that says nothing adds nothing."""
    return unit_rate(np.mean([unit_rate(form) for form in forms], axis=0))


def believed_correlation(r: float, n: int) -> float:
    """Mean of a correlation that is not negative, given that it was found to be r in n volumes.

    Its error has the sd 1 / sqrt(n), and every value above 0 was as probable before. So ROIs that carry nothing move
    the rate by next to nothing, and a weak rate is not lost because it was found to be 0 by chance.
    """
    from scipy.special import log_ndtr  # slow to import

    sd = 1 / np.sqrt(n)
    z = r / sd
    return max(0.0, float(r + sd * np.exp(-(z**2) / 2 - 0.5 * np.log(2 * np.pi) - log_ndtr(z))))
