"""What the user has chosen, kept in the session and in the URL: one `DecodeRequest`, and how screens show it.

Widgets come and go with the pages; the choice stays. `bind` ties a widget to one of its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from fmri2ges.errors import UserError, one_line
from fmri2ges.errors import shown as quoted
from fmri2ges.request import MAX_SAMPLES, DecodeRequest, join_names, split_names
from fmri2ges.results import Decoded
from fmri2ges.views.tracks import MOST, TRACK_IDS

from .components.address import replace_query
from .look import Look
from .player_view import OF_PLAYER, PlayerView
from .roi_steps import RoiSteps

FIRST = DecodeRequest(start=0.0, stop=30.0)  # what a new visitor sees; a link says what differs from it
DEVICE = "device"  # key of the widget that chooses it


@dataclass(frozen=True)
class Comparison:
    """How the screen Compare shows a result.

    Parameters
    ----------
    other : names of the ROIs of a second selection (B); empty = none
    tracks : ids of the tracks on screen (`fmri2ges.views.tracks.TRACK_IDS`), in their order; empty = the first choice
    sample : the sample on screen, from 1
    """

    other: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    sample: int = 1

    @classmethod
    def from_url(cls, url: dict[str, str], complaints: list[str]) -> Comparison:
        """The comparison of a link; what cannot be understood keeps its first value and is complained of."""
        asked = dict.fromkeys(split_names(url.get("tracks", "")))
        unknown = [name for name in asked if name not in TRACK_IDS]
        if unknown:
            names = one_line(", ".join(unknown), 100)
            complaints.append(f"tracks: not known: {names}; allowed: {', '.join(TRACK_IDS)}")
        known = tuple(name for name in TRACK_IDS if name in asked)
        if len(known) > MOST:
            shown = ", ".join(known[:MOST])
            complaints.append(f"tracks: {len(known)} are asked for, at most {MOST} are shown: {shown}")
        found = cls(split_names(url.get("other", "")), known[:MOST])
        text = url.get("sample", "1")
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_SAMPLES:
            return replace(found, sample=int(text))
        complaints.append(f"sample: must be a whole number from 1 to {MAX_SAMPLES}; got {quoted(text)}")
        return found

    def to_url(self) -> dict[str, str]:
        """What differs from the first comparison, as texts."""
        texts = {"other": join_names(self.other), "tracks": join_names(self.tracks), "sample": str(self.sample)}
        first = {"other": "", "tracks": "", "sample": "1"}
        return {name: text for name, text in texts.items() if text != first[name]}


@dataclass(frozen=True)
class View:
    """All that a link or a session file says.

    Parameters
    ----------
    request : what is decoded
    comparison : how Compare shows it
    look : how the cortex is seen
    player : clock, loop and camera
    """

    request: DecodeRequest
    comparison: Comparison
    look: Look
    player: PlayerView

    @classmethod
    def from_url(cls, url: dict[str, str], complaints: list[str]) -> View:
        """The view of a link; what cannot be understood keeps its first value and is complained of."""
        return cls(
            from_url(url, complaints),
            Comparison.from_url(url, complaints),
            Look.from_url(url, complaints),
            PlayerView.from_url(url, complaints),
        )


OF_REQUEST = tuple(f.name for f in fields(DecodeRequest))
OF_COMPARISON = tuple(f.name for f in fields(Comparison))
OF_LOOK = tuple(f.name for f in fields(Look))
FIELDS = OF_REQUEST + OF_COMPARISON + OF_LOOK
OF_VIEW = FIELDS + OF_PLAYER


def request() -> DecodeRequest:
    """What is chosen now; on the first call it is read from the URL."""
    _open()
    return st.session_state["request"]


def comparison() -> Comparison:
    """How Compare shows it."""
    _open()
    return st.session_state["comparison"]


def look() -> Look:
    """How the cortex is seen."""
    _open()
    return st.session_state["look"]


def roi_steps() -> RoiSteps:
    """What can be undone and redone of the choice of ROIs."""
    return st.session_state.get("roi_steps", RoiSteps())


def _open() -> None:
    if "request" not in st.session_state:
        _take(_url())


def _take(url: dict[str, str]) -> None:
    """Take the choice over from a link."""
    complaints: list[str] = []
    _hold(View.from_url(url | _player_url(), complaints))
    st.session_state["url"] = url
    st.session_state["complaints"] = complaints


def _hold(view: View) -> None:
    st.session_state["request"] = view.request
    st.session_state["comparison"] = view.comparison
    st.session_state["look"] = view.look
    st.session_state["player"] = view.player
    st.session_state["taken"] = st.session_state.get("taken", 0) + 1
    st.session_state["untouched"] = True


def open_view(url: dict[str, str]) -> None:
    """Show the view that fields of a link say.

    Raises
    ------
    UserError
        When one of them cannot be understood; nothing is changed then.
    """
    complaints: list[str] = []
    found = View.from_url(url, complaints)
    if complaints:
        raise UserError("; ".join(complaints))
    _open()
    st.session_state["complaints"] = []
    _hold(found)


def update(**changes: Any) -> None:
    """Change fields of the choice, as the user wishes; what was said about a link is over."""
    _open()
    st.session_state["complaints"] = []
    st.session_state["untouched"] = False
    before = request()
    adjust(**changes)
    kept = roi_steps() if request().run == before.run else RoiSteps()  # another run has other ROIs
    st.session_state["roi_steps"] = kept.changed(before.rois, request().rois)


def step_rois(by: int) -> None:
    """Undo (-1) or redo (1) one change of the ROIs."""
    steps, rois = roi_steps().moved(request().rois, by)
    update(rois=rois)
    st.session_state["roi_steps"] = steps


def step_sample(by: int) -> None:
    """Show the sample that many places farther on, where there is one."""
    update(sample=min(max(1, comparison().sample + by), request().samples))


def adjust(**changes: Any) -> None:
    """Change fields of the choice that cannot be as they are; `complain` says why."""
    for holder, names in (("request", OF_REQUEST), ("comparison", OF_COMPARISON), ("look", OF_LOOK)):
        own = {name: value for name, value in changes.items() if name in names}
        _open()
        st.session_state[holder] = replace(st.session_state[holder], **own)


def complain(lines: Iterable[str]) -> None:
    """Say what of a link could not be shown, until the user chooses something else."""
    _open()
    told = st.session_state["complaints"]
    told += [line for line in lines if line not in told]


def complaints() -> list[str]:
    """What of a link could not be shown, one line each."""
    _open()
    return list(st.session_state["complaints"])


def is_untouched() -> bool:
    """Whether the choice is still that of the link, or of the first visit."""
    _open()
    return st.session_state["untouched"]


def player_view(start: float, stop: float) -> dict[str, Any]:
    """Clock, loop and camera that the link asks for, for the player of a stretch; what lies outside is complained of.

    ``number`` tells one link from the next: the player follows each once, and then keeps them itself.
    """
    _open()
    lines: list[str] = []
    view = st.session_state["player"].inside(start, stop, lines)
    if is_untouched():
        complain(lines)
    return {"number": st.session_state["taken"], **view.to_player()}


def device() -> str:
    """The device to compute on; it says how a request is answered and is no part of it."""
    return st.session_state.get(DEVICE, "auto")


def shown() -> DecodeRequest | None:
    """The request whose decoding is on Explore's screen; it can be older than what is chosen."""
    return st.session_state.get("shown")


