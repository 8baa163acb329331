"""Entry point of the app: `streamlit run app/main.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    # Streamlit puts only app/ on the path.
    sys.path.insert(0, str(ROOT))

import streamlit as st

from app import state
from app.components.cortex_picker import mount_store
from app.components.keyboard import page_keys
from app.page_runs import page_runs
from app.theme import logo_for

PAGES = [
    ("explore.py", "Explore", ":material/neurology:"),
    ("compare.py", "Compare", ":material/compare:"),
    ("roi_study.py", "ROI study", ":material/bar_chart:"),
    ("scores.py", "Statistics", ":material/analytics:"),
    ("figures.py", "Figures", ":material/dashboard:"),
    ("runs.py", "Runs", ":material/table_rows:"),
    ("data.py", "Data", ":material/folder_open:"),
    ("about.py", "About", ":material/info:"),
]

LOGO = ROOT / "assets" / "logo.svg"


@page_runs().one()
def show() -> None:
    """What is on every page, and the page that is open."""
    st.set_page_config(page_title="fMRI2GES", page_icon=str(LOGO), layout="wide")
    st.logo(logo_for(st.context.theme.type, LOGO), size="medium")

    pages = [
        st.Page(ROOT / "pages" / name, title=title, icon=icon, default=name == "explore.py")
        for name, title, icon in PAGES
        if (ROOT / "pages" / name).exists()
    ]
    st.html(ROOT / "app" / "style.css")
    page = st.navigation(pages, position="top")
    state.remember_pages(pages)
    state.follow_url(page.url_path)
    mount_store()
    asked = page_keys(
        [p.title for p in pages], page.title == "Compare" and state.request().samples > 1, state.step_sample
    )
    if asked is not None and asked != page.title:
        st.switch_page(state.page_of(asked.lower()))
    page.run()
    state.write_url()


show()
