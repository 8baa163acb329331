"""What stands in the place of the cortex for a study without one: slices of its voxels, or a box for each ROI."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from app import state
from fmri2ges.brain.space import Space, Voxels
from fmri2ges.request import WHOLE_CORTEX

BOXES = "rois.boxes"


def picture(space: Space) -> None:
    """Where the chosen ROIs lie, or boxes to click where nobody knows it."""
    rois = state.request().rois
    if isinstance(space, Voxels) and space.grid is not None:
        with st.container(border=True):
            st.image(_slices(space, tuple(rois), st.context.theme.type or "light"), width="stretch")
            n, blocks = int(space.columns(rois).sum()), len(space.numbers(rois))
            st.caption(
                f"In colour: {n} of {space.n_columns} voxels, {blocks} of {len(space.names)} blocks. Axial slices of "
                "the grid of this recording; left is left. The blocks are chosen in the list."
            )
        return
    lost = " Where the voxels lie is not known: `mask` in the study file says it." if isinstance(space, Voxels) else ""
    st.caption(f"This study has no cortex to click: choose among its {len(space.names)} {space.unit}.{lost}")
    with st.container(height=320 if len(space.names) > 60 else "content", border=len(space.names) > 60):
        _boxes(space.names)


def _place(space: Voxels) -> tuple[bytes, bytes, int]:
    assert space.grid is not None
    return space.grid.ijk.tobytes(), space.grid.affine.tobytes(), space.n_columns


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Voxels: _place})
def _slices(space: Voxels, rois: Iterable[str], theme: str) -> bytes:
    from fmri2ges.views.slices import slices_png

    return slices_png(space, rois, theme)


def _boxes(names: tuple[str, ...]) -> None:
    chosen = [name for name in names if name in state.request().rois]
    if st.session_state.get(BOXES) != chosen:
        st.session_state[BOXES] = chosen
    st.pills(
        "Boxes of the ROIs",
        names,
        selection_mode="multi",
        key=BOXES,
        on_change=lambda: state.update(rois=tuple(st.session_state[BOXES]) or WHOLE_CORTEX),
        label_visibility="collapsed",
    )
