"""What the user has chosen, as one `DecodeRequest`, kept in the session and in the URL.

Widgets come and go with the pages; the request stays. `bind` ties a widget to one of its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest

FIRST = DecodeRequest(start=0.0, stop=30.0)  # what a new visitor sees; a link says what differs from it
DEVICE = "device"  # key of the widget that chooses it
FIELDS = tuple(f.name for f in fields(DecodeRequest))


def request() -> DecodeRequest:
    """What is chosen now; on the first call it is read from the URL."""
    if "request" not in st.session_state:
        st.session_state["request"] = from_url(_url())
        st.session_state["url"] = _url()
    return st.session_state["request"]


def update(**changes: Any) -> None:
    """Change fields of the request."""
    st.session_state["request"] = replace(request(), **changes)


def device() -> str:
    """The device to compute on; it says how a request is answered and is no part of it."""
    return st.session_state.get(DEVICE, "auto")


def shown() -> DecodeRequest | None:
    """The request whose decoding is on screen (Explore shows it, Compare works on it)."""
    return st.session_state.get("shown")


def show(wanted: DecodeRequest) -> None:
    """Put the decoding of a request on screen."""
    st.session_state["shown"] = wanted


def bind(
    field: str,
    to_widget: Callable[[Any], Any] = lambda v: v,
    from_widget: Callable[[Any], Any] = lambda v: v,
) -> dict[str, Any]:
    """Keyword arguments (key, on_change) that tie a widget to a field of the request.

    Call it directly in front of the widget: it also sets the widget to the field's value.
    """
    key = f"request.{field}"
    value = to_widget(getattr(request(), field))
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return {"key": key, "on_change": lambda: update(**{field: from_widget(st.session_state[key])})}


def _url() -> dict[str, str]:
    return {f: st.query_params[f] for f in FIELDS if f in st.query_params}


def from_url(url: dict[str, str]) -> DecodeRequest:
    """The request of a link; a field that cannot be understood keeps its first value."""
    found = FIRST
    window: dict[str, str] = {name: url[name] for name in ("start", "stop") if name in url}
    for part in [*({name: text} for name, text in url.items() if name not in window), window]:
        try:
            found = DecodeRequest.from_query(part, found)
        except UserError:
            continue
    return found


def to_url(chosen: DecodeRequest) -> dict[str, str]:
    """The fields of a request that differ from the first one, as texts."""
    return chosen.to_query(FIRST)


def remember_pages(pages: list) -> None:
    """Keep the pages of the navigation, for `page_of`."""
    st.session_state["pages"] = {p.title.lower(): p for p in pages}


def page_of(name: str):
    """A page of the navigation by its title in lower case, for `st.switch_page`."""
    return st.session_state["pages"][name]


def study_path() -> str:
    """The study file that was opened on the Data screen, or ''."""
    return st.session_state.get("data.path", "")


def follow_url(page: str) -> None:
    """Take over what the browser's back and forward buttons put into the URL; call once per full run."""
    request()
    st.session_state["page"] = page
    url = _url()
    # A page switch empties the URL; that is no wish of the user.
    if url and url != st.session_state["url"]:
        st.session_state["request"] = from_url(url)
        st.session_state["url"] = url


def write_url() -> None:
    """Put the request into the URL; call where the request can have changed."""
    written = (st.session_state["page"], request())
    # Writing is a step in the browser's history: without a change it would undo the back button.
    if st.session_state.get("written") == written:
        return
    st.session_state["written"] = written
    url = to_url(request())
    if url != _url():
        for field in FIELDS:
            if field in st.query_params and field not in url:
                del st.query_params[field]
        st.query_params.update(url)
    st.session_state["url"] = url
