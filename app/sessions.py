"""The sessions of the server: which one this is, whether one is still there, whether its user has gone on."""

from __future__ import annotations

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType


def own() -> str:
    """The session that this script runs for; empty outside a server."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def is_there(session: str) -> bool:
    """Whether a session is still there."""
    return not runtime.exists() or runtime.get_instance().is_active_session(session)


def user_went_on() -> bool:
    """Whether the user has done something that waits for the end of this script.

    What asks by itself, at intervals, does not count.
    """
    context = get_script_run_ctx()
    requests = context.script_requests if context else None
    if requests is None or requests._state is ScriptRequestType.CONTINUE:
        return False
    return requests._state is ScriptRequestType.STOP or not requests._rerun_data.is_auto_rerun
