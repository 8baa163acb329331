"""The command itself, and the options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import __version__

DEVICES = ("auto", "cpu", "cuda", "mps")

app = typer.Typer(
    name="fmri2ges",
    help="Co-speech gestures decoded from fMRI by a text branch and a direct branch.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study file.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the random generators.")]
Device = Annotated[str, typer.Option(help=f"One of: {', '.join(DEVICES)}.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a finished run of this name.")]
DecodedFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A decoded folder.")]
Where = Annotated[
    str,
    typer.Option(
        "--executor", metavar="WHERE", help="Where tasks run: serial, local (processes), dask, or dask://HOST:PORT."
    ),
]
Start = Annotated[float | None, typer.Option(help="First second of the story.")]
Stop = Annotated[float | None, typer.Option(help="Last second of the story.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())
