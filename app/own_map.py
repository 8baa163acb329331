"""The user's own map of the cortex, kept for as long as the session lasts."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from fmri2ges.brain.own_map import OwnMap

from .uploads import as_files

READ, SHOWN = "own_map.read", "own_map.shown"  # in the session: maps of the files, number of the one that is shown


def offered() -> tuple[OwnMap, ...]:
    """The maps of the files that were dropped last."""
    return st.session_state.get(READ, ())


def current() -> OwnMap | None:
    """The map that colours the cortex where the user's own is chosen; None as long as there is none."""
    maps = offered()
    return maps[min(st.session_state.get(SHOWN, 0), len(maps) - 1)] if maps else None


def take(maps: tuple[OwnMap, ...]) -> None:
    """Keep other maps than before, and show the first of them."""
    st.session_state[READ], st.session_state[SHOWN] = maps, 0


def show(number: int) -> None:
    """Show another of the maps."""
    st.session_state[SHOWN] = number


def take_files(given: Iterable[tuple[str, bytes]]) -> None:
    """Take the maps of files.

    Parameters
    ----------
    given : name and content of each file

    Raises
    ------
    UserError
        For a file that is no map; the maps stay as they were.
    """
    from fmri2ges.data.rois.own_maps import read_own_maps  # opens formats that a page without a map does not need

    with as_files(given) as paths:
        take(read_own_maps(paths))
