"""Trainings that are killed (SIGKILL) at random instants and gone on with; `tests.killed_commands` kills many.

Its instants are its steps and file operations (`tests.forks`). A training is small: two stories, one clip, six steps of
each network.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from fmri2ges.data.beside import CHECKPOINTS, sweep
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.training.presets import TrainConfig
from tests.conftest import make_motion, make_words
from tests.forks import Ended, Forks, Instant

BRIEF = TrainConfig(
    t2g_steps=6, f2g_steps=6, renditions=1, roi_choices=1, penalties=(100.0, 1000.0), lm="bigram", f2g_guidance=1.5
)
EVERY = 2  # steps between two checkpoints
PRELOADED = ("fmri2ges.training.train", "fmri2ges.training.bayes", "scipy.stats", "diffusers", "torch._dynamo")


class Lost(AssertionError):
    """What stands under a name is neither the old result nor the new one, or cannot be made any more."""


class Orphan(AssertionError):
    """Something of a killed command is left after the next start."""


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
    """One start of a training: of what, to where, and with which options."""

    study: Path
    out: Path
    seed: int = 0
    force: bool = False
    resume: bool = False


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


def train(start: Start, instant: Instant) -> int:
    """Train, with an instant at every step."""
    from fmri2ges.training import keeper
    from fmri2ges.training.train import Existing, train_study
    from fmri2ges.work import Work

    def step() -> bool:
        instant()
        return False

    keeper.EVERY = EVERY
    existing = Existing.of(start.force, start.resume)
    train_study(start.study, start.out, BRIEF, "cpu", start.seed, existing, Work(should_stop=step))
    return 0


class Trial:
    """Trainings of one study into one folder, with or without a finished run that they replace.

    Parameters
    ----------
    study : file of the study
    folder : where they go; it is made
    force : over a finished run
    """

    def __init__(self, study: Path, folder: Path, force: bool):
        self.study, self.folder, self.force = study, folder, force
        self.target, self.old_run = folder / "run", folder.with_name(f"{folder.name}-old")
        self._forks = Forks(train, (), PRELOADED)
        folder.mkdir()
        self.count = self.run().count
        self.new, self.old = weights(self.target), {}
        if force:
            self.run(seed=1, force=True)
            self.old = weights(self.target)
            os.rename(self.target, self.old_run)
            assert self.old.keys() == self.new.keys() and self.old != self.new
        shutil.rmtree(folder)

    def run(self, kill_at: int | None = None, **asked) -> Ended:
        """Train, or be killed on the way."""
        ended = self._forks.run(Start(self.study, self.target, **asked), kill_at)
        if not (ended.killed or ended.code == 0):
            raise Lost(f"the training ended with {ended.code}")
        return ended

    def close(self) -> None:
        """End the process that is forked."""
        self._forks.close()

    def kill(self, at: int) -> str:
        """Kill a training at an instant, look at what is left, go on with it; where it went on, in words."""
        self.folder.mkdir()
        if self.force:
            shutil.copytree(self.old_run, self.target)
        self.run(at, force=self.force)
        found = weights(self.target)
        if found not in (self.old, self.new):
            raise Lost("the run under the name is neither the old nor the new one")
        sweep(self.folder)  # as the next start of any other command in this folder does
        left = [name for name in os.listdir(self.folder) if name != "run"]
        if found == self.new:
            if left or (self.target / CHECKPOINTS).exists():
                raise Orphan(f"beside the finished run: {left}, or a checkpoint in it")
            shutil.rmtree(self.folder)
            return "was finished"
        if len(left) > 1:
            raise Orphan(f"beside the training that can be gone on with: {left}")
        self.run(force=self.force, resume=True)
        if weights(self.target) != self.new:
            raise Lost("the weights differ from those of an uninterrupted training")
        if os.listdir(self.folder) != ["run"]:
            raise Orphan(f"beside the run: {os.listdir(self.folder)}")
        resumed = read_run_manifest(self.target).get("resumed", [])
        if len(resumed) != len(left):
            raise Lost("a checkpoint was there and not gone on with")
        shutil.rmtree(self.folder)
        return f"went on in {resumed[0]['stage']}" if resumed else "began again (no checkpoint yet)"
