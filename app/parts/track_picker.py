"""Which tracks Compare shows, and the gesture of the heard words when it is one of them."""

from __future__ import annotations

import streamlit as st

from app import backend, state
from app.parts.job_row import follow
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Recording
from fmri2ges.views.tracks import HEARD, MOST, OWN, READS, REFERENCE, TRACK_IDS, first_tracks, tracks_of

WHY_NOT = {
    HEARD: "no word was heard in this window",
    REFERENCE: "no gesture was recorded with this story",
    "text": "the text branch was not decoded",
    "direct": "the direct branch was not decoded",
    OWN: "a link does not carry the file; drop it again under Own motion, inside the time window",
}
HELP = f"""At most {MOST}. **text** and **direct** are read from the brain; B is a second choice of ROIs.
**heard** is the gesture that the text-to-gesture model makes of the words that were heard: it {READS}.
**reference** is the gesture that a speaker of this story made; **own motion** is a file of yours."""


def beside_the_label():
    """A place beside the label of the tracks, for a line that comes and goes without moving anything."""
    return st.container(key="compare_line")


def available_tracks(
    decoded: Decoded, recording: Recording, has_reference: bool, compared: bool, has_own: bool = False
) -> list[str]:
    """Ids of the tracks that can be shown beside each other."""
    there = set(decoded.motions)
    if compared:
        there |= {f"{branch}-b" for branch in decoded.motions}
    if len(recording.words.slice(decoded.start, decoded.stop)):
        there.add(HEARD)
    if has_reference:
        there.add(REFERENCE)
    if has_own:
        there.add(OWN)
    return [name for name in TRACK_IDS if name in there]


def pick_tracks(available: list[str], compared: bool) -> tuple[str, ...]:
    """The ids of the tracks on screen; what of a link is not there is complained of.

    Parameters
    ----------
    available : ids of those that can be shown
    compared : whether there is a second choice of ROIs
    """
    first = first_tracks(available, compared)
    asked = state.comparison().tracks
    missing = [name for name in asked if name not in available]
    if missing:
        state.complain(f"tracks: {name} is not shown; {_why_not(name)}" for name in missing)
        state.adjust(tracks=_kept([name for name in asked if name in available], first))
    names = {track.id: track.name for track in tracks_of(available, compared)}

    def chosen(picked: list[str]) -> tuple[str, ...]:
        return _kept(picked, first)

    def refuse() -> None:
        if len(st.session_state["request.tracks"]) <= MOST:
            tied["on_change"]()
        else:
            state.update()
            state.complain([f"tracks: at most {MOST} stand side by side; take one away before you add another"])

    tied = state.bind("tracks", lambda ids: list(ids or first), chosen)
    # Sent with every run: where one is cut short by the next, the browser may never have seen the first choice, and a
    # press would begin from none.
    st.session_state[tied["key"]] = list(state.comparison().tracks or first)
    st.pills(
        "Tracks",
        available,
        selection_mode="multi",
        format_func=names.__getitem__,
        help=HELP,
        key=tied["key"],
        on_change=refuse,
    )
    return state.comparison().tracks or first


def show_own(available: list[str], compared: bool) -> None:
    """Put a motion that was just dropped beside the tracks on screen, in the place of the last where there are many."""
    before = state.comparison().tracks or first_tracks(available, compared)
    others = [name for name in before if name in available and name != OWN]
    state.update(tracks=(*others[: MOST - 1], OWN))


def _kept(picked: list[str], first: tuple[str, ...]) -> tuple[str, ...]:
    """What is kept of a choice: nothing where it is the first one."""
    ordered = tuple(name for name in TRACK_IDS if name in picked)
    return () if ordered == first else ordered


def _why_not(name: str) -> str:
    if name.endswith("-b"):
        return "it needs a second choice of ROIs (B)"
    return WHY_NOT[name]


def pick_sample(shown: DecodeRequest) -> int:
    """The sample on screen, from 0."""
    if shown.samples == 1:
        return 0
    numbers = range(1, shown.samples + 1)
    told = "Many gestures go with one text: each sample is one of them"
    return st.select_slider(f"Sample of {shown.samples}", numbers, help=told, **state.bind("sample")) - 1


def gestures_of_heard(run, shown: DecodeRequest, wanted: bool, place) -> Motion | None:
    """The gesture of the heard words over the window, or None: not wanted, or still being made, which a place says."""
    if not wanted:
        return None
    key = backend.heard_key(run, shown)
    with place:
        if state.is_first_look(key):
            try:
                backend.ask_heard(run, shown)
            except UserError as error:
                state.complain([str(error)])
        return follow(key, "Gestures of the heard words")
