"""How the cortex is seen: hemispheres, surface, point of view, what colours it. It is part of the link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from fmri2ges.errors import shown
from fmri2ges.evaluation.roi_rows import Effect
from fmri2ges.views.cortex import SURFACES

SIDES = ("both", "left", "right")
POINTS = ("overview", "lateral", "medial", "front", "back", "top", "bottom")
NO_MAP, RATE, OWN = "none", "rate", "own"
COLOURS = (NO_MAP, str(Effect.ALONE), str(Effect.LESION), RATE, OWN)
CAMERA = ("side", "surface", "point")  # what the browser changes by itself
ALLOWED = {"side": SIDES, "surface": SURFACES, "point": POINTS, "colour": COLOURS}


@dataclass(frozen=True)
class Look:
    """How the cortex is seen on every screen that has one.

    Parameters
    ----------
    side : which hemispheres, one of `SIDES`
    surface : one of `fmri2ges.views.cortex.SURFACES`
    point : point of view, one of `POINTS`; the flatmap has only one
    colour : the map that colours it, one of `COLOURS`
    threshold : areas whose value is nearer to 0 have no colour, in the unit of the map
    """

    side: str = "both"
    surface: str = "inflated"
    point: str = "overview"
    colour: str = str(Effect.ALONE)
    threshold: float = 0.0

    @classmethod
    def from_url(cls, url: dict[str, str], complaints: list[str]) -> Look:
        """The look of a link; what is not known keeps its first value and is complained of."""
        found = cls()
        for name, allowed in ALLOWED.items():
            text = url.get(name, getattr(found, name))
            if text in allowed:
                found = replace(found, **{name: text})
            else:
                complaints.append(f"{name}: must be one of {', '.join(allowed)}; got {shown(text)}")
        text = url.get("threshold", "0")
        try:
            threshold = float(text)
        except ValueError:
            threshold = -1.0
        if 0 <= threshold < inf:
            return replace(found, threshold=threshold)
        complaints.append(f"threshold: must be a number from 0 on; got {shown(text)}")
        return found

    def to_url(self) -> dict[str, str]:
        """What differs from the first look, as texts."""
        texts = {name: getattr(self, name) for name in ALLOWED if getattr(self, name) != getattr(FIRST_LOOK, name)}
        return texts | ({"threshold": f"{self.threshold:.10g}"} if self.threshold else {})


FIRST_LOOK = Look()
