"""Runs: what has been trained, with settings and scores; start training, decoding and evaluation, and follow them."""

import streamlit as st

from app import places
from app.messages import guarded
from app.parts import job_list, run_table, start_job
from app.parts.context_bar import context_bar


@guarded
def runs() -> None:
    """The whole screen."""
    context_bar()
    if not places.are_open():
        st.info(places.CLOSED, icon=":material/lock:")
        return
    folder = run_table.choose_folder()
    with st.container(key="runs"):
        left, right = st.columns([7, 4], gap="large")
    with left:
        run_table.run_table(folder)
        job_list.job_list()
    with right:
        start_job.forms(folder)


runs()
