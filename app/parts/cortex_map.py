"""What colours the cortex on Explore: the newest ROI study of the run, where there is one."""

from __future__ import annotations

import streamlit as st

from app.parts.roi_panel import load_study, newest_study
from fmri2ges.errors import UserError
from fmri2ges.evaluation.roi_rows import Effect
from fmri2ges.views.area_map import AreaMap, bar_html
from fmri2ges.views.roi_study import branches, cortex_map, measures

NONE = "none"
KEY = "explore.colour"
CHOICES = {NONE: "None", Effect.ALONE: "Alone", Effect.LESION: "Lost without"}


def chosen_map(run=None) -> AreaMap | None:
    """The map that is chosen; None without one, and where the run has no ROI study.

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
    metric = next(iter(measures(study)))
    branch = branches(study, metric)[-1]
    return cortex_map(study, study.select(study.subjects[0], branch, metric, Effect(effect)))


def map_row(shown: AreaMap | None, run=None) -> None:
    """The choice of the map, with its colour bar; nothing where the run has no ROI study."""
    if newest_study(run) is None:
        return
    left, right = st.columns([4, 7], vertical_alignment="center")
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
