"""Runs: what has been trained, with settings and scores; start training, decoding and evaluation, and follow them."""

import streamlit as st

from app.parts import job_list, run_table, start_job

folder = run_table.choose_folder()
if folder is not None:
    left, right = st.columns([7, 4], gap="large")
    with left:
        run_table.run_table(folder)
        job_list.job_list()
    with right:
        start_job.forms(folder)
