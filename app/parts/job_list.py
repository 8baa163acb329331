"""The jobs that the screens started: progress, time left, log, cancel."""

from __future__ import annotations

import time

import streamlit as st

from app import jobs
from app.jobs import Job, JobState
from app.messages import plain, show_error
from app.places import without_paths
from fmri2ges.errors import UserError

ICONS = {
    JobState.RUNNING: ":material/progress_activity:",
    JobState.DONE: ":material/check_circle:",
    JobState.FAILED: ":material/error:",
    JobState.CANCELLED: ":material/cancel:",
    JobState.LOST: ":material/help:",
}
SHOWN = 12  # jobs
RUNNING_IDS = "runs.running"  # session state: jobs that ran when the page was last drawn as a whole


def started(title: str, arguments: list[str], target) -> None:
    """Start a job, or show in one line why not."""
    try:
        jobs.start(title, arguments, target)
    except UserError as error:
        show_error(error)
        return
    st.rerun()


def job_list() -> None:
    """All jobs; those that run are followed once a second."""
    found = jobs.all_jobs()
    running = {job.id for job in found if job.state == JobState.RUNNING}
    st.session_state[RUNNING_IDS] = running
    st.markdown("##### Jobs")
    if not found:
        st.caption("None yet. What you start here goes on when you close the page, and when the server restarts.")
        return
    st.fragment(_rows, run_every=1 if running else None)()


def _rows() -> None:
    found = jobs.all_jobs()
    running = {job.id for job in found if job.state == JobState.RUNNING}
    if running != st.session_state.get(RUNNING_IDS):
        st.rerun()  # a job ended: the table of runs has changed, too
    for job in found[:SHOWN]:
        _row(job)
    if len(found) > SHOWN:
        st.caption(f"{len(found) - SHOWN} older ones are not shown; remove some above.")


def _row(job: Job) -> None:
    with st.container(border=True):
        row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        row.text(f"{job.title} \u00b7 {_when(job)}")
        if job.state == JobState.RUNNING:
            if row.button("Cancel", key=f"cancel.{job.id}", icon=":material/close:"):
                jobs.cancel(job)
            left = job.seconds_left
            st.progress(job.fraction, text=_progress(job, left))
        else:
            if row.button("Remove", key=f"forget.{job.id}", icon=":material/delete_sweep:"):
                jobs.forget(job)
                st.rerun(scope="fragment")
        with st.expander("Command and log", icon=ICONS[job.state]):
            st.code(without_paths(job.command), language="bash", wrap_lines=True)
            st.code(without_paths(job.output()) or "nothing printed yet", language=None, wrap_lines=True)


def _when(job: Job) -> str:
    if job.state == JobState.RUNNING:
        return f"running since {_clock(job.started)}"
    if job.ended is None:
        return f"lost: it was killed, or the machine restarted (started {_clock(job.started)})"
    return f"{job.state} at {_clock(job.ended)}, after {span(job.ended - job.started)}"


def _progress(job: Job, left: float | None) -> str:
    message = plain(without_paths(job.message or "starting"))
    return f"{100 * job.fraction:.0f} %" + (f", {span(left)} left" if left is not None else "") + f" \u00b7 {message}"


def _clock(seconds: float) -> str:
    today = time.strftime("%F") == time.strftime("%F", time.localtime(seconds))
    return time.strftime("%H:%M" if today else "%F %H:%M", time.localtime(seconds))


def span(seconds: float) -> str:
    """A length of time for people: 40 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
