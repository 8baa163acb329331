"""Compare: both branches, a reference and a second choice of ROIs on one clock."""

from pathlib import Path

import streamlit as st

from app import backend, state
from app.components.skeleton_player import skeleton_player
from app.messages import guarded
from app.parts import choose
from app.parts.ab import rois_row
from app.parts.context_bar import context_bar
from app.parts.export_panel import export_panel
from app.parts.job_row import job_row
from app.parts.track_picker import available_tracks, beside_the_label, gestures_of_heard, pick_sample, pick_tracks
from fmri2ges.brain.roi import mean_course
from fmri2ges.request import DecodeRequest
from fmri2ges.results import BRANCHES
from fmri2ges.views import compare as charts
from fmri2ges.views.player import player_data
from fmri2ges.views.tracks import HEARD, Material, Track

EXPLORE = Path(__file__).with_name("explore.py")
PLAIN = {"displayModeBar": False}
PLAYER_HEIGHT = "clamp(480px, calc(100vh - 250px), 900px)"  # its controls are in sight from 1280 x 800 on


@st.cache_resource(max_entries=16, show_spinner="Scoring")
def scores(run_digest: str, request: DecodeRequest, letter: str, _decoded, _reference, _heard) -> tuple[list, list]:
    """Gesture and word scores of one result, cached by what was decoded."""
    from fmri2ges.text.embeddings import load_vectors

    gesture = [] if _reference is None else charts.gesture_agreement(_decoded, _reference, letter)
    return gesture, charts.word_agreement(_decoded, _heard, load_vectors().matrix, letter)


def agreement(results: list, reference, heard, dark: bool, simulated: bool) -> None:
    """Scores of each result; `results` holds (letter, request, decoded)."""
    found = [
        scores(decoded.manifest["run_digest"], request, letter, decoded, reference, heard)
        for letter, request, decoded in results
    ]
    gesture = [a for of_gesture, _ in found for a in of_gesture]
    words = [a for _, of_words in found for a in of_words]
    seconds = results[0][1].stop - results[0][1].start
    if gesture:
        figure = charts.agreement_chart([a for a in gesture if a.row.id in charts.CHARTED], dark, simulated)
        st.plotly_chart(
            figure, key="agreement", config=PLAIN, alt="Correlation of each branch with the reference, with its null"
        )
    else:
        st.info(
            "No gesture was recorded with this story, so there is nothing to agree with. The words below were heard."
        )
    if gesture or words:
        st.caption(charts.agreement_note(gesture + words, seconds))
        with st.expander("All scores of this window as a table"):
            st.dataframe(charts.agreement_table(gesture + words), hide_index=True)


@st.fragment
@guarded
def compare(run) -> None:
    """Everything under the title: choices, skeletons, agreement and export."""
    place = st.empty()
    shown = choose.settle_comparison(run)
    choose.complaints(place)
    context_bar(run)
    state.write_url()
    decoded = backend.find(run, shown) or job_row(run, shown, "decode_compare", at_once=True)
    if decoded is None:
        return
    reference = run.reference(shown.story)
    recording = backend.recording(run, shown)
    row = st.container()
    wanted, other = rois_row(run, shown)
    with row:
        left, right = st.columns([7, 3], vertical_alignment="bottom", gap="medium")
        with left:
            line = beside_the_label()
            available = available_tracks(decoded, recording, reference is not None, wanted is not None)
            ids = pick_tracks(available, wanted is not None)
        with right:
            sample = pick_sample(shown)
    choose.complaints(place)
    state.write_url()
    heard = gestures_of_heard(run, shown, HEARD in ids, line)
    material = Material(decoded, other, reference, heard)
    motions = material.motions(sample, ids) or material.motions(sample)
    course = mean_course(recording, shown.rois)
    bold = (course.times, course.mean)
    data = player_data(decoded, motions, recording.words, bold, other=other, sample=sample)
    skeleton_player(data, key="compare_player", height=PLAYER_HEIGHT)
    if other is not None:
        both = [branch for branch in BRANCHES if {Track(branch, "A"), Track(branch, "B")} <= set(motions)]
        st.caption(charts.likeness_note(decoded.sample(sample), other.sample(sample), both))

    results = [("", shown, decoded)]
    if other is not None and wanted is not None:
        results = [("A", shown, decoded), ("B", wanted, other)]
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2, gap="large")
    with left:
        figure = charts.motion_chart(motions, dark, run.simulated)
        st.plotly_chart(figure, key="wrists", config=PLAIN, alt="Speed and height of the wrists over time")
    with right:
        agreement(results, reference, recording.words, dark, run.simulated)
    st.subheader("Export", divider="gray")
    chosen = results[0]
    if other is not None:
        letter = st.segmented_control("Which ROIs", ("A", "B"), default="A", required=True, key="compare_export")
        chosen = results["AB".index(letter)]
    export_panel(chosen[2], chosen[1], sample, run.space, other if chosen is results[0] else None)


@guarded
def screen() -> None:
    """The page: its run, and everything of it."""
    with st.spinner("Loading the models and the recordings"):
        run = backend.open_run(state.request())
    compare(run)


screen()
