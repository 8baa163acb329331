"""The marks in the header of every page: which run is open, and where its data come from."""

from __future__ import annotations

import streamlit as st

from app.messages import plain
from fmri2ges.motion.amount import T2GOrigin
from fmri2ges.views.names import run_name


def data_mark(run, opened: str = "") -> None:
    """Name the run and the study; simulated data carry their own badge, and so do gestures learnt from simulated ones.

    Parameters
    ----------
    run : has `simulated` and `study`, and `manifest` where it is a trained run
    opened : the run of the request; empty on a page that shows no run
    """
    with st.container(key="data_mark", width="content", horizontal=True, gap="small"):
        if opened:
            st.badge(_label(run_name(opened)), icon=":material/model_training:", color="gray", help="The run shown")
        if run.simulated:
            st.badge(
                "Simulated data",
                icon=":material/science:",
                color="orange",
                help="Made by this program, with a known truth. It tests the software and says nothing about brains.",
            )
        else:
            st.badge(_label(run.study.name), icon=":material/person:", color="gray", help="The study shown")
            origin = T2GOrigin.of(getattr(run, "manifest", {}))
            if origin.borrowed:
                st.badge(
                    "Simulated T2G",
                    icon=":material/science:",
                    color="orange",
                    help=f"{origin.caption}. The gestures show the pipeline and say nothing about how people gesture.",
                )


def _label(name: str) -> str:
    # A badge escapes the brackets of its label itself; escaped twice they would be markup again.
    return plain(name).replace("\\[", "[").replace("\\]", "]")
