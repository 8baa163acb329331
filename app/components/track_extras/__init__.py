"""What the player shows beside its tracks and gets apart from the skeletons: lines, marks at the names, all samples."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from fmri2ges.views.score_lines import ScoreLine


@cache
def _component():
    lines = Path(__file__).with_name("extras.js").read_text(encoding="utf-8").splitlines()
    # Without its comments, which would travel with every click.
    script = "".join(f"{line}\n" for line in lines if not line.startswith("//"))
    return st.components.v2.component("fmri2ges_track_extras", js=script)


def player_name(*parts: object) -> str:
    """A short name of what a player shows, by which its extras find it: the same for the same texts."""
    return sha256(" ".join(map(str, parts)).encode()).hexdigest()[:12]


def track_lines(lines: dict[str, list[ScoreLine]], of: str, key: str) -> None:
    """Show lines under the names of the tracks of a player that is on the page.

    Parameters
    ----------
    lines : name of a track -> its lines
    of : which player; it was given the same text as `extras_of`
    key : unique on the page
    """
    told = {name: [{"text": line.text, "weak": line.weak} for line in several] for name, several in lines.items()}
    _hand_over("lines", told, of, key)


def track_marks(marks: dict[str, str], of: str) -> None:
    """Show marks behind the names of tracks; the player's own data stay the same, and are not sent again for them.

    Parameters
    ----------
    marks : name of a track -> its mark, such as "draft"
    of : as for `track_lines`
    """
    _hand_over("marks", marks, of, "marks")


def track_fan(fan: dict[str, dict[str, Any]], of: str, key: str) -> None:
    """Show all samples of the tracks behind the one that is played.

    Parameters
    ----------
    fan : from `fmri2ges.views.fan.fan_data`
    of, key : as for `track_lines`
    """
    _hand_over("fan", fan, of, key)


def _hand_over(kind: str, tracks: dict[str, Any], of: str, key: str) -> None:
    with st.container(key=f"{key}_place"):
        _component()(key=key, data={"kind": kind, "tracks": tracks, "of": of})
