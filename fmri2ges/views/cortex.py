"""The cortex on screen: its mesh as one block of bytes, and selections as numbers of areas."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np

from ..brain.atlas import N_VERTICES, load_atlas
from ..brain.surface import load_sulc, load_surface

STEP_MM = 0.01  # one unit of the packed coordinates
SOLID = ("inflated", "pial", "white")  # surfaces that can be turned; the flatmap is seen from one side only
SURFACES = (*SOLID, "flat")


def _packed(vertices: np.ndarray) -> np.ndarray:
    """Coordinates in mm as whole steps, int16."""
    return np.round(vertices / STEP_MM).astype("<i2")


@lru_cache(maxsize=1)
def mesh_bytes() -> bytes:
    """The meshes, the folding and the atlas for the browser, about 650 kB, always the same bytes.

    Layout: uint32 length of the header; the header (JSON, padded with blanks to a multiple of 4);
    the arrays, little endian, each padded to a multiple of 4. The header lists the arrays
    (`name`, `dtype`, `offset` from the first array, `length`), `step` (mm per unit of the int16
    coordinates), the 360 area names and the groups with their area numbers (0-359).
    Both hemispheres share one triangle list; the left hemisphere comes first. The flatmap has two coordinates a
    vertex, and one bit for each triangle of both hemispheres, lowest bit first: whether it is on the map, which is cut
    open and has no medial wall.
    """
    pial, flat = load_surface("pial"), load_surface("flat")
    faces = pial.faces[: len(pial.faces) // 2]
    if not np.array_equal(pial.faces[len(faces) :] - N_VERTICES, faces):
        raise AssertionError("the hemispheres of fsaverage5 no longer share one triangle list")
    on_map = set(map(tuple, flat.faces.tolist()))
    kept = np.array([face in on_map for face in map(tuple, pial.faces.tolist())])
    if kept.sum() != len(flat.faces):
        raise AssertionError("the flatmap of fsaverage5 no longer is a part of its triangle list")
    arrays = {
        "faces": faces.astype("<u2"),
        **{kind: _packed(load_surface(kind).vertices) for kind in SOLID},
        "flat": _packed(flat.vertices[:, :2]),
        "flat_faces": np.packbits(kept, bitorder="little"),
        "sulc": np.clip(np.round(load_sulc() * 64), -127, 127).astype("i1"),
        "labels": load_atlas().labels.astype("<u2"),
    }
    blocks, table, offset = [], [], 0
    for name, array in arrays.items():
        raw = array.tobytes()
        table.append({"name": name, "dtype": array.dtype.name, "offset": offset, "length": array.size})
        blocks.append(raw + b"\0" * (-len(raw) % 4))
        offset += len(blocks[-1])
    atlas = load_atlas()
    groups = [
        {"key": key, "name": full, "areas": list(area_numbers(members))}
        for key, (full, members) in atlas.groups.items()
    ]
    header = {"arrays": table, "step": STEP_MM, "areas": list(atlas.areas), "groups": groups}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + b"".join(blocks)


def area_numbers(names) -> tuple[int, ...]:
    """Numbers (0-359, atlas order) of the areas of a selection."""
    atlas = load_atlas()
    return tuple(atlas.area_index[area] for area in atlas.expand(names))


def area_names(numbers) -> tuple[str, ...]:
    """The shortest list of ROI names for area numbers; numbers outside the atlas are ignored."""
    atlas = load_atlas()
    return atlas.compact(atlas.areas[i] for i in sorted(set(numbers)) if 0 <= i < len(atlas.areas))
