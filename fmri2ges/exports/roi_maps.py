"""Maps of an ROI study for other programs: r alone, drop by lesion and their significance, of each branch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..brain.space import Space, Voxels
from ..data.atomic import write_text
from ..data.maps import write_maps
from ..data.rois.nifti import write_voxel_map
from ..evaluation.roi_rows import Effect, Region, RoiRow, RoiStudy

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
    rows_of: dict[str, list[RoiRow]] = {}
    for row in study.rows:
        if row.subject == subject and row.effect != Effect.WHOLE:
            rows_of.setdefault(f"{row.branch} {row.metric.id} {row.effect.value}", []).append(row)
    maps: dict[str, np.ndarray] = {}
    for key, rows in rows_of.items():
        maps[key] = on_rois({row.region: row.value for row in rows}, study.regions, names)
        p = {row.region: row.p_corrected for row in rows if row.p_corrected is not None}
        if len(p) == len(rows):
            maps[f"{key} p"] = on_rois(p, study.regions, names, largest=True)
    return maps


def write_region_maps(maps: dict[str, np.ndarray], names: tuple[str, ...], cortex: bool, place: Path) -> None:
    """Write maps of regions for other programs.

    Parameters
    ----------
    maps : name -> array (n_rois,); NaN where there is nothing
    names : the ROIs
    cortex : whether they are the areas of the cortex: then PLACE.L.func.gii and PLACE.R.func.gii, PLACE.dscalar.nii and
        PLACE.csv, else PLACE.tsv
    place : folder and first part of the names
    """
    if cortex:
        for ending in CORTEX_ENDINGS:
            write_maps(maps, place.with_name(f"{place.name}{ending}"))
        return
    lines = ["\t".join(["roi", *maps])]
    lines += ["\t".join([name, *(_cell(m[k]) for m in maps.values())]) for k, name in enumerate(names)]
    write_text(place.with_name(f"{place.name}.tsv"), "\n".join(lines) + "\n")


def on_rois(
    values: dict[str, float], regions: tuple[Region, ...], names: tuple[str, ...], largest: bool = False
) -> np.ndarray:
    """A value of each region on its ROIs.

    Parameters
    ----------
    values : name of a region -> its value
    regions : the regions
    names : the ROIs
    largest : where regions overlap, take the largest value, instead of the mean

    Returns
    -------
    array (n_rois,); NaN outside the regions
    """
    index = {name: k for k, name in enumerate(names)}
    found: list[list[float]] = [[] for _ in names]
    for region in regions:
        if region.name in values:
            for roi in region.rois:
                if roi in index:
                    found[index[roi]].append(values[region.name])
    combine = max if largest else np.mean
    return np.array([combine(several) if several else np.nan for several in found], float)


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
        write_region_maps(maps, space.names, space.has_cortex, folder / subject)
        if isinstance(space, Voxels) and space.grid is not None:
            for key, values in maps.items():
                write_voxel_map(folder / f"{subject}.{key.replace(' ', '.')}.nii.gz", space.grid, values[space.owner])


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
