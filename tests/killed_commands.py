"""Commands that are killed (SIGKILL) at random instants: `python -m tests.killed_commands --kills N [--only NAME,...]`.

Each command is the real one, on a small study, with and without a finished result that is replaced. Its instants are
its file operations (`tests.forks`). After each kill the result under the name is the old or the new one, whole; after
the next start nothing is left beside it or among the temporary files, and no process of the killed one
lives on. Trainings have a trial of their own (`tests.killed_training`), because they are gone on with.

With `--record FILE` every kill is a line of that file, and the same call goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests import killed_training
from tests.forks import Forks, Instant
from tests.killed_training import BRIEF, Lost, Orphan, write_study

MARK = "FMRI2GES_KILLED_COMMAND"  # in the environment of a command and of all its processes
VOLATILE = ("created", "seconds", "commit", "run_created")  # these differ from one making to the next
OWN = ("status.json", "log.txt")
TRAIN = "train"
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

    @property
    def study(self) -> Path:
        """The study that the run was trained on."""
        return self.folder / "study" / "study.toml"

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
    return ["import", str(s.folder / "run.zip"), "--study", str(s.study), "--out", str(target)]


def export(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `export`."""
    return ["export", str(s.decoded), "--format", "bvh", "--out", str(target)]


def report(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `report`."""
    return ["report", str(s.decoded), "--out", str(target), "--stop", str(5 + version)]


def rendered(s: Sources, target: Path, version: int) -> list[str]:
    """Arguments of `figure --rendered`, which draws in a second process."""
    asked = ["--kind", "strip", "--width-mm", "60", "--rendered", "--dpi", str(70 + version)]
    return ["figure", str(s.decoded), *asked, "--out", str(target)]


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
    "figure --rendered": (rendered, ".svg"),
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
        if not text.rstrip().endswith(f"</{file.suffix[1:]}>"):
            raise Lost(f"{file} was cut")
        return f"{len(text) // 1000} kB"
    return file.read_bytes().hex()


def _without(value):
    if isinstance(value, dict):
        return {name: _without(v) for name, v in value.items() if name not in VOLATILE}
    return [_without(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Start:
    """One start of a command.

    Parameters
    ----------
    arguments : of the command line
    temp : where its temporary files go
    mark : in the environment of all its processes
    """

    arguments: list[str]
    temp: Path
    mark: str


def command(start: Start, _: Instant) -> int:
    """Run a command in this process; its exit code."""
    from fmri2ges.cli.main import main

    os.environ[MARK] = start.mark
    os.environ["TMPDIR"] = tempfile.tempdir = str(start.temp)
    with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        return main(start.arguments)


class Trial:
    """One command, killed again and again."""

    def __init__(self, name: str, force: bool, sources: Sources, folder: Path):
        self.arguments, ending = COMMANDS[name]
        self.folder, self.sources, self.force = folder, sources, force
        self.target, self.kept = folder / f"result{ending}", folder.with_name(f"{folder.name}-old")
        self.temp = folder.with_name(f"{folder.name}-temp")
        self.temp.mkdir()
        warm = folder.with_name(f"{folder.name}-warm")
        warm.mkdir()
        self._forks = Forks(command, [Start(self.arguments(sources, warm / f"result{ending}", 1), self.temp, "")])
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

    def _clear(self) -> None:
        for folder in (self.folder, self.temp):
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def start(self, version: int, force: bool = False, kill_at: int | None = None) -> int:
        """Run the command, or have it killed; the number of instants."""
        mark = f"{os.getpid()}-{time.monotonic()}"
        arguments = self.arguments(self.sources, self.target, version)
        forces = force and not self.target.suffix  # a file is always replaced
        arguments = [*arguments, "--force"] if forces else arguments
        ended = self._forks.run(Start(arguments, self.temp, mark), kill_at)
        if not ended.killed and ended.code != 0:
            raise Lost(f"{arguments}: ended with {ended.code}")
        if kill_at is not None:
            wait_for_end(mark)
        return ended.count

    def close(self) -> None:
        """End the process that is forked."""
        self._forks.close()

    def kill(self, at: int) -> str:
        """Kill the command at an instant, look at what is left, and start it again; what was found, in words."""
        self._clear()
        if self.force:
            (shutil.copytree if self.kept.is_dir() else shutil.copyfile)(self.kept, self.target)
        self.start(2, self.force, at)
        found = content(self.target)
        if found not in (self.old, self.new):
            raise Lost("the result is neither the old nor the new one")
        self.start(2, force=True)
        again = content(self.target)
        if again != self.new:
            raise Lost(f"the next start made another: {[n for n in again if again[n] != self.new.get(n)]}")
        left = sorted(name for name in os.listdir(self.folder) if name != self.target.name)
        if left or os.listdir(self.temp):
            raise Orphan(f"beside the result {left}, temporary files {os.listdir(self.temp)}")
        return "new" if found == self.new else "old" if found else "nothing yet"


def wait_for_end(mark: str) -> None:
    """See that every process that a killed command began ends by itself."""
    until = time.monotonic() + SECONDS
    while alive := [p for p in psutil.process_iter() if _environment(p).get(MARK) == mark]:
        if time.monotonic() > until:
            raise Orphan(f"processes live on: {[p.cmdline() for p in alive]}")
        time.sleep(0.1)


def _environment(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.Error):
        return process.environ()
    return {}


@dataclass(frozen=True)
class Kill:
    """One kill, a line of the record.

    Parameters
    ----------
    command : name
    force : over a finished result
    at, of : the instant, and how many the command comes to
    outcome : 'lost', 'orphan' or 'fine'
    found : what stood under the name, or what is wrong
    """

    command: str
    force: bool
    at: int
    of: int
    outcome: str
    found: str


class Record:
    """The kills that were done, kept in a file.

    Parameters
    ----------
    file : JSON, a line for each kill; None keeps them for the call only
    """

    def __init__(self, file: Path | None):
        self.file = file
        there = file.read_text().splitlines() if file is not None and file.is_file() else []
        self.kills = [Kill(**json.loads(line)) for line in there]

    def add(self, kill: Kill) -> None:
        """Keep a kill."""
        self.kills.append(kill)
        if self.file is not None:
            with open(self.file, "a") as file:
                file.write(json.dumps(vars(kill)) + "\n")

    def of(self, command: str, force: bool) -> list[Kill]:
        """The kills of one command."""
        return [kill for kill in self.kills if (kill.command, kill.force) == (command, force)]

    def table(self) -> str:
        """A line for each command, with and without a finished result."""
        lines = ["| command | over a finished result | kills | lost | orphans | found under the name |"]
        lines.append("|" + "---|" * 6)
        for command, force in dict.fromkeys((kill.command, kill.force) for kill in self.kills):
            kills = self.of(command, force)
            outcomes = collections.Counter(kill.outcome for kill in kills)
            found = collections.Counter(kill.found for kill in kills if kill.outcome == "fine")
            told = ", ".join(f"{n} {what}" for what, n in sorted(found.items()))
            over = "yes" if force else "no"
            counts = f"{len(kills)} | {outcomes['lost']} | {outcomes['orphan']}"
            lines.append(f"| {command} | {over} | {counts} | {told} |")
        return "\n".join(lines)


def try_kills(name: str, force: bool, n: int, sources: Sources, seed: int, record: Record) -> None:
    """Kill one command until the record has `n` of its kills."""
    done = len(record.of(name, force))
    if done >= n:
        return
    folder = sources.folder / f"{name.replace(' ', '-')}-{force}"
    trial: Trial | killed_training.Trial
    if name == TRAIN:
        trial = killed_training.Trial(sources.study, folder, force)
    else:
        trial = Trial(name, force, sources, folder)
    instants = np.random.default_rng([seed, force]).integers(1, trial.count + 1, n)[done:]
    for at in instants:
        try:
            outcome, found = "fine", trial.kill(int(at))
        except (Lost, Orphan) as fault:
            outcome, found = type(fault).__name__.lower(), str(fault)
            if isinstance(trial, killed_training.Trial):
                shutil.rmtree(trial.folder, ignore_errors=True)
        record.add(Kill(name, force, int(at), trial.count, outcome, found))
    trial.close()


def main() -> int:
    """Kill each command as often as asked for, with and without a finished result; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="of each command, and as many over a finished result")
    parser.add_argument("--only", default=",".join([*COMMANDS, TRAIN]), help="names of commands, commas between")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path, help="file of the kills that were done")
    options = parser.parse_args()
    record = Record(options.record)
    with tempfile.TemporaryDirectory() as temp:
        sources = Sources(Path(temp))
        sources.make()
        for name in options.only.split(","):
            for force in (False, True):
                begun = time.monotonic()
                try_kills(name, force, options.kills, sources, options.seed, record)
                print(f"{name}, force {force}: {time.monotonic() - begun:.0f} s", flush=True)
    print(record.table())
    return int(any(kill.outcome != "fine" for kill in record.kills))


if __name__ == "__main__":
    sys.exit(main())
