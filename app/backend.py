"""The app's way to the library: runs opened once, decodings asked for and found again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import ceil, floor

import streamlit as st

from fmri2ges.data.atomic import read_json
from fmri2ges.errors import UserError, one_line, shown
from fmri2ges.provenance import stamp_file
from fmri2ges.request import F2T_FORMS, WHOLE_CORTEX, DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.storage.schema import MAX_MANIFEST
from fmri2ges.types import Motion
from fmri2ges.work import Work

from . import places, sessions, state
from .background import begin
from .decode_queue import Key, Made, Phase, Progress, queue
from .draft_lane import Place, drafts

SHORTEST = 4.0  # seconds
DRAFTED = 60.0  # seconds; a longer stretch has no draft
FOLLOWED = 480.0  # seconds of gesture, samples times stretch; more are decoded on the button
DRAFT_WAIT = 5.0  # seconds that a page waits for a draft before it goes on without; then it is drawn once more
LOOK = 0.03  # seconds between two looks at whether the user went on meanwhile


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(run: str, stamp: tuple, device: str):
    from fmri2ges.decoding.run import open_run

    return open_run(run, device)


def _stamp(run: str) -> tuple:
    """What changes when a run is trained anew under its old name, or its study file is written anew."""
    from fmri2ges.demo.opener import find_run  # after the first cortex is drawn

    manifest = find_run(run) / "manifest.json"
    trained = stamp_file(manifest)
    return trained, stamp_file(_study_of(str(manifest), trained))


@st.cache_data(max_entries=16, show_spinner=False)
def _study_of(manifest: str, stamp: tuple) -> str:
    """The study file that a run names; empty where there is none, and opening the run says what is wrong."""
    try:
        return str(read_json(manifest, MAX_MANIFEST)["study"])
    except (UserError, LookupError, TypeError):
        return ""


def key_of(run, request: DecodeRequest, made: Made = Made.DECODED) -> Key:
    """What is made of a complete request, from the recording as its files are now."""
    stamp = ""
    with suppress(UserError):  # an unknown recording: decoding it says so
        stamp = run.stamp(request.subject, request.story)
    return Key(run.digest, request, made, stamp)


def open_run(request: DecodeRequest):
    """The opened run of a request (`fmri2ges.decoding.run.Run`), cached until it or its study file changes."""
    place = places.find_run(request.run)
    return _open(place, _stamp(place), state.device())


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
def _recording(run_digest: str, stamp: str, subject: str, story: str, _run):
    return _run.recording(subject, story)


def recording(run, request: DecodeRequest):
    """The recording of a request, cached until its files change."""
    stamp = run.stamp(request.subject, request.story)
    return _recording(run.digest, stamp, request.subject, request.story, run)


def complete(run, request: DecodeRequest) -> tuple[DecodeRequest, list[str]]:
    """The request with a subject, a story and a time window that the run has, and a line for each that it has not."""
    if not run.subjects or not run.stories:
        raise UserError(f"{run.study.path}: has no recording that this run could decode")
    lines = []

    def known(name: str, value: str, allowed: tuple[str, ...], unset: tuple[str, ...] = ("",)) -> str:
        if value in allowed:
            return value
        if value not in unset:
            there = one_line(", ".join(allowed), 500)
            lines.append(f"{name}: {shown(value)} is not in this run; {allowed[0]} is shown. It has: {there}")
        return allowed[0]

    full = replace(
        request,
        subject=known("subject", request.subject, run.subjects),
        story=known("story", request.story, run.stories),
        f2t=known("f2t", request.f2t, run.forms),
    )
    first, last = story_span(run, full)
    start = min(max(first, first if full.start is None else full.start), last - SHORTEST)
    stop = min(max(start + SHORTEST, last if full.stop is None else full.stop), last)
    asked = tuple(first if at is None else at for at in (full.start, full.stop))
    if full.start is not None and full.stop is not None and (full.start > last or full.stop < first):
        lines.append(
            f"time window: {asked[0]:g} to {asked[1]:g} s is not in {full.story}, which has {first:g} to {last:g} s; "
            f"{start:g} to {stop:g} s is shown"
        )
    return replace(full, start=start, stop=stop), lines


def story_span(run, request: DecodeRequest) -> tuple[float, float]:
    """First and last whole second of the story that the recording covers."""
    heard = recording(run, request)
    times, half = heard.volume_times, heard.tr / 2
    return float(ceil(times[0] - half)), float(floor(times[-1] + half))


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept_then(key: Key, changed: int, request: DecodeRequest, _run):
    return _run.kept(request)


def _kept(run, request: DecodeRequest) -> Decoded | None:
    """The result in the run's own folder, looked for again when something has come into that folder."""
    try:
        changed = (run.path / "decoded").stat().st_mtime_ns
    except OSError:
        return None
    return _kept_then(key_of(run, request), changed, request, run)


def find(run, request: DecodeRequest) -> Decoded | None:
    """The result of a request if it is at hand; it never waits for a decoding, of whomever."""
    return _kept(run, request) or queue().result(key_of(run, request))


def progress(run, request: DecodeRequest) -> Progress:
    """Where the decoding of a request stands."""
    if _kept(run, request) is not None:
        return Progress(Phase.DONE, fraction=1.0)
    return queue().progress(key_of(run, request))


