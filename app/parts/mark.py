"""The mark that says where the data come from, in the header of every page."""

from __future__ import annotations

import streamlit as st

from fmri2ges.motion.amount import T2GOrigin

# In the header's free corner: always in sight, no room taken from the page, left of Streamlit's own signs.
STYLE = "<style>div:has(> .st-key-data_mark){position:fixed;top:1rem;right:9.5rem;width:auto;z-index:1000000}</style>"


def plain(text: str) -> str:
    """A name of the user's for a place where Streamlit reads markdown: nothing of it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|~$:&" else c for c in text)


def data_mark(run) -> None:
    """Name the study; simulated data carry their own badge, and so do gestures learnt from simulated ones.

    Parameters
    ----------
    run : has `simulated` and `study`, and `manifest` where it is a trained run
    """
    with st.container(key="data_mark", width="content"):
        st.html(STYLE)
        if run.simulated:
            st.badge(
                "Simulated data",
                icon=":material/science:",
                color="orange",
                help="Made by this program, with a known truth. It tests the software and says nothing about brains.",
            )
        else:
            # A badge escapes the brackets of its label itself; escaped twice they would be markup again.
            name = plain(run.study.name).replace("\\[", "[").replace("\\]", "]")
            st.badge(name, icon=":material/person:", color="gray", help="The study shown")
            origin = T2GOrigin.of(getattr(run, "manifest", {}))
            if origin.borrowed:
                st.badge(
                    "Simulated T2G",
                    icon=":material/science:",
                    color="orange",
                    help=f"{origin.caption}. The gestures show the pipeline and say nothing about how people gesture.",
                )
