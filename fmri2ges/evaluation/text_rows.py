"""The table of text scores: every decoded text and score with every null beside it, of one story or of several."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from ..types import Words
from .metrics import Metric
from .rows import Null, NullKind, against_null


class TextKind(StrEnum):
    """Which text is scored; `label` is what is printed."""

    DECODED = "decoded"
    ORACLE = "oracle"
    NEAREST = "nearest"
    RATE_ONLY = "rate_only"

    @property
    def label(self) -> str:
        """How it is printed."""
        return _TEXT_LABELS[self]


_TEXT_LABELS = {
    TextKind.DECODED: "decoded",
    TextKind.ORACLE: "true word times (oracle)",
    TextKind.NEAREST: "nearest training segment",
    TextKind.RATE_ONLY: "word rate only",
}


@dataclass(frozen=True)
class TextScore:
    """One metric of several texts of a story, and of null texts.

    Parameters
    ----------
    metric : what was measured
    values : for each text its mean over the windows
    n_windows : for each text the number of windows with heard words
    nulls : for each kind of null the scores of its texts, array (n_texts,)
    """

    metric: Metric
    values: dict[TextKind, float]
    n_windows: dict[TextKind, int]
    nulls: dict[NullKind, np.ndarray]


@dataclass(frozen=True)
class TextRow:
    """A line of the text table: one score of one text.

    Parameters
    ----------
    text : which text
    metric : what was measured
    value : mean over the windows
    n_windows : windows with heard words
    nulls : for each kind of null, what its texts score
    """

    text: TextKind
    metric: Metric
    value: float
    n_windows: int
    nulls: dict[NullKind, Null]


@dataclass(frozen=True)
class TextTimeline:
    """Where in a story the decoded text stands out.

    Parameters
    ----------
    metric : what was measured
    null : what the text is held against
    windows : start and stop of each window, seconds
    value, p, q : of each window (see `evaluation.text_timeline`); None where nothing was heard
    story_p : p of the mean over the whole stretch
    """

    metric: Metric
    null: NullKind
    windows: tuple[tuple[float, float], ...]
    value: tuple[float | None, ...]
    p: tuple[float | None, ...]
    q: tuple[float | None, ...]
    story_p: float


@dataclass(frozen=True)
class TextTable:
    """The texts of one story, or of the mean over several, against their nulls.

    Parameters
    ----------
    story : name of the story, or a phrase for the mean
    subject, rois, f2t : what the text was decoded from, and by which form of F2T
    rows : one for each metric and text; rows of one metric stand together
    timeline : the windows of one story; None for a mean
    stories : number of stories behind the table
    """

    story: str
    subject: str
    rois: tuple[str, ...]
    f2t: str
    rows: tuple[TextRow, ...]
    timeline: TextTimeline | None = None
    stories: int = 1


class TextScorer(Protocol):
    """A score of a text in windows, such as those of `evaluation.text_scores`."""

    metric: Metric

    def __call__(self, heard: Words, decoded: Words, windows: np.ndarray) -> np.ndarray:
        """The score of each window (start, stop), array (n_windows,); NaN without heard words."""


def score_texts(
    scores: Sequence[TextScorer],
    heard: Words,
    texts: dict[TextKind, Words],
    nulls: Mapping[NullKind, Sequence[Words]],
    windows: np.ndarray,
) -> list[TextScore]:
    """Scores of one story's texts.

    Parameters
    ----------
    scores : callables of `evaluation.text_scores`
    heard : the words of the story
    texts : for each kind of text the text itself
    nulls : for each kind of null its texts; a kind without a text is left out
    windows : array (n_windows, 2), seconds
    """
    out = []
    for score in scores:
        per_window = {name: score(heard, text, windows) for name, text in texts.items()}
        out.append(
            TextScore(
                score.metric,
                {name: _mean(v) for name, v in per_window.items()},
                {name: int((~np.isnan(v)).sum()) for name, v in per_window.items()},
                {
                    kind: np.array([_mean(score(heard, t, windows)) for t in members])
                    for kind, members in nulls.items()
                    if len(members)
                },
            )
        )
    return out


def pooled(stories: Sequence[Sequence[TextScore]]) -> list[TextScore]:
    """The mean over stories of the metrics, texts and nulls that all of them have; each story counts once.

    The null texts of the stories are independent of each other, so the mean of the k-th null text of every story is
    one draw of the null of the mean.
    """
    by_metric = [{s.metric: s for s in story} for story in stories]
    return [_pooled([story[m] for story in by_metric]) for m in by_metric[0] if all(m in story for story in by_metric)]


def _pooled(parts: list[TextScore]) -> TextScore:
    names = [n for n in parts[0].values if all(n in p.values for p in parts)]
    kinds = [k for k in parts[0].nulls if all(k in p.nulls for p in parts)]
    n_null = {k: min(len(p.nulls[k]) for p in parts) for k in kinds}
    return TextScore(
        parts[0].metric,
        {n: float(np.mean([p.values[n] for p in parts])) for n in names},
        {n: sum(p.n_windows[n] for p in parts) for n in names},
        {k: np.mean([p.nulls[k][: n_null[k]] for p in parts], 0) for k in kinds},
    )


def text_rows(found: Sequence[TextScore]) -> tuple[TextRow, ...]:
    """A row for each score and text."""
    return tuple(
        TextRow(
            name,
            s.metric,
            value,
            s.n_windows[name],
            {kind: against_null(s.metric, value, kind, null) for kind, null in s.nulls.items()},
        )
        for s in found
        for name, value in s.values.items()
    )


def _mean(values: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing heard at all: NaN is the answer
        return float(np.nanmean(values))
