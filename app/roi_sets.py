"""Named ROIs of a session: masks over vertices, which the choice of areas alone could not hold."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from fmri2ges.brain.roi import Roi
from fmri2ges.data.rois.files import read_rois, write_rois
from fmri2ges.errors import UserError

from .uploads import as_files

KEY = "roi_sets"
MOST = 100  # named ROIs of a session, 20 kB each


def sets() -> dict[str, Roi]:
    """The named ROIs of this session, in the order in which they were kept."""
    return st.session_state.setdefault(KEY, {})


def keep(roi: Roi) -> None:
    """Keep an ROI under its name; one that was called so is replaced.

    Raises
    ------
    UserError
        For an ROI without a name or a vertex, and when there are too many.
    """
    name = " ".join(roi.name.split())
    if not name:
        raise UserError("set: has no name; give it one")
    if not roi.mask.any():
        raise UserError(f"set {name!r}: has no vertex; nothing is kept")
    if len(sets()) >= MOST and name not in sets():
        raise UserError(f"sets: {MOST} are kept, and no more; remove one")
    sets()[name] = Roi(name, roi.mask)


def remove(name: str) -> None:
    """Forget a named ROI."""
    sets().pop(name, None)


def keep_file(name: str, content: bytes) -> tuple[str, ...]:
    """Keep the ROIs of a file that was dropped on the page; returns their names.

    Parameters
    ----------
    name : of the file; its ending tells the format
    """
    with as_files([(name, content)]) as (path,):
        found = read_rois(path)
    if not found:
        raise UserError(f"{name}: holds no ROI")
    for roi in found:
        keep(roi)
    return tuple(roi.name for roi in found)


def as_json(kept: dict[str, Roi]) -> bytes:
    """Named ROIs in the program's own format, which every command with --roi-file reads."""
    with TemporaryDirectory() as folder:
        (path,) = write_rois(kept.values(), Path(folder) / "rois.json")
        return path.read_bytes()
