"""A motion of the user's beside the decoded ones: read, brought to the ten joints and the frame rate of the player."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..data.motion.files import import_motion_file
from ..errors import UserError
from ..motion.features import resample
from ..types import Motion

AS_IT_IS = "its own proportions, not retargeted"
NOT_SCORED = "your file, never scored"


@dataclass(frozen=True)
class OwnMotion:
    """A motion that was read from a file.

    Parameters
    ----------
    name : of the file
    motion : ten joints, metres, at its own frame rate; it starts at the second that the file says, which is 0 in a .bvh
    notes : how the file was understood, and what is unusual about it, one line each
    """

    name: str
    motion: Motion
    notes: tuple[str, ...] = ()

    def at(self, offset: float, fps: float) -> Motion:
        """The motion on the story's clock, at the player's frame rate.

        Parameters
        ----------
        offset : seconds in the story at which second 0 of the file is
        fps : frames per second
        """
        return replace(resample(self.motion, fps), start=self.motion.start + offset)

    def first_offset(self, start: float, stop: float) -> float:
        """0 where the file then has a frame in the stretch, else what moves its beginning to that of the stretch."""
        return 0.0 if self.motion.shares(start, stop) else start - self.motion.start


def read_own_motion(path: str | Path) -> OwnMotion:
    """Read a .bvh or .npz; the same readers, checks and messages as for a study.

    Raises
    ------
    UserError
        One line that begins with the name of the file, not with its folder.
    """
    path = Path(path)
    try:
        found = import_motion_file(path)
    except UserError as error:
        raise UserError(str(error).replace(str(path), path.name)) from error
    return OwnMotion(path.name, replace(found.motion, samples=None), (found.describe(), *found.all_notes))
