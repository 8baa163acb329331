"""Commands about this installation."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import app


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what this machine has, what is missing and how to get it."""
    import json

    from .doctor import describe, examine

    report = examine()
    print(json.dumps(report, indent=2) if as_json else describe(report))
