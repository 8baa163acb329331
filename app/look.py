"""How the cortex is seen: hemispheres, surface, point of view. It is part of the link."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fmri2ges.views.cortex import SURFACES

SIDES = ("both", "left", "right")
POINTS = ("overview", "lateral", "medial", "front", "back", "top", "bottom")
ALLOWED = {"side": SIDES, "surface": SURFACES, "point": POINTS}


@dataclass(frozen=True)
class Look:
    """How the cortex is seen on every screen that has one.

    Parameters
    ----------
    side : which hemispheres, one of `SIDES`
    surface : one of `fmri2ges.views.cortex.SURFACES`
    point : point of view, one of `POINTS`; the flatmap has only one
    """

    side: str = "both"
    surface: str = "inflated"
    point: str = "overview"

    @classmethod
    def from_url(cls, url: dict[str, str], complaints: list[str]) -> Look:
        """The look of a link; what is not known keeps its first value and is complained of."""
        found = cls()
        for name, allowed in ALLOWED.items():
            text = url.get(name, getattr(found, name))
            if text in allowed:
                found = replace(found, **{name: text})
            else:
                complaints.append(f"{name}: must be one of {', '.join(allowed)}; got {text!r}")
        return found

    def to_url(self) -> dict[str, str]:
        """What differs from the first look, as texts."""
        return {name: getattr(self, name) for name in ALLOWED if getattr(self, name) != getattr(FIRST_LOOK, name)}


FIRST_LOOK = Look()
