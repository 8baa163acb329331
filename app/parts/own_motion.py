"""A motion file dropped on Compare, which is shown beside the decoded motion for as long as the session lasts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from app import state
from app.messages import plain, show_error
from fmri2ges.data.motion.skeletons import MAPPING_FILE
from fmri2ges.errors import UserError
from fmri2ges.results import Decoded
from fmri2ges.types import Motion
from fmri2ges.views.own_motion import AS_IT_IS, OwnMotion, read_own_motion
from fmri2ges.views.tracks import OWN

MOST = 100  # MB of a file
KEPT, OFFSET, REFUSED, NEW = "own.motion", "own.offset", "own.refused", "own.new"  # in the session
HELP = f"""A .bvh of any rig, or a .npz of positions or of SMPL-X poses. For a .bvh of an unknown rig drop its
{MAPPING_FILE} along. It is shown by the ten joints of the upper body, {AS_IT_IS}, and is never scored."""


@dataclass(frozen=True)
class Given:
    """The motion that was dropped, and where it stands in the story.

    Parameters
    ----------
    own : the motion
    offset : seconds in the story at which second 0 of the file is
    """

    own: OwnMotion
    offset: float


def given(decoded: Decoded) -> Given | None:
    """The motion that this session was given, or None."""
    own: OwnMotion | None = st.session_state.get(KEPT)
    if own is None:
        return None
    if OFFSET not in st.session_state:
        st.session_state[OFFSET] = own.first_offset(decoded.start, decoded.stop)
    return Given(own, float(st.session_state[OFFSET]))


def motion_of(there: Given | None, decoded: Decoded) -> Motion | None:
    """The motion on the story's clock at the frame rate of what is decoded, or None: there is none in the stretch."""
    if there is None:
        return None
    motion = there.own.at(there.offset, next(iter(decoded.motions.values())).fps)
    return motion if motion.shares(decoded.start, decoded.stop) else None


def is_new() -> bool:
    """Whether a file came with this run of the page, so that its track is to be shown."""
    return st.session_state.pop(NEW, False)


def panel(there: Given | None, decoded: Decoded) -> None:
    """The place to drop a file, its offset, and how it was understood."""
    place = st.popover("Own motion", icon=":material/upload_file:", key="own_motion", on_change="rerun")
    if not place.open:
        return
    with place:
        st.file_uploader(
            "Drop a motion beside the decoded one",
            ["bvh", "npz", "toml"],
            accept_multiple_files=True,
            key="own.files",
            max_upload_size=MOST,
            help=HELP,
            on_change=_take,
        )
        error: UserError | None = st.session_state.get(REFUSED)
        if error is not None:
            show_error(error)
        if there is not None:
            _placed(there, decoded)
        st.caption("The file stays in this session: a link or a session file does not carry it.")


def _placed(there: Given, decoded: Decoded) -> None:
    st.markdown("\n".join([f"**{plain(there.own.name)}**", *(f"- {plain(note)}" for note in there.own.notes)]))
    st.number_input(
        "Second 0 of the file is at (s)",
        value=there.offset,
        step=0.5,
        key=f"{OFFSET}.field",
        help="Of the story. It is 0 at first; for a file that has nothing in this stretch, its beginning.",
        on_change=lambda: st.session_state.update({OFFSET: st.session_state[f"{OFFSET}.field"]}),
    )
    if motion_of(there, decoded) is None:
        motion = there.own.motion
        covered = f"{motion.start + there.offset:g} to {motion.start + motion.duration + there.offset:g} s"
        st.warning(f"It covers {covered} of the story and is not in {decoded.start:g} to {decoded.stop:g} s.")
    st.button("Remove it", icon=":material/close:", on_click=_remove)


def _take() -> None:
    """Read what was dropped; a file that cannot be read leaves the one that is shown."""
    files = st.session_state["own.files"]
    st.session_state[REFUSED] = None
    if not files:
        return
    motions = [file for file in files if not file.name.lower().endswith(".toml")]
    try:
        if not motions:
            raise UserError("own motion: a mapping alone moves nothing; drop the .bvh along")
        motion = motions[-1]  # the last that was dropped
        with TemporaryDirectory(prefix="fmri2ges-own-") as folder:
            # A name of the browser is only a name: nothing of it leads to another folder.
            path = Path(folder) / (re.sub(r"[^\w. -]", "_", motion.name)[-80:].lstrip(".- ") or "motion")
            path.write_bytes(motion.getbuffer())
            for mapping in (file for file in files if file not in motions):
                (Path(folder) / MAPPING_FILE).write_bytes(mapping.getbuffer())
            own = read_own_motion(path)
    except UserError as error:
        st.session_state[REFUSED] = error
        return
    _remove()
    st.session_state[KEPT], st.session_state[NEW] = own, True
    state.update()


def _remove() -> None:
    for key in (KEPT, OFFSET, f"{OFFSET}.field"):
        st.session_state.pop(key, None)
    state.update(tracks=tuple(name for name in state.comparison().tracks if name != OWN))
