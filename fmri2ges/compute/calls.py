"""A task on its way to a worker: one line of JSON with the names of a function and of the task's class.

No object travels, so a worker never has to trust bytes: it imports the function by its name, and only functions
of this package are called.
"""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, TypeVar

from .. import __version__
from ..errors import Cancelled, UserError, one_line
from ..threads import one_thread

PACKAGE = "fmri2ges"


class Task(Protocol):
    """What can be handed to a worker: a frozen dataclass whose fields alone decide about the result.

    What the result depends on belongs into the fields: settings, seeds, paths, and the digest of what lies at a
    path that can be written anew, such as a trained run.
    """

    def to_json(self) -> str:
        """All fields as one line of JSON; the class has a method `from_json` that reads it."""

    @property
    def digest(self) -> str:
        """SHA-256 of all fields, 64 hexadecimal digits."""


T = TypeVar("T", bound=Task)


def name_of(thing: Callable | type) -> str:
    """Module and name of a function or class at the top level of one of the package's modules.

    Raises
    ------
    UserError
        For anything else: a worker could not import it, or is not allowed to call it.
    """
    name = f"{thing.__module__}:{thing.__qualname__}"
    _imported(name)
    return name


def call_of(function: Callable[[T], dict], task: T) -> str:
    """The call ``function(task)`` as one line of JSON."""
    values = {
        "function": name_of(function),
        "kind": name_of(type(task)),
        "task": json.loads(task.to_json()),
        "version": __version__,
    }
    return json.dumps(values, ensure_ascii=False)


@dataclass(frozen=True)
class Answer:
    """What a worker answers to a call.

    Parameters
    ----------
    host : name of the computer that it ran on
    result : what the function returned; None where it failed
    problem : one line that the user can act on; empty where there was none
    trace : the traceback of an error that is ours; empty where there was none
    """

    host: str
    result: Any = None
    problem: str = ""
    trace: str = ""

    def to_json(self) -> str:
        """The answer as one line of JSON; what JSON cannot hold is an error of the function."""
        return json.dumps(vars(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """The answer of `to_json`."""
        return cls(**json.loads(text))


def answer(call: str) -> str:
    """Run a call in this process, on one thread; returns an `Answer` as JSON.

    One thread, because the last digits of a sum depend on how many threads share it: the same task gives the same
    bytes wherever it runs.
    """
    host = socket.gethostname()
    try:
        values = json.loads(call)
        if values["version"] != __version__:
            raise UserError(
                f"fmri2ges here is {__version__}, that of the client is {values['version']}; install the same on both"
            )
        function, kind = _imported(values["function"]), _imported(values["kind"])
        with one_thread():
            result = function(kind.from_json(json.dumps(values["task"])))
        return Answer(host, result).to_json()
    except (Cancelled, KeyboardInterrupt):
        raise
    except UserError as error:
        return Answer(host, problem="; ".join(str(error).splitlines())).to_json()
    except OSError as error:
        if error.filename is None:
            return Answer(host, trace=traceback.format_exc()).to_json()
        return Answer(host, problem=f"{error.filename}: {error.strerror or one_line(error)}").to_json()
    except Exception:  # whatever failed here, the client must hear of it: an answer that never comes looks like work
        return Answer(host, trace=traceback.format_exc()).to_json()


def _imported(name: str) -> Any:
    """A function or class of this package by its name."""
    module, _, attribute = name.partition(":")
    if module.split(".")[0] != PACKAGE or not attribute.isidentifier():
        raise UserError(f"{name}: only functions and classes at the top level of {PACKAGE}'s modules can be tasks")
    try:
        found = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        raise UserError(
            f"{name}: there is no module {error.name}; install the same fmri2ges as the client's"
        ) from error
    if not callable(found) or getattr(found, "__module__", None) != module:
        raise UserError(f"{name}: there is no such function or class")
    return found
