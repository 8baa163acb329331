"""ROI sets on screen: combine the choice with others, keep results by name, load and save them."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from app import roi_sets, state
from app.messages import plain, show_error
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.roi import Cover, Roi, cover
from fmri2ges.brain.roi_algebra import MAX_MM, OPERATIONS, combine
from fmri2ges.errors import UserError
from fmri2ges.request import WHOLE_CORTEX

CHOSEN, OTHER = "the chosen ROIs", "B, the second ROIs of Compare"
AS_IT_IS = "as it is"
ERROR, NAME, GIVEN = "sets.error", "sets.name", "sets.given"
MM_HELP = (
    "Along the cortical sheet: shortest path over the edges of fsaverage5, half-way between white matter and pia. "
    "An edge is about 3 mm long, and a smaller distance changes nothing. The medial wall is no way and no outside."
)


def sets_button() -> None:
    """A button that opens the sets."""
    place = st.popover(
        "Sets", icon=":material/join:", key="sets", on_change="rerun", help="Combine, keep and load ROIs"
    )
    if not place.open:
        return  # what is folded away does not travel with every click
    with place:
        result = _expression()
        if result is not None:
            _use(result)
        _kept()
        _files()
        error = st.session_state.pop(ERROR, None)
        if error is not None:
            show_error(error)


def _operands() -> dict[str, np.ndarray]:
    """Name -> mask of everything that can be combined."""
    atlas, other = load_atlas(), state.comparison().other
    found = {CHOSEN: atlas.vertices(state.request().rois)}
    if other:
        found[OTHER] = atlas.vertices(other)
    found |= {name: roi.mask for name, roi in roi_sets.sets().items() if name not in found}
    return {key: atlas.vertices([key]) for key in atlas.groups if key not in found} | found


def _expression() -> np.ndarray | None:
    """One line that reads like a sum: the mask that it makes, or None after saying what is wrong."""
    masks = _operands()
    names = [*(name for name in masks if name not in load_atlas().groups), *load_atlas().groups]
    first, how, second = st.columns([5, 4, 5], gap="small")
    a = first.selectbox("ROI", names, key="sets.a")
    operations = {AS_IT_IS: AS_IT_IS} | {key: op.label for key, op in OPERATIONS.items()}
    operation = how.selectbox("Operation", list(operations), format_func=operations.__getitem__, key="sets.operation")
    if operation == AS_IT_IS:
        return masks[a]
    try:
        if OPERATIONS[operation].takes_mm:
            mm = second.number_input("mm", 0.0, MAX_MM, 4.0, 1.0, "%.1f", key="sets.mm", help=MM_HELP)
            return combine(masks[a], operation, mm=mm)
        return combine(masks[a], operation, masks[second.selectbox("Second ROI", names, key="sets.b")])
    except UserError as error:
        show_error(error)
        return None


def _use(result: np.ndarray) -> None:
    """What a result is, and buttons that choose it and keep it."""
    fit = cover(result)
    st.caption(plain(_says(fit)))
    choose, name, button = st.columns([4, 6, 3], gap="small", vertical_alignment="bottom")
    choose.button(
        "Choose",
        icon=":material/check:",
        type="primary",
        disabled=not fit.areas,
        on_click=_choose,
        args=(fit,),
        help="Decode from the areas of which more than half lies in it",
        width="stretch",
    )
    name.text_input("Name", key=NAME, placeholder="Name", label_visibility="collapsed", max_chars=60)
    button.button("Keep", on_click=_keep, args=(result,), disabled=not result.any(), width="stretch")


def _says(fit: Cover) -> str:
    if not fit.n_mask:
        return "No vertex is left."
    if not fit.areas:
        return f"{fit.n_mask} vertices, which fill no area by more than half: decoding works on whole areas."
    if fit.n_missed == fit.n_added == 0:
        return f"{fit.n_mask} vertices, exactly {len(fit.areas)} {'area' if len(fit.areas) == 1 else 'areas'}."
    return f"Decoding works on whole areas: {fit.note}."


def _choose(fit: Cover) -> None:
    state.update(rois=load_atlas().compact(fit.areas) or WHOLE_CORTEX)


def _keep(result: np.ndarray) -> None:
    name = st.session_state.get(NAME, "")
    try:
        roi_sets.keep(Roi(name or _free_name(), result))
        st.session_state[NAME] = ""
    except UserError as error:
        st.session_state[ERROR] = error


def _free_name() -> str:
    taken = roi_sets.sets()
    return next(name for k in range(1, len(taken) + 2) if (name := f"set {k}") not in taken)


def _kept() -> None:
    """The named ROIs, each with its size and a button that chooses it."""
    kept = roi_sets.sets()
    if not kept:
        return
    with st.container(height=150 if len(kept) > 3 else "content", border=False, gap="xxsmall"):
        for k, (name, roi) in enumerate(kept.items()):
            row = st.container(horizontal=True, vertical_alignment="center", gap="small")
            row.markdown(f"{plain(name)}: {int(roi.mask.sum())} vertices", width="stretch")
            fit = cover(roi.mask)
            row.button("Choose", key=f"sets.choose.{k}", on_click=_choose, args=(fit,), disabled=not fit.areas)
            row.button(
                "",
                icon=":material/delete:",
                key=f"sets.remove.{k}",
                on_click=roi_sets.remove,
                args=(name,),
                help="Remove",
            )


def _files() -> None:
    load, save = st.columns([9, 4], gap="small", vertical_alignment="bottom")
    load.file_uploader(
        "Add ROIs from files",
        key=GIVEN,
        on_change=_load,
        max_upload_size=100,
        accept_multiple_files=True,
        help="GIFTI, CIFTI, FreeSurfer (annot, label, mgz), NIfTI in MNI space, csv, or the JSON from here",
    )
    if kept := roi_sets.sets():
        data = partial(roi_sets.as_json, dict(kept))
        save.download_button("All as JSON", data, "rois.json", icon=":material/download:", on_click="ignore")


def _load() -> None:
    for file in st.session_state[GIVEN]:
        seen = st.session_state.setdefault("sets.seen", set())
        if file.file_id in seen:
            continue
        seen.add(file.file_id)
        try:
            roi_sets.keep_file(file.name, file.getvalue())
        except UserError as error:
            st.session_state[ERROR] = error
