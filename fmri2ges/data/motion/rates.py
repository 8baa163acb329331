"""Frames per second as files state them: bounds, rounded values, and what to say about them.

A frame time of 0.033 s says 30.303 frames per second and means 30: over ten minutes that is 6 s.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from ...errors import UserError, one_line

FPS = (0.5, 2000.0)  # frames per second that a file may claim
MAX_SECONDS = 24 * 3600.0  # of one clip
# Rates that cameras and motion capture run at, the commonest first: a rounded frame time means the first that fits.
COMMON = (30, 60, 120, 25, 24, 50, 100, 15, 20, 200, 240, 90, 300, 250, 48, 10, 1000, 500, 480)
NTSC = (30000 / 1001, 60000 / 1001, 24000 / 1001)
EXACT = 1e-4  # relative difference below which a rate is the whole number beside it
SILENT = 5e-4  # and below which a rate that was rounded is not worth a note: 0.3 s in ten minutes
MAX_NAME = 40  # letters of the name of an array
RATE_NAMES = ("frequency", "samplingrate", "samplerate", "rate", "hz")
TIME_NAMES = ("dt", "frametime", "timestep", "deltat", "timedelta")  # seconds from a frame to the next


@dataclass(frozen=True)
class Rate:
    """Frames per second as they are taken, with what is unusual about them, one line each."""

    fps: float
    notes: tuple[str, ...] = ()


def rate_of(fps: float, what: str) -> Rate:
    """A rate that a file states, brought to the whole number that it means.

    Parameters
    ----------
    fps : frames per second
    what : where it stands, for messages

    Raises
    ------
    UserError
        Outside the bounds.
    """
    fps = check_fps(fps, what)
    whole = round(fps)
    if whole and abs(fps - whole) < EXACT * fps:
        return Rate(float(whole))
    seconds = 1 / fps
    for digits in (2, 3, 4):  # 30.303 stands for a frame time that was rounded to 0.033
        if abs(round(seconds, digits) - seconds) < 1e-6 * seconds:
            return rate_of_frame_time(f"{seconds:.{digits}f}", what)
    if any(abs(fps - rate) < EXACT * fps for rate in NTSC):
        return Rate(
            fps, (f"{what}: {fps:.5g} frames per second, as in video; it is kept and not taken as {round(fps)}",)
        )
    return Rate(fps)


def rate_of_frame_time(text: str, what: str) -> Rate:
    """Frames per second of a frame time in seconds, as it is written.

    Raises
    ------
    UserError
        When it is no number of seconds, with the likely cause.
    """
    shown = one_line(repr(text), 30)
    if re.fullmatch(r"\d+,\d+", text):
        raise UserError(f"{what}: {shown} has a decimal comma; write {text.replace(',', '.')}")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 / FPS[1] <= seconds <= 1 / FPS[0]:
        raise UserError(
            f"{what}: {shown} is no frame time in seconds ({1 / FPS[1]:g} to {1 / FPS[0]:g}){_cause(seconds)}"
        )
    fps = 1 / seconds
    printed = re.fullmatch(r"\d*\.(\d+)", text)
    fits = _rounded_from(seconds, 10.0 ** -len(printed[1])) if printed else None
    said = f"{what}: {text} s is {fps:.6g} frames per second"
    if abs(fps - round(fps)) < EXACT * fps:
        doubt = fits is not None and round(fps) not in COMMON
        return Rate(float(round(fps)), (f"{said}; if it is a rounded {fits:.5g}, write more digits",) if doubt else ())
    if fits is None or fits in NTSC:
        return Rate(fits or fps, (f"{said}, no whole number; it is kept",))
    close = abs(fps - fits) <= SILENT * fits
    return Rate(float(fits), () if close else (f"{said}; taken as {fits}, of which it is a rounded value",))


def _rounded_from(seconds: float, step: float) -> float | None:
    """The commonest rate whose frame time gives these seconds when it is rounded or cut off at a step."""
    for rate in (*COMMON, *NTSC):
        if -0.5 * step <= 1 / rate - seconds + 1e-12 and 1 / rate - seconds < step:
            return rate
    return None


def _cause(seconds: float) -> str:
    """What a frame time that is too large may be, as the end of a message."""
    if not 1 / FPS[0] < seconds < math.inf:
        return ""
    if float(seconds).is_integer() and seconds in COMMON:
        return f"; if it is frames per second, write {1 / seconds:.6f}; if milliseconds, {seconds / 1000:g}"
    for unit, factor in (("milliseconds", 1e-3), ("microseconds", 1e-6), ("nanoseconds", 1e-9)):
        if 1 / 500 <= seconds * factor <= 1 / 5:
            return f"; it looks like {unit}: write {seconds * factor:.6g}"
    return ""


def check_fps(fps: float, what: str) -> float:
    """Return `fps` inside the bounds; else raise `UserError`."""
    if not FPS[0] <= fps <= FPS[1]:  # also for NaN
        raise UserError(f"{what}: must be between {FPS[0]:g} and {FPS[1]:g} frames per second; got {fps:g}")
    return float(fps)


def check_length(n_frames: int, fps: float) -> None:
    """Refuse a clip of more than a day: its rate, or its frames, are wrong."""
    if n_frames / fps > MAX_SECONDS:
        raise UserError(
            f"{n_frames} frames at {fps:g} per second are {n_frames / fps / 3600:.0f} hours; at most "
            f"{MAX_SECONDS / 3600:.0f} hours are read: correct the frame rate, or cut the clip"
        )


def is_rate(name: str) -> bool:
    """Whether an array of this name states a rate: mocap_frame_rate, mocap_fps, frequency, or dt in seconds."""
    if len(name) > MAX_NAME:
        return False
    bare = re.sub(r"[^a-z]", "", name.lower())
    return "fps" in bare or "framerate" in bare or "framespersecond" in bare or bare in (*RATE_NAMES, *TIME_NAMES)


def _rate_in(name: str, value: np.ndarray) -> Rate:
    """The rate that one array states, as frames per second or as seconds per frame."""
    number = _one_number(name, value)
    if re.sub(r"[^a-z]", "", name.lower()) in TIME_NAMES:
        return rate_of_frame_time(f"{number:.12g}", name)
    return rate_of(number, name)


def stated_rate(arrays: dict[str, np.ndarray]) -> Rate | None:
    """The rate that the arrays of a file state; None where they state none.

    Parameters
    ----------
    arrays : name -> array with one number, or its text, of every array for which `is_rate` holds

    Raises
    ------
    UserError
        When a value cannot be read, or two of them differ.
    """
    rates = {name: _rate_in(name, value) for name, value in arrays.items()}
    if not rates:
        return None
    first, *others = rates
    for other in others:
        if abs(rates[other].fps - rates[first].fps) > 1e-2 * rates[first].fps:
            raise UserError(
                f"{first} states {rates[first].fps:g} and {other} {rates[other].fps:g} frames per second; "
                "keep the right one"
            )
    return rates[first]


def _one_number(name: str, value: np.ndarray) -> float:
    try:
        if value.size == 1 and value.dtype.kind in "fiuUS":
            number = value.reshape(()).item()
            return float(number.decode() if isinstance(number, bytes) else number)
    except ValueError:
        pass
    shown = one_line(repr(value.reshape(-1)[:3].tolist()), 60)
    raise UserError(f"{name}: must be one number, frames per second; got {shown}, {value.dtype} of shape {value.shape}")
