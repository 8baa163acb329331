"""The table of text scores: every decoded text and score with every null beside it, of one story or of several."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..types import Words
from .nulls import p_value


@dataclass(frozen=True)
class TextScore:
    """One score of some texts and of null texts.

    Parameters
    ----------
    metric, better : of the score
    values : mean over the windows, by text: 'decoded', 'true word times (oracle)', ...
    n_windows : windows with heard words, by text
    nulls : array (n_texts,) by kind: 'language model only', 'shifted BOLD', ...
    """

    metric: str
    better: str
    values: dict[str, float]
    n_windows: dict[str, int]
    nulls: dict[str, np.ndarray]


def score_texts(
    scores: Sequence[Callable],
    heard: Words,
    texts: dict[str, Words],
    nulls: dict[str, Sequence[Words]],
    windows: np.ndarray,
) -> list[TextScore]:
    """Scores of one story's texts.

    Parameters
    ----------
    scores : of `evaluation.text_scores`
    texts : decoded texts by name
    nulls : null texts by kind; a kind without a text is left out
    windows : array (n_windows, 2), seconds
    """
    out = []
    for score in scores:
        per_window = {name: score(heard, text, windows) for name, text in texts.items()}
        out.append(
            TextScore(
                score.metric,
                score.better,
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
    """The mean over stories, each counted once, of the scores, texts and nulls that all of them have.

    The k-th null of the mean is the mean of the k-th null of every story: the stories' nulls are independent.
    """
    by_metric = [{s.metric: s for s in story} for story in stories]
    return [_pooled([story[m] for story in by_metric]) for m in by_metric[0] if all(m in story for story in by_metric)]


def _pooled(parts: list[TextScore]) -> TextScore:
    names = [n for n in parts[0].values if all(n in p.values for p in parts)]
    kinds = [k for k in parts[0].nulls if all(k in p.nulls for p in parts)]
    n_null = {k: min(len(p.nulls[k]) for p in parts) for k in kinds}
    return TextScore(
        parts[0].metric,
        parts[0].better,
        {n: float(np.mean([p.values[n] for p in parts])) for n in names},
        {n: sum(p.n_windows[n] for p in parts) for n in names},
        {k: np.mean([p.nulls[k][: n_null[k]] for p in parts], 0) for k in kinds},
    )


def text_rows(found: Sequence[TextScore]) -> list[dict[str, Any]]:
    """A line for each score and text.

    Returns
    -------
    list of dict with text, metric, value, better, n_windows and `null`: kind -> mean, q05, q95, n, p
    """
    return [
        {
            "text": name,
            "metric": s.metric,
            "value": value,
            "better": s.better,
            "n_windows": s.n_windows[name],
            "null": {kind: _null_line(value, null, s.better) for kind, null in s.nulls.items()},
        }
        for s in found
        for name, value in s.values.items()
    ]


def _null_line(value: float, null: np.ndarray, better: str) -> dict[str, float | int]:
    low, high = np.quantile(null, [0.05, 0.95])
    return {
        "mean": float(null.mean()),
        "q05": float(low),
        "q95": float(high),
        "n": len(null),
        "p": p_value(value, null, better),
    }


def _mean(values: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing heard at all: NaN is the answer
        return float(np.nanmean(values))
