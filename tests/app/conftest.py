"""A real Streamlit server and a real browser for the tests of the app.

`server` is the address of `streamlit run app/main.py` started from the repository root, as a user
starts it; `page` is a fresh Chromium page that remembers what the browser's console complained about.
"""

from __future__ import annotations

import shutil

import pytest
from app_server import CHROMIUM_FLAGS, ROOT, no_browser, run_server
from playwright import sync_api
from streamlit import config


@pytest.fixture(scope="session", autouse=True)
def local():
    """Tests without a server run the app as one that only this machine reaches, as app/.streamlit/config.toml says."""
    before = config.get_option("server.address")
    config.set_option("server.address", "localhost")
    yield
    config.set_option("server.address", before)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Address of the app, started once for all tests with an empty cache (a fresh clone)."""
    with run_server(ROOT / "app" / "main.py", tmp_path_factory.mktemp("cache")) as url:
        yield url


@pytest.fixture
def serve(tmp_path):
    """Serve another script: `with serve(path) as url`."""
    return lambda script: run_server(script, tmp_path)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium with software WebGL; without Chromium the tests skip, in CI they fail."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_api.sync_playwright() as p:
        try:
            chromium = p.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        except sync_api.Error as error:
            no_browser(str(error).splitlines()[0])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context(browser):
    """One browser profile for all tests: Streamlit's own scripts are loaded from its cache."""
    profile = browser.new_context(viewport={"width": 1440, "height": 900})
    yield profile
    profile.close()


@pytest.fixture
def page(context):
    """A page of 1440 x 900 pixels; `page.problems` lists console errors and uncaught exceptions."""
    tab = context.new_page()
    tab.problems = []
    tab.on("pageerror", lambda e: tab.problems.append(str(e)))
    tab.on("console", lambda m: tab.problems.append(m.text) if m.type == "error" else None)
    tab.set_default_timeout(120_000)  # of a busy machine
    yield tab
    tab.close()
