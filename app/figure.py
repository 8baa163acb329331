"""The composed figure of this session: panels are added on every screen and put together on the screen Figures."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import backend, places
from fmri2ges.decoding.stories import DecodedStory, story_of
from fmri2ges.errors import UserError
from fmri2ges.figures.composed import MAX_PANELS, ComposedFigure, Panel, Sources, pinned
from fmri2ges.request import DEMO, DecodeRequest
from fmri2ges.storage.report import read_report
from fmri2ges.storage.roi_study import load_roi_study

KEY = "figure"
WIDTHS = {85.0: "85 mm, one column", 120.0: "120 mm, one and a half", 180.0: "180 mm, two columns"}


def current() -> ComposedFigure | None:
    """The figure, or None while it has no panel."""
    return st.session_state.get(KEY)


def replace_with(figure: ComposedFigure | None) -> None:
    """Show another figure, or none."""
    st.session_state[KEY] = figure


def add_button(panel: Panel, key: str) -> None:
    """A button that puts what is shown into the figure.

    Parameters
    ----------
    panel : what is shown
    key : unique on the page
    """
    if st.button("Add to figure", icon=":material/add_photo_alternate:", key=key, help="Collected on Figures"):
        _add(panel)


def _add(panel: Panel) -> None:
    panel = pinned(panel, AtHand())
    before = current()
    panels = () if before is None else before.panels
    if len(panels) == MAX_PANELS:
        st.toast(f"The figure has {MAX_PANELS} panels already.", icon=":material/error:")
        return
    figure = ComposedFigure((panel,)) if before is None else change(before, (*panels, panel))
    replace_with(figure)
    st.toast(f"Panel {chr(ord('a') + len(panels))} of the figure", icon=":material/check:")


def change(figure: ComposedFigure, panels: tuple[Panel, ...]) -> ComposedFigure | None:
    """The figure with other panels; None without any."""
    return ComposedFigure(panels, figure.width_mm, figure.letters) if panels else None


class AtHand(Sources):
    """What the server has at hand: decoded results, and the folders that it may read."""

    def story(self, request: DecodeRequest) -> DecodedStory:
        """The decoded result of a request, which the page has asked for before."""
        run = backend.open_run(request)
        decoded = backend.find(run, request)
        if decoded is None:
            raise UserError("is not decoded yet; press Decode beside it")
        return story_of(decoded, run.study)

    def report(self, folder: str):
        """The report of an evaluated run."""
        return super().report(DEMO) if folder == DEMO else read_report(places.find(folder, "run"))

    def roi_study(self, folder: str):
        """An ROI study."""
        return super().roi_study(DEMO) if folder == DEMO else load_roi_study(places.find(folder, "ROI study"))


def folder_of(path: Path, shipped: Path) -> str:
    """How a panel names a folder: the word demo for what comes with the package."""
    return DEMO if path == shipped else places.name_of(path.absolute())
