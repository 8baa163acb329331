"""What colours the cortex on Explore: the newest ROI study of the run, or a map of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import floor, log10

import streamlit as st

from app import own_map, state
from app.look import NO_MAP, OWN, RATE
from app.parts import own_map_panel
from app.parts.roi_panel import load_study, newest_study
from fmri2ges.errors import UserError
from fmri2ges.evaluation.metrics import WORD_RATE_R
from fmri2ges.evaluation.roi_rows import Effect
from fmri2ges.views.area_map import AreaMap, bar_html, own_area_map
from fmri2ges.views.roi_study import branches, cortex_map, measures

KEY, THRESHOLD = "explore.colour", "explore.threshold"
OF_STUDY = {str(Effect.ALONE): "r alone", str(Effect.LESION): "Lost without", RATE: "Word rate"}


def chosen_map(run=None) -> AreaMap | None:
    """The map that is chosen, of the subject that is chosen; None where there is none.

    Parameters
    ----------
    run : the opened run; None for the demo, whose study comes with the package
    """
    draw = _drawn_own() if state.look().colour == OWN else _drawn_study(run)
    asked = state.look().threshold
    shown = None if draw is None else draw(threshold=asked)
    if draw is None or shown is None or asked <= shown.most:
        return shown
    state.adjust(threshold=0.0)
    state.complain([f"threshold: {asked:g} is above every value of this map, {shown.most:.3g} at most; it shows all"])
    return draw(threshold=0.0)


def _drawn_own() -> Callable[..., AreaMap] | None:
    """What draws the user's own map, given a threshold; None as long as there is none."""
    own = own_map.current()
    return None if own is None else partial(own_area_map, own)


def _drawn_study(run) -> Callable[..., AreaMap | None] | None:
    """What draws the chosen map of the newest ROI study, given a threshold; None where no study of the run has it."""
    path, colour = newest_study(run), state.look().colour
    if path is None or colour == NO_MAP:
        return None
    try:
        study = load_study(path)
    except UserError:
        return None  # the screen ROI study says what is wrong
    subject = _subject((study if run is None else run).subjects)
    if subject not in study.subjects:
        return None
    named = measures(study)
    metric = WORD_RATE_R.id if colour == RATE else next(iter(named))
    if metric not in named:
        return None
    effect = Effect.ALONE if colour == RATE else Effect(colour)
    return partial(cortex_map, study, study.select(subject, branches(study, metric)[-1], metric, effect))


def _subject(subjects: tuple[str, ...]) -> str:
    """The subject that is shown: the one that is chosen, else the first that there is."""
    wanted = state.request().subject
    return wanted if wanted in subjects else subjects[0]


def map_row(shown: AreaMap | None, run=None) -> None:
    """The choice of the map, with its threshold and colour bar."""
    look = state.look()
    choices = {NO_MAP: "No map"} | (OF_STUDY if newest_study(run) is not None else {}) | {OWN: "Own map"}
    colour = look.colour if look.colour in choices else NO_MAP
    if st.session_state.get(KEY) != colour:
        st.session_state[KEY] = colour
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox(
            "Colours of the cortex",
            list(choices),
            format_func=choices.__getitem__,
            key=KEY,
            on_change=lambda: state.adjust(colour=st.session_state[KEY], threshold=0.0),  # another map, another scale
            label_visibility="collapsed",
            width=150,
        )
        if colour == OWN:
            own_map_panel.panel()
        if shown is not None:
            _threshold(shown)
            st.html(bar_html(shown))
        elif colour == OWN:
            st.caption("Drop a map of yours. A link does not carry one; a session file does.")
        elif colour != NO_MAP:
            st.caption("The newest ROI study of this run has no map of this subject.")


def _threshold(shown: AreaMap) -> None:
    """A slider below whose value areas have no colour."""
    power = floor(log10(shown.most / 20))
    step, digits = 10.0**power, max(0, -power)
    most = max(round(shown.most, digits), step)
    value = min(shown.threshold, most)
    if st.session_state.get(THRESHOLD) != value:
        st.session_state[THRESHOLD] = value
    st.slider(
        "Threshold",
        0.0,
        most,
        step=step,
        format=f"from %.{digits}f on" if abs(power) < 5 else "from %.1e on",
        key=THRESHOLD,
        on_change=lambda: state.adjust(threshold=st.session_state[THRESHOLD]),
        label_visibility="collapsed",
        width=150,
    )
