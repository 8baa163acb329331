"""The bar under the navigation of every page: what is open, and where its data come from."""

from __future__ import annotations

from html import escape

import streamlit as st

from app import backend, places, state
from app.messages import plain
from fmri2ges.errors import UserError
from fmri2ges.motion.amount import LearntFrom, T2GOrigin
from fmri2ges.request import DecodeRequest
from fmri2ges.views.names import run_name


def context_bar(run=None, marked=None) -> None:
    """Run, subject, story, time window, seed and device; simulated data carry a badge, and gestures learnt from them.

    Parameters
    ----------
    run : the opened run; by default that of the request is opened
    marked : whose badges are shown where the data on screen are not the run's; it has `simulated` and `study`, and
        `manifest` where it is a trained run
    """
    missing = ""
    if run is None:
        try:
            run = backend.open_run(state.request())
        except UserError as error:
            missing = str(error)
    with st.container(key="context_bar", width="content", horizontal=True, gap="small"):
        st.html(facts_html(state.request(), run, missing))
        if marked or run:
            _badges(marked or run)


def facts_html(request: DecodeRequest, run, missing: str = "") -> str:
    """What is open, as HTML.

    Parameters
    ----------
    request : what is chosen
    run : the opened run, or None
    missing : why there is none
    """
    facts = [f"run <b>{escape(run_name(request.run))}</b>"]
    if run is None:
        facts.append(f"cannot be opened: {escape(places.without_paths(missing))}")
    else:
        first = request.start is None and request.stop is None
        window = "whole story" if first else f"{request.start or 0:g} to {_end(request.stop)}"
        facts += [
            escape(request.subject or next(iter(run.subjects), "no subject")),
            escape(request.story or next(iter(run.stories), "no story")),
            window,
            f"seed {request.seed}",
            f"device {escape(run.known_device)}",
        ]
    spans = "".join(f"<span>{fact}</span>" for fact in facts)
    return f'<div class="context-facts" role="group" aria-label="What is open">{spans}</div>'


def _end(stop: float | None) -> str:
    return "the end" if stop is None else f"{stop:g} s"


def _badges(marked) -> None:
    origin = T2GOrigin.of(getattr(marked, "manifest", {}))
    if marked.simulated:
        st.badge(
            "Simulated data",
            icon=":material/science:",
            color="orange",
            help="Made by this program, with a known truth. It tests the software and says nothing about brains.",
        )
    else:
        st.badge(_label(marked.study.name), icon=":material/person:", color="gray", help="The study shown")
    if origin.learnt_from is LearntFrom.FINE_TUNED:
        note = " The gestures take over the style of these clips, and say nothing about how people gesture."
        st.badge(origin.short, icon=":material/tune:", color="orange", help=f"{origin.caption}.{note}")
    elif origin.borrowed:
        st.badge(
            "Gesture model trained on simulated motion",
            icon=":material/science:",
            color="orange",
            help=f"{origin.caption}. The gestures show the pipeline and say nothing about how people gesture.",
        )


def _label(name: str) -> str:
    # A badge escapes the brackets of its label itself; escaped twice they would be markup again.
    return plain(name).replace("\\[", "[").replace("\\]", "]")
