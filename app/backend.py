"""The app's way to the library: models opened once, decodings kept, errors as one clear line."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor
from threading import Lock, Thread

import streamlit as st

from fmri2ges.errors import StudyError, UserError

from . import state

KEPT = 32  # decodings kept, shared by all tabs of the browser
SHORTEST = 4.0  # seconds


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(run: str, device: str):
    from fmri2ges.decoding import session

    return session.open_demo(device=device) if run == state.DEMO else session.Session.open(run, device=device)


def open_session(request: state.Request):
    """The opened run of a request (`fmri2ges.decoding.session.Session`), cached."""
    return _open(request.run, request.device)


@st.cache_resource(show_spinner=False)
def devices() -> tuple[str, ...]:
    """Devices that this machine has, "auto" first."""
    import torch

    found = ["auto", "cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


@st.cache_resource(max_entries=4, show_spinner=False)
def _recording(run: str, subject: str, story: str, _session):
    return _session.recording(subject, story)


def recording(session, request: state.Request):
    """The recording of a request, cached."""
    return _recording(request.run, request.subject, request.story, session)


def complete(session, request: state.Request) -> state.Request:
    """The request with a subject, a story and a time window that the run has."""
    subject = request.subject if request.subject in session.subjects else session.subjects[0]
    story = request.story if request.story in session.stories else session.stories[0]
    full = replace(request, subject=subject, story=story)
    first, last = story_span(session, full)
    start = min(max(first, request.start), last - SHORTEST)
    stop = min(max(start + SHORTEST, request.stop), last)
    return replace(full, start=start, stop=stop, f2t=full.f2t if full.f2t in session.forms else "fast")


def story_span(session, request: state.Request) -> tuple[float, float]:
    """First and last whole second of the story that the recording covers."""
    heard = recording(session, request)
    times, half = heard.volume_times, heard.tr / 2
    return float(ceil(times[0] - half)), float(floor(times[-1] + half))


@st.cache_resource(show_spinner=False)
def _results() -> tuple[OrderedDict, Lock]:
    return OrderedDict(), Lock()


def is_decoded(session, request: state.Request) -> bool:
    """Whether the result of a request is at hand."""
    return request in _results()[0] or _ships(session, request)


@st.cache_resource(show_spinner=False)
def _shipped(_session):
    from fmri2ges.decoding.shipped import shipped_decoding

    return shipped_decoding(_session)


def _ships(session, request: state.Request) -> bool:
    """Whether the package comes with the result: the first screen shows it before any model has loaded."""
    if request.run != state.DEMO:
        return False
    made = _shipped(session).manifest
    asked = (
        request.subject,
        request.story,
        list(request.rois),
        request.start,
        request.stop,
        request.samples,
        request.seed,
        request.f2t,
    )
    return asked == tuple(made[k] for k in ("subject", "story", "rois", "start", "stop", "samples", "seed", "f2t"))


@st.cache_resource(max_entries=4, show_spinner=False)
def warm_up(run: str, device: str, subject: str, _session) -> None:
    """Load the models while the user looks at the first screen."""

    def load() -> None:
        try:
            _session.warm_up(subject)
        except UserError:
            pass  # decoding meets it again, and shows it

    Thread(target=load, daemon=True).start()


def decode_now(session, request: state.Request, progress: Callable[[float, str], None] | None = None):
    """Decode a request (`fmri2ges.decoding.types.Decoded`), or return the kept result.

    Raises
    ------
    UserError
        When the library refuses the request.
    """
    results, lock = _results()
    with lock:
        if request not in results and _ships(session, request):
            results[request] = _shipped(session)
        elif request not in results:
            results[request] = session.decode(
                request.subject,
                request.story,
                rois=request.rois,
                branch="both",
                samples=request.samples,
                start=request.start,
                stop=request.stop,
                seed=request.seed,
                f2t=request.f2t,
                progress=progress,
            )
            while len(results) > KEPT:
                results.popitem(last=False)
        results.move_to_end(request)
        return results[request]


def show_error(error: UserError) -> None:
    """One clear line; a study with several problems shows them as a list."""
    problems = error.problems if isinstance(error, StudyError) else (str(error),)
    st.error("\n".join(f"- {p}" for p in problems) if len(problems) > 1 else problems[0], icon=":material/error:")
