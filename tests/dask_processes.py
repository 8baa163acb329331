"""A Dask scheduler and workers as processes of their own, as on a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path


class DaskProcesses:
    """A scheduler and workers, started as users start them; all end with the block.

    Parameters
    ----------
    folder : for their files
    n_workers : one thread each
    """

    def __init__(self, folder: Path, n_workers: int):
        self.folder, self.n_workers = folder, n_workers
        self.folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> DaskProcesses:
        file = self.folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file)
        while not (file.is_file() and file.read_text().endswith("}")):
            assert self.scheduler.poll() is None, (self.folder / "dask_scheduler.log").read_text()
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        self.address = address.replace("tcp://", "dask://")
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", self.folder)
        self.workers = [self._start("dask_worker", address, *options) for _ in range(self.n_workers)]
        return self

    def __exit__(self, *_) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, what: str, *options) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{what}", "--no-dashboard", *map(str, options)]
        with open(self.folder / f"{what}.log", "a") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)
