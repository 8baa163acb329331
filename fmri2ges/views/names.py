"""How runs and exported files are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from ..request import DecodeRequest

NAMED_ROIS = 4  # in the name of a file
LONGEST = 180  # characters; with its ending a name stays below what file systems take


def run_name(run: str) -> str:
    """How a run is called on the page and in names of files: the name of its folder."""
    return PurePath(run).name or run


def file_stem(words: Iterable[str]) -> str:
    """A name of a file without its ending; what a file system or a shell takes for something else is a hyphen."""
    safe = (re.sub(r"[^\w.+-]+", "-", word).strip("-.") for word in words if word)
    return "_".join(word or "x" for word in safe)[:LONGEST]


def result_stem(request: DecodeRequest, what: Iterable[str], simulated: bool) -> str:
    """Name of a file made of a result: run, subject, story, ROIs, what it holds, and whether it is simulated.

    Parameters
    ----------
    what : words such as the branch and the sample
    """
    n = len(request.rois)
    rois = "-".join(request.rois[:NAMED_ROIS]) + (f"-and-{n - NAMED_ROIS}-more" if n > NAMED_ROIS else "")
    mark = ["simulated"] if simulated else []
    return file_stem([run_name(request.run), request.subject, request.story, rois, *what, *mark])
