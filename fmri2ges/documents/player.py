"""The app's skeleton player inside a page: its own scripts, joined to one module, with the motion as data."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import UserError
from .html import Html, element

HEIGHT = "620px"
NO_HINT = "\n.hint { display: none; }\n"  # the page says it above the player
IMPORT = re.compile(r'^import\s[^;]*?from "\./([\w.-]+)";\n', re.MULTILINE)
DEFAULT = "export default function ("


def screens(package: Path = Path(__file__).parents[1]) -> Path:
    """The folder with the app and its pages: inside the package where a wheel was installed, beside it in a checkout.

    Raises
    ------
    UserError
        When this installation has none.
    """
    for root in (package / "_screen", package.parent):
        if (root / "app" / "main.py").is_file() and (root / "pages").is_dir():
            return root
    raise UserError(f"app: {package} was installed without its screens; install the wheel or the checkout anew")


def bundle(entry: Path) -> str:
    """A JavaScript module and all that it imports, as one module; what is used stands before what uses it.

    Parameters
    ----------
    entry : a module that imports files of its own folder only
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        source = (entry.parent / name).read_text(encoding="utf-8")
        for needed in IMPORT.findall(source):
            if needed not in parts:
                add(needed)
        parts[name] = re.sub(r"^export (?!default)", "", IMPORT.sub("", source), flags=re.MULTILINE)

    add(entry.name)
    return "\n".join(parts.values())


@cache
def player_script() -> str:
    """The module of a page with a player; see `player_html`."""
    source = bundle(_component() / "player.js")
    assert DEFAULT in source and "</script" not in source, "the component has a default export, and no end of a script"
    start = (Path(__file__).parent / "player.js").read_text(encoding="utf-8")
    return source.replace(DEFAULT, "const drawPlayer = function (") + start


def player_html(data: dict[str, Any]) -> Html:
    """Where the player stands, and what it plays.

    Parameters
    ----------
    data : of `views.player.player_data`
    """
    style = (_component() / "player.css").read_text(encoding="utf-8") + NO_HINT
    # No text of a user's can end the element: JSON may say < as a number.
    text = json.dumps({"player": {**data, "height": HEIGHT}, "style": style}, separators=(",", ":"), allow_nan=False)
    packed = element("script", Html(text.replace("<", "\\u003c")), type="application/json", id="player-data")
    without = "The player needs JavaScript, which this browser has turned off; the stills below show the gestures."
    return Html(
        element("div", id="player", class_="player-host screen-only")
        + element("noscript", element("p", without))
        + packed
    )


def _component() -> Path:
    return screens() / "app" / "components" / "skeleton_player"
