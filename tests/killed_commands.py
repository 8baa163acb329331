"""Commands that are killed (SIGKILL) at random instants: `python -m tests.killed_commands --kills N [--only NAME,...]`.

Each command is the real one, on a small study, with and without a finished result that is replaced. A child counts its
file operations and kills itself at one of them. After each kill the result under the name is the old or the new one,
whole; after the next start nothing is left beside it, and no process of the killed one lives on. Trainings have a trial
of their own (`tests.killed_training`), because they are gone on with.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.killed_training import BRIEF, OPERATIONS, write_study

MARK = "FMRI2GES_KILLED_COMMAND"  # in the environment of a command and of all its processes
VOLATILE = ("created", "seconds", "commit", "run_created")  # these differ from one making to the next
OWN = ("status.json", "log.txt")
PRELOADED = ["fmri2ges.cli.main", "fmri2ges.training.train", "fmri2ges.decoding.run", "matplotlib.figure", "joblib"]
SECONDS = 30.0  # that the processes of a killed command have to end


@dataclass(frozen=True)
class Sources:
    """What the commands work on, below one folder."""

    folder: Path

    @property
    def run(self) -> Path:
        """A trained run."""
        return self.folder / "run"

    @property
    def decoded(self) -> Path:
        """A result of it."""
        return self.folder / "decoded"

    def make(self) -> None:
        """Make them."""
        from fmri2ges.cli.main import main
        from fmri2ges.figures.composed import ComposedFigure, Panel, pinned
        from fmri2ges.figures.composed import Sources as Figures
        from fmri2ges.training.train import train_study

        train_study(write_study(self.folder / "study", seconds=10), self.run, BRIEF, "cpu")
        assert main(["export", str(self.run), "--format", "zip", "--out", str(self.folder / "run.zip")]) == 0
        assert main(decode(self, self.decoded, 1)) == 0
        ComposedFigure((pinned(Panel("roi-bars", folder="demo"), Figures()),)).save(self.folder / "figure.json")


def decode(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `decode`."""
    asked = ["--subject", "s1", "--story", "c", "--samples", "1", "--stop", "10", "--seed", str(version)]
    return ["decode", str(s.run), *asked, "--out", str(target)]


