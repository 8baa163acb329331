"""`streamlit run` as a user starts it, for the browser tests and benchmarks/app_clicks.py."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--no-first-run",
]


def no_browser(reason: str) -> None:
    """Skip a browser test; where CI is set it fails, so that no run there is green without a browser."""
    message = f"no Chromium for the browser tests: {reason}"
    if os.environ.get("CI"):
        pytest.fail(f"{message}; install chromium", pytrace=False)
    pytest.skip(message)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def run_server(script: Path, cache: Path, *options: str):
    """Run `streamlit run script` on a free port until the block ends; yields its address.

    It runs in the folder above the script's, so that another checkout imports its own modules.
    """
    port = free_port()
    env = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(cache)}
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        str(port),
        "--server.address",
        "localhost",
        "--server.headless",
        "true",
        "--server.fileWatcherType",
        "none",
        *options,
    ]
    with open(cache / "server.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=script.resolve().parents[1], env=env, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=10).close()
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the server did not start:\n{(cache / 'server.log').read_text(encoding='utf-8')}")
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
