"""A training that was interrupted ends with the weights of one that was not, bit for bit."""

import os

import numpy as np
import pytest
import torch
from torch import nn

from fmri2ges.data.beside import CHECKPOINTS
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.storage.checkpoint import Checkpoint
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.storage.training_folder import is_interrupted
from fmri2ges.training import keeper as module
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.loop import LoopConfig, fit
from fmri2ges.training.presets import TrainConfig
from fmri2ges.training.state import numpy_state, set_numpy_state
from fmri2ges.training.train import train_study
from fmri2ges.work import Work
from tests.killed_training import Trial, weights, write_study

STEPS = 11
MADE_FOR = {"seed": 5, "device": "cpu", "config": {}, "versions": {}, "files": {}}


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 3)
    monkeypatch.setattr("os.fsync", lambda fd: None)  # nobody pulls the plug


def stops_after(n: int) -> Work:
    """Work that is cancelled when it has been asked `n` times."""
    asked = []
    return Work(should_stop=lambda: len(asked) >= n or asked.append(1) is not None)


def train_lines(folder, work, checkpoint=None, width=2, on_draw=lambda _: None):
    """Two networks, one after the other, that draw from both random generators; their weights and losses."""
    keeper = Keeper(np.random.default_rng(5), folder, checkpoint or Checkpoint(MADE_FOR))

    def make():
        rng, generator = keeper.rng, torch.Generator().manual_seed(int(keeper.rng.integers(2**31)))
        torch.manual_seed(int(rng.integers(2**31)))
        model, truth = nn.Linear(4, width), torch.from_numpy(rng.normal(size=(4, width)).astype(np.float32))

        def draw():
            on_draw(None)
            x = torch.randn(9, 4, generator=generator) + float(rng.random(dtype=np.float32))
            return x, x @ truth

        config = LoopConfig(STEPS, 0.05, 0.01, 0.9)
        losses = fit(
            model, draw, lambda x, y: (model(x) - y).square().mean(), config, work=work, saved=keeper.loop(generator)
        )
        return [*(p.detach().numpy() for p in model.parameters()), np.array(losses), rng.random(3)]

    def write(path, arrays):
        np.savez(path.with_suffix(".npz"), *arrays)
        path.write_bytes(b"")

    def read(path):
        with np.load(path.with_suffix(".npz")) as file:
            return [file[name] for name in sorted(file)]

    return [x for name in ("t2g", "f2g-0") for x in keeper.stage(name, make, write, read)]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 11, 14, 20])
def test_a_loop_goes_on_behind_its_last_checkpoint(n, tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "halves").mkdir()
    whole, draws = train_lines(tmp_path / "whole", Work()), []
    with pytest.raises(Cancelled):
        train_lines(tmp_path / "halves", stops_after(n), on_draw=draws.append)
    first, kept = len(draws), (tmp_path / "halves" / CHECKPOINTS).exists()
    assert kept == (first >= module.EVERY)
    halves = train_lines(
        tmp_path / "halves", Work(), Checkpoint.read(tmp_path / "halves") if kept else None, on_draw=draws.append
    )
    assert all(a.tobytes() == b.tobytes() for a, b in zip(whole, halves, strict=True))
    assert 0 <= len(draws) - 2 * STEPS < module.EVERY  # so many steps were made twice
    assert 0 < first < 2 * STEPS


def test_the_checkpoint_of_another_network_is_refused(tmp_path):
    with pytest.raises(Cancelled):
        train_lines(tmp_path, stops_after(5))
    with pytest.raises(UserError, match="checkpoint: does not belong to this training"):
        train_lines(tmp_path, Work(), Checkpoint.read(tmp_path), width=3)


def test_the_state_of_numpys_generator_is_four_numbers():
    rng, other = np.random.default_rng(3), np.random.default_rng(4)
    rng.integers(10, dtype=np.int32)  # half of a word is left for the next draw
    set_numpy_state(other, numpy_state(rng))
    assert other.integers(0, 1000, 9, dtype=np.int32).tolist() == rng.integers(0, 1000, 9, dtype=np.int32).tolist()


def test_a_training_with_the_shipped_t2g_is_interrupted_and_goes_on(toy, tmp_path):
    config = TrainConfig(f2g_steps=7, renditions=1, roi_choices=1, penalties=(100.0, 1000.0))
    asked = []
    train_study(toy, tmp_path / "whole", config, "cpu", work=Work(should_stop=lambda: asked.append(1)))
    out = tmp_path / "halves"
    with pytest.raises(Cancelled):
        train_study(toy, out, config, "cpu", work=stops_after(len(asked) - 20))
    assert is_interrupted(out) and not out.exists()
    with pytest.raises(UserError, match="halves: its training was interrupted on .*; go on with --resume"):
        train_study(toy, out, config, "cpu")
    with pytest.raises(UserError, match="was made with seed 0, not 1"):
        train_study(toy, out, config, "cpu", seed=1, existing="resume")
    train_study(toy, out, config, "cpu", existing="resume")
    assert weights(out) == weights(tmp_path / "whole") and sorted(os.listdir(tmp_path)).count("halves") == 1
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
    manifests = [read_run_manifest(tmp_path / name) for name in ("whole", "halves")]
    assert "resumed" not in manifests[0] and manifests[1]["resumed"] == [{"stage": "f2g-0", "step": 7}]
    assert "resumed in f2g-0, after step 7" in (out / "log.txt").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("force", [False, True])
def test_killed_at_random_instants(force, tmp_path):
    trial = Trial(write_study(tmp_path / "study"), tmp_path / "f", force)
    instants = np.random.default_rng([12, force]).integers(trial.count // 3, trial.count + 1, 6)
    assert any("went on" in trial.kill(int(k)) for k in instants)