def roi_study(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `roi-study`, in two processes."""
    asked = ["--branch", "text", "--nulls", "0", "--executor", "local:2", "--seed", str(version)]
    return ["roi-study", str(s.run), *asked, "--out", str(target)]


def simulate(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `simulate`."""
    return ["simulate", str(target), "--family", "varied", "--world", str(version), "--stories", "4", "--minutes", "1"]


def import_(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `import`."""
    study = s.folder / "study" / "study.toml"
    return ["import", str(s.folder / "run.zip"), "--study", str(study), "--out", str(target)]


def export(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `export`."""
    return ["export", str(s.decoded), "--format", "bvh", "--out", str(target)]


def report(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `report`."""
    return ["report", str(s.decoded), "--out", str(target), "--stop", str(5 + version)]


def figure(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `figure`."""
    return ["figure", str(s.folder / "figure.json"), "--out", str(target), "--dpi", str(70 + version)]


COMMANDS: dict[str, tuple[Callable[[Sources, Path, int], list[str]], str]] = {
    "decode": (decode, ""),
    "import": (import_, ""),
    "simulate": (simulate, ""),
    "roi-study": (roi_study, ""),
    "export": (export, ".bvh"),
    "report": (report, ".html"),
    "figure": (figure, ".svg"),
}  # name -> arguments, ending of the file; a folder has none


def content(target: Path) -> dict[str, str]:
    """Everything under a name that is the same in two makings, by relative path; empty when nothing is there."""
    if target.is_file():
        return {"": _same(target)}
    files = sorted(p for p in target.rglob("*") if p.is_file() and p.name not in OWN)
    return {p.relative_to(target).as_posix(): _same(p) for p in files}


def _same(file: Path) -> str:
    if file.suffix == ".json":
        return json.dumps(_without(json.loads(file.read_text())))
    if file.suffix in (".html", ".svg"):  # they name the day and the second of their making
        text = file.read_text()
        assert text.rstrip().endswith((f"</{file.suffix[1:]}>",)), f"{file} was cut"
        return f"{len(text) // 1000} kB"
    return file.read_bytes().hex()


def _without(value):
    if isinstance(value, dict):
        return {name: _without(v) for name, v in value.items() if name not in VOLATILE}
    return [_without(v) for v in value] if isinstance(value, list) else value


def _work(arguments: list[str], kill_at: int | None, count, mark: str) -> None:
    """Run a command in this process; `count` gets the number of instants that it came to."""
    import torch

    from fmri2ges.cli.main import main

    torch.set_num_threads(1)
    os.environ[MARK] = mark

    def watch(event: str, _) -> None:
        if event in OPERATIONS:
            count.value += 1
            if count.value == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    with open(os.devnull, "w") as nothing, redirect_stdout(nothing):
        sys.stderr = nothing
        sys.addaudithook(watch)
        code = main(arguments)
    os._exit(code)


class Trial:
    """One command, killed again and again."""

    def __init__(self, name: str, force: bool, sources: Sources, folder: Path):
        self.arguments, ending = COMMANDS[name]
        self.folder, self.sources, self.force = folder, sources, force
        self.target, self.kept = folder / f"result{ending}", folder.with_name(f"{folder.name}-old")
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*PRELOADED, __name__])
        self.old: dict[str, str] = {}
        folder.mkdir()
        self.count = self.start(2)
        self.new = content(self.target)
        assert self.new
        if force:
            self._clear()
            self.start(1)
            self.old = content(self.target)
            os.rename(self.target, self.kept)
        self._clear()
        shutil.rmtree(folder)

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def start(self, version: int, force: bool = False, kill_at: int | None = None) -> int:
        """Run the command, or have it killed; the number of instants."""
        count, mark = self._context.Value("q", 0), f"{os.getpid()}-{time.monotonic()}"
        arguments = self.arguments(self.sources, self.target, version)
        forces = force and not self.target.suffix  # a file is always replaced
        arguments = [*arguments, "--force"] if forces else arguments
        process = self._context.Process(target=_work, args=(arguments, kill_at, count, mark))
        process.start()
        process.join()
        killed = process.exitcode == -signal.SIGKILL
        assert killed or process.exitcode == 0, f"{arguments}: ended with {process.exitcode}"
        if kill_at is not None:
            wait_for_end(mark)
        return count.value

    def kill(self, at: int) -> str:
        """Kill the command at an instant, look at what is left, and start it again; what was found, in words."""
        self.folder.mkdir()
        if self.force:
            (shutil.copytree if self.kept.is_dir() else shutil.copyfile)(self.kept, self.target)
        self.start(2, self.force, at)
        found = content(self.target)
        assert found in (self.old, self.new), "the result is the old or the new one, whole"
        self.start(2, force=True)
        again = content(self.target)
        assert again == self.new, f"another result: {[n for n in again if again[n] != self.new.get(n)]}"
        left = sorted(name for name in os.listdir(self.folder) if name != self.target.name)
        assert not left, f"orphans beside the result: {left}"
        shutil.rmtree(self.folder)
        return "new" if found == self.new else "old" if found else "nothing yet"


def wait_for_end(mark: str) -> None:
    """See that every process that a killed command began ends by itself."""
    until = time.monotonic() + SECONDS
    while alive := [p for p in psutil.process_iter() if _environment(p).get(MARK) == mark]:
        assert time.monotonic() < until, f"processes live on: {[p.cmdline() for p in alive]}"
        time.sleep(0.1)


def _environment(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.Error):
        return process.environ()
    return {}


def main() -> None:
    """Kill each command as often as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="of each command, half of them with --force")
    parser.add_argument("--only", default=",".join(COMMANDS), help="names of commands with commas between")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        sources = Sources(Path(temp))
        sources.make()
        for name in options.only.split(","):
            for force in (False, True):
                trial = Trial(name, force, sources, Path(temp) / f"{name}-{force}")
                instants = np.random.default_rng([options.seed, force]).integers(1, trial.count + 1, options.kills // 2)
                found = [trial.kill(int(k)) for k in instants]
                told = ", ".join(f"{found.count(what)} {what}" for what in sorted(set(found)))
                print(f"{name}{' --force' * force}: {len(found)} of {trial.count} instants: {told}", flush=True)


if __name__ == "__main__":
    main()
