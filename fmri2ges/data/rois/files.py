"""ROI files in and out: the format is told by the end of the file's name.

The formats are listed in `formats.FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...brain.roi import Roi, cover, union
from ...errors import UserError
from ..atomic import read_json
from ..masks import Threshold
from .formats import FORMATS, format_of
from .mesh import MAX_TEXT, check_file
from .svg import read_overlays


def read_rois(path, flatmaps=None, threshold: Threshold | None = None) -> tuple[Roi, ...]:
    """The named ROIs of a file, on the vertices of fsaverage5.

    Parameters
    ----------
    path : a file of one of the `FORMATS`: .label.gii, .func.gii or .shape.gii (masks or statistic maps), .annot,
        .label, .mgz, .dlabel.nii, .dscalar.nii, .nii or .nii.gz (a mask or a statistic map in MNI space), a pycortex
        overlays.svg, .json (polygons or vertices, or vertices of pycortex-roidraw) or .csv (members)
    flatmaps : (left, right) flatmap surfaces for an overlays.svg; None looks beside it
    threshold : threshold of a statistic map; None for masks and labels

    Returns
    -------
    rois : tuple of Roi, each with at least one vertex; empty where the hemisphere of the file holds none

    Raises
    ------
    UserError
        For a missing or damaged file, an unknown format or mesh, or an unknown hemisphere.
    """
    path = check_file(Path(path))
    found = format_of(path)
    if found is None:
        raise UserError(f"{path}: ROIs of this format are not known; allowed: {', '.join(FORMATS)}")
    return read_overlays(path, flatmaps) if flatmaps is not None else found.rois(path, threshold)


def write_rois(rois: Iterable[Roi], out) -> tuple[Path, ...]:
    """Write ROIs in the format that the name of `out` ends with.

    Formats of one hemisphere become two files (.L. and .R., or lh. and rh., in the name).

    Parameters
    ----------
    out : .label.gii, .func.gii, .shape.gii, .annot, .label, .dlabel.nii, .csv, .json, or .nii or .nii.gz (one ROI)

    Returns
    -------
    paths : the files written

    Raises
    ------
    UserError
        For an unknown format, no ROI, a repeated name, or ROIs that overlap in a format with one label per vertex.
    """
    out, rois = Path(out), list(rois)
    found = format_of(out)
    if found is None or found.write is None:
        allowed = ", ".join(ending for ending, other in FORMATS.items() if other.write)
        raise UserError(f"{out}: ROIs cannot be written in this format; allowed: {allowed}")
    if not any(roi.mask.any() for roi in rois):
        raise UserError(f"{out}: no ROI with a vertex to write; choose at least one")
    names = [roi.name for roi in rois]
    if len(set(names)) < len(names):
        raise UserError(f"{out}: two ROIs are called {next(n for n in names if names.count(n) > 1)!r}; rename one")
    return found.write(rois, out)


@dataclass(frozen=True)
class RoiSelection:
    """What ROI files choose.

    Parameters
    ----------
    names : names to decode from, as the atlas or a table study knows them
    note : how much the areas differ from the vertices in the files, one line; empty where the files hold names
    """

    names: tuple[str, ...]
    note: str = ""


def select_rois(paths) -> RoiSelection:
    """The choice of ROIs that one or more files make.

    Parameters
    ----------
    paths : lists of names (.txt with one name a line, # begins a comment; .json with a list), or any
        format of `read_rois`, where every ROI of the file counts as chosen. FILE#NAME chooses one of them, and
        FILE>3.1 (or FILE<-3.1) is where a statistic map is above (or below) a threshold.

    Returns
    -------
    selection : the names in the files, then the atlas areas of which more than half of the vertices are in
        the union of all masks; the note says how well these areas fit the masks

    Raises
    ------
    UserError
        As `read_rois`, and when nothing or no area is chosen.
    """
    names: list[str] = []
    rois: list[Roi] = []
    for text in paths:
        choice = split_choice(text)
        check_file(choice.path)
        listed = _names(choice.path)
        if listed is not None:
            names += listed
            continue
        found = read_rois(choice.path, threshold=choice.threshold)
        if choice.name and choice.name not in (roi.name for roi in found):
            raise UserError(f"{choice.path}: holds no ROI {choice.name!r}; it has: {_few(found)}")
        rois += [roi for roi in found if choice.name in ("", roi.name)]
    files = ", ".join(str(p) for p in paths)
    if not names and not rois:
        raise UserError(f"{files}: no ROI chosen; name at least one")
    if not rois:
        return RoiSelection(tuple(dict.fromkeys(names)))
    fit = cover(union(*(roi.mask for roi in rois)))
    if not fit.areas:
        raise UserError(
            f"{files}: {fit.n_mask} vertices fill no area of HCP-MMP1.0 by more than half, and decoding works by "
            "areas; "
            "make the ROI larger, or name the areas"
        )
    return RoiSelection(tuple(dict.fromkeys([*names, *fit.areas])), f"{files}: {fit.note}")


@dataclass(frozen=True)
class RoiChoice:
    """What is wanted of an ROI file.

    Parameters
    ----------
    path : the file
    name : the one ROI that is wanted; empty for all of them
    threshold : threshold of a statistic map; None for masks and labels
    """

    path: Path
    name: str = ""
    threshold: Threshold | None = None


THRESHOLD = re.compile(r"(?P<file>.+?)\s*(?P<sign>[<>])\s*(?P<value>[^<>/]*)")


def split_choice(text) -> RoiChoice:
    """A file and what is wanted of it: 'lh.aparc.annot#insula' is one label, 'z.nii.gz>3.1' a map above 3.1.

    Raises
    ------
    UserError
        For a threshold that is no number.
    """
    whole = Path(text)
    if whole.exists() or whole.is_symlink():
        return RoiChoice(whole)
    file, threshold = str(text), None
    found = THRESHOLD.fullmatch(file)
    if found and ("<" in whole.name or ">" in whole.name):
        try:
            threshold = Threshold(float(found["value"]), found["sign"] == ">")
        except ValueError as error:
            raise UserError(
                f"{text}: the threshold is no number; write FILE>3.1, or FILE<-3.1 for values below"
            ) from error
        file = found["file"]
    if "#" not in Path(file).name or Path(file).exists():
        return RoiChoice(Path(file), threshold=threshold)
    file, _, name = file.rpartition("#")
    return RoiChoice(Path(file), name, threshold)


def _few(rois: tuple[Roi, ...], n: int = 8) -> str:
    names = [roi.name for roi in rois[:n]] + (["..."] if len(rois) > n else [])
    return ", ".join(names) or "none"


def _names(path: Path) -> list[str] | None:
    """Names of a list; None for a file of masks."""
    if path.suffix.lower() == ".json":
        content = read_json(path, MAX_TEXT)
        if isinstance(content, dict) and "format" in content:
            return None
        if not isinstance(content, list) or not all(isinstance(n, str) for n in content):
            raise UserError(
                f'{path}: must be a list of ROI names such as ["Broca", "L_44"], or ROIs in the format fmri2ges-roi'
            )
        return content
    if format_of(path) is not None:
        return None
    if path.stat().st_size > MAX_TEXT:
        raise UserError(f"{path}: is larger than {MAX_TEXT // 2**20} MB, which no list of names is")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not a list of names; allowed: .txt, {', '.join(FORMATS)}") from error
    return [name for line in lines if (name := line.split("#")[0].strip())]
