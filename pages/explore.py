"""Explore: choose regions on the cortex, see their BOLD, decode gestures from it."""

from contextlib import contextmanager, suppress

import streamlit as st

from app import backend, state
from app.messages import guarded, show_error
from app.page_runs import page_runs
from app.parts import choose, cortex_map, places_shown, preview, roi_course, roi_sets, rois
from app.parts.context_bar import context_bar
from app.parts.job_row import job_row
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO, DecodeRequest

CORTEX = "explore_cortex"
# Both halves fill the window without scrolling from 1280 x 800 on; narrow windows have one above the other (style.css).
CORTEX_HEIGHT = "calc(clamp(400px, 100vh - 444px, 760px) - var(--told, 0px))"
PLAYER_HEIGHT = "clamp(400px, calc(100vh - 394px), 800px)"


@contextmanager
def waiting(place):
    """The place, with a spinner in it."""
    with place, st.spinner("Loading the models and the recordings"):
        yield


def open_run(place):
    """The opened run, or None after one clear line."""
    name = state.request().run
    # Only the first time: a spinner sends its end with every click, even where it was not seen.
    waits = place if st.session_state.get("opened") == name else waiting(place)
    try:
        with waits:
            run = backend.open_run(state.request())
        st.session_state["opened"] = name
        return run
    except UserError as error:
        with place:
            show_error(error)
        return None


def begin() -> None:
    """Begin the draft of a new choice before the page is drawn, where the run is open already."""
    if st.session_state.get("opened") == state.request().run:
        with suppress(UserError):  # said where the page opens the run
            run = backend.open_run(state.request())
            follow(run, choose.settle(run))


def follow(run, wanted: DecodeRequest) -> None:
    """A draft of every new choice comes at once, what is short is decoded behind it."""
    backend.follow(run, "A", wanted, at_once=state.is_untouched())


@st.fragment
@page_runs().one()
@guarded
def explore() -> None:
    """The whole screen."""
    begin()
    with st.container(key="explore"):
        left, right = st.columns([7, 5], gap="medium")
    complaints = left.empty()  # in no container of its own, which every click would send
    on_atlas = state.request().run == DEMO
    if on_atlas:
        with left:
            # Before the models load, so that there is a cortex to look at from the start.
            rois.check_rois()
            coloured_cortex()
    with right:
        if on_atlas:
            choose_rois()
        run = open_run(st.empty())  # as high whether or not a spinner was in it
        if run is None:
            choose.settings()
            return
        wanted = choose.settle(run)
        context_bar(run)
        choose.complaints(complaints)
        if not on_atlas:
            other_run(run, left)
        choose.recording_pickers(run)
        with st.container(horizontal=True, gap="small"):
            settings = choose.settings(run.forms)
            choose.copy_as()
            with st.container():
                follow(run, wanted)
                job_row(run, {"": wanted}, "decode")
        gestures = st.container(key="gestures")
    at_hand = backend.at_hand(run, wanted) is not None
    if at_hand:  # before torch is imported for the name of the device
        with gestures:
            preview.show(run, wanted, PLAYER_HEIGHT)
    with left:
        roi_course.bold(run)
    if settings is not None:
        with settings:  # last: to name the device takes torch, which takes seconds to import
            choose.device_picker(run)
    state.write_url()
    backend.warm_up(run.digest, state.device(), wanted.subject, run)
    if not at_hand:
        with gestures:
            preview.show(run, wanted, PLAYER_HEIGHT)  # last: it waits a moment for the draft
    choose.complaints(complaints)  # of the clock and loop of the player, too


def other_run(run, left) -> None:
    """Cortex and list of a run that may be a table of ROIs without a place on the cortex."""
    if not run.space.has_cortex:
        rois.table_list(run.space.names)
        with left:
            places_shown.picture(run.space)
        return
    with left:
        coloured_cortex(run)
    choose_rois()


def choose_rois() -> None:
    """The list of ROIs, and beside it what combines and keeps them."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        rois.atlas_list(CORTEX)
        roi_sets.sets_button()


def coloured_cortex(run=None) -> None:
    """The cortex, coloured by what each region carries where an ROI study knows it."""
    shown = cortex_map.chosen_map(run)
    rois.cortex(CORTEX, height=CORTEX_HEIGHT, shown=shown)
    cortex_map.map_row(shown, run)


explore()
