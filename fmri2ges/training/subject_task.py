"""What of a training is done subject by subject, as tasks that several processes share.

A task carries names and paths. What it makes it writes as files, which the training reads: workers on other computers
need the study and the run folder under the same paths.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from ..config import from_dict, to_dict
from ..errors import UserError
from ..provenance import digest_file, digest_json
from ..work import Work

FOLDER = "tasks"  # in the run folder while it grows


class Mapper(Protocol):
    """Calls a function for each task, wherever that is, and gives the results in order; see `compute.map_tasks`."""

    def __call__(self, function: Callable, tasks: Sequence, folder: Path, *, work: Work) -> list[dict]:
        """The results, JSON values; `folder` keeps them."""


@dataclass(frozen=True)
class SubjectTask:
    """A part of the training of one subject.

    Parameters
    ----------
    study : path of the study file
    folder : the run folder, absolute
    subject : name of the subject
    number : of the subject in the names of the files
    """

    study: str
    folder: str
    subject: str
    number: int

    @property
    def digest(self) -> str:
        """SHA-256 of all fields."""
        return digest_json({"part": type(self).__name__, **to_dict(self)})

    def to_json(self) -> str:
        """All fields as one line of JSON."""
        return json.dumps(to_dict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The task of `to_json`."""
        return from_dict(cls, json.loads(text), "task")

    def file(self, name: str) -> Path:
        """A file in the run folder."""
        return Path(self.folder) / name


def written(*files: Path) -> dict[str, str]:
    """What a task answers that has written files: their names with their digests."""
    return {file.name: digest_file(file) for file in files}


def check_written(tasks: Sequence[SubjectTask], results: Sequence[dict[str, str]]) -> None:
    """See that the files that workers wrote are here.

    Raises
    ------
    UserError
        For a file that is missing or another one.
    """
    for task, files in zip(tasks, results, strict=True):
        for name, digest in files.items():
            file = task.file(name)
            if not file.is_file() or digest_file(file) != digest:
                raise UserError(
                    f"{file}: a worker wrote it but it is not here; choose a run folder on a disk that all share"
                )
