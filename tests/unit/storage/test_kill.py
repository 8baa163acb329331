"""kill -9 at any instant: finished results stay readable under their name, and the next start leaves no orphan.

A child process does the work and kills itself just before its k-th file operation (every opening, making, moving
and removing of files), so an instant is a number and not a time.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.data.atomic import write_json, write_text
from fmri2ges.data.beside import CHECKPOINTS, sweep
from fmri2ges.demo import study as demo_study
from fmri2ges.demo.world import World
from fmri2ges.storage.archive import export_run, import_run
from fmri2ges.storage.folder import NewFolder, RunFolder
from fmri2ges.storage.training_folder import TrainingFolder
from tests.run_files import make_decoded, make_run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.listdir", "os.scandir"}
N = 60  # instants of each kind of work
OWN = ("status.json", "log.txt")  # these differ from one writing to the next


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """What is on the disk matters when the power fails, not when a process is killed."""
    monkeypatch.setattr("os.fsync", lambda fd: None)


def in_child(work: Callable[[], None], kill_at: int | None) -> int:
    """Do the work in a child that kills itself at an operation; returns how many it got to."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        count = os.read(read, 20)
        os.close(read)
        os.waitpid(child, 0)
        return int(count or 0)
    seen = 0

    def watch(event, arguments):
        nonlocal seen
        if event in OPERATIONS:
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(watch)
        work()
        os.write(write, str(seen).encode())
    finally:
        os._exit(0)


def content(target: Path) -> dict[str, bytes]:
    """Everything under a name, by relative path; empty when nothing is there.

    A checkpoint goes just after a finished training got its name.
    """
    if target.is_file():
        return {"": target.read_bytes()}
    files = (p for p in target.rglob("*") if p.is_file() and p.name not in OWN and CHECKPOINTS not in p.parts)
    return {p.relative_to(target).as_posix(): p.read_bytes() for p in files}


# Each kind of work: (folder of what it needs, target, version, force) -> None. The version makes two results differ.


def decode(source: Path, target: Path, version: int, force: bool) -> None:
    with RunFolder(target, force) as run:
        run.progress(0.5, "decoding")
        shutil.copytree(source / f"decoded-{version}", run.path, dirs_exist_ok=True)
        write_json(run.path / "manifest.json", {"kind": "decode", "versions": {}, "simulated": True, "seed": version})


def train(source: Path, target: Path, version: int, force: bool) -> None:
    with RunFolder(target, force) as run:
        for k, file in enumerate(sorted((source / f"run-{version}").iterdir())):
            run.progress(k / 20, file.name)
            shutil.copyfile(file, run.path / file.name)


def import_(source: Path, target: Path, version: int, force: bool) -> None:
    import_run(source / f"{version}.zip", target, force=force)


def simulate(source: Path, target: Path, version: int, force: bool) -> None:
    demo_study.write_study(World(version), target, force)


def export(source: Path, target: Path, version: int, force: bool) -> None:
    export_run(source / f"run-{version}", target)


WORKS = [(decode, False), (decode, True), (train, False), (train, True), (import_, False), (import_, True)]
WORKS += [(simulate, False), (simulate, True), (export, True)]  # a file is always replaced


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    for version in (1, 2):
        make_run(folder / f"run-{version}", seed=version, created=f"202{version}")
        make_decoded(folder / f"decoded-{version}")
        export_run(folder / f"run-{version}", folder / f"{version}.zip")
    return folder


@pytest.fixture
def small_study(monkeypatch):
    """A simulated study of three small files."""

    def write(world, root, work):
        for name in ("words/a.tsv", "study.toml"):
            write_text(root / name, f"seed = {world.seed}\n")
        write_json(root / "truth" / "planted.json", {"seed": world.seed})

    monkeypatch.setattr(demo_study, "_write", write)


