"""What the harness of damaged files knows of a reader: how a whole file is made, how it is read, what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def anything(value: Any) -> None:
    """No more is asked of a value than that it came."""


@dataclass(frozen=True)
class Case:
    """One reader with a whole file of its format.

    Parameters
    ----------
    make : writes the whole file, and what lies beside it, into an empty folder; the path of the one that is damaged
    read : reads the file at a path in the same folder
    formats : entries of the registries that the case stands for, such as "bold .nii"
    check : asserts that a value that was read is a possible one
    name : of the damaged copy; None where it takes the place of the whole file
    quick : damaged copies in the quick tests
    reads : whether the whole file is read; else it is refused, and the message is what is wanted
    refuses : whether damage is refused; else there is a value for it
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    formats: tuple[str, ...] = ()
    check: Callable[[Any], None] = anything
    name: str | None = None
    quick: int = 12
    reads: bool = True
    refuses: bool = True
