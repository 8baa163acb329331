"""What the page tells the user: names and files of theirs are shown as they are, and nothing of them is markup."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st

from fmri2ges.errors import StudyError, UserError

from .places import without_paths


def plain(text: str) -> str:
    """A text of the user's for a place where Streamlit reads markdown: nothing of it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|~$:&" else c for c in text)


def show_error(error: UserError) -> None:
    """One clear line; a study with several problems shows them as a list."""
    problems = error.problems if isinstance(error, StudyError) else (str(error),)
    lines = [plain(" ".join(without_paths(p).split())) for p in problems]
    st.error("\n".join(f"- {line}" for line in lines) if len(lines) > 1 else lines[0], icon=":material/error:")


def guarded(show: Callable[..., Any]) -> Callable[..., Any]:
    """A piece of a page that shows an error of the user's as one line, also when it runs as a fragment."""

    @wraps(show)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return show(*args, **options)
        except UserError as error:
            show_error(error)

    return run
