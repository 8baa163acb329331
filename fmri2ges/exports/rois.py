"""The ROI that a result was decoded from, for other programs."""

from __future__ import annotations

from pathlib import Path

from ..brain.atlas import load_atlas
from ..brain.roi import Roi
from ..data.rois.files import write_rois
from ..data.rois.gifti import kind_of
from ..errors import UserError, check_option
from ..results import Decoded

# Format of the ROI -> the ending of its files.
FORMATS = {
    "gii": ".gii",
    "annot": ".annot",
    "label": ".label",
    "dlabel": ".dlabel.nii",
    "nii": ".nii.gz",
    "roi-csv": ".csv",
    "roi-json": ".json",
}


def export_rois(decoded: Decoded, format: str, out) -> tuple[Path, ...]:
    """Write the ROI of a result as one mask.

    Parameters
    ----------
    decoded : the result
    format : 'gii' (``NAME.L.func.gii`` and ``NAME.R.func.gii``, or .label.gii when `out` ends so), 'annot' or 'label'
        (FreeSurfer), 'dlabel' (CIFTI), 'nii' (mask in MNI space), 'roi-csv' (members) or 'roi-json'
    out : file to write

    Returns
    -------
    paths : the files written
    """
    check_option("format", format, FORMATS)
    return write_rois([decoded_roi(decoded)], _roi_path(Path(out), format))


def decoded_roi(decoded: Decoded) -> Roi:
    """The ROI that a result was decoded from, as one mask.

    Raises
    ------
    UserError
        When the brain data were a table of ROIs or a subject's own voxels, which have no place on fsaverage5.
    """
    if decoded.manifest.get("space", "fsaverage5") != "fsaverage5":
        raise UserError(
            f"rois: this recording is in the space {decoded.manifest['space']!r}, ROIs without a place on the cortex of fsaverage5; "
            "export its motion instead"
        )
    return Roi("+".join(decoded.rois), load_atlas().vertices(decoded.rois))


def _roi_path(out: Path, format: str) -> Path:
    """`out` with the ending that makes `write_rois` choose the format."""
    if format == "gii":
        kind = kind_of(out, "func")
        return out.with_name(f"{out.name.removesuffix('.gii').removesuffix(f'.{kind}')}.{kind}.gii")
    ending = FORMATS[format]
    return out if out.name.lower().endswith(ending) else out.with_name(out.name + ending)
