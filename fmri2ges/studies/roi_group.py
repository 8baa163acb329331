"""What is written of several subjects together: a table and maps of how many agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..brain.space import Space
from ..data.atomic import write_text
from ..evaluation.roi_rows import RoiStudy
from ..exports.roi_maps import on_rois, write_region_maps
from ..storage.roi_difference import GROUP, group_text, groups_of


def write_group(study: RoiStudy, space: Space, folder: Path) -> None:
    """Write group.tsv and the maps `group` of a study of several subjects; nothing for a single one.

    Parameters
    ----------
    study : the study
    space : where the ROIs lie, the same for every subject
    folder : of the study
    """
    maps: dict[str, np.ndarray] = {}
    for (branch, metric, effect), rows in groups_of(study).items():
        key = f"{branch} {metric} {effect.value}"
        values = {
            "subjects that agree": {row.region: float(row.agree) for row in rows},
            "mean": {row.region: row.mean for row in rows if row.mean is not None},
            "group p": {row.region: row.p_corrected for row in rows if row.p_corrected is not None},
        }
        for name, of_region in values.items():
            if of_region:
                largest = name == "group p"
                maps[f"{key} {name}"] = on_rois(of_region, study.regions, space.names, largest)
    if maps:
        write_text(folder / GROUP, group_text(study))
        write_region_maps(maps, space.names, space.has_cortex, folder / "maps" / "group")
