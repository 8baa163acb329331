"""Keys of every page: pages by number, the list of ROIs, decode, samples, and a sheet that lists all keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent


@cache
def _component():
    return st.components.v2.component(
        "fmri2ges_keyboard",
        css=(HERE / "keyboard.css").read_text(encoding="utf-8"),
        js=(HERE / "keyboard.js").read_text(encoding="utf-8"),
    )


def page_keys(pages: list[str], has_samples: bool, on_sample: Callable[[int], None]) -> str | None:
    """Listen to the keys of a page; returns the page whose number was pressed, or None. Takes no room.

    Parameters
    ----------
    pages : titles of the pages, in the order of their numbers
    has_samples : whether the page that is open shows one of several samples
    on_sample : called with -1 or 1 when the sample before or behind the present one is wanted
    """

    def step() -> None:
        on_sample(1 if st.session_state["keyboard"].sample > 0 else -1)

    with st.container(key="keyboard_place"):
        pressed = _component()(
            key="keyboard",
            data={"pages": pages, "samples": has_samples},
            on_page_change=lambda: None,
            on_sample_change=step,
        )
    return pages[int(pressed.page) - 1] if pressed.page else None
