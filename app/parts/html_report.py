"""The button that saves a report as one HTML file; nothing is made before it is pressed."""

from __future__ import annotations

from functools import partial

import streamlit as st

LABEL = "Report, HTML"
HELP = "One file to send: it opens without this app, a server or a network"


def html_button(source, file_name: str) -> None:
    """A button for the report of an ROI study or of a run that was evaluated.

    Parameters
    ----------
    source : what `fmri2ges.report` takes
    file_name : what the browser calls the file
    """
    st.download_button(
        LABEL,
        partial(_made, source),
        file_name,
        mime="text/html",
        icon=":material/article:",
        help=HELP,
        on_click="ignore",
    )


def _made(source) -> bytes:
    from fmri2ges.documents import report_html

    return report_html(source).encode("utf-8")
