"""A line of the report as a value: a score with its null, interval, floor, ceiling and amount of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .intervals import Interval
from .metrics import Metric
from .nulls import independent_draws, p_value, shift_p


class NullKind(StrEnum):
    """What a score is held against; `label` is what is printed."""

    SHIFT = "shift"
    STORY_SWAP = "story_swap"
    LANGUAGE_MODEL = "language_model"
    SHIFTED_BOLD = "shifted_bold"
    PHASE_RANDOMISED_BOLD = "phase_randomised_bold"
    SWAPPED_BOLD = "swapped_bold"

    @property
    def label(self) -> str:
        """How it is printed."""
        return _NULL_LABELS[self]


_NULL_LABELS = {
    NullKind.SHIFT: "circular shift of at least 20 s, each story on its own",
    NullKind.STORY_SWAP: "each prediction with the truth of another story",
    NullKind.LANGUAGE_MODEL: "language model only",
    NullKind.SHIFTED_BOLD: "shifted BOLD",
    NullKind.PHASE_RANDOMISED_BOLD: "phase-randomised BOLD",
    NullKind.SWAPPED_BOLD: "swapped BOLD",
}


@dataclass(frozen=True)
class Null:
    """Scores under one null, summarised.

    Parameters
    ----------
    kind : NullKind
    n : number of null scores
    mean, q05, q95 : mean, 5 % and 95 % point of the null scores
    p : one-sided p of the score against them (`nulls.p_value`, `nulls.shift_p`), or None where stories are too short
    draws : how many of them are independent of each other
    """

    kind: NullKind
    n: int
    mean: float
    q05: float
    q95: float
    p: float | None
    draws: float


def against_null(
    metric: Metric, value: float, kind: NullKind, scores: np.ndarray, curves: Sequence[np.ndarray] | None = None
) -> Null:
    """A score against its scores under a null.

    Parameters
    ----------
    metric : what was measured
    value : the score
    kind : which null it is
    scores : array (n,), scores under the null
    curves : where `scores` come from circular shifts, the scores of each story at its shifts, arrays (n_shifts,)
    """
    low, high = np.quantile(scores, 0.05), np.quantile(scores, 0.95)
    p: float | None = p_value(value, scores, metric.better)
    draws = float(len(scores))
    if curves is not None:
        p = shift_p(value, curves, scores, metric.better)
        draws = min(draws, sum(map(independent_draws, curves)))
    return Null(kind, len(scores), float(scores.mean()), float(low), float(high), p, draws)


ALL_STORIES = "all stories"  # what stands in the place of a story's name in the row of their mean


@dataclass(frozen=True)
class Setting:
    """What must be equal for scores of several stories to be averaged.

    Parameters
    ----------
    subject : listener
    rois : the selection that was decoded from
    samples : number of samples of each branch, as asked for
    """

    subject: str = "?"
    rois: tuple[str, ...] = ()
    samples: int | None = None


@dataclass(frozen=True)
class Row:
    """A score of one story, or the mean over several stories of one setting.

    Parameters
    ----------
    metric : what was measured
    branch : 'text' or 'direct'
    story : name of the story; `ALL_STORIES` for the mean
    stories : number of stories behind the score; above 1 it is a mean, or a score of all of them together
    value : the score, in `metric.unit`
    n, n_unit : how much data, for example 4500 frames
    interval : 95 % interval of the value, or None
    interval_missing : why there is no interval, where one would be expected
    null : the circular shift, or None where the metric has no null
    swap_null : each prediction with the truth of another story (means only), or None
    floor, ceiling : scores of something known to be bad or good, or None
    note : what a reader must know
    setting : subject, ROIs and number of samples
    """

    metric: Metric
    branch: str
    story: str
    value: float
    n: int
    n_unit: str
    stories: int = 1
    interval: Interval | None = None
    interval_missing: str = ""
    null: Null | None = None
    swap_null: Null | None = None
    floor: float | None = None
    ceiling: float | None = None
    note: str = ""
    setting: Setting = Setting()

    @property
    def id(self) -> str:
        """Id of the metric."""
        return self.metric.id

    @property
    def label(self) -> str:
        """Label of the metric, as printed."""
        return self.metric.label

    @property
    def group(self) -> tuple:
        """Rows of one group stand under one heading: setting, story (or mean) and branch."""
        return self.setting, self.story, self.stories > 1, self.branch

    @property
    def p(self) -> float | None:
        """One-sided p against the circular shift; None without that null, or where a story is too short for it."""
        return None if self.null is None else self.null.p
