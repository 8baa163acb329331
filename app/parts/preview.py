"""The gestures on Explore: of what is chosen, first as a draft."""

from __future__ import annotations

import streamlit as st

from app import backend, state
from app.messages import plain
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded


def show(run, wanted: DecodeRequest, height: str) -> None:
    """The decoded gestures of what is chosen, or their draft; what was on screen stays until one of them is there.

    Parameters
    ----------
    height : of the player, as a length of CSS
    """
    # Imported here, so that the page shows the cortex first.
    from app.components.skeleton_player import skeleton_player
    from app.components.track_extras import player_name, track_marks
    from app.parts import session_panel
    from fmri2ges.views.player import player_data
    from fmri2ges.views.tracks import Material

    line = st.empty()
    shown, decoded = _say(run, line, wanted)
    before = backend.at_hand(run, wanted)
    backend.await_drafts(run, [wanted])
    now = backend.at_hand(run, wanted)
    if now is not None:
        state.show(wanted)
    if now is not before or state.shown() != shown:
        shown, decoded = _say(run, line, wanted)
    if shown is None or decoded is None:
        return
    heard = backend.recording(run, shown).words
    motions = Material(decoded, reference=run.reference(shown.story)).motions()
    identity = player_name(run.digest, shown.text)
    marks = {track.name: "draft" for track in motions if track.is_decoded and decoded.is_draft}
    track_marks(marks, identity)
    view = state.player_view(decoded.start, decoded.stop)
    data = player_data(decoded, motions, heard)
    more = {"extras_of": identity, "view": view, "session": session_panel.to_save(decoded)}
    skeleton_player(data | more, key="preview", height=height)
    state.paint(decoded)


def _say(run, line, wanted: DecodeRequest) -> tuple[DecodeRequest | None, Decoded | None]:
    """Say in the line what is on screen, and return it: its request and its result."""
    from fmri2ges.views.player import roi_label

    shown = state.shown()
    decoded = backend.at_hand(run, shown) if shown is not None and shown.run == wanted.run else None
    if shown is None or decoded is None:
        line.caption("The gestures are shown here as soon as they are decoded.")
        return shown, None
    what = f"{roi_label(shown.rois)}, {shown.subject}, {shown.story}, {shown.start:g} to {shown.stop:g} s"
    if shown != wanted:
        follows = backend.progress(run, wanted).phase.moves
        said = f"Still shown: {roi_label(shown.rois)}. {'Yours follows.' if follows else 'Press Decode for yours.'}"
    elif decoded.is_draft:
        said = f"Draft, the first of {shown.samples} samples: {what}, seed {shown.seed}"
    else:
        said = f"Shown: {what}, seed {shown.seed}"
    line.caption(plain(said))
    return shown, decoded
