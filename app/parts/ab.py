"""Two choices of ROIs, A and B: B is decoded like A and shown beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from app import backend, state
from app.messages import plain
from app.parts.job_row import job_row
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.errors import one_line
from fmri2ges.request import WHOLE_CORTEX, DecodeRequest

EXPLORE = Path(__file__).parents[2] / "pages" / "explore.py"


@st.cache_resource(show_spinner=False)
def _atlas_names() -> dict[str, str]:
    """Name -> how it reads: groups, areas of both sides, areas of one side."""
    atlas = load_atlas()
    reads = {key: f"{key}: {full}" if full != key else key for key, (full, _) in atlas.groups.items()}
    reads |= {area[2:]: f"{area[2:]}, both sides" for area in atlas.areas}
    return reads | {area: f"{area[2:]}, {'left' if area[0] == 'L' else 'right'}" for area in atlas.areas}


def rois_row(run, first: DecodeRequest) -> DecodeRequest | None:
    """A row with both choices, a button between that swaps them, and the state of their decodings.

    Returns
    -------
    the request of B, or None while nothing is chosen
    """
    with st.container(key="compare_rois"):
        left, right, job = st.columns([6, 5, 4], vertical_alignment="center", gap="small")
    with left:
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    named = f"A: {plain(run.space.describe(first.rois))}"
    row.page_link(EXPLORE, label=named, icon=":material/tune:", help="Choose A's ROIs on Explore", width="stretch")
    with right:
        second = pick_other(run, first)
    with row:
        swap(first, second)
    with job:
        decode(run, first, second)
    return second


def pick_other(run, first: DecodeRequest) -> DecodeRequest | None:
    """The request of selection B: the first one with other ROIs; None while nothing is chosen."""
    on_atlas = run.space.has_cortex
    reads = _atlas_names() if on_atlas else {name: name for name in run.space.names}
    names = ["all", *reads]
    unknown = [name for name in state.comparison().other if name not in names]
    if unknown:
        state.complain([f"other: not in this study: {one_line(', '.join(unknown), 100)}; B is shown without"])
        state.adjust(other=tuple(name for name in state.comparison().other if name in names))

    def chose(picked: list[str]) -> tuple[str, ...]:
        if bool(picked) != bool(state.comparison().other):
            state.update(tracks=())  # other tracks are there: the first choice among them
        return tuple(picked)

    chosen = st.multiselect(
        "Compare with other ROIs (B)",
        names,
        format_func=lambda name: (
            "Whole cortex" if name == "all" and on_atlas else "All ROIs" if name == "all" else reads[name]
        ),
        placeholder="B: choose other ROIs to see them beside A",
        label_visibility="collapsed",
        help="The same window, samples and seed, decoded from these ROIs.",
        **state.bind("other", list, chose),
    )
    if not chosen:
        return None
    if "all" in chosen:
        rois: tuple[str, ...] = WHOLE_CORTEX
    else:
        rois = load_atlas().compact(chosen) if on_atlas else tuple(chosen)
    if rois == first.rois:
        st.caption("B is the same choice as A.")
        return None
    return replace(first, rois=rois)


def swap(first: DecodeRequest, second: DecodeRequest | None) -> None:
    """The button that makes A of B and B of A."""
    st.button(
        "Swap",
        key="compare_swap",
        icon=":material/swap_horiz:",
        disabled=second is None,
        help="A becomes B, here and on Explore",
        on_click=_exchange,
        args=(first, second),
    )


def _exchange(first: DecodeRequest, second: DecodeRequest) -> None:
    state.update(rois=second.rois, other=first.rois)


def decode(run, first: DecodeRequest, second: DecodeRequest | None) -> None:
    """The row of both decodings; what the page was opened with is decoded even where it takes long."""
    untouched = state.is_untouched()
    backend.follow(run, "A", first, at_once=untouched)
    backend.follow(run, "B", second, at_once=untouched)
    job_row(run, {"": first} if second is None else {"A": first, "B": second}, "decode_compare")