def ask(run, request: DecodeRequest) -> None:
    """Ask for a decoding, which goes on whatever page is open.

    Raises
    ------
    UserError
        When the server has too many to do.
    """
    key = key_of(run, request)
    _cancelled().discard(key)
    if find(run, request) is None:
        queue().submit(key, lambda work: run.decode(request, work), sessions.own())


def cancel(run, request: DecodeRequest) -> None:
    """Take the wish for a decoding back; it does not begin again by itself."""
    key = key_of(run, request)
    _cancelled().add(key)
    queue().cancel(key, sessions.own())


def _cancelled() -> set[Key]:
    """What this session has cancelled."""
    return st.session_state.setdefault("cancelled", set())


def has_draft(request: DecodeRequest) -> bool:
    """Whether what a complete request asks for can be shown as a draft at once."""
    start, stop = request.span
    return request.f2t == F2T_FORMS[0] and stop - start <= DRAFTED


def follows(request: DecodeRequest) -> bool:
    """Whether a complete request is decoded without a press."""
    start, stop = request.span
    return request.f2t == F2T_FORMS[0] and request.samples * (stop - start) <= FOLLOWED


def follow(run, name: str, request: DecodeRequest | None, at_once: bool = False) -> None:
    """Begin what a choice asks for, a draft and then all of it; what was begun for the choice before it is dropped.

    Parameters
    ----------
    name : of the choice, "A" or "B"
    request : a complete one, or None: nothing is chosen
    at_once : decode also what takes long
    """
    place = Place(sessions.own(), name)
    begun: dict[str, Key] = st.session_state.setdefault("begun", {})
    key = None if request is None else key_of(run, request)
    before = begun.get(name)
    if before is not None and before != key:
        del begun[name]
        if before not in begun.values():
            queue().cancel(before, sessions.own())
    if request is None or key is None or find(run, request) is not None:
        drafts().forget(place)
        return
    if has_draft(request):
        drafts().want(place, key, lambda work: run.draft(request, work))
    else:
        drafts().forget(place)
    quiet = key in _cancelled() or queue().progress(key).phase is not Phase.ABSENT
    if quiet or not (at_once or follows(request)):
        return
    with suppress(UserError):  # the line is full: the button asks again
        ask(run, request)
        begun[name] = key


def at_hand(run, request: DecodeRequest | None) -> Decoded | None:
    """The result of a request, or its draft as long as there is no more; never waits."""
    if request is None:
        return None
    return find(run, request) or drafts().result(key_of(run, request))


def await_drafts(run, requests: Iterable[DecodeRequest | None]) -> None:
    """Wait a moment for the drafts of some requests, unless the user goes on."""
    keys = [key_of(run, r) for r in requests if r is not None and has_draft(r) and find(run, r) is None]
    end = time.monotonic() + DRAFT_WAIT
    while not drafts().wait(lambda: all(map(drafts().is_settled, keys)), LOOK):
        if sessions.user_went_on() or time.monotonic() > end:
            return


def heard_key(run, request: DecodeRequest) -> Key:
    """The job that makes the gestures of the heard words over the stretch of a request; no brain is read for it."""
    asked = replace(request, rois=WHOLE_CORTEX, branch="both", f2t=F2T_FORMS[0], beam=DecodeRequest().beam)
    return key_of(run, asked, Made.HEARD)


def ask_heard(run, request: DecodeRequest) -> None:
    """Ask for the gestures of the heard words.

    Raises
    ------
    UserError
        When the server has too many to do.
    """
    key = heard_key(run, request)
    queue().submit(key, lambda work: _gestures_of_heard(run, key.request, work), sessions.own())


def _gestures_of_heard(run, request: DecodeRequest, work: Work) -> Motion:
    from fmri2ges.decoding.heard import gestures_of_words

    start, stop = request.span
    told = {"speaker": request.speaker, "samples": request.samples, "seed": request.seed}
    words = run.recording(request.subject, request.story).words
    return gestures_of_words(run.t2g, words, start, stop, **told, work=work)


def scores_key(run, request: DecodeRequest) -> Key:
    """The job that scores what is decoded from the whole story of a request."""
    start, stop = story_span(run, request)
    return key_of(run, replace(request, start=start, stop=stop), Made.SCORES)


def ask_scores(run, keys: list[Key]) -> None:
    """Ask for scores, unless they failed before; those that this session asked for and wants no more are taken back.

    Raises
    ------
    UserError
        When the server has too many to do.
    """
    owner = sessions.own()
    for key in st.session_state.get("scores", []):
        if key not in keys:
            queue().cancel(key, owner)
    st.session_state["scores"] = keys
    for key in keys:
        if queue().progress(key).phase is not Phase.FAILED:
            queue().submit(key, partial(_scores, run, key.request), owner)


def _scores(run, request: DecodeRequest, work: Work):
    from fmri2ges.reports.story_scores import story_scores

    return story_scores(run, request, run.kept(request) or queue().result(key_of(run, request)), work)


@st.cache_resource(max_entries=4, show_spinner=False)
def warm_up(run_digest: str, device: str, subject: str, _run) -> None:
    """Load the models while the user looks at the first screen."""

    def load() -> None:
        with suppress(UserError):  # decoding meets it again, and shows it
            _run.warm_up(subject)

    begin(load, "warm up")
