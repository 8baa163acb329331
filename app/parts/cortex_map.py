"""What colours the cortex on Explore: the newest ROI study of the run, where it knows the subject that is chosen."""

from __future__ import annotations

from math import floor, log10

import streamlit as st

from app import state
from app.look import NO_MAP
from app.parts.roi_panel import EFFECTS, load_study, newest_study
from fmri2ges.errors import UserError
from fmri2ges.evaluation.roi_rows import Effect
from fmri2ges.views.area_map import AreaMap, bar_html
from fmri2ges.views.roi_study import branches, cortex_map, measures

KEY, THRESHOLD = "explore.colour", "explore.threshold"
CHOICES = {NO_MAP: "None"} | {str(effect): label for effect, label in EFFECTS.items()}


def chosen_map(run=None) -> AreaMap | None:
    """The map that is chosen, of the subject that is chosen; None where no ROI study of the run has it.

    Parameters
    ----------
    run : the opened run; None for the demo, whose study comes with the package
    """
    path = newest_study(run)
    effect = state.look().colour
    if path is None or effect == NO_MAP:
        return None
    try:
        study = load_study(path)
    except UserError:
        return None  # the screen ROI study says what is wrong
    subject = _subject((study if run is None else run).subjects)
    if subject not in study.subjects:
        return None
    metric = next(iter(measures(study)))
    branch = branches(study, metric)[-1]
    rows = study.select(subject, branch, metric, Effect(effect))
    shown = cortex_map(study, rows, state.look().threshold)
    if shown is not None and state.look().threshold > max(shown.high, -shown.low):
        asked = state.look().threshold
        state.adjust(threshold=0.0)
        state.complain(
            [f"threshold: {asked:g} is above every value of this map, {shown.high:.2f} at most; it shows all"]
        )
        return cortex_map(study, rows)
    return shown


def _subject(subjects: tuple[str, ...]) -> str:
    """The subject that is shown: the one that is chosen, else the first that there is."""
    wanted = state.request().subject
    return wanted if wanted in subjects else subjects[0]


def map_row(shown: AreaMap | None, run=None) -> None:
    """The choice of the map, with its colour bar; nothing where the run has no ROI study."""
    if newest_study(run) is None:
        return
    look = state.look()
    if st.session_state.get(KEY) != look.colour:
        st.session_state[KEY] = look.colour
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            "Colours of the cortex",
            list(CHOICES),
            format_func=CHOICES.__getitem__,
            required=True,
            key=KEY,
            on_change=lambda: state.adjust(colour=st.session_state[KEY], threshold=0.0),  # another map, another scale
            label_visibility="collapsed",
        )
        if shown is not None:
            _threshold(shown)
            st.html(bar_html(shown))
        elif look.colour != NO_MAP:
            st.caption("The newest ROI study of this run has no map of this subject.")


def _threshold(shown: AreaMap) -> None:
    """A slider below whose value areas have no colour."""
    digits = max(0, -floor(log10(shown.high / 20)))
    step = 10.0**-digits
    most = max(round(shown.high, digits), step)
    value = min(shown.threshold, most)
    if st.session_state.get(THRESHOLD) != value:
        st.session_state[THRESHOLD] = value
    st.slider(
        "Threshold",
        0.0,
        most,
        step=step,
        format=f"from %.{digits}f on",
        key=THRESHOLD,
        on_change=lambda: state.adjust(threshold=st.session_state[THRESHOLD]),
        label_visibility="collapsed",
        width=150,
    )
