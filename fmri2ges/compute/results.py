"""Results of tasks on the disk: one file a task, named by its digest, so that finished work is found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import __version__
from ..data.atomic import read_json, write_json
from ..errors import UserError
from .calls import Task

FORMAT = 1  # of the files
MATCHED = ("format", "version", "function", "digest")  # the task itself stands in the file for its reader


class Results:
    """The results of one function in a folder.

    Parameters
    ----------
    folder : where the files are, ``DIGEST.json``
    function : name of the function, as `calls.name_of` gives it
    """

    def __init__(self, folder: Path, function: str):
        self.folder, self.function = folder, function

    def find(self, task: Task) -> dict | None:
        """The result of a task; None where there is none, or where its file is damaged or of another version."""
        file = self._file(task)
        if not file.is_file():
            return None
        try:
            values = read_json(file)
        except UserError:
            return None
        if not isinstance(values, dict) or not isinstance(values.get("result"), dict):
            return None
        head = self._head(task)
        return values["result"] if all(values.get(name) == head[name] for name in MATCHED) else None

    def keep(self, task: Task, result: dict) -> None:
        """Write a result, whole or not at all; the same result gives the same bytes."""
        write_json(self._file(task), self._head(task) | {"result": result})

    def _file(self, task: Task) -> Path:
        return self.folder / f"{task.digest}.json"

    def _head(self, task: Task) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": __version__,
            "function": self.function,
            "digest": task.digest,
            "task": json.loads(task.to_json()),
        }
