"""The app's way to the library: runs opened once, decodings kept, errors as one clear line."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import ceil, floor
from threading import Lock, Thread

import streamlit as st

from fmri2ges.errors import StudyError, UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.work import Work

from . import state

KEPT = 32  # decodings kept, shared by all tabs of the browser
SHORTEST = 4.0  # seconds


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(run: str, stamp: tuple[int, int], device: str):
    from fmri2ges.decoding.run import open_run

    return open_run(run, device)


def _stamp(run: str) -> tuple[int, int]:
    """What changes when a run is trained anew under its old name."""
    from fmri2ges.demo.opener import find_run  # after the first cortex is drawn

    try:
        stat = (find_run(run) / "manifest.json").stat()
    except OSError:
        return 0, 0  # opening it says what is wrong
    return stat.st_mtime_ns, stat.st_ino


def open_run(request: DecodeRequest):
    """The opened run of a request (`fmri2ges.decoding.run.Run`), cached until it is trained anew."""
    return _open(request.run, _stamp(request.run), state.device())


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
def _recording(run_digest: str, subject: str, story: str, _run):
    return _run.recording(subject, story)


def recording(run, request: DecodeRequest):
    """The recording of a request, cached."""
    return _recording(run.digest, request.subject, request.story, run)


def complete(run, request: DecodeRequest) -> DecodeRequest:
    """The request with a subject, a story and a time window that the run has."""
    subject = request.subject if request.subject in run.subjects else run.subjects[0]
    story = request.story if request.story in run.stories else run.stories[0]
    full = replace(request, subject=subject, story=story, f2t=request.f2t if request.f2t in run.forms else "fast")
    first, last = story_span(run, full)
    start = min(max(first, first if full.start is None else full.start), last - SHORTEST)
    stop = min(max(start + SHORTEST, last if full.stop is None else full.stop), last)
    return replace(full, start=start, stop=stop)


def story_span(run, request: DecodeRequest) -> tuple[float, float]:
    """First and last whole second of the story that the recording covers."""
    heard = recording(run, request)
    times, half = heard.volume_times, heard.tr / 2
    return float(ceil(times[0] - half)), float(floor(times[-1] + half))


@st.cache_resource(show_spinner=False)
def _results() -> tuple[OrderedDict, Lock]:
    """(digest of the run, request) -> result, and the lock under which results are made."""
    return OrderedDict(), Lock()


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(run_digest: str, request: DecodeRequest, _run):
    return _run.kept(request)


def is_decoded(run, request: DecodeRequest) -> bool:
    """Whether the result of a request is at hand."""
    return (run.digest, request) in _results()[0] or _kept(run.digest, request, run) is not None


@st.cache_resource(max_entries=4, show_spinner=False)
def warm_up(run_digest: str, device: str, subject: str, _run) -> None:
    """Load the models while the user looks at the first screen."""

    def load() -> None:
        with suppress(UserError):  # decoding meets it again, and shows it
            _run.warm_up(subject)

    Thread(target=load, daemon=True).start()


def decode_now(run, request: DecodeRequest, progress: Callable[[float, str], object] | None = None):
    """Decode a request (`fmri2ges.results.Decoded`), or return the kept result.

    Raises
    ------
    UserError
        When the library refuses the request.
    """
    kept = _kept(run.digest, request, run)
    if kept is not None:
        return kept
    results, lock = _results()
    key = (run.digest, request)
    with lock:
        if key not in results:
            results[key] = run.decode(request, Work(progress))
            while len(results) > KEPT:
                results.popitem(last=False)
        results.move_to_end(key)
        return results[key]


def show_error(error: UserError) -> None:
    """One clear line; a study with several problems shows them as a list."""
    problems = error.problems if isinstance(error, StudyError) else (str(error),)
    st.error("\n".join(f"- {p}" for p in problems) if len(problems) > 1 else problems[0], icon=":material/error:")
