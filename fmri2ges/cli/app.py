"""`fmri2ges app`: the screens, served by Streamlit on this machine."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..documents.player import screens
from ..errors import UserError
from .main import app as commands

ROOT = "FMRI2GES_ROOT"  # environment variable that tells the app its root folder


@commands.command("app")
def start(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on; default: the first free one from 8501.")
    ] = None,
    address: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines reach the app.")
    ] = "localhost",
    root: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which runs and studies must lie. Without it, an app that other machines can reach opens "
            "no path at all."
        ),
    ] = None,
) -> None:
    """Start the app on this machine; Ctrl-C ends it."""
    if port is not None and in_use(port):
        raise UserError(f"--port: {port} is in use by another program; give another one or leave the option out")
    if root is not None and not root.is_dir():
        raise UserError(f"--root: {root} is not a folder; name the one that holds runs and studies")
    environment = os.environ | ({} if root is None else {ROOT: str(root.resolve())})
    server = subprocess.Popen(app_command(port, address), env=environment)
    try:
        code = server.wait()
    except KeyboardInterrupt:
        server.terminate()
        code = server.wait() and 0  # ended by the user's wish
    if code:
        raise UserError(f"app: Streamlit ended with code {code}; its own message stands above")


def app_command(port: int | None, address: str = "localhost") -> list[str]:
    """The command that serves the app.

    Raises
    ------
    UserError
        When Streamlit is missing or the app is not part of this installation.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise UserError("app: Streamlit is not installed; run: pip install streamlit")
    # -P: a folder named app/ where the command was typed does not hide ours.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(app_script())]
    command += ["--server.address", address]
    return command if port is None else [*command, "--server.port", str(port)]


def app_script(package: Path = Path(__file__).parents[1]) -> Path:
    """The app's main script; see `documents.player.screens`."""
    return screens(package) / "app" / "main.py"


def in_use(port: int) -> bool:
    """Whether something on this machine answers at a port."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True
