"""Maps of an ROI study for other programs: r alone, drop by lesion and their significance, of each branch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..brain.space import Space, Voxels
from ..data.atomic import write_text
from ..data.maps import write_maps
from ..data.rois.nifti import write_voxel_map
from ..evaluation.roi_rows import Effect, RoiStudy

CORTEX_ENDINGS = (".func.gii", ".dscalar.nii", ".csv")


def maps_of(study: RoiStudy, subject: str, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Values of each ROI of a space, one map for each branch, metric and effect, and one for its corrected p.

    Parameters
    ----------
    study : the study
    subject : whose maps
    names : the ROIs of the space

    Returns
    -------
    maps : name, such as 'direct r_expected alone' or 'direct r_expected alone p', -> array (n_rois,); NaN outside the
        regions. Where regions overlap, an ROI has the mean of its regions, and the largest p.
    """
    index = {name: k for k, name in enumerate(names)}
    members = {region.name: [index[roi] for roi in region.rois if roi in index] for region in study.regions}
    maps: dict[str, np.ndarray] = {}
    for row in study.rows:
        if row.subject == subject and row.effect != Effect.WHOLE:
            key = f"{row.branch} {row.metric.id} {row.effect.value}"
            maps.setdefault(key, np.zeros((3, len(names))))  # sum of values, how many, largest p
            maps[key][:2, members[row.region]] += [[row.value], [1.0]]
            p = np.nan if row.p_corrected is None else row.p_corrected
            maps[key][2, members[row.region]] = np.fmax(maps[key][2, members[row.region]], p)
    found: dict[str, np.ndarray] = {}
    for key, (total, count, p) in maps.items():
        inside = count > 0
        found[key] = np.divide(total, count, out=np.full(len(names), np.nan), where=inside)
        if inside.any() and (p[inside] > 0).all():
            found[f"{key} p"] = np.where(inside, p, np.nan)
    return found


def write_roi_maps(study: RoiStudy, spaces: dict[str, Space], folder: Path) -> None:
    """Write the maps of every subject into a folder.

    On the cortex SUBJECT.L.func.gii and SUBJECT.R.func.gii, SUBJECT.dscalar.nii and SUBJECT.csv. In other spaces
    SUBJECT.tsv, with a row for each ROI; and of voxels whose place is known a NIfTI volume in the subject's own grid
    for each map, SUBJECT.MAP.nii.gz.

    Parameters
    ----------
    study : the study
    spaces : subject -> where the columns of the recordings lie
    folder : is made
    """
    for subject in study.subjects:
        space = spaces[subject]
        maps = maps_of(study, subject, space.names)
        if space.has_cortex:
            for ending in CORTEX_ENDINGS:
                write_maps(maps, folder / f"{subject}{ending}")
            continue
        heading = "\t".join(["roi", *maps])
        lines = ["\t".join([name, *(_cell(m[k]) for m in maps.values())]) for k, name in enumerate(space.names)]
        write_text(folder / f"{subject}.tsv", "\n".join([heading, *lines]) + "\n")
        if isinstance(space, Voxels) and space.grid is not None:
            for key, values in maps.items():
                write_voxel_map(folder / f"{subject}.{key.replace(' ', '.')}.nii.gz", space.grid, values[space.owner])


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
