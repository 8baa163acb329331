"""How much faster tasks are with two workers than with one, for processes of this computer and for Dask.

    python benchmarks/executors.py            three minutes on an idle machine with two cores or more

The tasks are real ones: decodings of null BOLD of the demo, as `evaluate --null-decodings` makes them. Each worker
opens the run itself, which is part of the time: some 4 s, so the claim is of work that takes most of a minute or more
(with 150 tasks, 13 s of work, two workers were 1.5 and 1.4 times as fast as one). Other programs take cores away, so
the load of the machine before the first measurement stands in the JSON.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from common import arguments, at_least, at_most, finish

from fmri2ges.compute import run_tasks
from fmri2ges.decoding.null_task import NullTask, decode_null, null_tasks
from fmri2ges.decoding.run import open_run
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.request import DecodeRequest


def tasks_of(n: int) -> list[NullTask]:
    run = open_run("demo", device="cpu")
    decoded = run.decode(DecodeRequest(branch="text", samples=1))  # also makes the demo's stories, once for all workers
    rng = np.random.default_rng(0)
    return null_tasks(run, decoded, NullKind.SHIFTED_BOLD, n, rng)


def measure(tasks: list[NullTask], executor: str) -> tuple[float, dict[str, bytes]]:
    """Seconds from the call to the last result, and the files of the results."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        run_tasks(decode_null, tasks, folder, executor)
        seconds = time.perf_counter() - begun
        return seconds, {file.name: file.read_bytes() for file in Path(folder).rglob("*.json")}


def main() -> None:
    parser = arguments(__doc__, "executors")
    parser.add_argument("--tasks", type=int, default=700, help="tasks of each measurement")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    tasks = tasks_of(args.tasks)
    seconds, results = {}, {}
    for executor in ("local:1", "local:2", "dask:1", "dask:2"):
        seconds[executor], results[executor] = measure(tasks, executor)
        print(f"{executor:8} {seconds[executor]:7.1f} s", flush=True)
    other = sum(files != results["local:1"] for files in results.values())
    claims = [
        at_least(f"{name}: seconds with one worker to those with two", seconds[f"{name}:1"] / seconds[f"{name}:2"], 1.7)
        for name in ("local", "dask")
    ]
    claims.append(at_most("executors whose results are not those of one process, byte by byte", other, 0))
    finish(args.out, {"tasks": args.tasks, "seconds": seconds, "load_before": load}, claims)


if __name__ == "__main__":
    main()
