"""`fmri2ges app`: where the screens are found, and what is said when they cannot be served."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app import places
from fmri2ges.cli import app as app_module
from fmri2ges.cli import main
from fmri2ges.cli.app import app_command, app_script
from fmri2ges.errors import UserError

ROOT = Path(__file__).resolve().parents[3]


def screens(root: Path) -> Path:
    """Make a folder look like one that holds the screens; returns the main script."""
    (root / "app").mkdir(parents=True)
    (root / "pages").mkdir()
    script = root / "app" / "main.py"
    script.write_text("")
    return script


def test_a_checkout_serves_its_own_screens():
    assert app_script() == ROOT / "app" / "main.py"


def test_an_installed_package_serves_the_screens_that_it_carries(tmp_path):
    package = tmp_path / "site-packages" / "fmri2ges"
    screens(package.parent)  # of some other program that calls its package "app"
    carried = screens(package / "_screen")
    assert app_script(package) == carried


def test_a_package_without_screens_says_so(tmp_path):
    with pytest.raises(UserError, match="without its screens"):
        app_script(tmp_path / "fmri2ges")


def test_streamlit_chooses_the_port_unless_one_is_given():
    start = ["run", str(ROOT / "app" / "main.py"), "--server.address", "localhost"]
    assert app_command(None)[-4:] == start
    assert app_command(9000)[-6:] == [*start, "--server.port", "9000"]


def test_the_address_is_this_machine_unless_another_is_given():
    assert app_command(None, "0.0.0.0")[-2:] == ["--server.address", "0.0.0.0"]


def test_the_root_folder_reaches_the_app(tmp_path, monkeypatch):
    started = {}

    class Server:
        def __init__(self, command, env):
            started.update(env)

        def wait(self):
            return 0

    monkeypatch.setattr(subprocess, "Popen", Server)
    assert main(["app", "--root", str(tmp_path)]) == 0
    monkeypatch.setattr(os, "environ", started)
    assert places.root() == tmp_path.resolve()


def test_a_root_that_is_no_folder_is_one_line(tmp_path, capsys):
    assert main(["app", "--root", str(tmp_path / "none")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_missing_streamlit_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["app"]) == 2
    assert "pip install streamlit" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_line(capsys):
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port)]) == 2
    assert f"--port: {port} is in use" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_cannot_be_is_refused(port, capsys):
    assert main(["app", "--port", port]) == 2
    assert "--port" in capsys.readouterr().err


def serve_instead(monkeypatch, code: str) -> list:
    """Let the command start a short script in place of Streamlit; returns the list of what was started."""
    started = []

    class Server(subprocess.Popen):
        def __init__(self, command, env):
            super().__init__([sys.executable, "-c", code])
            started.append(self)

    monkeypatch.setattr(app_module.subprocess, "Popen", Server)
    return started


def test_a_server_that_fails_is_a_wrong_input(monkeypatch, capsys):
    serve_instead(monkeypatch, "raise SystemExit(3)")
    assert main(["app"]) == 2
    assert "ended with code 3" in capsys.readouterr().err


def test_ctrl_c_ends_the_server_too(monkeypatch):
    started = serve_instead(monkeypatch, "import time; time.sleep(600)")
    wait = subprocess.Popen.wait
    answers = [KeyboardInterrupt]  # the first wait is interrupted, the next one is real

    def interrupted_once(process, *args, **kwargs):
        if answers:
            raise answers.pop()
        return wait(process, *args, **kwargs)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted_once)
    assert main(["app"]) == 0
    assert started[0].returncode is not None
