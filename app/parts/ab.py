"""A second choice of ROIs (B), decoded like the first (A) and shown beside it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import state
from app.parts.job_row import job_row
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.request import WHOLE_CORTEX, DecodeRequest


@st.cache_resource(show_spinner=False)
def _atlas_names() -> dict[str, str]:
    """Name -> how it reads: groups, areas of both sides, areas of one side."""
    atlas = load_atlas()
    reads = {key: f"{key}: {full}" if full != key else key for key, (full, _) in atlas.groups.items()}
    reads |= {area[2:]: f"{area[2:]}, both sides" for area in atlas.areas}
    return reads | {area: f"{area[2:]}, {'left' if area[0] == 'L' else 'right'}" for area in atlas.areas}


def pick_other(run, first: DecodeRequest) -> DecodeRequest | None:
    """The request of selection B: the first one with other ROIs; None while nothing is chosen."""
    on_atlas = run.space.has_cortex
    reads = _atlas_names() if on_atlas else {name: name for name in run.space.names}
    names = ["all", *reads]
    unknown = [name for name in state.comparison().other if name not in names]
    if unknown:
        state.complain([f"other: not in this study: {', '.join(unknown)}; B is shown without"])
        state.adjust(other=tuple(name for name in state.comparison().other if name in names))
    chosen = st.multiselect(
        "Compare with other ROIs (B)",
        names,
        format_func=lambda name: (
            "Whole cortex" if name == "all" and on_atlas else "All ROIs" if name == "all" else reads[name]
        ),
        placeholder="None. Choose ROIs to see them beside A",
        help="The same window, samples and seed, decoded from these ROIs.",
        **state.bind("other", list, tuple),
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


def decode_other(run, wanted: DecodeRequest | None):
    """The result of B, or None: nothing chosen, or not decoded yet."""
    # Names are added one by one: decoding waits for a press, unless a link names them all.
    return None if wanted is None else job_row(run, wanted, "decode_other", "B", at_once=state.is_untouched())
