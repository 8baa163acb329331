"""Several subjects of one ROI study, one by one: how many agree on a region, and a group test only from ten on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..brain.space import Voxels
from .intervals import Interval, t_interval
from .nulls import benjamini_hochberg, holm
from .roi_rows import Correction, Effect, RoiRow, RoiStudy

LEAST = 10  # subjects below which nothing is said about a group
ALPHA = 0.05


@dataclass(frozen=True)
class GroupRow:
    """One region in several subjects.

    Parameters
    ----------
    region : its name
    rows : the row of each subject
    mean : mean over subjects; None below ten subjects
    interval : 95 % t interval of the mean over subjects; None below ten
    p : one-sided, of a mean above chance, by Student's t over subjects; None below ten
    p_corrected : corrected over the regions; None below ten
    """

    region: str
    rows: tuple[RoiRow, ...]
    mean: float | None = None
    interval: Interval | None = None
    p: float | None = None
    p_corrected: float | None = None

    @property
    def agree(self) -> int:
        """In how many subjects the corrected p of the region is below .05."""
        return sum(row.p_corrected is not None and row.p_corrected < ALPHA for row in self.rows)

    @property
    def above(self) -> int:
        """In how many subjects the value is above the mean of its null."""
        return sum(row.value > _chance(row) for row in self.rows)


def _chance(row: RoiRow) -> float:
    return 0.0 if row.null is None else row.null.mean


def group_rows(study: RoiStudy, branch: str, metric: str, effect: Effect) -> list[GroupRow]:
    """The regions that every subject has, in the order of the study.

    Parameters
    ----------
    study : of two subjects or more
    branch, metric, effect : which rows

    Returns
    -------
    rows : below ten subjects without any mean, interval or p of the group; empty where there is a single subject, or
        where every subject has voxels, and so regions, of their own
    """
    if len(study.subjects) < 2 or study.space == Voxels.kind:
        return []
    of_subject = [
        {row.region: row for row in study.select(subject, branch, metric, effect)} for subject in study.subjects
    ]
    names = [region.name for region in study.regions if all(region.name in rows for rows in of_subject)]
    found = [GroupRow(name, tuple(rows[name] for rows in of_subject)) for name in names]
    return found if len(study.subjects) < LEAST else _tested(found, study.correction)


def _tested(groups: list[GroupRow], correction: Correction) -> list[GroupRow]:
    from scipy import stats

    tested = []
    for group in groups:
        values = np.array([row.value for row in group.rows])
        above = values - np.array([_chance(row) for row in group.rows])
        one = float(stats.ttest_1samp(above, 0.0, alternative="greater").pvalue)
        ci = t_interval(values, "subjects")
        tested.append(replace(group, mean=float(values.mean()), interval=ci, p=one if np.isfinite(one) else 1.0))
    p = np.array([group.p for group in tested], float)
    adjusted = holm(p) if correction == Correction.HOLM else benjamini_hochberg(p)
    return [replace(group, p_corrected=float(q)) for group, q in zip(tested, adjusted, strict=True)]
