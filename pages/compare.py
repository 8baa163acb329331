"""Compare: both branches, a reference and a second choice of ROIs on one clock."""

from pathlib import Path

import streamlit as st

from app import backend, state
from app.components.skeleton_player import skeleton_player
from app.messages import guarded, plain
from app.parts import choose
from app.parts.ab import decode_other, pick_other
from app.parts.export_panel import export_panel
from app.parts.job_row import job_row
from app.parts.mark import data_mark
from fmri2ges.brain.roi import mean_course
from fmri2ges.request import DecodeRequest
from fmri2ges.views import compare as charts
from fmri2ges.views.names import run_name
from fmri2ges.views.player import caption, player_data

EXPLORE = Path(__file__).with_name("explore.py")
PLAIN = {"displayModeBar": False}
PLAYER_HEIGHT = "clamp(480px, calc(100vh - 232px), 900px)"  # its controls are in sight from 1280 x 800 on


def header(run, shown: DecodeRequest, decoded) -> None:
    """What is shown, in one line, and the way back to Explore."""
    left, right = st.columns([6, 1], vertical_alignment="center")
    left.markdown(
        f"**{plain(caption(decoded))}** \u00b7 {shown.start:g} to {shown.stop:g} s \u00b7 {shown.samples} samples "
        f"\u00b7 seed {shown.seed} \u00b7 device {run.device} \u00b7 run {plain(run_name(shown.run))}"
    )
    right.page_link(
        EXPLORE, label="Change", icon=":material/tune:", help="Choose other ROIs, story or window on Explore"
    )


def controls(run, shown: DecodeRequest, reference):
    """What to show: branch, sample, reference, and the request of a second choice of ROIs."""
    a, b, c, d = st.columns([3, 3, 2, 5], vertical_alignment="bottom", gap="medium")
    with a:
        branch = st.segmented_control("Branch", state.VIEWS, required=True, **state.bind("view"))
    with b:
        sample = 1
        if shown.samples > 1:
            sample = st.select_slider(
                f"Sample of {shown.samples}",
                range(1, shown.samples + 1),
                help="Many gestures go with one text: each sample is one of them",
                **state.bind("sample"),
            )
    with c:
        with_reference = reference is not None and st.toggle(
            "Reference",
            help="The gesture a speaker of this story made",
            **state.bind("reference", lambda word: word == "yes", lambda on: "yes" if on else "no"),
        )
    with d:
        other = pick_other(run, shown)
    return branch, sample - 1, with_reference, other


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
    state.write_url()
    decoded = backend.find(run, shown) or job_row(run, shown, "decode_compare", at_once=True)
    if decoded is None:
        return
    reference = run.reference(shown.story)
    recording = backend.recording(run, shown)
    header(run, shown, decoded)
    branch, sample, with_reference, wanted = controls(run, shown, reference)
    other = decode_other(run, wanted)
    course = mean_course(recording, shown.rois)
    seen = reference if with_reference else None
    bold = (course.times, course.mean)
    data = player_data(decoded, seen, recording.words, bold, other=other, branch=branch, sample=sample)
    skeleton_player(data, key="compare_player", height=PLAYER_HEIGHT)
    if other is not None:
        st.caption(charts.likeness_note(decoded.sample(sample), other.sample(sample), branch))

    results = [("", shown, decoded)] if other is None else [("A", shown, decoded), ("B", wanted, other)]
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2, gap="large")
    with left:
        on_screen = charts.motions(decoded.sample(sample), seen, other and other.sample(sample), branch)
        figure = charts.motion_chart(on_screen, dark, run.simulated)
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
    data_mark(run, state.request().run)
    compare(run)


screen()
