"""The marks in the header of every page: which run is open, and where its data come from."""

from __future__ import annotations

import streamlit as st

from app.messages import plain
from fmri2ges.motion.amount import T2GOrigin
from fmri2ges.views.names import run_name

# In the header's free corner: always in sight, no room taken from the page, left of Streamlit's own signs. Where the
# navigation leaves no room there, in the gap below the header; long names end in three dots.
STYLE = """<style>
div:has(> .st-key-data_mark){position:fixed;top:1rem;right:9.5rem;width:auto;z-index:1000000;
  max-width:calc(100vw - 58rem)}
@media (max-width:74rem){
  div:has(> .st-key-data_mark){position:absolute;top:3.25rem;right:5rem;max-width:calc(100vw - 10rem);z-index:1}
}
.st-key-data_mark{flex-wrap:nowrap;max-width:100%}
.st-key-data_mark > div{min-width:0}
.st-key-data_mark .stMarkdownBadge{display:block;max-width:100%;overflow:hidden;text-overflow:ellipsis;
  white-space:nowrap}
</style>"""


def data_mark(run, opened: str = "") -> None:
    """Name the run and the study; simulated data carry their own badge, and so do gestures learnt from simulated ones.

    Parameters
    ----------
    run : has `simulated` and `study`, and `manifest` where it is a trained run
    opened : the run of the request; empty on a page that shows no run
    """
    with st.container(key="data_mark", width="content", horizontal=True, gap="small"):
        st.html(STYLE)
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
