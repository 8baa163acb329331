"""Compare: both branches, a reference and a second choice of ROIs on one clock."""

from pathlib import Path

import streamlit as st

from app import backend, state
from app.components.skeleton_player import skeleton_player
from app.components.track_extras import player_name, track_fan
from app.messages import guarded
from app.page_runs import page_runs
from app.parts import choose, own_motion, score_panel, session_panel
from app.parts.ab import rois_row
from app.parts.context_bar import context_bar
from app.parts.export_panel import export_panel
from app.parts.masks import masks_row
from app.parts.track_picker import (
    available_tracks,
    beside_the_label,
    gestures_of_heard,
    pick_sample,
    pick_tracks,
    show_own,
)
from fmri2ges.brain.roi import mean_course
from fmri2ges.results import BRANCHES, Decoded
from fmri2ges.views import compare as charts
from fmri2ges.views.fan import fan_data
from fmri2ges.views.player import player_data
from fmri2ges.views.tracks import HEARD, Material, Track

EXPLORE = Path(__file__).with_name("explore.py")
PLAIN = {"displayModeBar": False}
# Its controls are in sight from 1280 x 800 on.
PLAYER_HEIGHT = "calc(clamp(480px, 100vh - 250px, 900px) - var(--told, 0px))"


@st.fragment
@page_runs().one()
@guarded
def compare(run) -> None:
    """Everything under the title: choices, skeletons, agreement and export."""
    place = st.container(key="told").empty()
    shown = choose.settle_comparison(run)
    choose.complaints(place)
    context_bar(run)
    state.write_url()
    row = st.container(key="compare_tracks")
    wanted = rois_row(run, shown)
    state.write_url()
    backend.await_drafts(run, [shown, wanted])
    decoded, other = backend.at_hand(run, shown), backend.at_hand(run, wanted)
    if decoded is None:
        st.caption("The gestures are shown here as soon as they are decoded.")
        return
    reference = run.reference(shown.story)
    if reference is not None and not reference.shares(shown.start, shown.stop):
        reference = None
    recording = backend.recording(run, shown)
    with row:
        left, right = st.columns([7, 3], vertical_alignment="bottom", gap="medium")
        with left:
            line = beside_the_label()
            dropped = own_motion.given(decoded)
            own = own_motion.motion_of(dropped, decoded)
            available = available_tracks(decoded, recording, reference is not None, wanted is not None, own is not None)
            if own_motion.is_new() and own is not None:
                show_own(available, wanted is not None)
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                ids = pick_tracks(available, wanted is not None)
                own_motion.panel(dropped, decoded)
                session_panel.panel()
        with right:
            sample = pick_sample(shown)
    view = state.player_view(decoded.start, decoded.stop)
    choose.complaints(place)
    state.write_url()
    heard = gestures_of_heard(run, shown, HEARD in ids, line)
    material = Material(decoded, other, reference, heard, own)
    motions = material.motions(sample, ids) or material.motions(sample)
    course = mean_course(recording, shown.rois)
    bold = (course.times, course.mean)
    other_bold = None
    if other is not None and wanted is not None:
        course = mean_course(recording, wanted.rois)
        other_bold = (course.times, course.mean)
    results = {"": decoded}
    if other is not None:
        results = {"A": decoded, "B": other}
    drafted = any(result.is_draft for result in results.values())
    tracks, identity = list(motions), player_name(run.digest, shown.text, wanted and wanted.text)
    # Before the gestures, so that no draft stands without its mark.
    score_panel.under_names(run, tracks, results, reference is not None, identity)
    data = player_data(decoded, motions, recording.words, bold, other=other, other_bold=other_bold, sample=sample)
    more = {"extras_of": identity, "view": view, "session": session_panel.to_save(decoded)}
    skeleton_player(data | more, key="compare_player", height=PLAYER_HEIGHT)
    track_fan(fan_data(material.motions(0, ids)), identity, key="compare_fan")
    state.paint(*results.values())
    both = [branch for branch in BRANCHES if {Track(branch, "A"), Track(branch, "B")} <= set(tracks)]
    said = ""
    if other is not None and both:
        alike = charts.likeness_note(decoded.sample(sample), other.sample(sample), both)
        said = "How far A and B are apart is told when both are decoded." if drafted else alike
    masks_row(run, {letter: result.request for letter, result in results.items()}, tracks, said)
    with st.container(key="compare_charts"):
        left, right = st.columns(2, gap="large")
    dark = st.context.theme.type == "dark"
    with left:
        figure = charts.motion_chart(motions, dark, run.simulated, drafted)
        st.plotly_chart(figure, key="wrists", config=PLAIN, alt="Speed and height of the wrists over time")
    with right:
        full = {letter: result.request for letter, result in results.items() if not result.is_draft}
        score_panel.show(tracks, score_panel.scores_of(run, full), dark, run.simulated)
    st.subheader("Export", divider="gray")
    export(run, results, sample)


def export(run, results: dict[str, Decoded], sample: int) -> None:
    """Files of what is shown; where two choices are compared, of the one that is picked.

    Parameters
    ----------
    results : letter of each choice of ROIs (empty where there is one) -> what is shown of it
    sample : the sample on screen, from 0
    """
    letter = next(iter(results))
    if len(results) > 1:
        letter = st.segmented_control("Which ROIs", ("A", "B"), default="A", required=True, key="compare_export")
    if any(result.is_draft for result in results.values()):
        st.caption("A draft cannot be exported: its full decoding follows.")
        return
    chosen = results[letter]
    export_panel(chosen, chosen.request, sample, run.space, results["B"] if letter == "A" else None)


@guarded
def screen() -> None:
    """The page: its run, and everything of it."""
    with st.spinner("Loading the models and the recordings"):
        run = backend.open_run(state.request())
    compare(run)


screen()
