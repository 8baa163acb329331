"""The clickable cortex: a constant mesh store, mounted once, and a small picker for each page.

A click is painted in the browser at once. What travels back and forth is the list of selected
area numbers; the mesh, its code and the atlas travel once per browser tab, in the store.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import streamlit as st

from fmri2ges.views.area_map import AreaMap

HERE = Path(__file__).parent


def _text(*names: str) -> str:
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names) + "\n"


def _bare(script: str) -> str:
    """A script without its comments and indents, which would travel with every click."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


@lru_cache(maxsize=1)
def _store():
    # The style travels with the store: what a click sends again stays small.
    style = f"const STYLE = {json.dumps(_text('picker.css'))};\n"
    return st.components.v2.component(
        "fmri2ges_cortex_store", js=style + _text("geometry.js", "draw.js", "view.js", "store.js")
    )


@lru_cache(maxsize=1)
def _picker():
    return st.components.v2.component(
        "fmri2ges_cortex_picker",
        html='<div class="cortex">Loading the cortex</div>\n',
        js=_bare(_text("picker.js")),
    )


def mount_store() -> None:
    """Send the mesh to the browser; call once, in main.py, outside every page.

    It takes no room on the page. It stands before the page, so that the cortex is drawn while
    the page is still loading its models.
    """
    from fmri2ges.views.cortex import mesh_bytes

    with st.container(key="cortex_store"):
        _store()(key="cortex_mesh", data=mesh_bytes())


def cortex_picker(selected, *, key: str, on_pick, height: int | str = 520, shown: AreaMap | None = None) -> None:
    """A cortex whose areas can be clicked.

    Parameters
    ----------
    selected : area numbers (0-359) to show as chosen
    key : name of this picker; its view settings (side, surface, camera) survive a page switch
    on_pick : called with the tuple of all chosen area numbers after a click
    height : pixels, or a length of CSS
    shown : a map that colours the areas; chosen areas are then outlined
    """
    seq_key = f"{key}.seq"

    def picked() -> None:
        event = st.session_state[key].picked
        if event:
            # The browser ignores answers that are older than its last click.
            st.session_state[seq_key] = int(event["seq"])
            on_pick(tuple(int(i) for i in event["areas"]))

    _picker()(
        key=key,
        data={
            "selected": list(selected),
            "seq": st.session_state.get(seq_key, 0),
            "name": key,
            "height": height if isinstance(height, str) else f"{height}px",
        }
        | ({} if shown is None else {"map": {"entries": list(shown.entries), "which": shown.which}}),
        on_picked_change=picked,
    )
