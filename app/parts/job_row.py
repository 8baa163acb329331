"""The state of a decoding, always in the same row: ask, watch, cancel, done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import backend, state
from app.decode_queue import Key, Phase, Progress, queue
from app.messages import show_error
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest

EVERY = 0.5  # seconds between two looks at a job that moves


@dataclass(frozen=True)
class Stand:
    """Where one or two decodings stand together.

    Parameters
    ----------
    phases : of each; None while it moves
    text : how far they are, while one of them moves
    missing : names of those that are neither done nor under way
    error : why the first that failed did so
    """

    phases: tuple[Phase | None, ...]
    text: str
    missing: tuple[str, ...]
    error: UserError | None

    @classmethod
    def of(cls, jobs: dict[str, Progress]) -> Stand:
        """That of decodings by their name: "A" and "B", or "" for the only one."""
        return cls(
            tuple(None if job.phase.moves else job.phase for job in jobs.values()),
            says(together(list(jobs.values()))),
            tuple(name for name, job in jobs.items() if not job.phase.moves and job.phase is not Phase.DONE),
            next((job.error for job in jobs.values() if job.error is not None), None),
        )

    @property
    def moves(self) -> bool:
        """Whether it changes by itself."""
        return None in self.phases


def together(jobs: list[Progress]) -> Progress:
    """Several decodings as one: their mean fraction, and their time left where all that move know theirs."""
    moving = [job for job in jobs if job.phase.moves]
    if not moving:
        return Progress(Phase.ABSENT)
    fraction = sum(job.fraction for job in jobs) / len(jobs)
    if all(job.phase is Phase.WAITING for job in moving):
        return Progress(Phase.WAITING, before=min(job.before for job in moving), fraction=fraction)
    left = [job.seconds_left for job in moving if job.seconds_left is not None]
    return Progress(Phase.RUNNING, fraction=fraction, seconds_left=sum(left) if len(left) == len(moving) else None)


def says(job: Progress, doing: str = "Decoding") -> str:
    """How far a job is, in words."""
    if job.phase is Phase.WAITING and job.before:
        return f"Waiting, {job.before} before you"
    left = "" if job.seconds_left is None else f", {max(1, round(job.seconds_left))} s left"
    return f"{doing} {100 * job.fraction:.0f} %{left}".strip()


def job_row(run, wanted: dict[str, DecodeRequest], key: str) -> None:
    """Show the row of the decodings of a page.

    Parameters
    ----------
    wanted : name of each choice, behind the word "Decode" where it is not empty -> its request
    key : unique on the page
    """
    stand = _stand(run, wanted)
    # Without a job that moves no fragment of its own: a press while the page still runs would belong to one that is
    # just drawn anew, and the page would not follow it.
    draw = st.fragment(_row, run_every=EVERY) if stand.moves else _row
    draw(run, wanted, key, Drawn(stand.phases))


@dataclass
class Drawn:
    """What a run of the page drew, for the looks that come after it.

    Parameters
    ----------
    phases : of the decodings
    looked : whether this is a look after the run, in which the page draws what has come
    """

    phases: tuple[Phase | None, ...]
    looked: bool = False


def _stand(run, wanted: dict[str, DecodeRequest]) -> Stand:
    return Stand.of({name: backend.progress(run, request) for name, request in wanted.items()})


def _row(run, wanted: dict[str, DecodeRequest], key: str, drawn: Drawn) -> None:
    stand = _stand(run, wanted)
    if drawn.looked and (stand.phases != drawn.phases or _is_news(run, wanted)):
        st.rerun()  # the rest of the page shows what has changed
    drawn.looked = stand.moves
    # One height for every state: nothing below it moves.
    with st.container(height=42, border=False, key=f"{key}_row", horizontal=True, vertical_alignment="center"):
        if stand.moves:
            at = f"{key}_cancel"
            st.markdown(stand.text, width="stretch")
            st.button("Cancel", key=at, icon=":material/close:", on_click=_cancel, args=(run, wanted))
        else:
            name = stand.missing[0] if len(stand.missing) < len(wanted) and stand.missing else ""
            st.button(
                f"Decode {name}".strip() if stand.missing else "Decoded",
                key=key,
                type="primary" if stand.missing else "secondary",
                icon=":material/play_arrow:" if stand.missing else ":material/check:",
                disabled=not stand.missing,
                width="stretch",
                on_click=_ask,
                args=(run, [wanted[name] for name in stand.missing], key),
            )
    error: UserError | None = st.session_state.pop(f"{key}_refused", None) or stand.error
    if error is not None:
        show_error(error)


def _is_news(run, wanted: dict[str, DecodeRequest]) -> bool:
    """Whether a draft or a result came that is not on screen."""
    found = (backend.at_hand(run, request) for request in wanted.values())
    return any(decoded is not None and not state.is_painted(decoded) for decoded in found)


def _ask(run, requests: list[DecodeRequest], key: str) -> None:
    try:
        for request in requests:
            backend.ask(run, request)
    except UserError as error:
        st.session_state[f"{key}_refused"] = error


def _cancel(run, wanted: dict[str, DecodeRequest]) -> None:
    for request in wanted.values():
        backend.cancel(run, request)


def follow(key: Key, doing: str, every: float = EVERY) -> Any | None:
    """The result of a job that nobody has to press for; as long as it is not there, one line says how far it is.

    Parameters
    ----------
    key : the job, which was asked for
    doing : what it does, such as "Scoring"
    every : seconds between two looks
    """
    seen = queue().progress(key)
    if seen.phase.moves:
        st.fragment(_line, run_every=every)(key, doing)
    elif seen.error is not None:
        show_error(seen.error)
    return queue().result(key)


def _line(key: Key, doing: str) -> None:
    job = queue().progress(key)
    if not job.phase.moves:
        st.rerun()  # the rest of the page shows the result
    st.caption(f"{doing}: {says(job, '').lower()}")
