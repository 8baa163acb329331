"""The clickable cortex: a constant mesh store, mounted once, and a small picker for each page.

A click is painted in the browser at once. What travels back and forth is the list of selected
area numbers; the mesh, its code and the atlas travel once per browser tab, in the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.look import CAMERA, Look
from app.roi_steps import RoiSteps
from fmri2ges.views.area_map import AreaColours, AreaMap

HERE = Path(__file__).parent
PARTS = ("geometry", "colours", "controls", "draw", "keys", "polygon", "view", "still", "store")
SCRIPTS = [f"{part}.js" for part in PARTS]  # in the order in which they need each other


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
        "fmri2ges_cortex_store",
        js=style + _text(*SCRIPTS),
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


def has_acted(key: str) -> bool:
    """Whether an action on the cortex `key` is in the message that this run answers.

    What other widgets of the message say can be older than the action before, whose answer the browser had not seen.
    """
    return any(dict(st.session_state.get(key) or {}).values())


@dataclass(frozen=True)
class Actions:
    """What is called after an action on the cortex.

    Parameters
    ----------
    pick : with the tuple of all chosen area numbers, after a click or a lasso
    look : with side, surface and point of view as keyword arguments, after a change of the view
    step : with -1 for undo and 1 for redo
    """

    pick: Callable[[tuple[int, ...]], None]
    look: Callable[..., None]
    step: Callable[[int], None]


def cortex_picker(
    selected, look: Look, *, key: str, actions: Actions, steps: RoiSteps, height: str, shown: AreaMap | None = None
) -> None:
    """A cortex whose areas can be clicked.

    Parameters
    ----------
    selected : area numbers (0-359) to show as chosen
    look : how the cortex is seen
    key : name of this picker; camera, zoom and tool survive a page switch in the browser
    actions : what is called after an action
    steps : what can be undone and redone
    height : a length of CSS
    shown : a map that colours the areas; chosen areas are then outlined
    """
    seq_key = f"{key}.seq"

    def handled() -> int:
        return st.session_state.get(seq_key, 0)

    def event_of(name: str) -> dict | None:
        return st.session_state[key][name]

    def count(event: dict) -> None:
        # Events are numbered by the browser, which ignores answers that are older than its last one.
        st.session_state[seq_key] = max(handled(), int(event["seq"]))

    def picked() -> None:
        if event := event_of("picked"):
            count(event)
            actions.pick(tuple(int(i) for i in event["areas"]))

    def looked() -> None:
        if event := event_of("looked"):
            count(event)
            # A browser says what it likes; the look of a link takes no unknown value either.
            said = Look.from_url({name: str(event.get(name)) for name in CAMERA}, [])
            actions.look(**{name: getattr(said, name) for name in CAMERA})

    def stepped() -> None:
        if event := event_of("stepped"):
            done = handled()
            count(event)
            for seq, by in event["steps"]:
                if seq > done:  # the message repeats earlier steps, which may have been lost
                    actions.step(-1 if by < 0 else 1)

    _picker()(
        key=key,
        data={
            "selected": list(selected),
            "seq": handled(),
            "name": key,
            "height": height,
            "look": {name: getattr(look, name) for name in CAMERA},
            "steps": [len(steps.before), len(steps.after)],
        }
        | ({} if shown is None else {"map": _map_of(shown.colours)}),
        on_picked_change=picked,
        on_looked_change=looked,
        on_stepped_change=stepped,
    )


def _map_of(colours: AreaColours) -> dict[str, Any]:
    return {"entries": list(colours.entries), "which": colours.which}


def still_cortex(colours: AreaColours, selected, told: str, key: str, height: str) -> None:
    """A small cortex that can be turned, on which nothing is chosen.

    Parameters
    ----------
    colours : of the areas
    selected : area numbers (0-359) that are outlined
    told : what is seen, for who does not see it
    key : name of this cortex
    height : a length of CSS
    """
    look = {name: getattr(Look(), name) for name in CAMERA}
    shown = {"selected": list(selected), "seq": 0, "name": key, "height": height, "look": look, "steps": [0, 0]}
    _picker()(key=key, data=shown | {"still": told, "map": _map_of(colours)})
