"""Tasks one after the other, each result written when it is there, so that a study goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..data.atomic import read_json, write_json
from ..work import QUIET, Work


def compute_all(tasks: Sequence, run_task: Callable[[Any], dict], folder, work: Work = QUIET) -> list[dict]:
    """The results of tasks, in their order.

    Parameters
    ----------
    tasks : values with a `digest`
    run_task : computes one
    folder : keeps each result under the digest of its task; what is there is not computed again
    work : progress and cancel
    """
    folder = Path(folder)
    results = []
    for k, task in enumerate(tasks):
        work.report(k / max(1, len(tasks)), f"choice {k + 1} of {len(tasks)}")
        file = folder / f"{task.digest}.json"
        if not file.is_file():
            write_json(file, run_task(task))
        results.append(read_json(file))
    return results
