"""Errors made by the user's input, and the checks that raise them.

Every message says what was wrong, where, what is allowed and what was given, in one line.
Assertions elsewhere are for our own bugs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# Control characters, line ends and half characters: no name or text of one line holds them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LONGEST = 900  # characters of a message; names and values in it are the user's, and may be of any length


class UserError(ValueError):
    """The input is wrong; the message is one line that the user can act on, whatever names and values it quotes."""

    def __init__(self, message: object = ""):
        text = str(message)
        super().__init__(text if len(text) <= LONGEST and len(text.splitlines()) < 2 else one_line(text, LONGEST))


class WriteError(UserError):
    """A place that cannot be written to.

    Parameters
    ----------
    path : the file or folder that was to be written, as the user knows it
    reason : why not, in the words of the system
    advice : what to do
    """

    def __init__(self, path: Any, reason: str, advice: str = "choose another place"):
        self.path, self.reason, self.advice = path, reason, advice
        super().__init__(f"{path}: cannot be written ({reason}); {advice}")


class Cancelled(Exception):
    """A job was asked to stop and left nothing half written."""


class StudyError(UserError):
    """Several problems of one study, each a line of its own.

    Parameters
    ----------
    problems : iterable of str
        One actionable line per problem.
    """

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(str(UserError(problem)) for problem in problems)
        ValueError.__init__(self, "\n".join(self.problems))


def check_option(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Return `value` when it is one of `allowed`; otherwise raise `UserError`."""
    allowed = list(allowed)
    if value not in allowed:
        choices = one_line(", ".join(map(str, allowed)), 500)
        raise UserError(f"{name}: {shown(value)} is not known; allowed: {choices}")
    return value


def check_positive(name: str, value: float, unit: str = "") -> float:
    """Return `value` when it is a finite number above zero; otherwise raise `UserError`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number < float("inf"):
        raise UserError(f"{name}: must be a number above 0{' ' + unit if unit else ''}; got {shown(value)}")
    return number


def check_seconds(name: str, value: Any) -> float | None:
    """Return a moment on the story's clock as a float, or None; what is no finite number is a `UserError`."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = float("nan")
    if isinstance(value, (bool, str)) or not float("-inf") < seconds < float("inf"):
        raise UserError(f"{name}: must be a number of seconds on the story's clock; got {shown(value)}")
    return seconds


def check_shape(name: str, array: Any, shape: tuple[int | None, ...]) -> Any:
    """Return `array` when its shape matches (None = any length); otherwise raise `UserError`."""
    got = tuple(array.shape)
    if len(got) != len(shape) or any(w is not None and w != g for w, g in zip(shape, got, strict=True)):
        wanted = tuple("any" if w is None else w for w in shape)
        raise UserError(f"{name}: shape must be {wanted}; got {got}")
    return array


def check_finite(name: str, array: Any, where: str = "") -> Any:
    """Return `array` when it holds no NaN or infinity; otherwise raise `UserError`."""
    import numpy as np

    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f" in {where}" if where else ""
        raise UserError(
            f"{name}: {int(bad.sum())} values are NaN or infinite{place}, first at index {first}; "
            "remove or interpolate them"
        )
    return array


def shown(value: object, limit: int = 100) -> str:
    """A value of the user's as it stands in a message: on one short line, whatever it holds."""
    return one_line(repr(value), limit)


def one_line(error: object, limit: int = 200) -> str:
    """An error of another library on one short line."""
    text = " ".join(str(error).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
