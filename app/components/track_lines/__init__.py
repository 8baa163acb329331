"""Lines under the names of the player's tracks, which come later than the skeletons and weigh little."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from fmri2ges.views.score_lines import ScoreLine


@cache
def _component():
    script = Path(__file__).with_name("track_lines.js").read_text(encoding="utf-8")
    return st.components.v2.component("fmri2ges_track_lines", js=script)


def track_lines(lines: dict[str, list[ScoreLine]], of: str, key: str) -> None:
    """Show lines under the names of the tracks of a player that is on the page.

    Parameters
    ----------
    lines : name of a track -> its lines
    of : which player; it was given the same text as `lines_of`
    key : unique on the page
    """
    told = {name: [{"text": line.text, "weak": line.weak} for line in several] for name, several in lines.items()}
    with st.container(key=f"{key}_place"):
        _component()(key=key, data={"lines": told, "of": of})
