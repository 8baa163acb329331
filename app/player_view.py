"""Clock, loop, camera and display of the player as a link states them; the browser keeps its address up to date."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from fmri2ges.errors import shown as quoted

LOOP_ALL: Literal["all"] = "all"  # the whole stretch is played again and again
LEAST_LOOP = 0.2  # seconds, as in the player
LEAST_ZOOM = 1.0  # seconds in sight, as in the player
TOGGLES = ("overlay", "samples", "trails")  # what the player can show
NOTHING = "none"  # of them
# Lowest and highest value of each part of the camera: angles in radians, and the factor by which it is nearer.
CAMERA = {"yaw": (-1000.0, 1000.0), "pitch": (-0.6, 1.5), "zoom": (0.5, 4.0)}


@dataclass(frozen=True)
class PlayerView:
    """What of the player is shown; None stands for what it shows at first.

    Parameters
    ----------
    at : moment of the clock, seconds in the story
    loop : first and last moment of what is played again and again, seconds, or 'all'
    camera : yaw and pitch in radians, and zoom
    zoom : first and last moment that the timeline shows, seconds
    shown : which of `TOGGLES` are on
    """

    at: float | None = None
    loop: tuple[float, float] | Literal["all"] | None = None
    camera: tuple[float, float, float] | None = None
    zoom: tuple[float, float] | None = None
    shown: tuple[str, ...] | None = None

    @classmethod
    def from_url(cls, url: dict[str, str], complaints: list[str]) -> PlayerView:
        """The view of a link; what cannot be understood is as at first, and complained of."""
        at = _numbers("at", url, 1, "a moment in seconds, such as 41.5", complaints)
        loop: tuple[float, float] | Literal["all"] | None = LOOP_ALL
        if url.get("loop") != LOOP_ALL:
            loop = _stretch("loop", url, LEAST_LOOP, ", or all", complaints)
        camera = _numbers("camera", url, 3, "yaw, pitch and zoom, such as 0.3,0.12,1", complaints)
        if camera is not None:
            for (name, (low, high)), value in zip(CAMERA.items(), camera, strict=True):
                if not low <= value <= high:
                    complaints.append(f"camera: {name} must be between {low:g} and {high:g}; got {value:g}")
                    camera = None
                    break
        return cls(
            at[0] if at else None,
            loop,
            (camera[0], camera[1], camera[2]) if camera else None,
            _stretch("zoom", url, LEAST_ZOOM, "", complaints),
            _shown(url, complaints),
        )

    def inside(self, start: float, stop: float, complaints: list[str]) -> PlayerView:
        """The same without what lies outside the stretch that is played, which is complained of."""
        at, loop, zoom = self.at, self.loop, self.zoom
        where = f"outside of {start:g} to {stop:g} s, which is played"
        if at is not None and not start <= at <= stop:
            complaints.append(f"at: {at:g} s is {where}")
            at = None
        if isinstance(loop, tuple) and not start <= loop[0] < loop[1] <= stop:
            complaints.append(f"loop: {loop[0]:g} to {loop[1]:g} s is {where}")
            loop = None
        if zoom is not None and not start <= zoom[0] < zoom[1] <= stop:
            complaints.append(f"zoom: {zoom[0]:g} to {zoom[1]:g} s is {where}")
            zoom = None
        return PlayerView(at, loop, self.camera, zoom, self.shown)

    def to_player(self) -> dict[str, Any]:
        """For the player: only what is not as at first."""
        return {name: value for name, value in vars(self).items() if value is not None}


OF_PLAYER = ("at", "loop", "camera", "zoom", "shown")


def _stretch(
    name: str, url: dict[str, str], least: float, others: str, complaints: list[str]
) -> tuple[float, float] | None:
    """Two moments of a link that are so many seconds apart; None where it has none, or others, which are complained of.

    Parameters
    ----------
    others : what else is allowed, in words
    """
    ends = _numbers(name, url, 2, f"two moments in seconds, such as 34,41.5{others}", complaints)
    if ends is None:
        return None
    if ends[1] - ends[0] < least - 1e-9:
        complaints.append(f"{name}: must last {least:g} s or longer; got {quoted(url[name])}")
        return None
    return ends[0], ends[1]


def _shown(url: dict[str, str], complaints: list[str]) -> tuple[str, ...] | None:
    """Which toggles a link turns on; None where it does not say."""
    if "shown" not in url:
        return None
    names = [name for name in url["shown"].split(",") if name not in ("", NOTHING)]
    unknown = [name for name in names if name not in TOGGLES]
    if unknown or not url["shown"]:
        complaints.append(f"shown: must name some of {', '.join(TOGGLES)}, or be none; got {quoted(url['shown'])}")
        return None
    return tuple(name for name in TOGGLES if name in names)


def _numbers(
    name: str, url: dict[str, str], count: int, allowed: str, complaints: list[str]
) -> tuple[float, ...] | None:
    """The numbers of a field of a link, or None: it is not there, or not understood and complained of."""
    if name not in url:
        return None
    try:
        found = tuple(float(part) for part in url[name].split(","))
    except ValueError:
        found = ()
    if len(found) == count and all(math.isfinite(value) and abs(value) < 1e6 for value in found):
        return found
    complaints.append(f"{name}: must be {allowed}; got {quoted(url[name])}")
    return None
