"""Forms that start a job: train a study, decode a story, evaluate a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from app import backend, places, state
from app.messages import plain, show_error
from app.parts.job_list import started
from app.parts.roi_panel import FOLDER
from fmri2ges.errors import UserError
from fmri2ges.provenance import digest_json
from fmri2ges.request import DEMO, DecodeRequest
from fmri2ges.storage.folder import check_target
from fmri2ges.storage.training_folder import check_training
from fmri2ges.studies.roi_forward import check_forward
from fmri2ges.studies.roi_request import RoiStudyRequest

RANDOM = 50  # random regions of each size that an ROI study has unless the user says otherwise
KINDS = ("Train", "Decode", "Evaluate", "ROI study")


def forms(folder: Path) -> None:
    """One form at a time.

    Parameters
    ----------
    folder : where runs lie; what is named by a bare name is made in it
    """
    st.markdown("##### Start")
    kind = st.segmented_control("What", KINDS, default="Train", label_visibility="collapsed", key="runs.kind")
    chosen = {"Train": _train, "Decode": _decode, "Evaluate": _evaluate, "ROI study": _roi_study}
    chosen.get(str(kind), _nothing)(folder)


def _nothing(folder: Path) -> None:
    st.caption("Choose what to start.")


def _train(folder: Path) -> None:
    with st.form("runs.train", border=False):
        study = st.text_input("Study file", placeholder="/data/my-study/study.toml", value=state.study_path())
        name = st.text_input("Name of the new run", placeholder="mine")
        left, right = st.columns(2)
        preset = left.selectbox("Preset", ("demo", "full"), help="full trains two and a half times as long")
        seed = right.number_input("Seed", 0, 2**31 - 1)
        replace_it = st.checkbox(
            "Replace a run of this name (--force)",
            help="It stays until the new one is whole; an interrupted one is dropped",
        )
        resume = st.checkbox("Go on with an interrupted training of this name (--resume)")
        if not st.form_submit_button("Train", icon=":material/model_training:", type="primary"):
            return
    if not study.strip() or not name.strip():
        show_error(UserError("train: give a study file and a name for the run"))
        return
    try:
        file, out = places.find(study.strip(), "study"), folder / checked_name(name.strip())
        check_training(out, replace_it, resume)
    except UserError as error:
        show_error(error)
        return
    arguments = ["train", str(file), "--out", str(out), "--preset", preset, "--seed", str(int(seed))]
    arguments += ["--force"] * replace_it + ["--resume"] * resume
    started(f"Train {out.name} on {file.parent.name}", arguments, out)


def _own_run(otherwise: str):
    """The open run, where it is one of the user's own; else None, after a line that says why."""
    chosen = state.request()
    if chosen.run == DEMO:
        st.caption(otherwise)
        return None
    try:
        return backend.open_run(chosen)
    except UserError as error:
        show_error(error)
        return None


def _decode(folder: Path) -> None:
    """A whole story with the ROIs and settings that are chosen on Explore, kept in the folder of the run."""
    chosen = state.request()
    run = _own_run("The demo's run is part of the program. Open one of your runs; decodings are kept in its folder.")
    if run is None:
        return
    with st.form("runs.decode", border=False):
        left, right = st.columns(2)
        subject = left.selectbox("Subject", run.subjects)
        stories = right.multiselect(
            "Stories", run.stories, default=run.stories, help="Whole stories, one after the other"
        )
        rois = plain(run.space.describe(chosen.rois))
        st.caption(f"From {rois}, {chosen.samples} samples, seed {chosen.seed}, as on Explore.")
        if not st.form_submit_button("Decode", icon=":material/play_arrow:", type="primary"):
            return
    path = run.path.absolute()
    for story in stories:
        asked = replace(chosen, run=str(path), subject=subject, story=story, start=None, stop=None)
        name = digest_json([asked.digest, run.digest_of_recording(subject, story)])[:8]
        out = path / "decoded" / f"{subject}-{story}-{name}"
        try:
            check_target(out)
        except UserError as error:
            show_error(error)
            continue
        _start_decode(asked, out)


def _start_decode(asked: DecodeRequest, out: Path) -> None:
    arguments = asked.as_arguments(str(out), state.device())
    started(f"Decode {asked.story} of {Path(asked.run).name}", arguments, out)


def _evaluate(folder: Path) -> None:
    chosen = state.request()
    if chosen.run == DEMO:
        st.caption(
            "Open one of your runs first: its decoded stories are evaluated, and the report is kept in its folder."
        )
        return
    with st.form("runs.evaluate", border=False):
        nulls = st.number_input(
            "Null decodings", 0, 1000, help="Texts decoded from shifted, swapped and phase-randomised BOLD"
        )
        if not st.form_submit_button("Evaluate", icon=":material/analytics:", type="primary"):
            return
    path = Path(places.find_run(chosen.run)).absolute()
    started(f"Evaluate {path.name}", ["evaluate", str(path), "--null-decodings", str(int(nulls))], path)


def _roi_study(folder: Path) -> None:
    """Every region alone, all without it, random regions of its size; kept in the folder of the run."""
    run = _own_run("The study of the demo comes with the program. Open one of your runs first.")
    if run is None:
        return
    with st.form("runs.roi_study", border=False):
        left, right = st.columns(2)
        subject = left.selectbox("Subject", ("all", *run.subjects))
        rois = right.selectbox("Regions", ("groups", "areas"), help="Named groups, or every ROI by itself")
        nulls = left.number_input("Random regions of each size", 0, 1000, RANDOM, help="50 or more, or 0 for none")
        refit = right.checkbox("Refit (confirmatory)", help="Fit the readout's penalty for every region")
        forward = right.checkbox(
            "Fewest regions (exploratory)",
            help="Add regions one by one until they reach 95 % of all of them (--forward); on 16 groups it takes about "
            "as long again for each branch as all regions without random ones",
        )
        if not st.form_submit_button("Start", icon=":material/bar_chart:", type="primary"):
            return
    named = [rois, subject, *["refit"] * refit, *["forward"] * forward, *[f"{nulls}-random"] * (nulls != RANDOM)]
    out = run.path.absolute() / FOLDER / "-".join(named)
    try:
        check_target(out)
        asked = RoiStudyRequest(str(run.path.absolute()), subject, rois, nulls=int(nulls), refit=refit, forward=forward)
        if forward:
            check_forward(run)
    except UserError as error:
        show_error(error)
        return
    started(f"ROI study of {run.path.name}: {rois}", asked.as_arguments(str(out)), out)


def checked_name(name: str) -> str:
    """A bare name for a new folder.

    Raises
    ------
    UserError
        For a name that would lie elsewhere, or be hidden.
    """
    if name.startswith(".") or any(c in name for c in "/\\:") or len(name) > 100:
        raise UserError(f"name: {name!r} is no name of a folder; give letters, digits, - and _")
    return name