def show(wanted: DecodeRequest) -> None:
    """Put the decoding of a request on screen."""
    st.session_state["shown"] = wanted


def paint(*results: Decoded | None) -> None:
    """Remember which results are on screen."""
    st.session_state["painted"] = [result for result in results if result is not None]


def is_painted(result: Decoded) -> bool:
    """Whether just this result is on screen."""
    return any(result is other for other in st.session_state.get("painted", []))


def is_first_look(what: Hashable) -> bool:
    """Whether this session asks about something for the first time: what was cancelled does not begin again."""
    seen: set[Hashable] = st.session_state.setdefault("seen", set())
    new = what not in seen
    seen.add(what)
    return new


def bind(
    field: str,
    to_widget: Callable[[Any], Any] = lambda v: v,
    from_widget: Callable[[Any], Any] = lambda v: v,
) -> dict[str, Any]:
    """Keyword arguments (key, on_change) that tie a widget to a field of the choice.

    Call it directly in front of the widget: it also sets the widget to the field's value.
    """
    key = f"request.{field}"
    value = to_widget(getattr(comparison() if field in OF_COMPARISON else request(), field))
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return {"key": key, "on_change": lambda: update(**{field: from_widget(st.session_state[key])})}


def _url() -> dict[str, str]:
    return {f: st.query_params[f] for f in FIELDS if f in st.query_params}


def _player_url() -> dict[str, str]:
    return {f: st.query_params[f] for f in OF_PLAYER if f in st.query_params}


def from_url(url: dict[str, str], complaints: list[str] | None = None) -> DecodeRequest:
    """The request of a link; a field that cannot be understood keeps its first value and is complained of."""
    found = FIRST
    url = {name: text for name, text in url.items() if name in OF_REQUEST}
    window: dict[str, str] = {name: url[name] for name in ("start", "stop") if name in url}
    for part in [*({name: text} for name, text in url.items() if name not in window), window]:
        try:
            found = DecodeRequest.from_query(part, found)
        except UserError as error:
            if complaints is not None:
                complaints.append(str(error))
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
    _open()
    st.session_state["page"] = page
    url = _url()
    # A page switch empties the URL, and the browser's page may not know yet what `replace_query` wrote over:
    # both are no wish of the user.
    if url and url not in (st.session_state["url"], st.session_state.get("replaced")):
        _take(url)


def write_url() -> None:
    """Put the choice into the URL; call where it can have changed."""
    written = (st.session_state["page"], request(), comparison(), look())
    # Writing is a step in the browser's history: without a change it would undo the back button.
    before = st.session_state.get("written")
    if before == written:
        return
    st.session_state["written"] = written
    url = to_url(request()) | comparison().to_url() | look().to_url()
    if url != _url():
        if before is None or before[0] != written[0] or before[:3] == written[:3]:
            # The step to this page is one in the history already: one press of Back leaves it. Another look at the
            # same choice is no step.
            st.session_state["replaced"] = _url()
            replace_query(url)
        else:
            st.session_state["replaced"] = None
            for field in FIELDS:
                if field in st.query_params and field not in url:
                    del st.query_params[field]
            st.query_params.update(url)
    st.session_state["url"] = url
