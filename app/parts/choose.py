"""Pickers of what to decode: subject, story, time window, device and settings."""

from __future__ import annotations

import streamlit as st

from app import backend, state
from fmri2ges.request import DEMO


def recording_pickers(run) -> None:
    """Subject, story and time window; moved into what the run has where they are not."""
    state.update(**vars(backend.complete(run, state.request())))
    left, right = st.columns(2)
    left.selectbox("Subject", run.subjects, help="Listener whose BOLD is decoded", **state.bind("subject"))
    right.selectbox("Story", run.stories, help="Held-out stories: no model has seen them", **state.bind("story"))
    first, last = backend.story_span(run, state.request())
    key = "request.window"
    window = (state.request().start, state.request().stop)
    if st.session_state.get(key) != window:
        st.session_state[key] = window

    def moved() -> None:
        start, stop = st.session_state[key]
        state.update(start=start, stop=max(stop, start + backend.SHORTEST))

    st.slider("Time window", first, last, step=1.0, format="%d s", key=key, on_change=moved)


def device_picker(run) -> None:
    """The device to compute on; "auto" shows what it became."""

    def reads(name: str) -> str:
        return f"auto ({run.device})" if name == "auto" and state.device() == "auto" else name

    st.selectbox(
        "Device",
        backend.devices(),
        format_func=reads,
        label_visibility="collapsed",
        width=130,
        key=state.DEVICE,
        persist_state="session",
    )


F2T_NAMES = {"fast": "fast", "bayes": "Bayesian (slower)"}


def settings(forms: tuple[str, ...] = ("fast",)) -> None:
    """Rarely changed settings, folded away.

    Parameters
    ----------
    forms : forms of F2T that the run has
    """
    with st.popover("Settings", icon=":material/tune:"):
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
            **state.bind("run", from_widget=lambda text: text.strip() or DEMO),
        )


def copy_as() -> None:
    """The current decoding as Python and as a command."""
    with st.popover("Copy as", icon=":material/content_copy:"):
        st.caption("As Python")
        st.code(state.request().as_python(state.device()), language="python")
        st.caption("As a command")
        st.code(state.request().as_command(device=state.device()), language="bash", wrap_lines=True)
