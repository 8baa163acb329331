"""The state of one decoding, always in the same row: ask, wait, watch, cancel, done."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import backend, state
from app.decode_queue import Key, Phase, Progress, queue
from app.messages import show_error
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded

EVERY = 0.5  # seconds between two looks at a job that moves


def job_row(run, wanted: DecodeRequest, key: str, name: str = "", at_once: bool = False) -> Decoded | None:
    """Show the row of a decoding; returns its result where it is at hand.

    Parameters
    ----------
    key : unique on the page
    name : of the selection, behind the word "Decode"
    at_once : begin without a press when this session asks these models about the request for the first time
    """
    if at_once and state.is_first_look(Key(run.digest, wanted)):
        _ask(run, wanted, key)
    seen = backend.progress(run, wanted)
    if seen.phase.moves:
        st.fragment(_row, run_every=EVERY)(run, wanted, key, name, seen.phase)
    else:
        # No fragment of its own: a press while the page still runs would belong to one that is just drawn anew, and the
        # page would not follow it.
        _row(run, wanted, key, name, seen.phase)
    return backend.find(run, wanted)


def follow(key: Key, doing: str, every: float = EVERY) -> Any | None:
    """The result of a job that nobody has to press for; as long as it is not there, one line says how far it is.

    Parameters
    ----------
    key : the job, which was asked for
    doing : what it does, such as "Scoring"
    every : seconds between two looks
    """
    seen = queue().progress(key)
    if seen.phase.moves:
        st.fragment(_line, run_every=every)(key, doing)
    elif seen.error is not None:
        show_error(seen.error)
    return queue().result(key)


def _line(key: Key, doing: str) -> None:
    job = queue().progress(key)
    if not job.phase.moves:
        st.rerun()  # the rest of the page shows the result
    st.caption(f"{doing}: {says(job, '').strip().lower()}")


def says(job: Progress, doing: str = "Decoding") -> str:
    """How far a job is, in words."""
    if job.phase is Phase.WAITING:
        return f"Waiting, {job.before} before you" if job.before else "Waiting, next"
    if not job.fraction:
        return "Loading the models"
    left = "" if job.seconds_left is None else f", {max(1, round(job.seconds_left))} s left"
    return f"{doing} {100 * job.fraction:.0f} %{left}"


def _row(run, wanted: DecodeRequest, key: str, name: str, drawn: Phase) -> None:
    job = backend.progress(run, wanted)
    if job.phase is not drawn and not (job.phase.moves and drawn.moves):
        st.rerun()  # the rest of the page shows what has changed
    label = f"Decode {name}".strip()
    # One height for every state: nothing below it moves.
    with st.container(height=42, border=False, key=f"{key}_row"):
        if job.phase.moves:
            text, button = st.columns([5, 3], gap="small", vertical_alignment="center")
            text.markdown(f":small[{says(job)}]")
            button.button("Cancel", key=f"{key}_cancel", on_click=backend.cancel, args=(run, wanted), width="stretch")
        else:
            done = job.phase is Phase.DONE
            st.button(
                "Decoded" if done else label,
                key=key,
                type="secondary" if done else "primary",
                icon=":material/check:" if done else ":material/play_arrow:",
                disabled=done,
                width="stretch",
                on_click=_ask,
                args=(run, wanted, key),
            )
    error: UserError | None = st.session_state.pop(f"{key}_refused", None) or job.error
    if error is not None:
        show_error(error)


def _ask(run, wanted: DecodeRequest, key: str) -> None:
    try:
        backend.ask(run, wanted)
    except UserError as error:
        st.session_state[f"{key}_refused"] = error
