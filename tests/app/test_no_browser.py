"""What the browser tests do where there is no Chromium."""

import pytest
from app_server import no_browser


def test_in_ci_they_fail(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Chromium for the browser tests: not found"):
        no_browser("not found")


def test_elsewhere_they_skip_and_say_why(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium for the browser tests: not found"):
        no_browser("not found")
