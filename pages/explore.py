"""Explore: choose regions on the cortex, see their BOLD, decode gestures from it."""

import streamlit as st

from app import backend, state
from app.parts import choose, rois
from app.parts.mark import data_mark
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO, DecodeRequest


def open_run(place):
    """The opened run, or None after one clear line."""
    try:
        with place, st.spinner("Loading the models and the recordings"):
            return backend.open_run(state.request())
    except UserError as error:
        with place:
            backend.show_error(error)
        return None


def decode_button(run) -> DecodeRequest:
    """Decode what is chosen; grey while it is already on screen. Returns the request to show."""
    current, shown = state.request(), state.shown()
    if shown is None or shown.run != current.run or backend.is_decoded(run, current):
        # The first screen shows a result, and a choice decoded before comes back at once.
        shown = current
        state.show(current)
    done = shown == current
    st.button(
        "Decoded" if done else "Decode",
        key="decode",
        type="secondary" if done else "primary",
        icon=":material/check:" if done else ":material/play_arrow:",
        disabled=done,
        width="stretch",
        on_click=lambda: state.show(state.request()),
    )
    return shown


def preview(run, shown: DecodeRequest) -> None:
    """The decoded gestures of the shown request."""
    from app.components.skeleton_player import skeleton_player
    from fmri2ges.views.player import player_data, roi_label

    bar = None if backend.is_decoded(run, shown) else st.progress(0.0, text="Decoding")
    try:
        decoded = backend.decode_now(run, shown, bar.progress if bar else None)
    except UserError as error:
        backend.show_error(error)
        return
    if bar:
        bar.empty()
    if shown != state.request():
        st.caption(
            f"Still shown: {roi_label(shown.rois)}, {shown.story}, {shown.start:g} to {shown.stop:g} s. "
            "Press Decode for your new choice."
        )
    heard = backend.recording(run, shown).words
    data = player_data(decoded, run.reference(shown.story), heard)
    skeleton_player(data, key="preview", height=470)


def bold(run) -> None:
    """Mean BOLD of the chosen ROIs."""
    from fmri2ges.brain.roi import mean_course
    from fmri2ges.views.charts import bold_chart

    chosen = state.request()
    try:
        course = mean_course(backend.recording(run, chosen), chosen.rois)
    except UserError as error:
        backend.show_error(error)
        return
    name = run.space.describe(chosen.rois)
    window = None if chosen.start is None or chosen.stop is None else (chosen.start, chosen.stop)
    figure = bold_chart(course, name, window, run.simulated)
    st.plotly_chart(figure, key="bold", config={"displayModeBar": False})


@st.fragment
def explore() -> None:
    """The whole screen."""
    left, right = st.columns([7, 5], gap="medium")
    on_atlas = state.request().run == DEMO
    if on_atlas:
        with left:
            # Before the models load, so that there is a cortex to look at from the start.
            rois.check_rois()
            rois.cortex("explore_cortex", height=500)
    with right:
        if on_atlas:
            rois.atlas_list()
        run = open_run(st.container())
        if run is None:
            choose.settings()
            return
        data_mark(run)
        if not on_atlas:
            other_run(run, left)
        choose.recording_pickers(run)
        with st.container(horizontal=True, gap="small"):
            device = st.container(width=130)
            choose.settings(run.forms)
            choose.copy_as()
            shown = decode_button(run)
        preview(run, shown)
    with left:
        bold(run)
    with device:  # last: to name the device takes torch, which takes seconds to import
        choose.device_picker(run)
    state.write_url()
    backend.warm_up(run.digest, state.device(), state.request().subject, run)


def other_run(run, left) -> None:
    """Cortex and list of a run that may be a table of ROIs without a place on the cortex."""
    if not run.space.has_cortex:
        names = run.space.names
        rois.table_list(names)
        left.info(f"This study has no cortex to click: choose among its {len(names)} {run.space.unit} in the list.")
        return
    rois.check_rois()
    with left:
        rois.cortex("explore_cortex", height=500)
    rois.atlas_list()


explore()
