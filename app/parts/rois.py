"""The choice of ROIs, as a list and as a cortex; both show and change the same request."""

from __future__ import annotations

import streamlit as st

from app import state
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.errors import UserError, one_line
from fmri2ges.request import WHOLE_CORTEX
from fmri2ges.views.area_map import AreaMap
from fmri2ges.views.cortex import area_names, area_numbers


@st.cache_resource(show_spinner=False)
def _options() -> tuple[tuple[str, ...], dict[str, str]]:
    """ROI names for the list (groups, areas of both sides, single areas) and how they read."""
    atlas = load_atlas()
    reads = {
        key: key if full == key else f"{key}: {full.removesuffix(f' ({key})')}"
        for key, (full, _) in atlas.groups.items()
    }
    # Short on purpose: all 556 names travel with every click.
    reads |= {area[2:]: area[2:] for area in atlas.areas}
    reads |= {area: f"{area[2:]} {'left' if area[0] == 'L' else 'right'}" for area in atlas.areas}
    return tuple(reads), reads


def check_rois() -> None:
    """Fall back to the whole cortex, with one line, when the request names an unknown area."""
    rois = state.request().rois
    try:
        state.adjust(rois=load_atlas().compact(rois) or WHOLE_CORTEX)
    except UserError as error:
        state.complain([f"{error}. The whole cortex is shown"])
        state.adjust(rois=WHOLE_CORTEX)


def cortex(key: str, height: str, shown: AreaMap | None = None) -> None:
    """The clickable cortex with the chosen areas, coloured by a map where there is one."""
    from app.components.cortex_picker import Actions, cortex_picker

    rois = state.request().rois
    cortex_picker(
        () if rois == WHOLE_CORTEX else area_numbers(rois),
        state.look(),
        key=key,
        actions=Actions(_pick, state.adjust, state.step_rois),
        steps=state.roi_steps(),
        height=height,
        shown=shown,
    )


def _pick(numbers: tuple[int, ...]) -> None:
    state.update(rois=area_names(numbers) or WHOLE_CORTEX)


def _to_list(rois: tuple[str, ...]) -> list[str]:
    return [] if rois == WHOLE_CORTEX else list(rois)


def atlas_list(beside: str) -> None:
    """The list of ROI groups and areas; `beside` is the key of the cortex that changes the same choice."""
    from app.components.cortex_picker import has_acted

    options, reads = _options()
    bound = state.bind("rois", _to_list, lambda names: load_atlas().compact(names) or WHOLE_CORTEX)

    def listed() -> None:
        if not has_acted(beside):
            bound["on_change"]()

    st.multiselect(
        "Regions of interest (ROIs)",
        options,
        format_func=reads.__getitem__,
        placeholder="Whole cortex. Type a name, or click the cortex",
        help="16 named groups and the 360 areas of the HCP-MMP1.0 atlas; a name without a side means both sides. "
        "An empty list means the whole cortex.",
        key=bound["key"],
        on_change=listed,
    )


def check_names(names: tuple[str, ...]) -> None:
    """Leave out, with one line, what the request names and a study without a cortex has not."""
    rois = state.request().rois
    known = tuple(name for name in rois if name in names)
    unknown = [name for name in rois if name not in names and rois != WHOLE_CORTEX]
    if unknown:
        shown = "the others are" if known else "all of them are"
        state.complain([f"rois: not in this study: {one_line(', '.join(unknown), 100)}; {shown} shown"])
    state.adjust(rois=known or WHOLE_CORTEX)


def table_list(names: tuple[str, ...]) -> None:
    """The list of ROIs of a study that comes as a table of ROI time courses."""
    st.multiselect(
        "Regions of interest (ROIs)",
        names,
        placeholder="All ROIs of the table",
        help="The columns of the study's table. An empty list means all of them.",
        **state.bind("rois", _to_list, lambda chosen: tuple(chosen) or WHOLE_CORTEX),
    )
