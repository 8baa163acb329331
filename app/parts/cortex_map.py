"""What colours the cortex on Explore: the newest ROI study of the run, where it knows the subject that is chosen."""

from __future__ import annotations

import streamlit as st

from app import state
from app.parts.roi_panel import EFFECTS, load_study, newest_study
from fmri2ges.errors import UserError
from fmri2ges.evaluation.roi_rows import Effect
from fmri2ges.views.area_map import AreaMap, bar_html
from fmri2ges.views.roi_study import branches, cortex_map, measures

NONE = "none"
KEY = "explore.colour"
CHOICES = {NONE: "None"} | {str(effect): label for effect, label in EFFECTS.items()}


def chosen_map(run=None) -> AreaMap | None:
    """The map that is chosen, of the subject that is chosen; None where no ROI study of the run has it.

    Parameters
    ----------
    run : the opened run; None for the demo, whose study comes with the package
    """
    path = newest_study(run)
    effect = st.session_state.get(KEY, Effect.ALONE)
    if path is None or effect == NONE:
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
    return cortex_map(study, study.select(subject, branch, metric, Effect(effect)))


def _subject(subjects: tuple[str, ...]) -> str:
    """The subject that is shown: the one that is chosen, else the first that there is."""
    wanted = state.request().subject
    return wanted if wanted in subjects else subjects[0]


def map_row(shown: AreaMap | None, run=None) -> None:
    """The choice of the map, with its colour bar; nothing where the run has no ROI study."""
    if newest_study(run) is None:
        return
    left, right = st.columns([2, 3], vertical_alignment="center")
    left.segmented_control(
        "Colours of the cortex",
        list(CHOICES),
        format_func=CHOICES.__getitem__,
        default=Effect.ALONE,
        required=True,
        key=KEY,
        persist_state="session",
        label_visibility="collapsed",
        help="What each region carries of the gesture, from the ROI study of this run",
    )
    if shown is not None:
        right.html(bar_html(shown))
    elif st.session_state.get(KEY) != NONE:
        right.caption("The newest ROI study of this run has no map of this subject.")