class Trial:
    """One kind of work, killed again and again."""

    def __init__(self, work, force: bool, source: Path, folder: Path, exchanges: bool = True):
        self.work, self.source, self.exchanges = work, source, exchanges
        self.folder, self.target = folder, folder / "result"
        self.force, self.kept = force, folder.with_name(f"{folder.name}-old")
        folder.mkdir()
        work(source, self.target, 2, False)
        self.new = content(self.target)
        self.old: dict[str, bytes] = {}
        if force:
            work(source, self.target, 1, True)
            self.old = content(self.target)
            os.rename(self.target, self.kept)
            assert self.old != self.new
        shutil.rmtree(folder)
        self.count = self.run(None)

    def run(self, kill_at: int | None) -> int:
        """Kill the work and look at the result under its name, then start again; the number of operations."""
        self.folder.mkdir()
        if self.force:
            (shutil.copytree if self.kept.is_dir() else shutil.copyfile)(self.kept, self.target)
        count = in_child(lambda: self.work(self.source, self.target, 2, self.force), kill_at)
        if not self.exchanges:
            sweep(self.folder)  # on such a file system the next start puts back what was between two names
        assert content(self.target) in (self.old, self.new)
        self.work(self.source, self.target, 2, True)
        assert content(self.target) == self.new
        assert os.listdir(self.folder) == ["result"] and not (self.target / CHECKPOINTS).exists()
        shutil.rmtree(self.folder)
        return count


@pytest.mark.slow
@pytest.mark.parametrize("work, force", WORKS, ids=lambda v: v.__name__.strip("_") if callable(v) else f"force={v}")
def test_killed_at_60_random_instants(work, force, source, small_study, tmp_path):
    trial = Trial(work, force, source, tmp_path / "f")
    assert trial.count > 20
    for k in np.random.default_rng([60, force]).integers(1, trial.count + 1, N):
        trial.run(int(k))


def one_file(source: Path, target: Path, version: int, force: bool) -> None:
    with NewFolder(target, force) as folder:
        write_json(folder.path / "manifest.json", {"kind": "x", "versions": {}, "simulated": True, "seed": version})


def two_stages(source: Path, target: Path, version: int, force: bool) -> None:
    """A training with a checkpoint after each stage; the next start goes on with it."""
    made_for = {"seed": 0, "device": "cpu", "config": {"version": version}, "versions": {}, "files": {}}
    with TrainingFolder(target, made_for, force, resume=True) as run:
        for stage in ("t2g", "f2g-0"):
            if stage not in run.checkpoint.done:
                write_text(run.path / stage, f"{stage} of {version}")
                run.checkpoint.done.append(stage)
                run.checkpoint.files.append(stage)
                run.checkpoint.write(run.path)
        write_json(run.path / "manifest.json", {"kind": "x", "versions": {}, "simulated": True, "seed": version})


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize(
    "work, every", [(one_file, 1), (two_stages, 10), pytest.param(two_stages, 1, marks=pytest.mark.slow)]
)
def test_killed_at_every_instant_of_a_small_work(work, every, force, exchanges, tmp_path, monkeypatch):
    if not exchanges:
        monkeypatch.setattr("fmri2ges.data.beside._exchange", lambda one, other: False)
    trial = Trial(work, force, tmp_path, tmp_path / "f", exchanges)
    assert trial.count > 20
    for k in range(trial.count, 0, -every):
        trial.run(k)


def test_killed_again_while_it_cleans_up(tmp_path):
    """A process that is killed while it removes what another left, at every instant of that."""
    folder, target = tmp_path / "f", tmp_path / "f" / "result"
    for k in range(1, 200):
        folder.mkdir()
        in_child(lambda: one_file(tmp_path, target, 1, False), 18)
        assert len(os.listdir(folder)) == 2  # a lock and a temporary
        count = in_child(lambda: sweep(folder), k)
        sweep(folder)
        assert os.listdir(folder) == []
        folder.rmdir()
        if count:
            assert k > 5
            return
    pytest.fail("the sweep has no end")
