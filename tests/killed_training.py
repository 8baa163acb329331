"""Trainings that are killed (SIGKILL) at random instants and gone on with: `python -m tests.killed_training --kills N`.

A child process counts its steps and file operations and kills itself at one of them, so an instant is a number and
not a time. A training is small: two stories, one clip, six steps of each network.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from fmri2ges.data.beside import CHECKPOINTS, sweep
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.training.presets import TrainConfig
from tests.conftest import make_motion, make_words

OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}
BRIEF = TrainConfig(t2g_steps=6, f2g_steps=6, renditions=1, roi_choices=1, penalties=(100.0, 1000.0), lm="bigram")
EVERY = 2  # steps between two checkpoints
PRELOADED = ["fmri2ges.training.train", "fmri2ges.training.bayes", "scipy.stats", "torch._dynamo"]


def write_study(folder: Path, seconds: int = 390) -> Path:
    """A study of two training stories of a minute and one clip; 6.5 minutes are enough for a T2G of its own."""
    rng = np.random.default_rng(0)
    lines = ['name = "brief"', ""]
    folder.mkdir()
    for story in "abc":
        np.save(folder / f"{story}.npy", rng.normal(size=(30, 3)).astype(np.float32) + 100)
        write_words_tsv(folder / f"{story}.tsv", make_words(rng))
        lines += ["[[recording]]", 'subject = "s1"', f'story = "{story}"', f'bold = "{story}.npy"', "tr = 2.0"]
        lines += ["first_volume_at = 1.0", 'columns = ["X", "Y", "Z"]', f'words = "{story}.tsv"', ""]
    write_motion(folder / "g.npz", make_motion(rng, 15 * seconds))
    write_words_tsv(folder / "g.tsv", make_words(rng, float(seconds)))
    lines += ["[[gesture]]", 'clip = "g"', 'motion = "g.npz"', 'words = "g.tsv"', 'speaker = "1"', ""]
    lines += ["[split]", 'test_stories = ["c"]', ""]
    (folder / "study.toml").write_text("\n".join(lines))
    return folder / "study.toml"


@dataclass(frozen=True)
class Start:
    """One start of a training: of what, to where, with which options, and at which of its instants it is killed."""

    study: Path
    out: Path
    seed: int = 0
    force: bool = False
    resume: bool = False
    kill_at: int | None = None


def weights(run: Path) -> dict[str, bytes]:
    """Every array of a finished run, as bytes; empty when there is no run of this name."""
    if not run.exists():
        return {}
    read_run_manifest(run)  # readable
    return {
        f"{file.name}: {name}": x.tobytes()
        for file in sorted(run.glob("*.safetensors"))
        for name, x in load_file(file).items()
    }


def _train(start: Start, count) -> None:
    """Train in a child process; `count` gets the number of instants that it came to."""
    import torch

    from fmri2ges.training import keeper
    from fmri2ges.training.train import Existing, train_study
    from fmri2ges.work import Work

    torch.set_num_threads(1)
    keeper.EVERY = EVERY

    def instant(*_) -> bool:
        count.value += 1
        if count.value == start.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    sys.addaudithook(lambda event, _: instant() if event in OPERATIONS else None)
    train_study(
        start.study,
        start.out,
        BRIEF,
        "cpu",
        start.seed,
        Existing.of(start.force, start.resume),
        Work(should_stop=instant),
    )


class Trainings:
    """Starts trainings in children of a process that has imported everything."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*PRELOADED, __name__])

    def run(self, start: Start) -> int:
        """Train, or be killed on the way; the number of instants."""
        count = self._context.Value("q", 0)
        process = self._context.Process(target=_train, args=(start, count))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL), f"the training failed with {process.exitcode}"
        assert (process.exitcode == 0) == (start.kill_at is None)
        return count.value


@dataclass
class Trial:
    """Trainings of one study into one folder, with or without a finished run that they replace."""

    study: Path
    folder: Path
    force: bool
    trainings: Trainings = field(default_factory=Trainings)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.target, self.old_run = self.folder / "run", self.folder.with_name(f"{self.folder.name}-old")
        self.count = self.trainings.run(Start(self.study, self.target))
        self.new, self.old = weights(self.target), {}
        if self.force:
            self.trainings.run(Start(self.study, self.target, seed=1, force=True))
            self.old = weights(self.target)
            os.rename(self.target, self.old_run)
            assert self.old.keys() == self.new.keys() and self.old != self.new
        shutil.rmtree(self.folder)

    def kill(self, at: int) -> str:
        """Kill a training at an instant, look at what is left, go on with it; where it went on, in words."""
        self.folder.mkdir()
        if self.force:
            shutil.copytree(self.old_run, self.target)
        self.trainings.run(Start(self.study, self.target, force=self.force, kill_at=at))
        found = weights(self.target)
        assert found in (self.old, self.new), "the finished run is the old or the new one, whole"
        sweep(self.folder)  # as the next start of any other command in this folder does
        left = [name for name in os.listdir(self.folder) if name != "run"]
        if found == self.new:
            assert left == [] and not (self.target / CHECKPOINTS).exists()
            shutil.rmtree(self.folder)
            return "was finished"
        assert len(left) <= 1, "an orphan beside the training that can be gone on with"
        self.trainings.run(Start(self.study, self.target, force=self.force, resume=True))
        assert weights(self.target) == self.new, "the weights differ from those of an uninterrupted training"
        assert os.listdir(self.folder) == ["run"]
        resumed = read_run_manifest(self.target).get("resumed", [])
        assert len(resumed) == len(left)
        shutil.rmtree(self.folder)
        return f"went on in {resumed[0]['stage']}" if resumed else "began again (no checkpoint yet)"


def main() -> None:
    """Kill as many trainings as are asked for, and count where they went on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        study = write_study(Path(temp) / "study")
        for force in (False, True):
            trial = Trial(study, Path(temp) / f"force-{force}", force)
            instants = np.random.default_rng([options.seed, force]).integers(1, trial.count + 1, options.kills // 2)
            print(f"{'over' if force else 'without'} a finished run: {len(instants)} of {trial.count} instants")
            outcomes: collections.Counter[str] = collections.Counter()
            for k in instants:
                outcomes[trial.kill(int(k))] += 1
                print(f"  {outcomes.total():3d}: {dict(outcomes)}", flush=True)


if __name__ == "__main__":
    main()
