"""The place to drop a map of the user's own, and its figure."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from app import own_map, state
from app.figure import add_button
from app.messages import plain, show_error
from fmri2ges.brain.own_map import OwnMap
from fmri2ges.errors import UserError
from fmri2ges.figures import OWN_MAP
from fmri2ges.figures.composed import Panel
from fmri2ges.views.names import file_stem

GIVEN, CHOSEN, REFUSED = "own_map.given", "own_map.chosen", "own_map.refused"
HELP = """One value a vertex: GIFTI (.func.gii, .shape.gii; both hemispheres at once), .dscalar.nii, .mgz, or NIfTI in
MNI space. One value an area: .csv or .tsv with a column of areas (L_44, or 44 for both sides) and one of numbers."""


def panel() -> None:
    """A button that opens the place."""
    own = own_map.current()
    place = st.popover("Map", icon=":material/upload_file:", key="own_map", on_change="rerun")
    if not place.open:
        return  # what is folded away does not travel with every click
    with place:
        st.file_uploader(
            "A map of your own", accept_multiple_files=True, key=GIVEN, max_upload_size=100, help=HELP, on_change=_take
        )
        error: UserError | None = st.session_state.get(REFUSED)
        if error is not None:
            show_error(error)
        if own is not None:
            _shown(own)


def _shown(own: OwnMap) -> None:
    """Which of several maps is shown, what it holds, and its figure."""
    maps = own_map.offered()
    if len(maps) > 1:
        st.session_state[CHOSEN] = maps.index(own)
        st.selectbox(
            "Shown",
            list(range(len(maps))),
            format_func=lambda k: maps[k].name,
            key=CHOSEN,
            on_change=_choose,
        )
    low, high = own.limits
    st.caption(
        plain(
            f"{own.name}: {len(own.values)} of 360 areas, {low:.4g} to {high:.4g}. A map of vertices is shown by the "
            "mean of each area, which is what decoding chooses."
        )
    )
    with st.container(horizontal=True):
        add_button(Panel(OWN_MAP, own=own), "own_map.add")
        st.download_button(
            "PDF",
            partial(_figure, own),
            f"{file_stem(['own-map', own.name])}.pdf",
            icon=":material/download:",
            on_click="ignore",
        )


def _choose() -> None:
    own_map.show(st.session_state[CHOSEN])
    state.adjust(threshold=0.0)  # another map, another scale


def _figure(own: OwnMap) -> bytes:
    """The map as a figure for a paper, the bytes of a PDF."""
    from fmri2ges.figures import make_own_map_figure

    with TemporaryDirectory() as folder:
        return make_own_map_figure(own, Path(folder) / "map.pdf").read_bytes()


def _take() -> None:
    """Read what was dropped; a file that cannot be read leaves the map that is shown."""
    given = st.session_state[GIVEN]
    st.session_state[REFUSED] = None
    if not given:
        return
    try:
        own_map.take_files([(file.name, file.getvalue()) for file in given])
        state.adjust(threshold=0.0)
    except UserError as error:
        st.session_state[REFUSED] = error
