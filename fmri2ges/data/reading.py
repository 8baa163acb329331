"""Errors of format libraries as one line."""

from __future__ import annotations

from contextlib import contextmanager

from ..errors import UserError, one_line


@contextmanager
def reading(path, what: str):
    """Turn whatever a format library raises for a damaged file into one line.

    The libraries and their parsers raise many kinds of error, so all are caught: keep the block
    down to their calls.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = one_line(error) or type(error).__name__
        raise UserError(
            f"{path}: cannot be read as {what} ({reason}); it may be damaged or cut off: copy it again"
        ) from error
