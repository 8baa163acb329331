"""The view as a file: what the player saves, and the place to open it again."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import own_map, state
from app.messages import show_error
from app.session_file import read_session, session_of
from fmri2ges.errors import UserError
from fmri2ges.results import Decoded
from fmri2ges.views.names import result_stem

REFUSED = "session.refused"  # in the session
HELP = """A file that the player saved with *Session*: run, subject, story, stretch, ROIs of A and B, tracks, sample,
clock, loop, camera, the look of the cortex and your own map on it. It holds no recording and no motion: who opens it
needs the same run."""


def to_save(decoded: Decoded) -> dict[str, Any]:
    """What the player saves as a session, and under which name.

    Clock, loop and camera it adds itself, and from the address the look of the cortex, with which nothing else that
    the player shows would change.
    """
    name = result_stem(decoded.request, ["session"], decoded.simulated)
    view = decoded.request.to_query() | state.comparison().to_url()
    content = session_of(view, own_map.current())
    return {"name": f"{name}.json", "content": content, "from_address": list(state.OF_LOOK)}


def panel() -> None:
    """The place to open a session."""
    place = st.popover("Open session", icon=":material/folder_open:", key="session", on_change="rerun")
    if not place.open:
        return
    with place:
        drop("A session file")


def drop(label: str) -> None:
    """The field that a session is dropped on."""
    st.file_uploader(label, ["json"], key="session.given", max_upload_size=1, help=HELP, on_change=_open)
    error: UserError | None = st.session_state.get(REFUSED)
    if error is not None:
        show_error(error)


def _open() -> None:
    given = st.session_state["session.given"]
    st.session_state[REFUSED] = None
    if given is None:
        return
    try:
        session = read_session(given.getvalue(), given.name, state.OF_VIEW)
        try:
            state.open_view(session.view)
        except UserError as error:
            raise UserError(f"{given.name}: {error}") from error
        if session.own_map is not None:
            own_map.take((session.own_map,))
    except UserError as error:
        st.session_state[REFUSED] = error
