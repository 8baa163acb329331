"""Who is on screen in a film: branches of one result, or of two, and the reference, in the order of the screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..results import BRANCHES
from ..types import Motion
from .bodies import WHITE, mix
from .skeleton import centred
from .style import COLOURS, INK, NAMES, OTHER_COLOURS

ORDER = (*BRANCHES, "reference")  # from left to right, as on screen; other names come last
TEXT = np.array([29.0, 36.0, 35.0])  # the text colour of the app


@dataclass(frozen=True)
class Shown:
    """One body.

    Parameters
    ----------
    name : 'text', 'direct', 'reference', or any other name
    motion : its spine at the origin
    letter : "A" or "B" where two results are shown, else empty
    """

    name: str
    motion: Motion
    letter: str = ""

    @property
    def label(self) -> str:
        """What stands above it."""
        return f"{NAMES.get(self.name, self.name)} {self.letter}".strip()

    @property
    def colour(self) -> str:
        """Colour of its name, as matplotlib and Pillow know it; those of B are others than those of A."""
        return (OTHER_COLOURS if self.letter == "B" else COLOURS).get(self.name, INK)

    @property
    def rgb(self) -> np.ndarray:
        """Colour of the body as on screen, array (3,), 0 to 255; without a branch it is a paler text colour."""
        from PIL import ImageColor

        return np.array(ImageColor.getrgb(self.colour), float) if self.name in BRANCHES else mix(TEXT, WHITE, 0.25)


def cast(motions: dict[str, Motion], other: dict[str, Motion]) -> tuple[Shown, ...]:
    """Everybody from left to right; with motions of a second result each branch of A stands beside that of B.

    Parameters
    ----------
    motions : name -> motion of the first result, and what belongs to both, such as the reference
    other : name -> motion of the second result; empty where there is none
    """
    names = sorted({**motions, **other}, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    shown = []
    for name in names:
        letter = "A" if other and name in BRANCHES else ""
        shown += [Shown(name, centred(motions[name]), letter)] if name in motions else []
        shown += [Shown(name, centred(other[name]), "B")] if name in other else []
    return tuple(shown)
