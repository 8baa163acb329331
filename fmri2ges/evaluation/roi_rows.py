"""The table of an ROI study as values: what each region carries, with its interval, nulls and corrected p."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any

from ..errors import UserError, check_option
from ..results import BRANCHES
from .intervals import Interval
from .metrics import HEARD_R_EXPECTED, R_EXPECTED, RANKS, WORD_VECTORS, Metric
from .rows import Null

NULL_MARK = "95 % point of the null, median of the regions"  # what `null_mark` is, for captions
MAIN = (R_EXPECTED, HEARD_R_EXPECTED, WORD_VECTORS)  # of these, a study shows first the first that it has


class Effect(StrEnum):
    """What a row says about a region; `label` is what is printed."""

    WHOLE = "whole"
    ALONE = "alone"
    LESION = "lesion"

    @property
    def label(self) -> str:
        """How it is printed."""
        return _EFFECT_LABELS[self]


_EFFECT_LABELS = {
    Effect.WHOLE: "all regions together",
    Effect.ALONE: "this region alone",
    Effect.LESION: "lost without this region",
}


class Mode(StrEnum):
    """Whether the models were fitted for the region.

    Exploratory: the region was chosen when decoding; networks and penalty are those of the whole. Confirmatory: all
    that reads fMRI was fitted anew on the training stories, for this region.
    """

    EXPLORATORY = "exploratory"
    CONFIRMATORY = "confirmatory"


class Correction(StrEnum):
    """Correction of p over the regions; `label` is what is printed."""

    HOLM = "holm"
    BH = "bh"

    @property
    def label(self) -> str:
        """How it is printed."""
        return {Correction.HOLM: "Holm", Correction.BH: "Benjamini-Hochberg"}[self]


@dataclass(frozen=True)
class Region:
    """A region of a study.

    Parameters
    ----------
    name : what it is called
    rois : names of the ROIs of the space that it consists of
    n_columns : number of vertices, voxels or columns
    """

    name: str
    rois: tuple[str, ...]
    n_columns: int


@dataclass(frozen=True)
class SizeNull:
    """The same number of random contiguous regions of the same size, summarised.

    Parameters
    ----------
    n : number of random regions
    mean, q05, q95 : mean, 5 % and 95 % point of their values
    p : one-sided p of the value against them, (1 + k) / (1 + n)
    """

    n: int
    mean: float
    q05: float
    q95: float
    p: float


@dataclass(frozen=True)
class RoiRow:
    """One effect of one region on one metric of one branch, mean over stories.

    Parameters
    ----------
    subject : listener
    branch : 'text' or 'direct'
    metric : what was measured
    effect : alone: `value` is the score of this region alone; lesion: `value` is the score of all minus the score
        without this region; whole: the score of all
    region : name of the region; 'all' for the whole
    mode : exploratory or confirmatory
    value : see `effect`
    score : what was decoded with scored; for a lesion the score without the region, else `value`
    stories : number of stories behind it
    interval : 95 % interval of the value, paired for a lesion, or None
    null : circular shifts; for a lesion both predictions are shifted alike
    p_corrected : `null.p` corrected over the regions of the study; None for the whole
    size_null : random regions of the same size, or None
    ceiling : score of a second performance of the same text, or None
    units : for each story its value, where there are five stories or more, else the contributions of its blocks; what
        differences between rows are taken of. Empty in studies of earlier versions
    noise_ceiling : the highest r that noise in the BOLD of the region allows, from how alike decodings of two halves of
        the repeats are (`ceiling.split_half_ceiling`); None where a story was heard once, and for a lesion
    """

    subject: str
    branch: str
    metric: Metric
    effect: Effect
    region: str
    mode: Mode
    value: float
    score: float
    stories: int
    interval: Interval | None = None
    null: Null | None = None
    p_corrected: float | None = None
    size_null: SizeNull | None = None
    ceiling: float | None = None
    units: tuple[tuple[float, ...], ...] = ()
    noise_ceiling: float | None = None

    @property
    def share(self) -> float | None:
        """The value as a share of the ceiling, both above chance; None without a ceiling above it."""
        chance = 0.5 if self.metric in RANKS else 0.0
        if self.ceiling is None or self.ceiling <= chance:
            return None
        above = self.value if self.effect is Effect.LESION else self.value - chance  # chance cancels in a difference
        return above / (self.ceiling - chance)

    @property
    def noise_share(self) -> float | None:
        """The value as a share of what noise in the BOLD allows, or None."""
        return self.value / self.noise_ceiling if self.noise_ceiling else None


def null_mark(rows: Iterable[RoiRow]) -> float | None:
    """Where a map of regions marks chance: the median of the 95 % points of their nulls; None where none has a null."""
    points = [row.null.q95 for row in rows if row.null is not None]
    return median(points) if points else None


@dataclass(frozen=True)
class ForwardStep:
    """A region that a greedy choice adds to those before it; always exploratory.

    Parameters
    ----------
    subject, branch, metric : as in `RoiRow`
    step : 1 for the first region
    region : the region that is added, chosen by all stories
    chosen : score of the regions so far on the stories that chose them, which is too large
    held_out : score of as many regions on stories that did not choose them: each part of the stories is scored with
        the path that the others chose
    interval : 95 % interval of `held_out`, or None
    whole : score of all regions together
    agree : in how many of the paths chosen without a part of the stories the region is among the first `step`
    paths : number of those paths
    """

    subject: str
    branch: str
    metric: Metric
    step: int
    region: str
    chosen: float
    held_out: float
    interval: Interval | None
    whole: float
    agree: int
    paths: int

    @property
    def share(self) -> float:
        """The score where it was not chosen, as a share of that of all regions."""
        return self.held_out / self.whole


@dataclass(frozen=True)
class RoiStudy:
    """An ROI study; `fmri2ges.load_roi_study` reads one.

    Parameters
    ----------
    rows : the table
    regions : the regions in their order
    correction : of p over the regions
    space : kind of the space of the recordings, such as 'fsaverage5'
    simulated : whether the recordings are simulated
    stories : names of the stories
    notes : what a reader must know, a sentence each
    request : what was asked for
    manifest : provenance
    forward : the greedy choice of regions of each subject and branch; empty where it was not asked for
    heard : subject -> the stories behind their rows; empty in studies of earlier versions
    """

    rows: tuple[RoiRow, ...]
    regions: tuple[Region, ...]
    correction: Correction
    space: str
    simulated: bool
    stories: tuple[str, ...]
    notes: tuple[str, ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    forward: tuple[ForwardStep, ...] = ()
    heard: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The listeners, in the order of the table."""
        return tuple(dict.fromkeys(row.subject for row in self.rows))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What was measured, in the order of the table."""
        return tuple(dict.fromkeys(row.metric for row in self.rows))

    @property
    def main_metric(self) -> Metric:
        """What is shown first: r of the gesture, against recorded motion where there is some."""
        there = self.metrics
        return next((metric for metric in MAIN if metric in there), there[0])

    def branches_of(self, subject: str, metric: str) -> tuple[str, ...]:
        """The branches in which single regions of one subject have a metric (its id)."""
        return tuple(branch for branch in BRANCHES if self.select(subject, branch, metric, Effect.ALONE))

    def check_branch(self, subject: str, branch: str, metric: str) -> str:
        """Return `branch` where single regions of a subject have a metric (its id) in it; else raise a `UserError`."""
        check_option("branch", branch, BRANCHES)
        there = self.branches_of(subject, metric)
        if branch not in there:
            has = dict.fromkeys(r.metric.id for r in self.rows if (r.subject, r.branch) == (subject, branch))
            raise UserError(
                f"branch: {subject} has no {metric} in the {branch} branch, only in: {', '.join(there) or 'none'}; "
                f"the {branch} branch has: {', '.join(has) or 'nothing'}"
            )
        return branch

    def select(self, subject: str, branch: str, metric: str, effect: Effect) -> list[RoiRow]:
        """The rows of one subject, branch, metric (its id) and effect, in the order of the regions."""
        return [
            row
            for row in self.rows
            if (row.subject, row.branch, row.metric.id, row.effect) == (subject, branch, metric, effect)
        ]

    def stories_of(self, subject: str) -> tuple[str, ...]:
        """The stories behind the rows of a subject."""
        return self.heard.get(subject, self.stories)

    def path(self, subject: str, branch: str) -> list[ForwardStep]:
        """The greedy choice of one subject and branch, in its order."""
        return [step for step in self.forward if (step.subject, step.branch) == (subject, branch)]
