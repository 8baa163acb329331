"""What every reader of motion returns: the motion, and how its file was understood."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...motion.features import resample
from ...motion.orient import Axes
from ...types import Motion
from .skeletons import Mapping


@dataclass(frozen=True)
class Imported:
    """A motion with how its file was understood.

    Parameters
    ----------
    motion : canonical skeleton, metres, y up, facing +z
    mapping : which joint of the file is which
    axes : units, up and facing that were found
    notes : what is unusual about the file, one line each
    ours : the format is our own, so that units and axes were taken from its word and not yet from the body
    """

    motion: Motion
    mapping: Mapping
    axes: Axes
    notes: tuple[str, ...] = ()
    ours: bool = False

    def describe(self) -> str:
        """One line for a check: rig, units, axes, length."""
        m = self.motion
        return f"{self.mapping.source}: {m.n_frames} frames at {m.fps:g} per second, {self.axes}"

    def at(self, fps: float | None) -> Imported:
        """The same at another frame rate; None keeps that of the file."""
        return self if fps is None else replace(self, motion=resample(self.motion, fps))

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Notes on the file and on its axes."""
        return (*self.notes, *self.axes.notes)

    def noting(self, notes) -> Imported:
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *notes))
