"""Pickers of what to decode: subject, story, time window, device and settings."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import backend, places, state
from app.messages import plain
from app.parts import rois, session_panel
from fmri2ges.request import DEMO, DecodeRequest


def settle(run) -> DecodeRequest:
    """The request, moved into what the run has where a link asks for something else; each move is said."""
    if run.space.has_cortex:
        rois.check_rois()
    else:
        rois.check_names(run.space.names)
    full, lines = backend.complete(run, state.request())
    state.complain(lines)
    state.adjust(**vars(full))
    return full


def settle_comparison(run) -> DecodeRequest:
    """The request as `settle` leaves it, with a sample on screen that it has."""
    shown, sample = settle(run), state.comparison().sample
    if sample > shown.samples:
        state.complain([f"sample: {sample} of {shown.samples} is not there; the first is shown"])
        state.adjust(sample=1)
    return shown


def complaints(place) -> None:
    """Say in a place above the page what of a link is not shown."""
    lines = state.complaints()
    if lines:
        place.warning("\n".join(f"- {plain(places.without_paths(line))}" for line in lines), icon=":material/link_off:")


def recording_pickers(run) -> None:
    """Subject, story and time window of a request that `settle` has seen."""
    left, middle, right = st.columns([5, 5, 9], gap="small")
    left.selectbox("Subject", run.subjects, **state.bind("subject"))
    middle.selectbox("Story", run.stories, help="Held-out stories: no model has seen them", **state.bind("story"))
    first, last = backend.story_span(run, state.request())
    key = "request.window"
    window = (state.request().start, state.request().stop)
    if st.session_state.get(key) != window:
        st.session_state[key] = window

    def moved() -> None:
        start, stop = st.session_state[key]
        state.update(start=start, stop=max(stop, start + backend.SHORTEST))

    right.slider("Time window", first, last, step=1.0, format="%d s", key=key, on_change=moved)


def device_picker(run) -> None:
    """The device to compute on; "auto" shows what it became."""

    def reads(name: str) -> str:
        return f"auto ({run.device})" if name == "auto" and state.device() == "auto" else name

    st.selectbox(
        "Device",
        backend.devices(),
        format_func=reads,
        help="What computes; auto takes a graphics card where there is one",
        key=state.DEVICE,
        persist_state="session",
    )


F2T_NAMES = {"fast": "fast", "bayes": "Bayesian (slower)"}


def settings(forms: tuple[str, ...] = ("fast",)):
    """Rarely changed settings, folded away; returns the place for the device, or None while nobody looks into it.

    Parameters
    ----------
    forms : forms of F2T that the run has
    """
    # What is folded away does not travel with every click.
    place = st.popover("Settings", icon=":material/tune:", key="settings", on_change="rerun")
    if not place.open:
        return None
    with place:
        if len(forms) > 1:
            st.selectbox(
                "fMRI to text",
                forms,
                format_func=F2T_NAMES.__getitem__,
                help="How the words of the text branch are decoded",
                **state.bind("f2t"),
            )
        st.number_input("Samples", 1, 32, help="Gestures and texts drawn; more take longer", **state.bind("samples"))
        st.number_input("Seed", 0, 2**31 - 1, help="The same seed gives the same gestures", **state.bind("seed"))
        st.text_input(
            "Run",
            help='"demo" is the model that comes with the package; or the folder of a run you trained',
            disabled=not places.are_open(),
            **state.bind("run", from_widget=lambda text: text.strip() or DEMO),
        )
        if not places.are_open():
            st.caption(places.CLOSED)
        session_panel.drop("Open a session file")
    return place


def copy_as() -> None:
    """The current decoding as Python and as a command."""
    place = st.popover("Copy as", icon=":material/content_copy:", key="copy_as", on_change="rerun")
    if not place.open:
        return
    with place:
        wanted = copied()
        st.caption("As Python")
        st.code(wanted.as_python(state.device()), language="python")
        st.caption("As a command")
        st.code(wanted.as_command(device=state.device()), language="bash", wrap_lines=True)


def copied() -> DecodeRequest:
    """The request as it reads in any folder: on this machine a run is named by its whole path."""
    wanted = state.request()
    if wanted.run == DEMO or not places.is_local():
        return wanted
    return replace(wanted, run=str(places.find(wanted.run, "run")))
