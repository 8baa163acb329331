"""The time course of the chosen ROIs."""

from __future__ import annotations

import streamlit as st

from app import backend, state
from app.messages import show_error
from fmri2ges.errors import UserError


def bold(run) -> None:
    """Mean BOLD of the chosen ROIs."""
    from fmri2ges.brain.roi import mean_course
    from fmri2ges.views.charts import bold_chart

    chosen = state.request()
    try:
        course = mean_course(backend.recording(run, chosen), chosen.rois)
    except UserError as error:
        show_error(error)
        return
    name = run.space.describe(chosen.rois)
    window = None if chosen.start is None or chosen.stop is None else (chosen.start, chosen.stop)
    figure = bold_chart(course, name, window, run.simulated)
    st.plotly_chart(figure, key="bold", config={"displayModeBar": False})
