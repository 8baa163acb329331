"""Undo and redo of the choice of ROIs: values only, `app.state` keeps them in the session."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 100  # steps that are kept
Rois = tuple[str, ...]


@dataclass(frozen=True)
class RoiSteps:
    """Choices of ROIs before and after the present one.

    Parameters
    ----------
    before : earlier choices, the last one first undone
    after : choices that were undone, the last one first redone
    """

    before: tuple[Rois, ...] = ()
    after: tuple[Rois, ...] = ()

    def changed(self, old: Rois, new: Rois) -> RoiSteps:
        """After a choice of the user; what was undone before it is gone."""
        return self if old == new else RoiSteps((*self.before, old)[-MOST:])

    def moved(self, now: Rois, by: int) -> tuple[RoiSteps, Rois]:
        """After undo (`by` = -1) or redo (1), and the choice that holds then; without a step there nothing changes."""
        if by < 0 and self.before:
            return RoiSteps(self.before[:-1], (*self.after, now)), self.before[-1]
        if by > 0 and self.after:
            return RoiSteps((*self.before, now), self.after[:-1]), self.after[-1]
        return self, now
