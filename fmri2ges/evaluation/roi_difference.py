"""Differences of two sides of ROI studies, region by region: two branches, two subjects, or two studies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import UserError
from .intervals import MIN_UNITS, Interval
from .metrics import Metric
from .nulls import benjamini_hochberg, holm
from .region_effects import Scored, interval_of
from .roi_rows import Correction, Effect, Mode, Region, RoiRow, RoiStudy


@dataclass(frozen=True)
class Side:
    """What stands on one side of a difference.

    Parameters
    ----------
    study : the study
    subject : one of its listeners
    branch : 'text' or 'direct'
    name : what it is called in tables and figures
    """

    study: RoiStudy
    subject: str
    branch: str
    name: str


@dataclass(frozen=True)
class DifferenceRow:
    """The difference of one region.

    Parameters
    ----------
    region : its name
    value : first minus second
    first, second : the values of both sides
    interval : 95 % interval of the difference, or None
    p : two-sided, by Student's t over the same units as the interval, or None
    p_corrected : corrected over the regions, or None
    """

    region: str
    value: float
    first: float
    second: float
    interval: Interval | None
    p: float | None
    p_corrected: float | None = None


@dataclass(frozen=True)
class RoiDifference:
    """Two sides, region by region.

    Parameters
    ----------
    first, second : the sides; every value is that of the first minus that of the second
    metric, effect : what is compared
    paired : whether both were scored on the same stories and windows, so that what is hard for one is hard for the
        other, and differences are taken before anything is drawn
    mode : confirmatory where every row of both sides is
    rows : the table
    regions : the regions, in the order of the rows
    correction : of p over the regions
    """

    first: Side
    second: Side
    metric: Metric
    effect: Effect
    paired: bool
    mode: Mode
    rows: tuple[DifferenceRow, ...]
    regions: tuple[Region, ...]
    correction: Correction

    @property
    def simulated(self) -> bool:
        """Whether any of it is simulated."""
        return self.first.study.simulated or self.second.study.simulated

    @property
    def space(self) -> str:
        """Kind of the space of the regions."""
        return self.first.study.space

    @property
    def title(self) -> str:
        """First minus second, by name."""
        return f"{self.first.name} minus {self.second.name}"

    @property
    def about(self) -> str:
        """How it was compared, in a few phrases."""
        how = "paired by stories and windows" if self.paired else "stories differ, not paired"
        units = next((row.interval.method for row in self.rows if row.interval), "too few stories for an interval")
        test = f"two-sided p by t, {self.correction.label} over {len(self.rows)} regions"
        return "; ".join(filter(None, (self.effect.label, self.mode.value, how, units, test, self.metric.caution)))


def difference(first: Side, second: Side, metric: str, effect: Effect, seed: int = 0) -> RoiDifference:
    """First minus second, for every region that both have.

    Parameters
    ----------
    first, second : the sides
    metric : id of a metric that both have
    effect : alone or lesion
    seed : of the bootstrap

    Raises
    ------
    UserError
        Where a side lacks the metric, no region is common, a common name means other ROIs on each side, or a study
        was made before the scores of stories were kept.
    """
    here, there = (_rows(side, metric, effect) for side in (first, second))
    common = [name for name in here if name in there]
    if not common:
        raise UserError(f"{first.name}, {second.name}: have no region in common; study the same regions in both")
    regions = tuple(_same_region(first, second, name) for name in common)
    paired = _is_paired(first, second, [(here[name], there[name]) for name in common])
    rows = [_compared(here[name], there[name], paired, np.random.default_rng([seed, 14])) for name in common]
    both = {first.study.correction, second.study.correction}
    correction = both.pop() if len(both) == 1 else Correction.HOLM
    modes = {side[name].mode for side in (here, there) for name in common}
    return RoiDifference(
        first,
        second,
        here[common[0]].metric,
        effect,
        paired,
        Mode.CONFIRMATORY if modes == {Mode.CONFIRMATORY} else Mode.EXPLORATORY,
        tuple(_corrected(rows, correction)),
        regions,
        correction,
    )


def _rows(side: Side, metric: str, effect: Effect) -> dict[str, RoiRow]:
    rows = {row.region: row for row in side.study.select(side.subject, side.branch, metric, effect)}
    if not rows:
        raise UserError(f"{side.name}: has no {metric!r} of {effect.value} regions; choose another metric or branch")
    if not all(row.units for row in rows.values()):
        raise UserError(
            f"{side.name}: this study was made before the scores of single stories were kept; make it again with "
            "fmri2ges roi-study"
        )
    return rows


def _same_region(first: Side, second: Side, name: str) -> Region:
    one, other = (next(r for r in side.study.regions if r.name == name) for side in (first, second))
    if set(one.rois) != set(other.rois):
        raise UserError(f"{name}: consists of other ROIs in {first.name} than in {second.name}; give it another name")
    return one


def _is_paired(first: Side, second: Side, rows: list[tuple[RoiRow, RoiRow]]) -> bool:
    """Whether both sides were scored on the same stories of one study, each in as many blocks."""
    stories = [
        (side.study.manifest.get("study_name"), *side.study.stories_of(side.subject)) for side in (first, second)
    ]
    return stories[0] == stories[1] and all(
        [len(blocks) for blocks in a.units] == [len(blocks) for blocks in b.units] for a, b in rows
    )


def _compared(first: RoiRow, second: RoiRow, paired: bool, rng: np.random.Generator) -> DifferenceRow:
    a, b = (Scored(tuple(np.array(blocks) for blocks in row.units), ()) for row in (first, second))
    interval, p = _paired(a - b, rng) if paired else _unpaired(a, b)
    return DifferenceRow(first.region, first.value - second.value, first.value, second.value, interval, p)


def _units(scored: Scored) -> np.ndarray:
    """Stories, or blocks where they are fewer than five, weighted so that their mean is the score: (n_units,)."""
    if len(scored.blocks) >= MIN_UNITS:
        return np.array([b.mean() for b in scored.blocks])
    n, stories = sum(map(len, scored.blocks)), len(scored.blocks)
    return np.concatenate([b * (n / (stories * len(b))) for b in scored.blocks])


def _paired(scored: Scored, rng: np.random.Generator) -> tuple[Interval | None, float | None]:
    from scipy import stats

    units = _units(scored)
    if len(units) < MIN_UNITS:
        return None, None
    return interval_of(scored, rng), _or_one(stats.ttest_1samp(units, 0.0).pvalue)


def _unpaired(a: Scored, b: Scored) -> tuple[Interval | None, float | None]:
    """Welch's t: the two sides heard other stories, so nothing pairs them."""
    from scipy import stats

    one, other = _units(a), _units(b)
    if min(len(one), len(other)) < MIN_UNITS:
        return None, None
    found = stats.ttest_ind(one, other, equal_var=False)
    ci = found.confidence_interval(0.95)
    method = f"Welch's t over {len(one)} and {len(other)} units"
    if not np.isfinite(found.pvalue):
        return None, 1.0
    return Interval(float(ci.low), float(ci.high), len(one) + len(other), method), float(found.pvalue)


def _or_one(p: float) -> float:
    """p; 1 where nothing varies and nothing differs."""
    return float(p) if np.isfinite(p) else 1.0


def _corrected(rows: list[DifferenceRow], correction: Correction) -> list[DifferenceRow]:
    p = np.array([1.0 if row.p is None else row.p for row in rows])
    adjusted = holm(p) if correction == Correction.HOLM else benjamini_hochberg(p)
    return [row if row.p is None else replace(row, p_corrected=float(q)) for row, q in zip(rows, adjusted, strict=True)]
