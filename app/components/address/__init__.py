"""The address in the browser, changed without a step in its history."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st


@lru_cache(maxsize=1)
def _component():
    script = Path(__file__).with_name("address.js").read_text(encoding="utf-8")
    return st.components.v2.component("fmri2ges_address", js=script)


def replace_query(query: dict[str, str]) -> None:
    """Put a query behind the path of the page that is open; Back then leaves the page with one press.

    `st.query_params` would be a second step after that to the page itself.
    """
    with st.container(key="address"):
        _component()(key="address_query", data={"query": urlencode(query), "asked": time.time()})
