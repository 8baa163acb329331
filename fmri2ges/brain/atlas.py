"""The shipped parcellation: HCP-MMP1.0 on fsaverage5, 360 areas and 16 named groups.

A selection of ROIs is a tuple of names. Five kinds of name are understood:

- ``"L_44"``, ``"R_44"``: one area of one hemisphere (the 360 areas);
- ``"44"``: this area in both hemispheres;
- ``"Broca"``: a group by its short key, also where an area has that name: ``"MT"`` is the group around area MT;
- ``"Broca (BA44/45+IFS)"``: a group by its full name;
- ``"all"``: every area.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from ..errors import UserError

N_VERTICES = 10242  # per hemisphere of fsaverage5
DATA = Path(__file__).parent / "atlas_data"

# Short keys of the 16 groups, in the order of roi_groups.json.
GROUP_KEYS = (
    "AC",
    "STG",
    "STS",
    "Broca",
    "sPMv",
    "M1S1",
    "dPM",
    "SMA",
    "TPJ",
    "AG",
    "ATL",
    "PCC",
    "mPFC",
    "DLPFC",
    "Visual",
    "MT",
)


@dataclass(frozen=True)
class Atlas:
    """Areas on the cortical sheet.

    Parameters
    ----------
    labels : array (20484,), int16; number of the area of each vertex, counted from 1 in the order of `areas`, left
        hemisphere first; 0 is the medial wall
    areas : tuple of 360 names such as ``"L_V1"``
    groups : short key -> (full name, tuple of area names of both hemispheres)
    """

    labels: np.ndarray
    areas: tuple[str, ...]
    groups: dict[str, tuple[str, tuple[str, ...]]]

    @cached_property
    def area_index(self) -> dict[str, int]:
        """Area name -> its index in `areas`."""
        return {name: i for i, name in enumerate(self.areas)}

    @cached_property
    def group_of_area(self) -> dict[str, str]:
        """Area name -> short key of its group; areas outside all groups are absent."""
        return {area: key for key, (_, members) in self.groups.items() for area in members}

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, ...]]:
        table: dict[str, tuple[str, ...]] = {"all": self.areas}
        for area in self.areas:
            table[area] = (area,)
            table[area[2:]] = (f"L_{area[2:]}", f"R_{area[2:]}")
        for key, (full, members) in self.groups.items():
            table[key] = members
            table[full] = members
        return table

    def expand(self, names) -> tuple[str, ...]:
        """Area names of a selection, without repeats, in atlas order.

        Raises
        ------
        UserError
            For an unknown name, with the nearest known ones.
        """
        chosen: set[str] = set()
        for name in names:
            if name not in self._by_name:
                near = difflib.get_close_matches(name, self._by_name, n=3, cutoff=0.4)
                hint = f"; did you mean {', '.join(near)}?" if near else ""
                raise UserError(
                    f"rois: {name!r} is not an ROI of HCP-MMP1.0{hint} "
                    f"Allowed: all, a group ({', '.join(self.groups)}) or an area such as L_44 or 44"
                )
            chosen.update(self._by_name[name])
        return tuple(area for area in self.areas if area in chosen)

    def vertices(self, names) -> np.ndarray:
        """Boolean mask (20484,) of the vertices of a selection, left hemisphere first."""
        wanted = [self.area_index[area] + 1 for area in self.expand(names)]
        return np.isin(self.labels, wanted)

    def compact(self, areas) -> tuple[str, ...]:
        """The shortest list of names for some areas: groups first, then areas of both hemispheres, then single ones."""
        left = set(self.expand(areas))
        if len(left) == len(self.areas):
            return ("all",)
        names: list[str] = []
        for key, (_, members) in self.groups.items():
            if left.issuperset(members):
                names.append(key)
                left.difference_update(members)
        for area in self.areas:
            if area not in left:
                continue
            both = (f"L_{area[2:]}", f"R_{area[2:]}")
            if left.issuperset(both) and self._by_name[area[2:]] == both:  # the short name of area MT is a group
                names.append(area[2:])
                left.difference_update(both)
            else:
                names.append(area)
                left.discard(area)
        return tuple(names)


@lru_cache(maxsize=1)
def load_atlas() -> Atlas:
    """The shipped atlas (read once)."""
    with np.load(DATA / "hcpmmp1_fsaverage5.npz", allow_pickle=False) as z:
        raw = np.concatenate([z["left"], z["right"]]).astype(np.int64)
        names = [str(n).removesuffix("_ROI") for n in z["names"]]
    # In the file the right hemisphere comes first (1-180); here the left one does.
    order = [*range(181, 361), *range(1, 181)]
    new_index = np.zeros(361, np.int16)
    new_index[order] = np.arange(1, 361)
    areas = tuple(names[i] for i in order)
    with open(DATA / "roi_groups.json", encoding="utf-8") as f:
        raw_groups = json.load(f)["groups"]
    groups = {}
    for key, (full, members) in zip(GROUP_KEYS, raw_groups.items(), strict=True):
        both = tuple(f"{side}_{m}" for side in "LR" for m in members)
        groups[key] = (full, tuple(a for a in areas if a in set(both)))
    return Atlas(labels=new_index[raw], areas=areas, groups=groups)
