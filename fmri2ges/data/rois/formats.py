"""Every format of ROIs: to read or write one more, add its functions to `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...brain.roi import Roi
from ...errors import UserError
from ..atomic import read_json
from ..masks import Threshold
from .cifti import read_cifti_maps, read_cifti_rois, write_cifti_rois
from .freesurfer import read_annot_rois, read_label_rois, write_annot_rois, write_label_rois
from .gifti import read_gifti_rois, write_gifti_rois
from .mesh import MAX_BYTES, MAX_TEXT
from .mgh import read_mgh_rois
from .nifti import read_nifti_roi, write_nifti_roi
from .polygon import FORMAT, read_csv_rois, read_json_rois, write_csv_rois, write_json_rois
from .roidraw import FAMILY, read_roidraw_rois
from .svg import read_overlays


@dataclass(frozen=True)
class Format:
    """How the files of one ending are read and written.

    Parameters
    ----------
    read : ROIs of a file; with `maps`, its second argument is the threshold of a statistic map, or None
    write : writes ROIs and returns the paths of the files; None where this program does not write the format
    maps : whether a file can hold a statistic map
    volume : whether a file can hold a volume, which voxels are compared with
    max_bytes : size of the largest file
    """

    read: Callable[..., tuple[Roi, ...]]
    write: Callable[[list[Roi], Path], tuple[Path, ...]] | None = None
    maps: bool = False
    volume: bool = False
    max_bytes: int = MAX_BYTES

    def rois(self, path: Path, threshold: Threshold | None) -> tuple[Roi, ...]:
        """ROIs of a file."""
        if path.stat().st_size > self.max_bytes:
            raise UserError(f"{path}: is larger than {self.max_bytes // 2**20} MB, which no ROI file of this kind is")
        if self.maps:
            return self.read(path, threshold)
        if threshold is not None:
            allowed = ", ".join(ending for ending, other in FORMATS.items() if other.maps)
            raise UserError(
                f"{path}: holds ROIs, which have no threshold ({threshold}); only statistic maps do: {allowed}"
            )
        return self.read(path)


def _read_json(path: Path) -> tuple[Roi, ...]:
    content = read_json(path, MAX_TEXT)
    if not isinstance(content, dict):
        raise UserError(f"{path}: is a list of names and holds no vertices; give it where names are wanted")
    stated = content.get("format")
    if stated != FORMAT and isinstance(stated, str) and stated.startswith(FAMILY):
        return read_roidraw_rois(path, content)
    return read_json_rois(path, content)


# Longer endings first: .label.gii is no .label.
FORMATS: dict[str, Format] = {
    ".dlabel.nii": Format(read_cifti_rois, write_cifti_rois),
    ".dlabel.nii.gz": Format(read_cifti_rois),
    ".dscalar.nii": Format(read_cifti_maps, maps=True),
    ".dscalar.nii.gz": Format(read_cifti_maps, maps=True),
    ".nii.gz": Format(read_nifti_roi, write_nifti_roi, maps=True, volume=True),
    ".nii": Format(read_nifti_roi, write_nifti_roi, maps=True, volume=True),
    ".mgz": Format(read_mgh_rois, maps=True, volume=True),
    ".mgh": Format(read_mgh_rois, maps=True, volume=True),
    ".gii.gz": Format(read_gifti_rois, maps=True),
    ".gii": Format(read_gifti_rois, write_gifti_rois, maps=True),
    ".annot": Format(read_annot_rois, write_annot_rois),
    ".label": Format(read_label_rois, write_label_rois, max_bytes=MAX_TEXT),
    ".svg": Format(read_overlays),
    ".csv": Format(read_csv_rois, write_csv_rois, max_bytes=MAX_TEXT),
    ".json": Format(_read_json, write_json_rois, max_bytes=MAX_TEXT),
}


def format_of(path) -> Format | None:
    """How an ROI file is read and written, by the ending of its name; None for an ending that is not known."""
    name = Path(path).name.lower()
    return next((found for ending, found in FORMATS.items() if name.endswith(ending)), None)
