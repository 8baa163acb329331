"""The runs of a folder as a table: open one, or delete one and take that back."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app import places, state
from app.messages import plain, show_error
from fmri2ges.data.beside import take_lock
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO, DecodeRequest
from fmri2ges.views import runs as views

FOLDER = "runs.folder"
BIN = ".fmri2ges-deleted"  # where deleted runs lie until somebody removes it
DELETED = "runs.deleted"  # session state: (name in the bin, where it stood)


def choose_folder() -> Path:
    """The folder that holds the runs.

    Raises
    ------
    UserError
        For a folder that may not be opened on this server.
    """
    opened = state.request().run
    text = st.text_input(
        "Folder of your runs",
        value="runs" if opened == DEMO else str(Path(opened).parent),
        key=FOLDER,
        persist_state="session",
        help="On the computer on which this program runs; `fmri2ges train ... --out runs/mine` puts one there",
    )
    return places.find(text.strip() or "runs", "folder of runs")


def run_table(folder: Path) -> None:
    """The table, and what can be done with the selected run."""
    _undo(folder)
    if not folder.is_dir():
        st.info("No such folder yet; training from here makes it.", icon=":material/folder_off:")
        return
    try:
        found = views.list_runs(folder)
    except UserError as error:
        show_error(error)
        return
    if not found:
        st.info("No run in this folder yet. Train one on the right.", icon=":material/model_training:")
        return
    chosen = st.dataframe(
        views.table(found), hide_index=True, on_select="rerun", selection_mode="multi-row", key=f"runs.table.{folder}"
    )
    st.caption(
        "Select a run to open or delete it, several to compare their settings. Decode, Evaluate and ROI study take the "
        "run that is open. Scores are means over held-out stories with 95 % interval, and p against the circular "
        "shift; Evaluate makes them."
    )
    rows = [found[i] for i in chosen["selection"]["rows"] if i < len(found)]
    if len(rows) == 1:
        _actions(rows[0], folder)
    elif rows:
        _compare(rows)


def _actions(run: views.RunFacts, folder: Path) -> None:
    with st.container(horizontal=True):
        if st.button("Open on Explore", icon=":material/neurology:", type="primary", disabled=bool(run.fault)):
            state.update(**vars(_first_view(places.name_of(run.path))))
            st.switch_page(state.page_of("explore"))
        if st.button("Delete", icon=":material/delete:"):
            _delete(run.path, folder)
            st.rerun()
    if state.request().run == places.name_of(run.path):
        st.caption("This run is open.")


def _compare(rows: list[views.RunFacts]) -> None:
    names = views.differing(rows)
    st.caption("Settings in which the selected runs differ" if names else "The selected runs have the same settings.")
    if names:
        st.dataframe(
            [{"Setting": n} | {run.name: str(run.settings.get(n, "-")) for run in rows} for n in names], hide_index=True
        )


def _first_view(run: str) -> DecodeRequest:
    """What is shown of a run that is opened: its first subject and story, the ROIs as they are chosen."""
    return DecodeRequest(run=run, rois=state.request().rois, start=0.0, stop=30.0)


def _delete(path: Path, folder: Path) -> None:
    """Move a run into the bin of its folder, from which it can be taken back."""
    lock = take_lock(path)
    if lock is None:
        show_error(UserError(f"{path}: is being written; cancel that job first"))
        return
    try:
        bin_folder = folder / BIN
        bin_folder.mkdir(exist_ok=True)
        kept, number = bin_folder / path.name, 2
        while os.path.lexists(kept):
            kept, number = bin_folder / f"{path.name}-{number}", number + 1
        os.rename(path, kept)
    except OSError as error:
        show_error(UserError(f"{path}: cannot be moved to {folder / BIN} ({error.strerror})"))
        return
    finally:
        lock.remove()
    st.session_state[DELETED] = (kept, path)
    if state.request().run == places.name_of(path):
        state.update(run=DEMO)


def _undo(folder: Path) -> None:
    kept, path = st.session_state.get(DELETED, (None, None))
    if kept is None or not kept.is_dir() or path.parent != folder:
        return
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    row.caption(f"{plain(path.name)} was deleted; it lies in {BIN} of this folder until you remove it there.")
    if row.button("Undo", icon=":material/undo:"):
        if os.path.lexists(path):
            show_error(UserError(f"{path}: another run has this name now; rename it first"))
            return
        try:
            os.rename(kept, path)
        except OSError as error:
            show_error(UserError(f"{path}: cannot be put back ({error.strerror}); it lies in {kept}"))
            return
        st.session_state.pop(DELETED)
        st.rerun()
