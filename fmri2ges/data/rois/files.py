"""ROI files in and out: the format is told by the end of the file's name.

To read one more format, add its ending and a function ``path -> tuple of Roi`` to `READERS`; to
write one, a function ``(rois, path) -> paths`` to `WRITERS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...brain.roi import Roi, cover, union
from ...errors import UserError
from .cifti import read_cifti_rois, write_cifti_rois
from .freesurfer import read_annot_rois, read_label_rois, write_annot_rois, write_label_rois
from .gifti import read_gifti_rois, write_gifti_rois
from .mesh import check_file
from .nifti import read_nifti_roi, write_nifti_roi
from .polygon import load_json, read_csv_rois, read_json_rois, write_csv_rois, write_json_rois
from .svg import read_overlays


def _read_json(path: Path) -> tuple[Roi, ...]:
    content = load_json(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: is a list of names and holds no vertices; give it where names are wanted")
    return read_json_rois(path, content)


# Longer endings first: .label.gii is no .label.
READERS = {
    ".dlabel.nii": read_cifti_rois,
    ".nii.gz": read_nifti_roi,
    ".nii": read_nifti_roi,
    ".gii": read_gifti_rois,
    ".annot": read_annot_rois,
    ".label": read_label_rois,
    ".svg": read_overlays,
    ".csv": read_csv_rois,
    ".json": _read_json,
}
WRITERS = {
    ".dlabel.nii": write_cifti_rois,
    ".nii.gz": write_nifti_roi,
    ".nii": write_nifti_roi,
    ".gii": write_gifti_rois,
    ".annot": write_annot_rois,
    ".label": write_label_rois,
    ".csv": write_csv_rois,
    ".json": write_json_rois,
}


def _by_ending(path: Path, table: dict):
    return next((function for ending, function in table.items() if path.name.lower().endswith(ending)), None)


def read_rois(path, flatmaps=None) -> tuple[Roi, ...]:
    """The named ROIs of a file, on the vertices of fsaverage5.

    Parameters
    ----------
    path : .label.gii, .func.gii or .shape.gii (masks), .annot, .label, .dlabel.nii, .nii or .nii.gz (a
        mask in MNI space), a pycortex overlays.svg, .json (polygons or vertices) or .csv (members)
    flatmaps : (left, right) flatmap surfaces for an overlays.svg; None looks beside it

    Returns
    -------
    rois : tuple of Roi, each with at least one vertex; empty where the hemisphere of the file holds none

    Raises
    ------
    UserError
        For a missing or damaged file, an unknown format or mesh, or an unknown hemisphere.
    """
    path = check_file(Path(path))
    reader = _by_ending(path, READERS)
    if reader is None:
        raise UserError(f"{path}: ROIs of this format are not known; allowed: {', '.join(READERS)}")
    return read_overlays(path, flatmaps) if reader is read_overlays else reader(path)


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
    writer = _by_ending(out, WRITERS)
    if writer is None:
        raise UserError(f"{out}: ROIs cannot be written in this format; allowed: {', '.join(WRITERS)}")
    if not any(roi.mask.any() for roi in rois):
        raise UserError(f"{out}: no ROI with a vertex to write; choose at least one")
    names = [roi.name for roi in rois]
    if len(set(names)) < len(names):
        raise UserError(f"{out}: two ROIs are called {next(n for n in names if names.count(n) > 1)!r}; rename one")
    return writer(rois, out)


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
        format of `read_rois`, where every ROI of the file counts as chosen. FILE#NAME chooses one of them.

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
        path, chosen = split_choice(text)
        check_file(path)
        listed = _names(path)
        if listed is not None:
            names += listed
            continue
        found = read_rois(path)
        if chosen and chosen not in (roi.name for roi in found):
            raise UserError(f"{path}: holds no ROI {chosen!r}; it has: {_few(found)}")
        rois += [roi for roi in found if chosen in ("", roi.name)]
    files = ", ".join(str(p) for p in paths)
    if not names and not rois:
        raise UserError(f"{files}: no ROI chosen; name at least one")
    if not rois:
        return RoiSelection(tuple(dict.fromkeys(names)))
    fit = cover(union(*(roi.mask for roi in rois)))
    if not fit.areas:
        raise UserError(
            f"{files}: {fit.n_mask} vertices fill no area of HCP-MMP1.0 by more than half, and decoding works by areas; "
            "make the ROI larger, or name the areas"
        )
    return RoiSelection(tuple(dict.fromkeys([*names, *fit.areas])), f"{files}: {fit.note}")


def split_choice(text) -> tuple[Path, str]:
    """A file and the ROI chosen in it: 'lh.aparc.annot#insula' -> (lh.aparc.annot, 'insula'); '' chooses all."""
    whole = Path(text)
    if whole.exists() or "#" not in whole.name:
        return whole, ""
    file, _, name = str(text).rpartition("#")
    return Path(file), name


def _few(rois: tuple[Roi, ...], n: int = 8) -> str:
    names = [roi.name for roi in rois[:n]] + (["..."] if len(rois) > n else [])
    return ", ".join(names) or "none"


def _names(path: Path) -> list[str] | None:
    """Names of a list; None for a file of masks."""
    if path.suffix.lower() == ".json":
        content = load_json(path)
        if isinstance(content, dict) and "format" in content:
            return None
        if not isinstance(content, list) or not all(isinstance(n, str) for n in content):
            raise UserError(
                f'{path}: must be a list of ROI names such as ["Broca", "L_44"], or ROIs in the format fmri2ges-roi'
            )
        return content
    if _by_ending(path, READERS) is not None:
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not a list of names; allowed: .txt, {', '.join(READERS)}") from error
    return [name for line in lines if (name := line.split("#")[0].strip())]
