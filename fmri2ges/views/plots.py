"""Plotly for the charts of the screens."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from importlib import import_module
from typing import Any


def graph_objects() -> Any:
    """The module `plotly.graph_objects`.

    Plotly looks into pandas as soon as any thread has begun to import it, and fails while it is half there. To import
    it here waits for the other thread.
    """
    with suppress(ImportError):
        import_module("pandas")
    import plotly.graph_objects

    return plotly.graph_objects


def as_text(name: str) -> str:
    """A name for a place where plotly reads HTML: nothing of it is markup."""
    return escape(name, quote=False)


def named_lines(names: list[str]) -> dict[str, Any]:
    """The vertical axis of a chart with a line for each name, from the top down."""
    return {
        "autorange": "reversed",
        "categoryorder": "array",
        "categoryarray": names,
        "tickmode": "array",
        "tickvals": names,
        "ticktext": [as_text(name) for name in names],
        "automargin": True,
    }
