"""Run one command of `fmri2ges`.

Exit codes: 0 done, 1 a bug of ours (traceback), 2 the input is wrong (one line per problem),
130 cancelled.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from ..errors import Cancelled, UserError
from . import decoding, output, roi_study, studies, tools  # noqa: F401  they register their commands
from .ending import ended_by_signals, line_of
from .root import app


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    usage_error: Any = typer.BadParameter.__mro__[2]  # of every complaint about the command line
    try:
        with ended_by_signals():
            code = app(args=arguments, standalone_mode=False, prog_name="fmri2ges")
        if code == 130:  # typer turns Ctrl-C into this code
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except UserError as error:
        return _fail(*str(error).splitlines())
    except usage_error as error:
        return _fail(error.format_message())
    except (KeyboardInterrupt, Cancelled, typer.Abort) as error:
        print(str(error) or "cancelled; nothing was written", file=sys.stderr)
        return 130
    except OSError as error:
        line = line_of(error)
        if line is None:
            raise
        return _fail(line)


def _fail(*lines: str) -> int:
    for line in lines:
        print(f"error: {line}", file=sys.stderr)
    return 2
