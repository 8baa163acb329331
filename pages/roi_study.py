"""ROI study: which regions carry the gesture, on the cortex and as sorted bars; and differences of two sides."""

import streamlit as st

from app import backend, state
from app.messages import guarded
from app.parts import roi_difference, roi_panel
from app.parts.context_bar import context_bar

REGIONS, DIFFERENCE = "Regions", "Difference"


@guarded
def screen() -> None:
    """The whole screen."""
    run = backend.open_run(state.request())
    context_bar(run)
    path = roi_panel.choose_study(run)
    if path is None:
        return
    shown = st.segmented_control(
        "Show", (REGIONS, DIFFERENCE), default=REGIONS, required=True, label_visibility="collapsed", key="roi.shown"
    )
    if shown == DIFFERENCE:
        roi_difference.show(path, [other for other in roi_panel.studies_of(run) if other != path])
    else:
        roi_panel.show(path)


screen()
