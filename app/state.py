"""What the user has chosen, as one typed value, kept in the session and in the URL.

Widgets come and go with the pages; the `Request` stays. `bind` ties a widget to one of its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

WHOLE_CORTEX = ("all",)
DEMO = "demo"
# Fields that stand in the URL, so that a link reproduces the choice.
URL_FIELDS = ("rois", "subject", "story", "start", "stop")


@dataclass(frozen=True)
class Request:
    """One decoding that can be asked for.

    Parameters
    ----------
    run : "demo" for the shipped weights, or a run folder
    device : "auto", "cpu", "cuda" or "mps"
    subject, story : empty = the first of the run
    rois : ROI names; ("all",) is the whole cortex
    start, stop : seconds on the story's clock
    samples : gestures (and texts) drawn
    f2t : "fast", or "bayes" in a run that was trained with a language model
    """

    run: str = DEMO
    device: str = "auto"
    subject: str = ""
    story: str = ""
    rois: tuple[str, ...] = WHOLE_CORTEX
    start: float = 0.0
    stop: float = 30.0
    samples: int = 8
    seed: int = 0
    f2t: str = "fast"

    def as_python(self) -> str:
        """The same decoding as a few lines of Python."""
        opened = "open_demo(" if self.run == DEMO else f"Session.open({self.run!r}, "
        name = "open_demo" if self.run == DEMO else "Session"
        form = "" if self.f2t == "fast" else f" f2t={self.f2t!r},"
        return (
            f"from fmri2ges.decoding.session import {name}\n\n"
            f"session = {opened}device={self.device!r})\n"
            f"decoded = session.decode(\n"
            f"    {self.subject!r}, {self.story!r}, rois={self.rois!r},\n"
            f"    start={self.start:g}, stop={self.stop:g}, samples={self.samples}, seed={self.seed},{form}\n"
            f")\n"
        )

    def as_command(self, out: str = "decoded") -> str:
        """The same decoding as one shell command."""
        from shlex import join

        words = ["python", "-m", "fmri2ges", "decode", self.run, "--subject", self.subject, "--story", self.story]
        words += ["--rois", ",".join(self.rois), "--start", f"{self.start:g}", "--stop", f"{self.stop:g}"]
        words += ["--samples", str(self.samples), "--seed", str(self.seed), "--device", self.device, "--out", out]
        return join(words + ([] if self.f2t == "fast" else ["--f2t", self.f2t]))


def request() -> Request:
    """What is chosen now; on the first call it is read from the URL."""
    if "request" not in st.session_state:
        st.session_state["request"] = _from_url(Request(), _url())
        st.session_state["url"] = _url()
    return st.session_state["request"]


def update(**changes: Any) -> None:
    """Change fields of the request."""
    st.session_state["request"] = replace(request(), **changes)


def shown() -> Request | None:
    """The request whose decoding is on screen (Explore shows it, Compare works on it)."""
    return st.session_state.get("shown")


def show(wanted: Request) -> None:
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
    return {f: st.query_params[f] for f in URL_FIELDS if f in st.query_params}


def _from_url(base: Request, url: dict[str, str]) -> Request:
    """`base` with the fields that the URL names; numbers that are none are left out."""
    changes: dict[str, Any] = {f: url[f] for f in ("subject", "story") if f in url}
    if url.get("rois"):
        changes["rois"] = tuple(name for name in url["rois"].split(",") if name)
    for field in ("start", "stop"):
        try:
            changes[field] = float(url[field])
        except (KeyError, ValueError):
            continue
    return replace(base, **changes)


def _to_url(chosen: Request) -> dict[str, str]:
    """The fields that differ from the defaults."""
    default = Request()
    texts = {f: getattr(chosen, f) for f in URL_FIELDS if getattr(chosen, f) != getattr(default, f)}
    return {
        f: ",".join(v) if isinstance(v, tuple) else f"{v:g}" if isinstance(v, float) else v for f, v in texts.items()
    }


def follow_url(page: str) -> None:
    """Take over what the browser's back and forward buttons put into the URL; call once per full run."""
    request()
    st.session_state["page"] = page
    url = _url()
    # A page switch empties the URL; that is no wish of the user.
    if url and url != st.session_state["url"]:
        st.session_state["request"] = _from_url(Request(run=request().run, device=request().device), url)
        st.session_state["url"] = url


def write_url() -> None:
    """Put the request into the URL; call where the request can have changed."""
    written = (st.session_state["page"], request())
    # Writing is a step in the browser's history: without a change it would undo the back button.
    if st.session_state.get("written") == written:
        return
    st.session_state["written"] = written
    url = _to_url(request())
    if url != _url():
        for field in URL_FIELDS:
            if field in st.query_params and field not in url:
                del st.query_params[field]
        st.query_params.update(url)
    st.session_state["url"] = url
