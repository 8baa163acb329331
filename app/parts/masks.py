"""Where on the cortex A and B are, and how far apart their gestures: a row below the player."""

from __future__ import annotations

import streamlit as st

from app.components.cortex_picker import still_cortex
from fmri2ges.request import DecodeRequest
from fmri2ges.views.cortex import area_numbers
from fmri2ges.views.masks import Mask, legend_html, mask_colours, mask_of, masks_text, parts_of
from fmri2ges.views.tracks import COLOURS, Track

HEIGHT = "128px"


def masks_row(run, chosen: dict[str, DecodeRequest], tracks: list[Track], said: str) -> None:
    """The masks on a small cortex, their legend, and a line; of a study without a cortex the line alone.

    Parameters
    ----------
    chosen : letter of each choice of ROIs (empty where there is one) -> its request
    tracks : those on screen, whose colours the masks have
    said : the line; empty for none
    """
    if not run.space.has_cortex:
        if said:
            st.caption(said)
        return
    masks = [_mask(run, letter, request, tracks) for letter, request in chosen.items()]
    parts = parts_of(masks)
    left, right = st.columns([6, 5], vertical_alignment="center", gap="medium")
    with left:
        numbers = area_numbers(sorted(frozenset().union(*(mask.areas for mask in masks))))
        still_cortex(mask_colours(parts), numbers, masks_text(parts), "compare_cortex", HEIGHT)
    with right:
        st.html(legend_html(masks))
        if said:
            st.caption(said)


def _mask(run, letter: str, request: DecodeRequest, tracks: list[Track]) -> Mask:
    """The mask of a choice, in the colour of its first track on screen."""
    first = Track("text", letter)
    shown = next((track for track in tracks if track.is_decoded and track.letter == letter), first)
    return mask_of(letter, run.space.describe(request.rois), str(COLOURS[shown.id]), request.rois)
