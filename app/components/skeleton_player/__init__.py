"""The skeleton player: two or more gestures on one clock and one camera, with their transcripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from fmri2ges.documents.player import bundle

HERE = Path(__file__).parent


@cache
def _component():
    return st.components.v2.component(
        "fmri2ges_skeleton_player",
        html='<div class="player"></div>\n',
        css=(HERE / "player.css").read_text(encoding="utf-8"),
        js=bundle(HERE / "player.js"),
    )


def skeleton_player(data: dict[str, Any], key: str, height: int | str = 760) -> None:
    """Mount the player.

    Parameters
    ----------
    data : dict
        From `fmri2ges.views.player.player_data`.
    key : str
        Unique on the page; keeps clock and camera over reruns.
    height : int or str
        Height of skeletons, transcripts, curves and controls together, in pixels or as a length of CSS; where
        that is too little for them the player is higher.
    """
    length = height if isinstance(height, str) else f"{height}px"
    _component()(data={**data, "height": length}, key=key)
